"""What agents and runs say of themselves, what they hold, and what they are told."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.dispatch.api.serializers.fields import INT_MAX
from apps.dispatch.api.serializers.pools import KINDS
from apps.dispatch.enums import PoolKind
from apps.dispatch.protocol import COMMANDS, AgentInfo, Command
from apps.flows.parameters import find_storage_fault

MAX_LEASES_HELD = 1_000
MAX_WAIT_SECONDS = 30
MAX_LABELS, MAX_LABEL_NAME = 50, 100


class AgentOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    host = serializers.CharField()
    pid = serializers.IntegerField()
    version = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    capacity = serializers.IntegerField()
    running = serializers.IntegerField()
    last_seen_at = serializers.DateTimeField()
    online = serializers.BooleanField()
    draining = serializers.BooleanField(help_text="It gets nothing more to execute.")


class AgentPage(serializers.Serializer[Any]):
    items = AgentOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class LabelsField(serializers.DictField):
    """What an agent says of itself, name by name; kept and shown with it."""

    child = serializers.CharField(max_length=200)

    def to_internal_value(self, data: Any) -> Any:
        labels = super().to_internal_value(data)
        if len(labels) > MAX_LABELS or any(len(name) > MAX_LABEL_NAME for name in labels):
            message = f"At most {MAX_LABELS}, with names of at most {MAX_LABEL_NAME} characters."
            raise serializers.ValidationError(message)
        if fault := find_storage_fault(labels):
            raise serializers.ValidationError(fault)
        return labels


class AgentInput(StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField(max_length=200)
    host = serializers.CharField(max_length=255)
    pid = serializers.IntegerField(min_value=0, max_value=INT_MAX)
    version = serializers.CharField(max_length=50)
    labels = LabelsField(required=False)
    capacity = serializers.IntegerField(min_value=1, max_value=10_000)
    runner = serializers.ChoiceField(
        choices=[each for each in KINDS if each[0] != PoolKind.MANAGED],
        required=False,
        help_text="By what it executes runs, a kind of pools; PROCESS unless told.",
    )

    @staticmethod
    def info(given: dict[str, Any]) -> AgentInfo:
        """Return what a validated AgentInput says."""
        return AgentInfo(**given)


class HeldLeaseInput(StrictSerializer):
    run_id = serializers.UUIDField()
    epoch = serializers.IntegerField(min_value=0, max_value=INT_MAX)


class HeededInput(HeldLeaseInput):
    """A command that an agent has passed on, so that it is not told again."""

    command = serializers.ChoiceField(choices=COMMANDS)


def commands_of(given: list[dict[str, Any]]) -> list[Command]:
    """Return what validated HeededInputs say."""
    return [Command(**each) for each in given]


class LeaseRequestInput(StrictSerializer):
    agent = AgentInput()
    limit = serializers.IntegerField(min_value=0, max_value=100)
    heeded = serializers.ListField(
        child=HeededInput(), required=False, default=list, max_length=MAX_LEASES_HELD
    )
    wait_seconds = serializers.FloatField(
        required=False, default=0, min_value=0, max_value=MAX_WAIT_SECONDS
    )


class HeartbeatInput(StrictSerializer):
    agent = AgentInput()
    leases = serializers.ListField(child=HeldLeaseInput(), max_length=MAX_LEASES_HELD)
    heeded = serializers.ListField(
        child=HeededInput(), required=False, default=list, max_length=MAX_LEASES_HELD
    )


class RunHeartbeatInput(StrictSerializer):
    epoch = serializers.IntegerField(min_value=0, max_value=INT_MAX)
    heeded = serializers.ChoiceField(choices=COMMANDS, required=False, allow_null=True)


class RunListenInput(RunHeartbeatInput):
    wait_seconds = serializers.FloatField(
        required=False, default=0, min_value=0, max_value=MAX_WAIT_SECONDS
    )


class HeldLeaseOutput(serializers.Serializer[Any]):
    run_id = serializers.UUIDField()
    epoch = serializers.IntegerField()


class CommandOutput(HeldLeaseOutput):
    command = serializers.ChoiceField(choices=COMMANDS)


class HeartbeatOutput(serializers.Serializer[Any]):
    commands = CommandOutput(many=True)
    lost = HeldLeaseOutput(many=True)
    draining = serializers.BooleanField(
        required=False, help_text="Of an agent's: it gets nothing more, until people say otherwise."
    )


class RunHeartbeatOutput(HeartbeatOutput):
    live_url = serializers.CharField(
        help_text="Where the same route waits for commands, up to `wait_seconds`."
    )
