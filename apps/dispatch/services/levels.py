"""Keep what deployments promise in view, and tell each breach of it once."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from apps.core.errors import InvalidRequest
from apps.core.ids import derived_uuid7
from apps.core.transactions import joined
from apps.dispatch.enums import ServiceLevelKind
from apps.dispatch.errors import ServiceLevelNotFound, TooManyServiceLevels
from apps.dispatch.models import ServiceLevel, ServiceLevelBreach
from apps.dispatch.promises import Clock, days_of
from apps.flows import selectors as flows
from apps.flows.zones import BadRecurrenceError, find_zone
from apps.runs import selectors as runs
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Relation, Resource, object_payload
from apps.tenancy import access, audit
from apps.tenancy import selectors as tenancy
from apps.tenancy.access import Asker, Target
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.flows.models import Deployment

logger = structlog.get_logger(__name__)
MAX_LEVELS = 20  # of a deployment
CHECK_BATCH = 200
BY_CLOCK = frozenset({ServiceLevelKind.START_BY, ServiceLevelKind.FINISH_BY})
GRACE = timedelta(seconds=5)  # for reports that are on their way at the due time
LOOK_EVERY = timedelta(seconds=15)  # at what has no due time of its own
AGAIN_AFTER = timedelta(minutes=10)  # at what could not be looked at
_DAYS_MISSED = 100  # due times of one promise that a check looks back at, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSpec:
    """What is promised: `seconds`, or a time of the day on weekdays in a zone."""

    deployment_id: uuid.UUID
    kind: ServiceLevelKind
    seconds: int | None = None
    time_of_day: time | None = None
    weekdays: int = 127
    timezone: str = "UTC"
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanges:
    """What may be edited; None leaves it as it is."""

    seconds: int | None = None
    time_of_day: time | None = None
    weekdays: int | None = None
    timezone: str | None = None
    paused: bool | None = None


@joined
def create_level(
    *, workspace_id: uuid.UUID, spec: LevelSpec, now: datetime, asker: Asker = access.HEADWAY
) -> ServiceLevel:
    """
    Promise something of a deployment, from now on.

    Raises: DeploymentNotFound, InvalidRequest, TooManyServiceLevels, ObjectRestricted.
    """
    deployment = flows.get_deployment(
        workspace_id=workspace_id, deployment_id=spec.deployment_id, for_update=True
    )
    access.require(asker, Scope.DEPLOYMENTS_WRITE, *_targets(deployment))
    levels = ServiceLevel.objects.for_workspace(workspace_id).filter(deployment=deployment)
    if levels.count() >= MAX_LEVELS:
        raise TooManyServiceLevels(
            f"A deployment has at most {MAX_LEVELS} service levels.", limit=MAX_LEVELS
        )
    level = ServiceLevel(
        workspace_id=workspace_id,
        deployment=deployment,
        kind=spec.kind.value,
        seconds=spec.seconds,
        time_of_day=spec.time_of_day,
        weekdays=spec.weekdays,
        timezone=spec.timezone,
        paused_at=now if spec.paused else None,
        created_at=now,
    )
    _check(level)
    level.next_check_at = _first_check(level, now)
    level.save(force_insert=True)
    _record("service_level.created", level, after=_told(level))
    return level


@joined
def change_level(
    *,
    workspace_id: uuid.UUID,
    level_id: uuid.UUID,
    changes: LevelChanges,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> ServiceLevel:
    """
    Promise something else, or nothing for a while; what passed meanwhile is not looked at.

    Raises: ServiceLevelNotFound, InvalidRequest, ObjectRestricted.
    """
    level = _get_locked(workspace_id, level_id)
    access.require(asker, Scope.DEPLOYMENTS_WRITE, *targets_of(level))
    before = _told(level)
    for name in ("seconds", "time_of_day", "weekdays", "timezone"):
        value = getattr(changes, name)
        if value is not None:
            setattr(level, name, value)
    if changes.paused is not None and changes.paused != (level.paused_at is not None):
        level.paused_at = now if changes.paused else None
    _check(level)
    if before != _told(level):
        level.next_check_at = _first_check(level, now)
        level.save(force_update=True)
        _record("service_level.changed", level, before=before, after=_told(level))
    return level


@joined
def delete_level(
    *, workspace_id: uuid.UUID, level_id: uuid.UUID, asker: Asker = access.HEADWAY
) -> None:
    """
    Promise it no more, and forget its breaches; their events stay.

    Raises: ServiceLevelNotFound, ObjectRestricted.
    """
    level = _get_locked(workspace_id, level_id)
    access.require(asker, Scope.DEPLOYMENTS_WRITE, *targets_of(level))
    _record("service_level.deleted", level, before=_told(level))
    level.delete()


def list_levels_to_check(
    *, now: datetime, but: Collection[uuid.UUID] = (), limit: int = CHECK_BATCH
) -> list[uuid.UUID]:
    """Return the promises of all workspaces whose time has come, the latest first. For loops."""
    due = ServiceLevel.objects.filter(next_check_at__lte=now).exclude(id__in=but)
    return list(due.order_by("next_check_at", "id").values_list("id", flat=True)[:limit])


@transaction.atomic
def check_service_level(*, level_id: uuid.UUID, now: datetime) -> bool:
    """
    Look at a promise whose time has come, tell its breaches, and say when to look again.

    Returns False when nothing is to be done, or another loop does it. The look, its breaches and
    their events are one transaction under the level's lock: however many loops there are, and
    whenever one is killed, each breach is told once.
    """
    level = (
        ServiceLevel.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("deployment__flow")
        .filter(id=level_id, next_check_at__lte=now)
        .first()
    )
    if level is None:
        return False
    try:
        _look(level, now)
    except BadRecurrenceError as error:  # the system has its time zone no more
        logger.warning("service_level.rests", level_id=str(level.id), error=error.message)
        level.next_check_at = now + AGAIN_AFTER
        level.save(update_fields=["next_check_at"])
    return True


def targets_of(level: ServiceLevel) -> tuple[Target, ...]:
    """Return whose rules the promise stands under: those of its deployment and its pool."""
    return _targets(level.deployment)


def clock_of(level: ServiceLevel) -> Clock:
    """Return the due times of a promise by the clock."""
    assert level.time_of_day is not None
    return Clock(time_of_day=level.time_of_day, weekdays=level.weekdays, timezone=level.timezone)


def _look(level: ServiceLevel, now: datetime) -> None:
    if level.deployment.deleted_at is not None:
        level.paused_at, level.next_check_at = now, None
    elif level.deployment.paused or _is_archived(level):
        # Nothing is promised meanwhile; afterwards it begins anew.
        level.next_check_at = _first_check(level, now)
    elif level.kind in BY_CLOCK:
        level.next_check_at = _look_by_clock(level, now)
    elif level.kind == ServiceLevelKind.LASTS_AT_MOST:
        level.next_check_at = _look_at_lengths(level, now)
    else:
        level.next_check_at = _look_at_success(level, now)
    level.save(update_fields=["paused_at", "next_check_at"])


def _look_by_clock(level: ServiceLevel, now: datetime) -> datetime:
    assert level.next_check_at is not None
    clock = clock_of(level)
    is_kept = (
        runs.has_started_between
        if level.kind == ServiceLevelKind.START_BY
        else runs.has_succeeded_between
    )
    due = level.next_check_at - GRACE
    for _ in range(_DAYS_MISSED):
        kept = is_kept(
            workspace_id=level.workspace_id,
            deployment_id=level.deployment_id,
            since=clock.counts_from(due),
            until=due,
        )
        if not kept:
            _breach(level, due_at=due, now=now)
        due = clock.next_after(due)
        if due + GRACE > now:
            break
    return due + GRACE


def _look_at_lengths(level: ServiceLevel, now: datetime) -> datetime:
    assert level.next_check_at is not None
    most = _seconds(level)
    # The last look was at most so long before this one was due; what a loop that was away missed
    # has changed since.
    since = level.next_check_at - 2 * LOOK_EVERY
    found = runs.list_lasting(
        workspace_id=level.workspace_id,
        deployment_id=level.deployment_id,
        longer_than=most,
        changed_since=since,
        now=now,
    )
    for run_id, started_at in found:
        if started_at + most >= level.created_at:
            _breach(level, due_at=started_at + most, run_id=run_id, now=now)
    return now + LOOK_EVERY


def _look_at_success(level: ServiceLevel, now: datetime) -> datetime:
    assert level.next_check_at is not None
    last = runs.last_success_at(workspace_id=level.workspace_id, deployment_id=level.deployment_id)
    if last is not None and last + _seconds(level) > now:
        return last + _seconds(level)
    told = level.breaches.order_by("-due_at").values_list("due_at", flat=True).first()
    if told is None or (last is not None and told < last):
        _breach(level, due_at=level.next_check_at, now=now)
    return now + LOOK_EVERY


def _breach(
    level: ServiceLevel, *, due_at: datetime, now: datetime, run_id: uuid.UUID | None = None
) -> None:
    breach = ServiceLevelBreach(
        workspace_id=level.workspace_id,
        level=level,
        due_at=due_at,
        run_id=run_id,
        created_at=now,
    )
    known = level.breaches.filter(due_at=due_at, run_id=run_id)
    if known.exists():
        return
    breach.save(force_insert=True)
    deployment = level.deployment
    payload: dict[str, object] = {
        "kind": level.kind,
        "due_at": due_at.isoformat(),
        "late_seconds": round((now - due_at).total_seconds(), 3),
        "flow": deployment.flow.name,
        "deployment": deployment.name,
    }
    if run_id is not None:
        payload["run_id"] = str(run_id)
    telemetry.emit(
        workspace_id=level.workspace_id,
        events=[
            NewEvent(
                id=derived_uuid7(now, str(breach.id)),
                name="headway.service_level.breached",
                occurred_at=now,
                resource=Resource(kind="service_level", name=str(level.id)),
                related=[
                    Relation(role="deployment", kind="deployment", name=str(deployment.id)),
                    Relation(role="flow", kind="flow", name=str(deployment.flow_id)),
                ],
                payload=object_payload(payload),
                run_id=run_id,
                source="headway",
            )
        ],
        now=now,
    )
    logger.info("service_level.breached", level_id=str(level.id), kind=level.kind)


def _first_check(level: ServiceLevel, now: datetime) -> datetime | None:
    if level.paused_at is not None:
        return None
    if level.kind in BY_CLOCK:
        return clock_of(level).next_after(now) + GRACE
    if level.kind == ServiceLevelKind.LASTS_AT_MOST:
        return now + LOOK_EVERY
    return now + _seconds(level)


def _seconds(level: ServiceLevel) -> timedelta:
    assert level.seconds is not None
    return timedelta(seconds=level.seconds)


def _check(level: ServiceLevel) -> None:
    """Raises: InvalidRequest when what it says does not fit its kind."""
    by_clock = level.kind in BY_CLOCK
    wanted, other = ("time_of_day", "seconds") if by_clock else ("seconds", "time_of_day")
    fields: dict[str, list[str]] = {}
    if getattr(level, wanted) is None:
        fields[wanted] = ["Required for this kind."]
    if getattr(level, other) is not None:
        fields[other] = ["Not of this kind."]
    if not level.weekdays:
        fields["weekdays"] = ["Name at least one."]
    try:
        find_zone(level.timezone)
    except BadRecurrenceError as error:
        fields["timezone"] = [error.message]
    if fields:
        raise InvalidRequest("Nothing can be promised so.", fields=fields)


def _is_archived(level: ServiceLevel) -> bool:
    return tenancy.get_limits(workspace_id=level.workspace_id).archived


def _targets(deployment: Deployment) -> tuple[Target, ...]:
    return access.run_targets(deployment_id=deployment.id, pool_id=deployment.pool_id)


def _get_locked(workspace_id: uuid.UUID, level_id: uuid.UUID) -> ServiceLevel:
    found = (
        ServiceLevel.objects.for_workspace(workspace_id)
        .filter(id=level_id, deployment__deleted_at=None)
        .select_related("deployment__flow")
        .select_for_update(of=("self",))
        .first()
    )
    if found is None:
        raise ServiceLevelNotFound("There is no such service level.", level_id=str(level_id))
    return found


def _told(level: ServiceLevel) -> dict[str, object]:
    return {
        "kind": level.kind,
        "seconds": level.seconds,
        "time_of_day": level.time_of_day.isoformat() if level.time_of_day else None,
        "weekdays": days_of(level.weekdays),
        "timezone": level.timezone,
        "paused": level.paused_at is not None,
    }


def _record(
    action: str,
    level: ServiceLevel,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    deployment = level.deployment
    audit.record(
        action=action,
        target=audit.Object(
            kind="service_level",
            id=level.id,
            name=f"{level.kind} of {deployment.flow.name}/{deployment.name}",
        ),
        before=before,
        after=after,
        workspace_id=level.workspace_id,
    )
