"""How plans and usage look on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import QuerySerializer
from apps.core.http.serializers import StrictSerializer
from billing.metering.meters import UNITS, Meter
from billing.metering.months import Month
from billing.subscriptions.plans import THRESHOLDS, AtLimit, PlanCode

METERS = [(meter.value, meter.value) for meter in Meter]
PLAN_CODES = [(code.value, code.value) for code in PlanCode]
AT_LIMIT = [(each.value, each.value) for each in AtLimit]
BUYABLE = [PlanCode.STANDARD.value, PlanCode.ENTERPRISE.value]  # the second one by contract
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
    used = serializers.IntegerField(help_text="by the workspace or account that was asked for")
    account_used = serializers.IntegerField(help_text="by the whole account: what `limit` is of")
    limit = serializers.IntegerField(allow_null=True, help_text="a month, of the account")
    forecast = serializers.IntegerField(
        allow_null=True, help_text="of `used` at the end of the month; null before it began"
    )
    by_day = UsageDayOutput(many=True)
    by_workspace = WorkspaceUsageOutput(many=True)
    by_deployment = DeploymentUsageOutput(many=True)


class UsageWarningOutput(serializers.Serializer[Any]):
    meter = serializers.ChoiceField(choices=METERS)
    threshold = serializers.ChoiceField(
        choices=[(each, str(each)) for each in THRESHOLDS], help_text="per cent"
    )
    used = serializers.IntegerField(help_text="then, by the account")
    limit = serializers.IntegerField()
    warned_at = serializers.DateTimeField(source="created_at")


class AccountHoldOutput(serializers.Serializer[Any]):
    reason = serializers.CharField()
    meter = serializers.CharField()
    used = serializers.IntegerField(help_text="when the hold began")
    limit = serializers.IntegerField()
    resets_at = serializers.DateTimeField()


class UsageOutput(serializers.Serializer[Any]):
    billing = serializers.BooleanField(help_text="false: hosted by its users, nothing is limited")
    period = PeriodOutput()
    meters = MeterOutput(many=True)
    warnings = UsageWarningOutput(many=True)
    hold = AccountHoldOutput(allow_null=True, help_text="now, whichever month is asked for")
    managed_hold = AccountHoldOutput(
        allow_null=True, help_text="the same, of runs in managed pools only"
    )


class EntitlementsOutput(serializers.Serializer[Any]):
    """What a plan allows; null is no limit."""

    task_runs_per_month = serializers.IntegerField(allow_null=True)
    managed_minutes_per_month = serializers.IntegerField(allow_null=True)
    events_per_minute = serializers.IntegerField(
        allow_null=True, help_text="events and points together"
    )
    max_users = serializers.IntegerField(allow_null=True)
    max_workspaces = serializers.IntegerField(allow_null=True)
    retention_days = serializers.IntegerField(
        allow_null=True, help_text="null: each workspace's own"
    )


class PlanOutput(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=PLAN_CODES)
    name = serializers.CharField()
    at_limit = serializers.ChoiceField(
        choices=AT_LIMIT, help_text="HOLD: new runs wait; METER: they run and are counted"
    )
    entitlements = EntitlementsOutput()


class PaymentOutput(serializers.Serializer[Any]):
    """What was bought, as the payment provider had it when we last looked."""

    status = serializers.CharField(
        help_text="Stripe's word: `active`, `trialing`, `past_due` (the plan stays while they try"
        " to collect), `unpaid`, `canceled`, `incomplete`, `incomplete_expired`, `paused`"
    )
    cancel_at = serializers.DateTimeField(allow_null=True, help_text="the plan ends then")
    current_period_end = serializers.DateTimeField(allow_null=True)


class AccountPlanOutput(serializers.Serializer[Any]):
    billing = serializers.BooleanField(help_text="false: hosted by its users, nothing is limited")
    plan = PlanOutput()
    since = serializers.DateTimeField(allow_null=True)
    users = serializers.IntegerField()
    workspaces = serializers.IntegerField()
    hold = AccountHoldOutput(allow_null=True)
    managed_hold = AccountHoldOutput(allow_null=True, help_text="of runs in managed pools only")
    plans = PlanOutput(many=True, help_text="what can be had, smallest first")
    stripe = serializers.BooleanField(help_text="whether plans can be bought here")
    may_manage = serializers.BooleanField(help_text="whether you may buy, change and end")
    subscription = PaymentOutput(allow_null=True, help_text="null: nothing was bought")


_RETURN_TO = serializers.RegexField(
    r"^/(?:[A-Za-z0-9_.~-]+(?:/[A-Za-z0-9_.~-]+)*/?)?\Z",
    max_length=200,
    default="/",
    help_text="path of the UI's page to come back to; after a checkout with `?checkout=done` or"
    " `?checkout=cancelled`",
)


class CheckoutInput(StrictSerializer):
    plan = serializers.ChoiceField(choices=[(code, code) for code in BUYABLE])
    return_to = _RETURN_TO


class PortalInput(StrictSerializer):
    return_to = _RETURN_TO


class PageOutput(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="send the person there")
