"""What did run: runs, their task runs, and what is still to be counted as usage."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from apps.core.ids import uuid7, uuid7_floor
from apps.core.models import Record
from apps.runs.enums import TYPE_OF, ApprovalState, CauseKind, RunSource, RunState, StateType
from apps.runs.state_machine import FINISHED, UNSTARTED, WAITING

STATES = [(state.value, state.value) for state in RunState]
APPROVAL_STATES = [(state.value, state.value) for state in ApprovalState]
SOURCES = [(source.value, source.value) for source in RunSource]
STARTED = frozenset({RunState.RUNNING, RunState.RETRYING, RunState.PAUSED, RunState.COMPLETED})


def _names(states: frozenset[RunState]) -> list[str]:
    """Return plain texts, so that migrations name no class of ours."""
    return sorted(state.value for state in states)


class RunQuerySet(models.QuerySet["Run"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> RunQuerySet:
        return self.filter(workspace_id=workspace_id)

    def waiting(self) -> RunQuerySet:
        # Written out so that the planner sees the partial indexes' own condition.
        return self.filter(state__in=_names(WAITING))

    def for_rows(self) -> RunQuerySet:
        """Load what a list row shows: no parameters, no error, the names by one join each."""
        return self.select_related("flow", "deployment", "pool").defer(
            "parameters",
            "error",
            "cause",
            "deployment__parameters",
            "deployment__parameter_schema",
        )


class Run(Record):
    """One execution of a flow. The server decides its state; `epoch` fences its executors."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    flow = models.ForeignKey(
        "flows.Flow", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    deployment = models.ForeignKey(
        "flows.Deployment",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
    )
    schedule = models.ForeignKey(
        "flows.Schedule", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    due_at = models.DateTimeField(null=True)  # the schedule's time that this run stands for
    # Pools and queues belong to dispatch, a layer above; only the references stand here.
    pool = models.ForeignKey(
        "dispatch.Pool", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    queue = models.ForeignKey(
        "dispatch.Queue", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    parent_run_id = models.UUIDField(null=True)
    parent_task_run_id = models.UUIDField(null=True)

    name = models.CharField(max_length=200)
    source = models.CharField(max_length=16, choices=SOURCES)
    created_by = models.JSONField(null=True)  # {"kind", "id", "name"} of the actor, as of then
    tags = ArrayField(models.CharField(max_length=100), default=list)
    parameters = models.JSONField(default=dict)
    priority = models.SmallIntegerField(default=0)  # higher is served first within its queue

    deployment_version = models.PositiveIntegerField(null=True)  # which one it was made of
    backfill_id = models.UUIDField(null=True)
    copied_from_id = models.UUIDField(null=True)  # the run that it repeats, with its parameters
    note = models.TextField(blank=True)  # what people wrote on it
    # What it waits for although it is due: the id of a limit that had no room, or of its deployment
    # that is paused. Such a run is out of the claim's way until that is over (dispatch.services).
    waits_on = models.UUIDField(null=True)
    # What the next process begins with: {"kind": "failed" | "suspended", "epoch"}; null: afresh.
    resumes = models.JSONField(null=True)
    crashed_starts = models.PositiveSmallIntegerField(default=0)  # in a row, before any code ran

    state = models.CharField(max_length=20, choices=STATES)
    state_at = models.DateTimeField()  # when it took this state, by the reporter's clock
    changed_at = models.DateTimeField()  # when we wrote the state, by ours; what streams follow
    epoch = models.PositiveIntegerField(default=0)  # grows with each lease and each rescue
    attempt = models.PositiveIntegerField(default=1)
    scheduled_for = models.DateTimeField()  # of this attempt
    started_at = models.DateTimeField(null=True)  # of this attempt
    ended_at = models.DateTimeField(null=True)
    error = models.JSONField(null=True)  # {"type", "message", "traceback"}
    cause = models.JSONField(null=True)  # {"kind", "exit_code"?, "signal"?, "detail"?}
    task_counts = models.JSONField(null=True)  # {state type: task runs}; kept by report_task_runs

    # Who executed it last. By value: agents are forgotten sooner than their runs.
    agent_id = models.UUIDField(null=True)
    agent_name = models.CharField(max_length=200, blank=True)
    agent_host = models.CharField(max_length=255, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schedule", "due_at"],
                condition=Q(schedule__isnull=False),
                name="runs_run_once_per_due_time",
            ),
            models.CheckConstraint(
                name="runs_run_ended_iff_finished",
                condition=Q(state__in=_names(FINISHED), ended_at__isnull=False)
                | (~Q(state__in=_names(FINISHED)) & Q(ended_at=None)),
            ),
            models.CheckConstraint(
                name="runs_run_started_when_running",
                condition=~Q(state__in=_names(STARTED)) | Q(started_at__isnull=False),
            ),
            models.CheckConstraint(
                name="runs_run_unstarted_has_no_start",
                condition=~Q(state__in=_names(UNSTARTED)) | Q(started_at=None),
            ),
            models.CheckConstraint(
                name="runs_run_ends_after_start",
                condition=Q(ended_at=None) | Q(started_at=None) | Q(ended_at__gte=F("started_at")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="runs_run_list"),
            models.Index(
                fields=["workspace", "state", "-created_at", "-id"], name="runs_run_by_state"
            ),
            models.Index(fields=["flow", "-created_at", "-id"], name="runs_run_by_flow"),
            models.Index(
                fields=["deployment", "-created_at", "-id"],
                condition=Q(deployment__isnull=False),
                name="runs_run_by_deployment",
            ),
            models.Index(
                fields=["queue", "-priority", "scheduled_for", "id"],
                condition=Q(state__in=_names(WAITING), waits_on=None),
                name="runs_run_claim",
            ),
            models.Index(
                fields=["waits_on", "-priority", "scheduled_for", "id"],
                condition=Q(state__in=_names(WAITING), waits_on__isnull=False),
                name="runs_run_parked",
            ),
            models.Index(
                fields=["queue"],
                condition=Q(state__in=_names(WAITING), waits_on__isnull=False),
                name="runs_run_parked_in",
            ),
            models.Index(
                fields=["parent_run_id", "id"],
                condition=Q(parent_run_id__isnull=False),
                name="runs_run_children",
            ),
            models.Index(
                fields=["backfill_id", "id"],
                condition=Q(backfill_id__isnull=False),
                name="runs_run_of_backfill",
            ),
            models.Index(
                fields=["scheduled_for"],
                condition=Q(state__in=_names(WAITING)),
                name="runs_run_due",
            ),
            models.Index(fields=["workspace", "changed_at"], name="runs_run_changed"),
            models.Index(
                fields=["workspace", "scheduled_for"],
                condition=Q(state=RunState.HELD.value),
                name="runs_run_held",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state_type(self) -> StateType:
        return TYPE_OF[RunState(self.state)]

    @property
    def is_finished(self) -> bool:
        return RunState(self.state) in FINISHED

    @property
    def is_quarantined(self) -> bool:
        """Whether it crashed too often before it began; nothing but people tries it again."""
        return self.cause is not None and self.cause.get("kind") == CauseKind.QUARANTINED

    @property
    def duration(self) -> timedelta | None:
        """From start to end of this attempt; None until both are known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at

    @property
    def duration_ms(self) -> int | None:
        duration = self.duration
        return None if duration is None else round(duration.total_seconds() * 1000)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ApprovalQuerySet:
        return self.filter(workspace_id=workspace_id)


class Approval(Record):
    """A question that a run's code asked people, and what they said."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="approvals", db_index=False)
    key = models.CharField(max_length=200)  # of this question within the run, whichever attempt
    title = models.CharField(max_length=200)
    message = models.TextField(blank=True)
    form = models.JSONField(default=dict)  # JSON Schema of an object; {}: yes or no is all
    state = models.CharField(max_length=16, choices=APPROVAL_STATES)
    expires_at = models.DateTimeField(null=True)
    answer = models.JSONField(null=True)  # what the form was filled with
    comment = models.TextField(blank=True)
    answered_by = models.JSONField(null=True)  # {"kind", "id", "name"}
    answered_at = models.DateTimeField(null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "key"], name="runs_approval_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "-created_at", "-id"],
                condition=Q(state=ApprovalState.OPEN.value),
                name="runs_approval_open",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(state=ApprovalState.OPEN.value, expires_at__isnull=False),
                name="runs_approval_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class TaskRunQuerySet(models.QuerySet["TaskRun"]):
    def of_run(self, run: Run) -> TaskRunQuerySet:
        """
        Name the run's task runs, and the partitions they can be in.

        Ids are made by executors whose clocks may be off: a day on either side allows for that.
        """

        since = min(run.created_at, run.started_at or run.created_at) - timedelta(days=1)
        found = self.filter(
            workspace_id=run.workspace_id, run_id=run.id, id__gte=uuid7_floor(since)
        )
        if run.ended_at is not None and run.attempt == 1:
            found = found.filter(id__lt=uuid7_floor(run.ended_at + timedelta(days=1)))
        return found


class TaskRun(models.Model):
    """
    One tracked step of a run, as its executor last reported it.

    A native range-partitioned table by its UUIDv7 (migration 0002): the primary key stands and old
    partitions drop whole. `(epoch, sequence)` orders the reports; a row never moves backwards.
    """

    id = models.UUIDField(primary_key=True)
    workspace_id = models.UUIDField()
    run_id = models.UUIDField()
    task_name = models.CharField(max_length=200)  # of the decorated function
    name = models.CharField(max_length=200)  # of this call
    state = models.CharField(max_length=20, choices=STATES)
    attempt = models.PositiveIntegerField()
    map_index = models.PositiveIntegerField(null=True)
    epoch = models.PositiveIntegerField()
    sequence = models.BigIntegerField()  # grows per run process
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    depends_on = ArrayField(models.UUIDField(), null=True)
    error = models.JSONField(null=True)

    objects = TaskRunQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "runs_taskrun"

    def __str__(self) -> str:
        return self.name

    @property
    def duration_ms(self) -> int | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.started_at).total_seconds() * 1000)


class PendingUsage(models.Model):
    """
    Outbox for metering: how many task runs of one batch completed after a second or more.

    One row for each run and day of a batch. A task run completes at most once, so each is in
    exactly one row.
    """

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(primary_key=True, default=uuid7)
    workspace_id = models.UUIDField()
    run_id = models.UUIDField()
    deployment_id = models.UUIDField(null=True)
    day = models.DateField()  # on which they ended, in UTC, by their executor's clock
    task_runs = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.task_runs} of {self.run_id}"
