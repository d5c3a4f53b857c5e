"""How schedules and code look on the wire. Public to those above, whose routes answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.flows.enums import ScheduleKind
from apps.flows.parameters import find_storage_fault
from apps.flows.sizes import Size, find_size_faults
from apps.flows.specs import ScheduleSpec

if TYPE_CHECKING:
    from apps.flows.models import CodeBundle, Schedule

KINDS = [(kind.value, kind.value) for kind in (ScheduleKind.CRON, ScheduleKind.INTERVAL)]
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


class BundleOutput(serializers.Serializer[Any]):
    """A zip of code."""

    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()
    files = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class SizeOutput(serializers.Serializer[Any]):
    """What a managed run gets."""

    cpu = serializers.FloatField(help_text="vCPU")
    memory_mb = serializers.IntegerField()


class SizeInput(StrictSerializer):
    cpu = serializers.FloatField(help_text="vCPU: 0.25, 0.5, 1, 2, 4, 8 or 16")
    memory_mb = serializers.IntegerField()

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if faults := find_size_faults(**given):
            raise serializers.ValidationError(faults)
        return given


def bundle_body(bundle: CodeBundle) -> dict[str, object]:
    """Fill a BundleOutput."""
    return {
        "sha256": bundle.sha256,
        "bytes": bundle.size_bytes,
        "files": bundle.files,
        "created_at": bundle.created_at,
    }


def size_body(size: Size) -> dict[str, object]:
    """Fill a SizeOutput."""
    return {"cpu": size.cpu, "memory_mb": size.memory_mb}


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
