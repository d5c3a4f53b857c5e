"""How usage looks on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import QuerySerializer
from billing.metering.meters import UNITS, Meter
from billing.metering.months import Month

METERS = [(meter.value, meter.value) for meter in Meter]
METER_UNITS = [(unit, unit) for unit in UNITS.values()]


class UsageQuery(QuerySerializer):
    month = serializers.RegexField(
        r"^[0-9]{4}-(0[1-9]|1[0-2])$", required=False, help_text="`2026-11`; the current one"
    )

    def validate_month(self, text: str) -> Month:
        try:
            return Month.read(text)
        except ValueError:
            raise serializers.ValidationError("Must be a month such as 2026-11.") from None


class PeriodOutput(serializers.Serializer[Any]):
    month = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class UsageDayOutput(serializers.Serializer[Any]):
    day = serializers.DateField()
    quantity = serializers.IntegerField()


class UsageWorkspaceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)


class WorkspaceUsageOutput(serializers.Serializer[Any]):
    workspace = UsageWorkspaceOutput()
    quantity = serializers.IntegerField()


class DeploymentUsageOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=[("deployment", "deployment"), ("local", "local"), ("rest", "rest")],
        help_text="`local`: runs outside of any deployment; `rest`: all beyond the first 20",
    )
    workspace_id = serializers.UUIDField(allow_null=True)
    deployment_id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(allow_null=True, help_text="flow/deployment")
    quantity = serializers.IntegerField()


class MeterOutput(serializers.Serializer[Any]):
    meter = serializers.ChoiceField(choices=METERS)
    unit = serializers.ChoiceField(choices=METER_UNITS)
    used = serializers.IntegerField()
    forecast = serializers.IntegerField(
        allow_null=True, help_text="at the end of the month; null before it began"
    )
    by_day = UsageDayOutput(many=True)
    by_workspace = WorkspaceUsageOutput(many=True)
    by_deployment = DeploymentUsageOutput(many=True)


class UsageOutput(serializers.Serializer[Any]):
    period = PeriodOutput()
    meters = MeterOutput(many=True)
