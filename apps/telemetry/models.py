"""
Time-series tables (unmanaged: `store` makes them), metric series, and the outbox.

The models of time-series tables exist for reads. Their key is declared as Django's primary key, and
their only manager refuses to answer without a workspace.
"""

from __future__ import annotations

import uuid
from typing import ClassVar, Generic, NoReturn, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.telemetry import limits
from apps.telemetry.enums import Consumer, LogLevel, StoredKind

Row = TypeVar("Row", bound=models.Model)


class UnscopedReadError(RuntimeError):
    """Somebody asked a time-series table for rows without naming a workspace: our bug."""


class ScopedManager(models.Manager[Row], Generic[Row]):
    """
    The query builder of tables without row security.

    SECURITY: `for_workspace` is the only way in; `all()`, `filter()` and the like raise.
    """

    def get_queryset(self) -> NoReturn:
        raise UnscopedReadError(f"{self.model.__name__}: use for_workspace().")

    def for_workspace(self, workspace_id: uuid.UUID) -> models.QuerySet[Row]:
        """Return the workspace's rows."""
        return models.QuerySet[Row](self.model, using=self._db).filter(workspace_id=workspace_id)


class Event(models.Model):
    """A fact with a time, about a resource."""

    pk = models.CompositePrimaryKey("workspace_id", "occurred_at", "id")
    workspace_id = models.UUIDField()
    occurred_at = models.DateTimeField()  # by the sender's clock
    id = models.UUIDField()
    name = models.TextField()
    received_at = models.DateTimeField()  # by ours
    resource_kind = models.TextField(null=True)  # noqa: DJ001 - null: the event names no resource
    resource_namespace = models.TextField(null=True)  # noqa: DJ001
    resource_name = models.TextField(null=True)  # noqa: DJ001
    related = models.JSONField(null=True)  # list of role, kind, name, namespace
    payload = models.JSONField()
    run_id = models.UUIDField(null=True)
    task_run_id = models.UUIDField(null=True)
    follows = models.UUIDField(null=True)  # the event that caused this one
    source = models.TextField()

    objects: ClassVar[ScopedManager[Event]] = ScopedManager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "telemetry_event"

    def __str__(self) -> str:
        return f"{self.name} at {self.occurred_at}"


class LogLine(models.Model):
    """One line that a program wrote."""

    pk = models.CompositePrimaryKey("workspace_id", "run_id", "occurred_at", "id")
    workspace_id = models.UUIDField()
    run_id = models.UUIDField()  # the nil UUID when it belongs to no run
    occurred_at = models.DateTimeField()
    id = models.UUIDField()
    task_run_id = models.UUIDField(null=True)
    level = models.SmallIntegerField(choices=LogLevel.choices)
    logger = models.TextField()
    message = models.TextField()

    objects: ClassVar[ScopedManager[LogLine]] = ScopedManager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "telemetry_log_line"

    def __str__(self) -> str:
        return self.message


class MetricPoint(models.Model):
    """One value of one series."""

    pk = models.CompositePrimaryKey("workspace_id", "series_id", "occurred_at", "id")
    workspace_id = models.UUIDField()
    series_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    id = models.UUIDField()
    value = models.FloatField()  # the mean, when the point stands for many values
    run_id = models.UUIDField(null=True)
    count = models.BigIntegerField(null=True)  # how many it stands for; null: it is one value
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    sketch = models.BinaryField(null=True)  # `sketch.encode`

    objects: ClassVar[ScopedManager[MetricPoint]] = ScopedManager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "telemetry_metric_point"

    def __str__(self) -> str:
        return f"{self.value} at {self.occurred_at}"


def _refuse_timeless(id_: uuid.UUID) -> None:
    # The store cuts by the id's time, and can only be asked by ids that have one.
    if id_.version != 7:
        raise ValidationError("Not a UUID of version 7.")


class RunTransition(models.Model):
    """One change of state of a run or task run; never changed, never deleted but by retention."""

    # UUIDv7 of occurred_at: the order of transitions
    id = models.UUIDField(primary_key=True, validators=[_refuse_timeless])
    workspace_id = models.UUIDField()
    run_id = models.UUIDField()
    task_run_id = models.UUIDField()  # the nil UUID for the run's own
    state = models.TextField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    epoch = models.IntegerField()
    superseded = models.BooleanField()  # reported under an older lease: evidence only
    message = models.TextField()

    objects: ClassVar[ScopedManager[RunTransition]] = ScopedManager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "telemetry_run_transition"

    def __str__(self) -> str:
        return f"{self.state} at {self.occurred_at}"


class MetricSeries(models.Model):
    """One metric with one set of labels. The id is derived from both, so ingest need not ask."""

    id = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=limits.NAME_LENGTH)
    labels = models.JSONField()
    unit = models.CharField(max_length=limits.UNIT_LENGTH)
    created_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)  # latest point; set by the rollup worker

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "name"], name="telemetry_series_by_name")
        ]

    def __str__(self) -> str:
        return self.name


class MetricStream(models.Model):
    """
    The last reading of a running total, of which only what comes on top is stored.

    One instrument of one process and one set of labels: it counts from its start, and begins anew
    with the next process. Forgotten a day after its last reading.
    """

    pk = models.CompositePrimaryKey("workspace_id", "stream_id")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    stream_id = models.UUIDField()
    last_at = models.DateTimeField(null=True)  # by the sender's clock; null: none was stored yet
    started_at = models.DateTimeField(null=True)  # as the sender says
    reading = models.BinaryField(null=True)  # msgpack: a number or a `Distribution`
    touched_at = models.DateTimeField()  # by ours

    class Meta:
        indexes: ClassVar = [models.Index(fields=["touched_at"], name="telemetry_stream_age")]

    def __str__(self) -> str:
        return f"{self.stream_id} at {self.last_at}"


class RunMetric(models.Model):
    """What one run measured in one series; merged by the rollup worker."""

    pk = models.CompositePrimaryKey("workspace_id", "run_id", "series_id")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run_id = models.UUIDField()
    series_id = models.UUIDField()
    count = models.BigIntegerField()
    total = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    last = models.FloatField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.series_id} in {self.run_id}"


class PendingBatchQuerySet(models.QuerySet["PendingBatch"]):
    def for_consumer(self, consumer: Consumer) -> PendingBatchQuerySet:
        """Return what waits for one consumer, oldest first."""
        return self.filter(consumer=consumer).order_by("id")


class PendingBatch(Record):
    """
    Outbox: what one committed batch leaves for one consumer; claimed and deleted by it.

    A cursor over ids would lose rows of slow transactions.
    """

    # PERF: without a constraint, because checking it would lock the workspace's row at each insert.
    workspace = models.ForeignKey(
        "tenancy.Workspace",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    consumer = models.CharField(max_length=20, choices=Consumer.choices)
    content = models.BinaryField()  # for the rollup: `deltas.encode`; for others: `keys.pack`

    objects = PendingBatchQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["consumer", "id"], name="telemetry_pending_in_order"),
            # Partial: the rollup's rows, which are many more, do not pay for it.
            models.Index(
                fields=["workspace", "id"],
                condition=Q(consumer=Consumer.AUTOMATIONS.value),
                name="telemetry_pending_automations",
            ),
            models.Index(
                fields=["workspace", "id"],
                condition=Q(consumer=Consumer.LINEAGE.value),
                name="telemetry_pending_lineage",
            ),
            models.Index(
                fields=["workspace", "id"],
                condition=Q(consumer=Consumer.COSTS.value),
                name="telemetry_pending_costs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} {self.id}"


class Listener(models.Model):
    """A workspace whose events somebody hears: only then a pending batch is left for them."""

    pk = models.CompositePrimaryKey("workspace_id", "consumer")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    consumer = models.CharField(max_length=20, choices=Consumer.choices)

    def __str__(self) -> str:
        return f"{self.consumer} in {self.workspace_id}"


class Retention(models.Model):
    """How long a workspace keeps one kind, where that is shorter than its plan does."""

    pk = models.CompositePrimaryKey("workspace_id", "kind")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=16, choices=StoredKind.choices)
    days = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.kind} for {self.days} days"
