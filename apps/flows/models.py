"""What may run: flows, their deployments, and when those start by themselves."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from apps.core.clock import utc_now
from apps.core.models import Record
from apps.flows.enums import MissedPolicy, Overlap, ScheduleKind
from apps.flows.recurrence import Recurrence
from apps.flows.sizes import Size
from apps.flows.times import stored_recurrence

SCHEDULE_KINDS = [(kind.value, kind.value) for kind in ScheduleKind]
OVERLAPS = [(overlap.value, overlap.value) for overlap in Overlap]
MISSED_POLICIES = [(policy.value, policy.value) for policy in MissedPolicy]


class FlowQuerySet(models.QuerySet["Flow"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> FlowQuerySet:
        return self.filter(workspace_id=workspace_id)


class Flow(Record):
    """A decorated function, known by its name; made when it is first deployed or first runs."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)

    objects = FlowQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="flows_flow_name"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="flows_flow_list"),
        ]

    def __str__(self) -> str:
        return self.name


class CodeBundleQuerySet(models.QuerySet["CodeBundle"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> CodeBundleQuerySet:
        return self.filter(workspace_id=workspace_id)

    def unused(self) -> CodeBundleQuerySet:
        return self.filter(
            ~Exists(Deployment.objects.filter(bundle=OuterRef("pk"))),
            ~Exists(
                DeploymentVersion.objects.filter(bundle=OuterRef("pk"), deployment__deleted_at=None)
            ),
        )


class CodeBundle(Record):
    """
    A folder of code, zipped and uploaded once; known by the hash of its bytes.

    The bytes are kept by compute, a layer above. There is a row only where there are bytes.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()  # of the zip
    files = models.PositiveIntegerField()

    objects = CodeBundleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "sha256"], name="flows_bundle_once"),
        ]

    def __str__(self) -> str:
        return self.sha256


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> DeploymentQuerySet:
        return self.filter(workspace_id=workspace_id)

    def standing(self) -> DeploymentQuerySet:
        return self.filter(deleted_at=None)


class Deployment(Record):
    """A flow, where its code lives, with which parameters and in which pool it runs."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    flow = models.ForeignKey(
        Flow, on_delete=models.CASCADE, related_name="deployments", db_index=False
    )
    # Pools belong to dispatch, a layer above; only the reference stands here.
    pool = models.ForeignKey(
        "dispatch.Pool", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Which of its lanes; null: the default one.
    queue = models.ForeignKey(
        "dispatch.Queue", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    entrypoint = models.CharField(max_length=500)  # "flow.py:main", relative to path
    path = models.CharField(max_length=1000)  # a folder on the agent's machine; "" in a bundle
    # Where else agents get the code: {"kind": "git" | "image" | "object_store", …}; null: from
    # `path` or the bundle. Shapes and rules: apps.flows.code.
    code = models.JSONField(null=True)
    # These four for managed pools only: what is executed, with what installed, how large.
    bundle = models.ForeignKey(CodeBundle, on_delete=models.RESTRICT, null=True, related_name="+")
    requirements = ArrayField(models.CharField(max_length=200), default=list)  # PEP 508
    cpu_units = models.PositiveIntegerField(null=True)  # 1,024 are a vCPU
    memory_mb = models.PositiveIntegerField(null=True)
    parameters = models.JSONField(default=dict)
    parameter_schema = models.JSONField(default=dict)
    tags = ArrayField(models.CharField(max_length=100), default=list)
    version = models.CharField(max_length=200, blank=True)  # the deployer's word, e.g. a commit
    version_number = models.PositiveIntegerField(default=1)  # which DeploymentVersion this is
    owners = models.JSONField(default=list)  # [{"kind": "user" | "team", "id", "name"}]
    job_settings = models.JSONField(default=dict)  # over the pool's defaults; the kind's schema
    overlap = models.CharField(max_length=16, choices=OVERLAPS, default=Overlap.ALLOW.value)
    paused_at = models.DateTimeField(null=True)  # nothing of it starts while set
    timeout_seconds = models.PositiveIntegerField(null=True)  # of one attempt, from its start
    retries = models.PositiveSmallIntegerField(default=0)  # further attempts after the first
    retry_delay_seconds = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=utc_now)  # last deploy or edit, by our clock
    deleted_at = models.DateTimeField(null=True)  # kept, so that its runs keep its name

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["flow", "name"],
                condition=Q(deleted_at=None),
                name="flows_deployment_name",
            ),
            models.CheckConstraint(
                name="flows_deployment_bundle_size",
                condition=Q(bundle=None, cpu_units=None, memory_mb=None, requirements=[])
                | Q(bundle__isnull=False, cpu_units__isnull=False, memory_mb__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "-created_at", "-id"],
                condition=Q(deleted_at=None),
                name="flows_deployment_list",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paused(self) -> bool:
        return self.paused_at is not None

    @property
    def size(self) -> Size | None:
        """What a managed run of it gets; None in pools that agents serve."""
        if self.cpu_units is None or self.memory_mb is None:
            return None
        return Size(cpu_units=self.cpu_units, memory_mb=self.memory_mb)


class DeploymentVersion(Record):
    """
    What one deploy said, for ever; rolling back is deploying its words once more.

    `spec` holds the columns that a deploy writes, by their names; schedules are not among them.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    deployment = models.ForeignKey(
        Deployment, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()  # 1, 2, 3 … of this deployment
    label = models.CharField(max_length=200, blank=True)  # the deployer's word, e.g. a commit
    spec = models.JSONField()
    # Beside the spec: while a version names a bundle, its bytes are kept.
    bundle = models.ForeignKey(CodeBundle, on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.JSONField(null=True)  # {"kind", "id", "name"}
    of_number = models.PositiveIntegerField(null=True)  # which one it rolled back to

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deployment", "number"], name="flows_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment_id} v{self.number}"


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ScheduleQuerySet:
        return self.filter(workspace_id=workspace_id)

    def due(self, now: datetime) -> ScheduleQuerySet:
        return self.filter(next_at__lte=now)


class Schedule(Record):
    """When a deployment starts by itself. Several may belong to one deployment."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="schedules")
    kind = models.CharField(max_length=16, choices=SCHEDULE_KINDS)
    cron = models.CharField(max_length=200, blank=True)
    interval_seconds = models.PositiveIntegerField(null=True)
    anchor_at = models.DateTimeField(null=True)  # intervals and rules count from here
    rrule = models.CharField(max_length=500, blank=True)  # RFC 5545, on the wall clock
    once_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=100, blank=True)
    jitter_seconds = models.PositiveIntegerField(default=0)  # each run starts up to so much later
    timezone = models.CharField(max_length=64, default="UTC")
    parameters = models.JSONField(default=dict)  # laid over the deployment's when it comes due
    # A deploy said so, and the next one may take it back; what people add on its page it leaves.
    declared = models.BooleanField(default=True, db_default=True)
    paused_at = models.DateTimeField(null=True)
    missed_policy = models.CharField(
        max_length=16, choices=MISSED_POLICIES, default=MissedPolicy.LATEST.value
    )
    missed_cap = models.PositiveIntegerField(default=10)  # of ALL: so many at most
    # Null while it or its deployment is paused, once its last time has passed, and with a fault.
    next_at = models.DateTimeField(null=True)
    # Why its next time could not be found, for people; it rests until somebody changes it.
    fault = models.CharField(max_length=300, blank=True, default="", db_default="")

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="flows_schedule_kind_fields",
                condition=(
                    Q(
                        kind=ScheduleKind.CRON.value,
                        interval_seconds=None,
                        anchor_at=None,
                        rrule="",
                        once_at=None,
                    )
                    & ~Q(cron="")
                )
                | Q(
                    kind=ScheduleKind.INTERVAL.value,
                    cron="",
                    interval_seconds__gt=0,
                    anchor_at__isnull=False,
                    rrule="",
                    once_at=None,
                )
                | (
                    Q(
                        kind=ScheduleKind.RRULE.value,
                        cron="",
                        interval_seconds=None,
                        anchor_at__isnull=False,
                        once_at=None,
                    )
                    & ~Q(rrule="")
                )
                | Q(
                    kind=ScheduleKind.ONCE.value,
                    cron="",
                    interval_seconds=None,
                    anchor_at=None,
                    rrule="",
                    once_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="flows_schedule_paused_rests",
                condition=Q(paused_at=None) | Q(next_at=None),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                F("next_at"), name="flows_schedule_due", condition=Q(next_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.when

    @property
    def paused(self) -> bool:
        return self.paused_at is not None

    @property
    def when(self) -> str:
        """Its times in a few words."""
        if self.kind == ScheduleKind.INTERVAL:
            return f"every {self.interval_seconds} s"
        return self.cron or self.rrule or f"once at {self.once_at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def recurrence(self) -> Recurrence:
        """The pure description of its times; each branch is kept whole by a CHECK."""
        return stored_recurrence(
            *(self.kind, self.cron, self.interval_seconds, self.anchor_at),
            *(self.rrule, self.once_at, self.timezone),
        )
