"""How schedules and code look on the wire. Public to those above, whose routes answer them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from rest_framework import serializers

from apps.core.clock import is_sensible
from apps.core.http.query import QuerySerializer
from apps.core.http.serializers import StrictSerializer
from apps.flows.code import KINDS as SOURCES
from apps.flows.code import find_source_faults
from apps.flows.enums import MissedPolicy, ScheduleKind
from apps.flows.parameters import find_storage_fault
from apps.flows.sizes import Size, find_size_faults
from apps.flows.specs import ScheduleSpec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from apps.flows.models import CodeBundle, Schedule

    CalendarItem = tuple[datetime, Schedule]
    DenseItem = tuple[Schedule, datetime, timedelta]

KINDS = [(kind.value, kind.value) for kind in ScheduleKind]
CODE_KINDS = [(kind, kind) for kind in SOURCES]
MISSED_POLICIES = [(policy.value, policy.value) for policy in MissedPolicy]
MAX_JITTER_SECONDS = 86_400
MAX_MISSED = 100
MAX_PREVIEWED = 50
MAX_CALENDAR = timedelta(days=62)
MAX_DENSE = 100  # times a day
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


class CodeInput(StrictSerializer):
    """
    Where agents get the code: a repository, the image that the run is executed in, or a zip.

    No credentials in addresses: everybody here could read them, and agents have their own.
    """

    kind = serializers.ChoiceField(choices=CODE_KINDS)
    url = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="git: https://, ssh://, http://, git://, file://, git@host:path or a path on the "
        "agents' machine. object_store: s3://bucket/key, https:// or file://, of a zip.",
    )
    ref = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="git: branch, tag or commit. Left out: what the repository's HEAD names.",
    )
    folder = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="git: in the repository, else its root. image: in the image, else its own.",
    )
    image = serializers.CharField(required=False, allow_null=True)
    sha256 = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="object_store: of the zip. Left out: what is there when a run starts.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if faults := find_source_faults(given):
            raise serializers.ValidationError(faults)
        return given


class CodeOutput(serializers.Serializer[Any]):
    """Where agents get the code; which fields there are goes by the kind."""

    kind = serializers.ChoiceField(choices=CODE_KINDS)
    url = serializers.CharField(required=False)
    ref = serializers.CharField(required=False, allow_null=True)
    folder = serializers.CharField(required=False)
    image = serializers.CharField(required=False)
    sha256 = serializers.CharField(required=False, allow_null=True)


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


class ScheduleTimesInput(StrictSerializer):
    """When: each kind has its own field, intervals and rules an anchor besides."""

    cron = serializers.CharField(required=False, max_length=200)
    interval_seconds = serializers.IntegerField(
        required=False, min_value=1, max_value=2_147_483_647
    )
    anchor_at = serializers.DateTimeField(
        required=False, help_text="What an interval counts from; DTSTART of a rule. Default: now."
    )
    rrule = serializers.CharField(
        required=False, max_length=500, help_text="RFC 5545, e.g. FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=6"
    )
    once_at = serializers.DateTimeField(required=False)
    timezone = serializers.CharField(required=False, max_length=64)


class ScheduleChange(ScheduleTimesInput):
    name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    jitter_seconds = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_JITTER_SECONDS,
        help_text="Each run starts up to so many seconds after it is due.",
    )
    missed_policy = serializers.ChoiceField(
        choices=MISSED_POLICIES,
        required=False,
        help_text="Of times that passed while nothing could start: LATEST (the default) runs the "
        "last one, SKIP none, ALL the last `missed_cap` ones.",
    )
    missed_cap = serializers.IntegerField(required=False, min_value=1, max_value=MAX_MISSED)
    parameters = JsonObjectField(required=False)
    paused = serializers.BooleanField(required=False)


class ScheduleInput(ScheduleChange):
    kind = serializers.ChoiceField(choices=KINDS)


class SchedulePreviewInput(ScheduleTimesInput):
    """A schedule that need not exist yet."""

    kind = serializers.ChoiceField(choices=KINDS)
    count = serializers.IntegerField(
        required=False, default=20, min_value=1, max_value=MAX_PREVIEWED
    )


class DueTimeOutput(serializers.Serializer[Any]):
    due_at = serializers.DateTimeField()
    local = serializers.CharField(help_text="What the clock of its zone shows, with its offset.")


class SchedulePreviewOutput(serializers.Serializer[Any]):
    times = DueTimeOutput(many=True)


class CalendarQuery(QuerySerializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    deployment_id = serializers.UUIDField(required=False)
    dense_over = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_DENSE,
        help_text="Schedules that are due more often than this in a day are told in `dense`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in ("since", "until"):
            if not is_sensible(attrs[name]):
                raise serializers.ValidationError({name: ["Out of all time."]})
        if not timedelta(0) < attrs["until"] - attrs["since"] <= MAX_CALENDAR:
            message = f"Must be after `since`, by at most {MAX_CALENDAR.days} days."
            raise serializers.ValidationError({"until": [message]})
        return attrs


class ReferenceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ScheduledDeploymentOutput(ReferenceOutput):
    flow = ReferenceOutput()


class CalendarItemOutput(serializers.Serializer[Any]):
    schedule_id = serializers.UUIDField()
    schedule_name = serializers.CharField()
    deployment = ScheduledDeploymentOutput()
    due_at = serializers.DateTimeField()
    timezone = serializers.CharField()


class DenseItemOutput(CalendarItemOutput):
    """A schedule that is due very often, by the first of its times."""

    seconds_apart = serializers.IntegerField(help_text="From this time to the next one.")


class CalendarOutput(serializers.Serializer[Any]):
    items = CalendarItemOutput(many=True)
    dense = DenseItemOutput(many=True)
    truncated = serializers.BooleanField(help_text="There are more; ask for a shorter time.")


class ScheduleOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    cron = serializers.CharField(allow_null=True)
    interval_seconds = serializers.IntegerField(allow_null=True)
    anchor_at = serializers.DateTimeField(allow_null=True)
    rrule = serializers.CharField(allow_null=True)
    once_at = serializers.DateTimeField(allow_null=True)
    timezone = serializers.CharField()
    jitter_seconds = serializers.IntegerField()
    missed_policy = serializers.ChoiceField(choices=MISSED_POLICIES)
    missed_cap = serializers.IntegerField()
    parameters = serializers.DictField()
    paused = serializers.BooleanField()
    declared = serializers.BooleanField(help_text="By a deploy; else made by hand.")
    next_at = serializers.DateTimeField(allow_null=True)
    fault = serializers.CharField(
        allow_null=True, help_text="Why its next time could not be found; it rests till changed."
    )


def schedule_spec(given: dict[str, Any]) -> ScheduleSpec:
    """Return what a validated ScheduleInput says."""
    policy = MissedPolicy(given.get("missed_policy", MissedPolicy.LATEST))
    return ScheduleSpec(**(given | {"kind": ScheduleKind(given["kind"]), "missed_policy": policy}))


def schedule_body(schedule: Schedule) -> dict[str, object]:
    """Fill a ScheduleOutput."""
    return {
        "id": schedule.id,
        "name": schedule.name,
        "kind": schedule.kind,
        "cron": schedule.cron or None,
        "interval_seconds": schedule.interval_seconds,
        "anchor_at": schedule.anchor_at,
        "rrule": schedule.rrule or None,
        "once_at": schedule.once_at,
        "timezone": schedule.timezone,
        "jitter_seconds": schedule.jitter_seconds,
        "missed_policy": schedule.missed_policy,
        "missed_cap": schedule.missed_cap,
        "parameters": schedule.parameters,
        "paused": schedule.paused,
        "declared": schedule.declared,
        "next_at": schedule.next_at,
        "fault": schedule.fault or None,
    }


def due_time_body(due_at: datetime, zone: tzinfo) -> dict[str, object]:
    """Fill a DueTimeOutput."""
    return {"due_at": due_at, "local": due_at.astimezone(zone).isoformat()}


def calendar_body(
    items: Sequence[CalendarItem], dense: Sequence[DenseItem], *, truncated: bool
) -> dict[str, object]:
    """Fill a CalendarOutput."""
    return {
        "items": [_calendar_item(due_at, schedule) for due_at, schedule in items],
        "dense": [
            _calendar_item(due_at, schedule) | {"seconds_apart": int(apart.total_seconds())}
            for schedule, due_at, apart in dense
        ],
        "truncated": truncated,
    }


def _calendar_item(due_at: datetime, schedule: Schedule) -> dict[str, object]:
    deployment = schedule.deployment
    return {
        "schedule_id": schedule.id,
        "schedule_name": schedule.name,
        "deployment": {
            "id": deployment.id,
            "name": deployment.name,
            "flow": {"id": deployment.flow_id, "name": deployment.flow.name},
        },
        "due_at": due_at,
        "timezone": schedule.timezone,
    }
