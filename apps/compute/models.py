"""Who executes managed runs: one row for each lease that was granted here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.compute.backends.port import BackendKind, token_of
from apps.compute.enums import ACTIVE, TaskState
from apps.compute.usage import TaskUsage, usage_between
from apps.core.cipher import EncryptedField
from apps.core.models import Record

STATES = [(state.value, state.value) for state in TaskState]
BACKENDS = [(kind.value, kind.value) for kind in BackendKind]
_ACTIVE = sorted(state.value for state in ACTIVE)


class ManagedTaskQuerySet(models.QuerySet["ManagedTask"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ManagedTaskQuerySet:
        return self.filter(workspace_id=workspace_id)

    def of_run(self, workspace_id: uuid.UUID, run_id: uuid.UUID) -> ManagedTaskQuerySet:
        return self.filter(workspace_id=workspace_id, run_id=run_id)

    def active(self) -> ManagedTaskQuerySet:
        return self.filter(state__in=_ACTIVE)

    def on(self, backend: BackendKind) -> ManagedTaskQuerySet:
        return self.filter(backend=backend.value)

    def in_states(self, states: Iterable[TaskState]) -> ManagedTaskQuerySet:
        return self.filter(state__in=[state.value for state in states])


class ManagedTask(Record):
    """
    The process, or container, that executes one lease of a managed pool.

    Times are our own clock's but for `started_at` and `stopped_at`, which are the backend's.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="+", db_index=False)
    epoch = models.PositiveIntegerField()
    deployment_id = models.UUIDField()  # by value: what it was counted for outlives it
    backend = models.CharField(max_length=16, choices=BACKENDS)
    cpu_units = models.PositiveIntegerField()
    memory_mb = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=STATES, default=TaskState.REQUESTED.value)
    external_id = models.CharField(max_length=300, blank=True)  # the backend's name for it
    # A repeated launch must say exactly the same, so the key is kept until one is answered.
    run_key = EncryptedField(default=str)  # empty once it is answered
    launches = models.PositiveIntegerField(default=0)
    launch_at = models.DateTimeField()  # when to try (again); while REQUESTED
    launch_note = models.CharField(max_length=500, blank=True)  # why the last one was for nothing

    requested_at = models.DateTimeField()
    launched_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)  # from here on it renews its lease itself
    prepared_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # when the backend last said that it lives
    stop_asked_at = models.DateTimeField(null=True)
    stop_reason = models.CharField(max_length=500, blank=True)
    stopped_at = models.DateTimeField(null=True)
    exit_code = models.IntegerField(null=True)
    cause = models.JSONField(null=True)  # as of a run; null when it ended well or as we asked
    metered_at = models.DateTimeField(null=True)  # while it lives: up to when its use is counted

    objects = ManagedTaskQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "epoch"], name="compute_task_once"),
            models.CheckConstraint(
                name="compute_task_stopped_has_time",
                condition=Q(state=TaskState.STOPPED.value, stopped_at__isnull=False)
                | (~Q(state=TaskState.STOPPED.value) & Q(stopped_at=None)),
            ),
            models.CheckConstraint(
                name="compute_task_launched_has_name",
                condition=Q(state__in=[TaskState.REQUESTED.value, TaskState.STOPPED.value])
                | ~Q(external_id=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["backend", "id"], condition=Q(state__in=_ACTIVE), name="compute_task_active"
            ),
            models.Index(fields=["workspace", "-requested_at", "-id"], name="compute_task_list"),
        ]

    def __str__(self) -> str:
        return self.token

    @property
    def token(self) -> str:
        return token_of(self.run_id, self.epoch)

    @property
    def has_begun(self) -> bool:
        """It has fetched its code, and renews its lease itself."""
        return self.fetched_at is not None

    @property
    def usage(self) -> TaskUsage | None:
        """What it used; None before its end, and of what never ran."""
        return None if self.stopped_at is None else self.usage_until(self.stopped_at)

    def usage_until(self, moment: datetime) -> TaskUsage | None:
        """Return what it used up to then; None of what never ran."""
        if self.started_at is None:
            return None
        return usage_between(
            self.started_at, moment, cpu_units=self.cpu_units, memory_mb=self.memory_mb
        )
