"""How schedules look on the wire. Public to dispatch, whose routes answer deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.flows.enums import ScheduleKind
from apps.flows.parameters import find_storage_fault
from apps.flows.specs import ScheduleSpec

if TYPE_CHECKING:
    from apps.flows.models import Schedule

KINDS = [(kind.value, kind.value) for kind in ScheduleKind]
MAX_JSON_BYTES = 256 * 1024


class JsonObjectField(serializers.DictField):
    """A JSON object that can be stored."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if fault := find_storage_fault(value):
            raise serializers.ValidationError(fault)
        if len(orjson.dumps(value)) > MAX_JSON_BYTES:
            raise serializers.ValidationError(f"Over {MAX_JSON_BYTES // 1024} KiB.")
        return value


class ScheduleInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=KINDS)
    cron = serializers.CharField(required=False, max_length=200)
    interval_seconds = serializers.IntegerField(
        required=False, min_value=1, max_value=2_147_483_647
    )
    anchor_at = serializers.DateTimeField(required=False)
    timezone = serializers.CharField(required=False, max_length=64)
    parameters = JsonObjectField(required=False)
    paused = serializers.BooleanField(required=False)


class ScheduleChange(StrictSerializer):
    cron = serializers.CharField(required=False, max_length=200)
    interval_seconds = serializers.IntegerField(
        required=False, min_value=1, max_value=2_147_483_647
    )
    anchor_at = serializers.DateTimeField(required=False)
    timezone = serializers.CharField(required=False, max_length=64)
    parameters = JsonObjectField(required=False)
    paused = serializers.BooleanField(required=False)


class ScheduleOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    cron = serializers.CharField(allow_null=True)
    interval_seconds = serializers.IntegerField(allow_null=True)
    anchor_at = serializers.DateTimeField(allow_null=True)
    timezone = serializers.CharField()
    parameters = serializers.DictField()
    paused = serializers.BooleanField()
    next_at = serializers.DateTimeField(allow_null=True)


def schedule_spec(given: dict[str, Any]) -> ScheduleSpec:
    """Return what a validated ScheduleInput says."""
    return ScheduleSpec(**(given | {"kind": ScheduleKind(given["kind"])}))


def schedule_body(schedule: Schedule) -> dict[str, object]:
    """Fill a ScheduleOutput."""
    return {
        "id": schedule.id,
        "kind": schedule.kind,
        "cron": schedule.cron or None,
        "interval_seconds": schedule.interval_seconds,
        "anchor_at": schedule.anchor_at,
        "timezone": schedule.timezone,
        "parameters": schedule.parameters,
        "paused": schedule.paused,
        "next_at": schedule.next_at,
    }
