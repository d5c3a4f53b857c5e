"""
How runs look on the wire: shapes for the schema, and plain functions that fill them.

PERF: filling a list row through a DRF serializer takes ten times as long as the function; a test
holds both equal. Public to dispatch, whose routes answer runs too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from apps.runs.enums import TYPE_OF, ApprovalState, CauseKind, RunSource, RunState, StateType
from apps.runs.state_machine import UNSUCCESSFUL, may_cancel, may_pause, may_resume, may_suspend
from apps.tenancy import access
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.runs.models import Approval, Run, TaskRun
    from apps.runs.selectors import Histogram
    from apps.tenancy.actors import Actor

STATES = [(state.value, state.value) for state in RunState]
STATE_TYPES = [(kind.value, kind.value) for kind in StateType]
SOURCES = [(source.value, source.value) for source in RunSource]
APPROVAL_STATES = [(state.value, state.value) for state in ApprovalState]
CAUSES = [(kind.value, kind.value) for kind in CauseKind]
# Dispatch's, a layer above: by value here, and a test holds them equal to its enum.
POOL_KINDS = [(kind, kind) for kind in ("PROCESS", "DOCKER", "KUBERNETES", "ECS", "MANAGED")]


class NamedOutput(serializers.Serializer[Any]):
    """A reference to something that has a name."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class RunPoolOutput(NamedOutput):
    """The pool of a run, and who executes what is in it."""

    kind = serializers.ChoiceField(choices=POOL_KINDS)


MAKERS = [(kind, kind) for kind in ("user", "api_key", "automation", "run")]


class CreatedByOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=MAKERS)
    id = serializers.UUIDField()
    name = serializers.CharField()


class RunRowOutput(serializers.Serializer[Any]):
    """A run in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    flow = NamedOutput()
    deployment = NamedOutput(allow_null=True)
    pool = RunPoolOutput(
        allow_null=True, help_text="null: it runs in a process that was started by itself"
    )
    source = serializers.ChoiceField(choices=SOURCES)  # type: ignore[assignment] # shadows DRF's own
    created_by = CreatedByOutput(allow_null=True)
    attempt = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    scheduled_for = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    task_counts = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    parent_run_id = serializers.UUIDField(allow_null=True)
    deployment_version = serializers.IntegerField(
        allow_null=True,
        help_text="Which version of the deployment it executes, or is to execute as yet.",
    )


class RunPage(serializers.Serializer[Any]):
    items = RunRowOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ErrorInfoOutput(serializers.Serializer[Any]):
    type = serializers.CharField()
    message = serializers.CharField()
    traceback = serializers.CharField(allow_null=True)


class CauseInfoOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=CAUSES)
    exit_code = serializers.IntegerField(required=False, allow_null=True)
    signal = serializers.CharField(required=False, allow_null=True)
    detail = serializers.CharField(required=False, allow_null=True)


class RunAgentOutput(NamedOutput):
    host = serializers.CharField()


class MayOutput(serializers.Serializer[Any]):
    """What the caller may do with the run as it is now."""

    cancel = serializers.BooleanField()
    retry = serializers.BooleanField()
    copy = serializers.BooleanField(required=False)
    annotate = serializers.BooleanField(required=False)
    pause = serializers.BooleanField(required=False)
    suspend = serializers.BooleanField(required=False)
    resume = serializers.BooleanField(required=False)


class ResumesOutput(serializers.Serializer[Any]):
    """Where a process goes on instead of beginning anew."""

    kind = serializers.ChoiceField(choices=("suspending", "suspended", "failed"))
    attempt = serializers.IntegerField(
        required=False, help_text="The one that began what is gone on with"
    )


class RunOutput(RunRowOutput):
    """A run on its own page."""

    parameters = serializers.DictField()
    epoch = serializers.IntegerField()
    error = ErrorInfoOutput(allow_null=True)
    cause = CauseInfoOutput(allow_null=True)
    agent = RunAgentOutput(allow_null=True)
    may = MayOutput()
    estimated_duration_ms = serializers.IntegerField(allow_null=True)
    priority = serializers.IntegerField(required=False)
    note = serializers.CharField(required=False, allow_blank=True)
    parent_task_run_id = serializers.UUIDField(required=False, allow_null=True)
    copied_from_id = serializers.UUIDField(required=False, allow_null=True)
    backfill_id = serializers.UUIDField(required=False, allow_null=True)
    resumes = ResumesOutput(
        required=False, allow_null=True, help_text="What a process goes on with; null: afresh"
    )


class ApprovalMayOutput(serializers.Serializer[Any]):
    answer = serializers.BooleanField()


class ApprovalOutput(serializers.Serializer[Any]):
    """A question that a run asked people, and what they said."""

    id = serializers.UUIDField()
    run = NamedOutput()
    flow = NamedOutput()
    deployment = NamedOutput(allow_null=True)
    key = serializers.CharField()
    title = serializers.CharField()
    message = serializers.CharField(allow_blank=True)
    form = serializers.DictField(help_text="JSON Schema of an object; {}: yes or no is all")
    state = serializers.ChoiceField(choices=APPROVAL_STATES)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.DictField(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    answered_by = CreatedByOutput(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    may = ApprovalMayOutput()


class RunDetailOutput(RunOutput):
    """A run with what stands around it."""

    parent = NamedOutput(allow_null=True)
    copied_from = NamedOutput(allow_null=True)
    children = serializers.IntegerField(help_text="runs that it started; see ?parent=")
    approvals = ApprovalOutput(many=True)


class RunTickOutput(serializers.Serializer[Any]):
    """A run in a strip of recent ones."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    duration_ms = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class RunBucketOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    counts = serializers.DictField(child=serializers.IntegerField())


class RunHistogramOutput(serializers.Serializer[Any]):
    step_seconds = serializers.IntegerField()
    buckets = RunBucketOutput(many=True)


class TaskRunOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    run_id = serializers.UUIDField()
    name = serializers.CharField()
    task_name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    attempt = serializers.IntegerField()
    map_index = serializers.IntegerField(allow_null=True)
    epoch = serializers.IntegerField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    error = ErrorInfoOutput(allow_null=True)
    depends_on = serializers.ListField(child=serializers.UUIDField())


def run_row(run: Run) -> dict[str, object]:
    """Fill a RunRowOutput; the run was loaded with `for_rows` or `get_run`."""
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "state_type": TYPE_OF[RunState(run.state)],
        "flow": {"id": run.flow_id, "name": run.flow.name},
        "deployment": named(run.deployment),
        "pool": _pool(run.pool),
        "source": run.source,
        "created_by": run.created_by,
        "attempt": run.attempt,
        "tags": run.tags,
        "created_at": run.created_at,
        "scheduled_for": run.scheduled_for,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_ms": run.duration_ms,
        "task_counts": run.task_counts,
        "parent_run_id": run.parent_run_id,
        "deployment_version": run.deployment_version,
    }


def run_body(
    run: Run, *, actor: Actor, estimated_duration_ms: int | None = None
) -> dict[str, object]:
    """Fill a RunOutput."""
    state = RunState(run.state)
    targets = access.run_targets(deployment_id=run.deployment_id, pool_id=run.pool_id)
    may_write = access.may(actor, Scope.RUNS_WRITE, *targets)
    agent = None
    if run.agent_id is not None:
        agent = {"id": run.agent_id, "name": run.agent_name, "host": run.agent_host}
    return run_row(run) | {
        "parameters": run.parameters,
        "epoch": run.epoch,
        "error": run.error and {"traceback": None} | run.error,
        "cause": run.cause,
        "agent": agent,
        "may": {
            "cancel": may_cancel(state) and access.may(actor, Scope.RUNS_CANCEL, *targets),
            "retry": state in UNSUCCESSFUL
            and run.queue_id is not None
            and (run.deployment is None or run.deployment.deleted_at is None)
            and may_write,
            "copy": run.deployment is not None and run.deployment.deleted_at is None and may_write,
            "annotate": may_write,
            "pause": may_pause(state) and may_write,
            "suspend": may_suspend(state)
            and run.queue_id is not None
            and (run.resumes or {}).get("kind") != "suspending"
            and may_write,
            "resume": may_resume(state)
            and (run.resumes or {}).get("kind") != "suspending"
            and may_write,
        },
        "estimated_duration_ms": estimated_duration_ms,
        "priority": run.priority,
        "note": run.note,
        "parent_task_run_id": run.parent_task_run_id,
        "copied_from_id": run.copied_from_id,
        "backfill_id": run.backfill_id,
        "resumes": run.resumes,
    }


def run_detail(
    run: Run,
    *,
    actor: Actor,
    estimated_duration_ms: int | None,
    children: int,
    kin: Mapping[uuid.UUID, str],
    approvals: Iterable[Approval],
) -> dict[str, object]:
    """Fill a RunDetailOutput; `kin` are the names of the runs that it names."""

    def named_run(run_id: uuid.UUID | None) -> dict[str, object] | None:
        name = None if run_id is None else kin.get(run_id)
        return None if name is None else {"id": run_id, "name": name}

    return run_body(run, actor=actor, estimated_duration_ms=estimated_duration_ms) | {
        "parent": named_run(run.parent_run_id),
        "copied_from": named_run(run.copied_from_id),
        "children": children,
        "approvals": [approval_body(each, actor=actor) for each in approvals],
    }


def approval_body(approval: Approval, *, actor: Actor) -> dict[str, object]:
    """Fill an ApprovalOutput; it was loaded with its run, flow and deployment."""
    run = approval.run
    targets = access.run_targets(deployment_id=run.deployment_id, pool_id=run.pool_id)
    is_open = approval.state == ApprovalState.OPEN
    return {
        "id": approval.id,
        "run": {"id": run.id, "name": run.name},
        "flow": named(run.flow),
        "deployment": named(run.deployment),
        "key": approval.key,
        "title": approval.title,
        "message": approval.message,
        "form": approval.form,
        "state": approval.state,
        "created_at": approval.created_at,
        "expires_at": approval.expires_at,
        "answer": approval.answer,
        "comment": approval.comment,
        "answered_by": approval.answered_by,
        "answered_at": approval.answered_at,
        "may": {"answer": is_open and access.may(actor, Scope.RUNS_WRITE, *targets)},
    }


def run_tick(run: Run) -> dict[str, object]:
    """Fill a RunTickOutput."""
    return {
        "id": run.id,
        "state": run.state,
        "state_type": TYPE_OF[RunState(run.state)],
        "duration_ms": run.duration_ms,
        "created_at": run.created_at,
    }


def histogram_body(histogram: Histogram) -> dict[str, object]:
    """Fill a RunHistogramOutput."""
    return {
        "step_seconds": histogram.step_seconds,
        "buckets": [{"at": each.at, "counts": each.counts} for each in histogram.buckets],
    }


def task_run_item(task_run: TaskRun) -> dict[str, object]:
    """Fill a TaskRunOutput."""
    return {
        "id": task_run.id,
        "run_id": task_run.run_id,
        "name": task_run.name,
        "task_name": task_run.task_name,
        "state": task_run.state,
        "state_type": TYPE_OF[RunState(task_run.state)],
        "attempt": task_run.attempt,
        "map_index": task_run.map_index,
        "epoch": task_run.epoch,
        "started_at": task_run.started_at,
        "ended_at": task_run.ended_at,
        "duration_ms": task_run.duration_ms,
        "error": task_run.error and {"traceback": None} | task_run.error,
        "depends_on": task_run.depends_on or [],
    }


def _pool(pool: Any) -> dict[str, object] | None:
    return None if pool is None else {"id": pool.id, "name": pool.name, "kind": pool.kind}


def named(thing: Any) -> dict[str, object] | None:
    """Fill a NamedOutput, or None."""
    return None if thing is None else {"id": thing.id, "name": thing.name}
