"""What comes in and goes out of the routes of pools, their queues and kinds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from apps.core.http.query import QuerySerializer
from apps.core.http.serializers import MayField, StrictSerializer
from apps.dispatch.enums import PoolKind
from apps.flows.wire import JsonObjectField
from apps.runs.wire import NamedOutput

KINDS = [(kind.value, kind.value) for kind in PoolKind]
USUAL_DEPTH = timedelta(hours=6)


def _limit_field(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=1_000_000,
        help_text="Runs at once; null: as many as there are agents for.",
        **options,
    )


class QueueOutput(NamedOutput):
    """A lane of a pool; those with the smaller priority number are served first."""

    priority = serializers.IntegerField()
    is_default = serializers.BooleanField(help_text="What names no queue goes there.")
    paused = serializers.BooleanField()
    concurrency_limit = serializers.IntegerField(allow_null=True)
    queued = serializers.IntegerField(help_text="due runs that wait; counted up to 10,000")


class QueuePage(serializers.Serializer[Any]):
    items = QueueOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class DepthQuery(QuerySerializer):
    """From `since` to `until`; the last six hours."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class DepthPointOutput(serializers.Serializer[Any]):
    """The most of each that was measured in one step."""

    at = serializers.DateTimeField()
    waiting = serializers.IntegerField(help_text="due runs; 10,000 means so many or more")
    parked = serializers.IntegerField(
        help_text="due runs that a limit or a pause keeps back; 10,000 means so many or more"
    )
    running = serializers.IntegerField()
    oldest_seconds = serializers.IntegerField(help_text="how long the first one had waited")


class QueueDepthOutput(NamedOutput):
    points = DepthPointOutput(many=True, help_text="Empty when nothing was in the queue.")


class PoolDepthOutput(serializers.Serializer[Any]):
    """Queues in the order of service, also deleted ones that had something."""

    step_seconds = serializers.IntegerField()
    queues = QueueDepthOutput(many=True)


_QUEUE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._ -]*$"
_NAME_FAULT: Any = {"invalid": "Letters, digits, spaces and . _ - only."}


class QueueInput(StrictSerializer):
    name = serializers.RegexField(_QUEUE_NAME, max_length=100, error_messages=_NAME_FAULT)
    priority = serializers.IntegerField(required=False, min_value=0, max_value=32_767)
    is_default = serializers.BooleanField(required=False)
    paused = serializers.BooleanField(required=False)
    concurrency_limit = _limit_field()


class QueueChange(StrictSerializer):
    name = serializers.RegexField(
        _QUEUE_NAME, required=False, max_length=100, error_messages=_NAME_FAULT
    )
    priority = serializers.IntegerField(required=False, min_value=0, max_value=32_767)
    is_default = serializers.BooleanField(
        required=False, help_text="Only true: then the present one is no longer it."
    )
    paused = serializers.BooleanField(required=False)
    concurrency_limit = _limit_field()


class ManagedTasksOutput(serializers.Serializer[Any]):
    """How many tasks are how far."""

    requested = serializers.IntegerField()
    starting = serializers.IntegerField()
    running = serializers.IntegerField()
    stopping = serializers.IntegerField()


class ManagedMonthOutput(serializers.Serializer[Any]):
    managed_seconds = serializers.IntegerField(help_text="used by this workspace so far")
    limit = serializers.IntegerField(
        allow_null=True, help_text="seconds, of the account over all its workspaces; null: none"
    )


class ManagedPoolOutput(serializers.Serializer[Any]):
    """What runs of managed pools are executed by; the same for all of a workspace."""

    backend = serializers.ChoiceField(choices=("LOCAL", "FARGATE", "OFF"))
    slots = serializers.IntegerField(allow_null=True, help_text="tasks at a time, of everybody")
    tasks = ManagedTasksOutput()
    month = ManagedMonthOutput()


class PoolOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    paused = serializers.BooleanField()
    concurrency_limit = serializers.IntegerField(allow_null=True)
    job_defaults = serializers.DictField(
        help_text="What its runs' jobs get unless their deployment says otherwise."
    )
    queues = QueueOutput(many=True)
    running = serializers.IntegerField()
    queued = serializers.IntegerField()
    agents_online = serializers.IntegerField()
    managed = ManagedPoolOutput(allow_null=True, help_text="null but for pools of kind MANAGED")
    may = MayField()


class PoolPage(serializers.Serializer[Any]):
    items = PoolOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class PoolInput(StrictSerializer):
    name = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._ -]*$",
        max_length=100,
        error_messages={"invalid": "Letters, digits, spaces and . _ - only."},
    )
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    concurrency_limit = _limit_field()
    job_defaults = JsonObjectField(required=False)


class PoolChange(StrictSerializer):
    paused = serializers.BooleanField(required=False)
    concurrency_limit = _limit_field()
    job_defaults = JsonObjectField(required=False)


class PoolKindOutput(serializers.Serializer[Any]):
    """A kind of pools, and what may be said of its runs' jobs."""

    kind = serializers.ChoiceField(choices=KINDS)
    label = serializers.CharField()  # type: ignore[assignment]  # a field's own is its name here
    description = serializers.CharField()
    available = serializers.BooleanField(help_text="Whether this installation has it.")
    simulated = serializers.BooleanField(
        help_text="Whether our tests know its service only by a simulation."
    )
    schema = serializers.DictField(help_text="The JSON Schema of job_defaults and job_settings.")


class PoolKindPage(serializers.Serializer[Any]):
    items = PoolKindOutput(many=True)
