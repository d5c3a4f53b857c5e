"""What comes in and goes out of the routes of deployments, pools, agents and leases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from apps.core.http.query import PageQuery, QuerySerializer, RangeQuery
from apps.core.http.serializers import MayField, StrictSerializer
from apps.dispatch.enums import PoolKind
from apps.dispatch.protocol import COMMANDS, AgentInfo, Command
from apps.flows.enums import Overlap
from apps.flows.wire import (
    BundleOutput,
    CodeInput,
    CodeOutput,
    JsonObjectField,
    ScheduleInput,
    ScheduleOutput,
    SizeInput,
    SizeOutput,
)
from apps.runs.wire import (
    CAUSES,
    STATE_TYPES,
    STATES,
    CreatedByOutput,
    NamedOutput,
    RunHistogramOutput,
    RunRowOutput,
    RunTickOutput,
)

# KUBERNETES and ECS are opened with what executes their runs.
KINDS = [(kind.value, kind.value) for kind in PoolKind]
MAX_RETRIES = 100
MAX_SECONDS = 30 * 86_400
MAX_LEASES_HELD = 1_000
MAX_WAIT_SECONDS = 30
INT_MAX = 2_147_483_647
USUAL_DEPTH = timedelta(hours=6)
MAX_OVERVIEW = timedelta(days=366)


def _tags(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, **options
    )


class BundleInput(StrictSerializer):
    sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}$",
        error_messages={"invalid": "Must be a SHA-256 as 64 lower-case hex digits."},
    )


OVERLAPS = [(overlap.value, overlap.value) for overlap in Overlap]
OWNER_KINDS = [("user", "user"), ("team", "team")]
MAX_CONCURRENCY = 100_000


class DeploymentOwnerInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=OWNER_KINDS)
    id = serializers.UUIDField()


class DeploymentOwnerOutput(serializers.Serializer[Any]):
    """A person or a team to ask about it, by the name of when it was deployed."""

    kind = serializers.ChoiceField(choices=OWNER_KINDS)
    id = serializers.UUIDField()
    name = serializers.CharField()


class DeploymentInput(StrictSerializer):
    flow_name = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=200)
    entrypoint = serializers.RegexField(
        r"^[^:]+:[^:\s]+$",
        max_length=500,
        error_messages={"invalid": "Must be a file and a function: “flow.py:main”."},
    )
    path = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=1000,
        help_text="Where agents find the code; in managed pools the bundle is its place.",
    )
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    parameters = JsonObjectField(required=False)
    parameter_schema = JsonObjectField(required=False)
    pool = serializers.CharField(required=False, max_length=100, default="default")
    queue = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Of the pool, by name; else what is its default at the time.",
    )
    tags = _tags(required=False)
    version = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=200
    )
    schedules = serializers.ListField(child=ScheduleInput(), required=False, max_length=50)
    timeout_seconds = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_SECONDS
    )
    retries = serializers.IntegerField(required=False, min_value=0, max_value=MAX_RETRIES)
    retry_delay_seconds = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_SECONDS
    )
    bundle = BundleInput(required=False, allow_null=True)
    requirements = serializers.ListField(
        child=serializers.CharField(max_length=1000), required=False, max_length=1000
    )
    size = SizeInput(required=False, allow_null=True)
    code = CodeInput(
        required=False,
        allow_null=True,
        help_text="When it is neither in a folder on the agents' machine (`path`) nor in a bundle.",
    )
    job_settings = JsonObjectField(
        required=False,
        help_text="What the pool's kind lets one say of a run's job, over the pool's job_defaults; "
        "see pool-kinds.",
    )
    owners = serializers.ListField(child=DeploymentOwnerInput(), required=False, max_length=20)
    overlap = serializers.ChoiceField(
        choices=OVERLAPS,
        required=False,
        help_text="What becomes of a run that is made while as many as may still go on: it starts "
        "all the same (ALLOW), is not run at all (SKIP), waits (QUEUE), or waits while those "
        "before it are cancelled (CANCEL_RUNNING).",
    )
    concurrency_limit = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_CONCURRENCY,
        help_text="How many of its runs go on at once. None: 1, or any number with ALLOW.",
    )


class DeploymentChange(StrictSerializer):
    paused = serializers.BooleanField(required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    tags = _tags(required=False)
    parameters = JsonObjectField(required=False)


class DeploymentRowOutput(serializers.Serializer[Any]):
    """A deployment in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    flow = NamedOutput()
    description = serializers.CharField()
    entrypoint = serializers.CharField()
    path = serializers.CharField()
    pool = NamedOutput()
    queue = NamedOutput(allow_null=True, help_text="null: the pool's default")
    tags = serializers.ListField(child=serializers.CharField())
    version = serializers.CharField(allow_null=True)
    paused = serializers.BooleanField()
    schedules = ScheduleOutput(many=True)
    timeout_seconds = serializers.IntegerField(allow_null=True)
    retries = serializers.IntegerField()
    retry_delay_seconds = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    code = CodeOutput(allow_null=True)
    bundle = BundleOutput(allow_null=True)
    size = SizeOutput(allow_null=True)
    recent_runs = RunTickOutput(many=True)
    next_run_at = serializers.DateTimeField(allow_null=True)
    version_number = serializers.IntegerField()
    owners = DeploymentOwnerOutput(many=True)
    overlap = serializers.ChoiceField(choices=OVERLAPS)
    concurrency_limit = serializers.IntegerField(allow_null=True)
    may = MayField()


class DeploymentOutput(DeploymentRowOutput):
    """A deployment on its own page."""

    requirements = serializers.ListField(child=serializers.CharField())
    job_settings = serializers.DictField(help_text="Over those of the pool.")
    parameters = serializers.DictField()
    parameter_schema = serializers.DictField()


class DeploymentPage(serializers.Serializer[Any]):
    items = DeploymentRowOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class DeploymentVersionOutput(serializers.Serializer[Any]):
    """What one deploy said."""

    number = serializers.IntegerField()
    label = serializers.CharField(  # type: ignore[assignment] # shadows DRF's own
        allow_null=True, help_text="The deployer's word, e.g. a commit."
    )
    created_at = serializers.DateTimeField()
    created_by = CreatedByOutput(allow_null=True)
    of_number = serializers.IntegerField(
        allow_null=True, help_text="The version that it rolled back to."
    )
    current = serializers.BooleanField()
    spec = serializers.DictField(help_text="What was said, by name; schedules are not part of it.")
    changes = serializers.ListField(
        child=serializers.CharField(), help_text="Names of what the one before said differently."
    )


class DeploymentVersionPage(serializers.Serializer[Any]):
    items = DeploymentVersionOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RollbackInput(StrictSerializer):
    number = serializers.IntegerField(min_value=1, max_value=INT_MAX)


class RunCopyInput(StrictSerializer):
    """Left out: as the run that is copied."""

    parameters = JsonObjectField(required=False)
    name = serializers.CharField(required=False, max_length=200)
    tags = _tags(required=False)
    scheduled_for = serializers.DateTimeField(required=False)


class NewRunInput(RunCopyInput):
    priority = serializers.IntegerField(required=False, min_value=-100, max_value=100)
    queue = serializers.CharField(
        required=False, max_length=100, help_text="Of its pool, by name; else the deployment's."
    )


class DeploymentRunInput(NewRunInput):
    parent_run_id = serializers.UUIDField(required=False)
    parent_task_run_id = serializers.UUIDField(required=False)


class ApprovalInput(StrictSerializer):
    epoch = serializers.IntegerField(min_value=0, max_value=2_147_483_647)
    key = serializers.RegexField(
        r"^[A-Za-z0-9._-]+$",
        max_length=200,
        help_text="of this question within the run, whichever process asks it",
    )
    title = serializers.CharField(max_length=200)
    message = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    form = JsonObjectField(required=False)
    suspend = serializers.BooleanField(
        required=False,
        help_text="Its process leaves; the answer has the run queued again.",
    )
    expires_in_seconds = serializers.FloatField(
        required=False, allow_null=True, min_value=1, max_value=366 * 86_400
    )


class SubrunInput(NewRunInput):
    deployment = serializers.CharField(max_length=401, help_text="its id, or flow/name")
    task_run_id = serializers.UUIDField(required=False, allow_null=True)
    epoch = serializers.IntegerField(min_value=0, max_value=2_147_483_647)


class ErrorInfoInput(StrictSerializer):
    type = serializers.CharField(max_length=500)
    message = serializers.CharField(allow_blank=True, max_length=65_536, trim_whitespace=False)
    traceback = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=262_144,
        trim_whitespace=False,
    )


class CauseInfoInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=CAUSES)
    exit_code = serializers.IntegerField(
        required=False, allow_null=True, min_value=-INT_MAX, max_value=INT_MAX
    )
    signal = serializers.CharField(required=False, allow_null=True, max_length=50)
    detail = serializers.CharField(required=False, allow_null=True, max_length=2_000)


class TransitionInput(StrictSerializer):
    epoch = serializers.IntegerField(min_value=0, max_value=INT_MAX)
    state = serializers.ChoiceField(choices=STATES)
    occurred_at = serializers.DateTimeField()
    message = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    error = ErrorInfoInput(required=False, allow_null=True)
    cause = CauseInfoInput(required=False, allow_null=True)


class TransitionsQuery(PageQuery):
    task_run_id = serializers.UUIDField(required=False)


class TransitionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    epoch = serializers.IntegerField()
    superseded = serializers.BooleanField()
    message = serializers.CharField()
    task_run_id = serializers.UUIDField(allow_null=True)


class TransitionPage(serializers.Serializer[Any]):
    items = TransitionOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


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


class AgentInput(StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField(max_length=200)
    host = serializers.CharField(max_length=255)
    pid = serializers.IntegerField(min_value=0, max_value=INT_MAX)
    version = serializers.CharField(max_length=50)
    labels = serializers.DictField(child=serializers.CharField(max_length=200), required=False)
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


class OverviewQuery(RangeQuery):
    pass


class AttentionOutput(RunRowOutput):
    reason = serializers.CharField()


class FlowTickOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    duration_ms = serializers.IntegerField(allow_null=True)


class FlowHealthOutput(serializers.Serializer[Any]):
    flow = NamedOutput()
    deployment_id = serializers.UUIDField(allow_null=True)
    ticks = FlowTickOutput(many=True)
    success_ratio = serializers.FloatField(allow_null=True)
    p95_duration_ms = serializers.IntegerField(allow_null=True)
    next_run_at = serializers.DateTimeField(allow_null=True)


class ChecklistOutput(serializers.Serializer[Any]):
    has_key = serializers.BooleanField()
    has_run = serializers.BooleanField()
    has_deployment = serializers.BooleanField()
    has_agent = serializers.BooleanField()
    has_event = serializers.BooleanField()


class WindowOutput(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}


class OverviewOutput(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    window = WindowOutput()
    counts = serializers.DictField(child=serializers.IntegerField())
    attention = AttentionOutput(many=True)
    histogram = RunHistogramOutput()
    flows = FlowHealthOutput(many=True)
    checklist = ChecklistOutput()
