"""What travels into the services: a deployment as its author describes it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypedDict

from apps.flows.code import Code
from apps.flows.enums import MissedPolicy, Overlap, ScheduleKind
from apps.flows.parameters import Parameters
from apps.flows.sizes import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """
    One schedule. `paused` None keeps what an equal schedule was, or starts unpaused.

    Within its deployment a name belongs to one schedule, which a deploy changes where it stands.
    """

    kind: ScheduleKind
    cron: str = ""
    interval_seconds: int | None = None
    anchor_at: datetime | None = None
    rrule: str = ""
    once_at: datetime | None = None
    name: str = ""
    jitter_seconds: int = 0
    missed_policy: MissedPolicy = MissedPolicy.LATEST
    missed_cap: int = 10
    timezone: str = "UTC"
    parameters: Parameters = field(default_factory=dict)
    paused: bool | None = None


class Owner(TypedDict):
    """Whom to ask about a deployment."""

    kind: Literal["user", "team"]
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSpec:
    """
    A deployment by its names; `schedules` None leaves the present ones alone.

    Bundle and size belong together: both for managed pools, none for others. `code` says where the
    code is when it is in neither a folder of the agents nor a bundle.
    """

    flow_name: str
    name: str
    entrypoint: str
    path: str
    pool_id: uuid.UUID
    description: str = ""
    parameters: Parameters = field(default_factory=dict)
    parameter_schema: dict[str, object] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    version: str = ""
    schedules: list[ScheduleSpec] | None = None
    timeout_seconds: int | None = None
    retries: int = 0
    retry_delay_seconds: int = 0
    bundle_sha256: str | None = None
    requirements: list[str] = field(default_factory=list)
    size: Size | None = None
    code: Code | None = None
    job_settings: dict[str, object] = field(default_factory=dict)  # over the pool's defaults
    queue_id: uuid.UUID | None = None  # of the pool's queues; None: its default
    owners: list[Owner] = field(default_factory=list)
    overlap: Overlap = Overlap.ALLOW
    concurrency_limit: int | None = None  # kept by dispatch; here for the version's sake


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSchedule:
    """A schedule that came due, and all that a run needs from it."""

    schedule_id: uuid.UUID
    workspace_id: uuid.UUID
    flow_id: uuid.UUID
    deployment_id: uuid.UUID
    pool_id: uuid.UUID
    queue_id: uuid.UUID | None  # as its deployment names it
    tags: list[str]
    parameters: Parameters
    version_number: int
    overlap: Overlap
    due_at: datetime
    start_at: datetime  # later than `due_at` by the schedule's jitter
