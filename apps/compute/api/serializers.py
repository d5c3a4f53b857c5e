"""What comes in and goes out of the routes of managed compute."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.compute.enums import Milestone, TaskPhase
from apps.compute.models import BACKENDS, STATES
from apps.core.http.query import PageQuery, QuerySerializer
from apps.core.http.serializers import StrictSerializer
from apps.flows.wire import SizeOutput
from apps.runs.wire import STATES as RUN_STATES
from apps.runs.wire import CauseInfoOutput, NamedOutput

INT_MAX = 2_147_483_647
PHASES = [(phase.value, phase.value) for phase in TaskPhase]
MILESTONES = [(milestone.value, milestone.value) for milestone in Milestone]


class TaskQuery(QuerySerializer):
    epoch = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=INT_MAX,
        help_text="The key's own when it is left out.",
    )


class PhaseInput(StrictSerializer):
    epoch = serializers.IntegerField(min_value=0, max_value=INT_MAX)
    phase = serializers.ChoiceField(choices=PHASES)
    at = serializers.DateTimeField()


class LeasedDeploymentOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    entrypoint = serializers.CharField()
    path = serializers.CharField()
    version = serializers.CharField(allow_null=True)


class GrantedLeaseOutput(serializers.Serializer[Any]):
    """A lease, as agents get it."""

    run_id = serializers.UUIDField()
    epoch = serializers.IntegerField()
    lease_seconds = serializers.IntegerField()
    run_name = serializers.CharField()
    flow_name = serializers.CharField()
    attempt = serializers.IntegerField()
    parameters = serializers.DictField()
    timeout_seconds = serializers.IntegerField(allow_null=True)
    deployment = LeasedDeploymentOutput()


class TaskBundleOutput(serializers.Serializer[Any]):
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()


class TaskOrderOutput(serializers.Serializer[Any]):
    """All that a task needs in order to execute its run."""

    lease = GrantedLeaseOutput()
    bundle = TaskBundleOutput()
    requirements = serializers.ListField(child=serializers.CharField())
    python = serializers.CharField()
    size = SizeOutput()


class TasksQuery(PageQuery):
    repeatable = frozenset({"state"})
    state = serializers.ListField(child=serializers.ChoiceField(choices=STATES), required=False)


class MilestoneOutput(serializers.Serializer[Any]):
    phase = serializers.ChoiceField(choices=MILESTONES)
    at = serializers.DateTimeField()


class RunComputeItemOutput(serializers.Serializer[Any]):
    """The task of one execution. What was used is known once it stopped."""

    epoch = serializers.IntegerField()
    backend = serializers.ChoiceField(choices=BACKENDS)
    size = SizeOutput()
    state = serializers.ChoiceField(choices=STATES)
    phases = MilestoneOutput(many=True)
    exit_code = serializers.IntegerField(allow_null=True, help_text="of the task itself")
    cause = CauseInfoOutput(allow_null=True)
    reason = serializers.CharField(help_text="why it was stopped or waits, for people")
    managed_seconds = serializers.IntegerField(allow_null=True)
    vcpu_seconds = serializers.IntegerField(allow_null=True)
    gb_seconds = serializers.IntegerField(allow_null=True)


class RunComputeOutput(serializers.Serializer[Any]):
    """Newest execution first; empty while the run waits for its first one."""

    items = RunComputeItemOutput(many=True)


class ManagedTaskOutput(serializers.Serializer[Any]):
    run = NamedOutput()
    run_state = serializers.ChoiceField(
        choices=RUN_STATES, help_text="How the run stands now, perhaps after more executions."
    )
    deployment = NamedOutput(allow_null=True)
    size = SizeOutput()
    state = serializers.ChoiceField(choices=STATES)
    requested_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True)
    exit_code = serializers.IntegerField(allow_null=True)
    cause = CauseInfoOutput(allow_null=True)
    managed_seconds = serializers.IntegerField(allow_null=True)


class ManagedTaskPage(serializers.Serializer[Any]):
    items = ManagedTaskOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
