"""Say when deployments start by themselves, and take what came due."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Any, TypedDict

import structlog
from django.db import connection
from django.db.models import Min

from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.flows import selectors, told
from apps.flows.enums import MissedPolicy, Overlap, ScheduleKind
from apps.flows.errors import BadParameters, BadSchedule
from apps.flows.models import Deployment, Schedule
from apps.flows.parameters import Parameters, find_parameter_faults, merge_parameters
from apps.flows.recurrence import Due, Recurrence, jitter, take_due, times_between
from apps.flows.specs import DueSchedule, ScheduleSpec
from apps.flows.times import ANCHORED, fields_of, recurrence_of, stored_recurrence
from apps.flows.zones import BadRecurrenceError, find_zone
from apps.tenancy import access
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

logger = structlog.get_logger(__name__)


class ScheduleChanges(TypedDict, total=False):
    """What may be edited of a schedule."""

    cron: str
    interval_seconds: int
    anchor_at: datetime
    rrule: str
    once_at: datetime
    name: str
    jitter_seconds: int
    missed_policy: MissedPolicy
    missed_cap: int
    timezone: str
    parameters: Parameters
    paused: bool


MAX_SCHEDULES = 50  # of a deployment
PREVIEWED = timedelta(days=30 * 366)
_TIMES = ("cron", "interval_seconds", "anchor_at", "rrule", "once_at")
_SETTINGS = ("name", "jitter_seconds", "missed_policy", "missed_cap", "timezone", "parameters")


@joined
def add_schedule(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    spec: ScheduleSpec,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Schedule:
    """
    Add a schedule to the deployment; deploys leave it alone.

    Raises: DeploymentNotFound, BadSchedule, BadParameters, ObjectRestricted.
    """
    deployment = selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=deployment_id, for_update=True
    )
    require_to_change(asker, deployment)
    require_to_let_start(asker, deployment)
    schedule = _build(deployment, spec, now)
    schedule.declared = False
    _refuse_past(spec, now)
    _refuse_taken_name(deployment, schedule)
    _refuse_too_many(deployment.schedules.count() + 1)
    _check_parameters(deployment, schedule.parameters)
    schedule.save(force_insert=True)
    told.record_schedule("schedule.created", schedule, after=told.of_schedule(schedule))
    _wake_scheduler()
    return schedule


@joined
def edit_schedule(
    *,
    workspace_id: uuid.UUID,
    schedule_id: uuid.UUID,
    changes: ScheduleChanges,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Schedule:
    """
    Change what `changes` names and count its next time anew, from now.

    Raises: ScheduleNotFound, BadSchedule, BadParameters, ObjectRestricted.
    """
    schedule = selectors.get_schedule(
        workspace_id=workspace_id, schedule_id=schedule_id, for_update=True
    )
    require_to_change(asker, schedule.deployment)
    if changes != {"paused": True}:
        require_to_let_start(asker, schedule.deployment)
    allowed = {*_SETTINGS, "paused", *fields_of(ScheduleKind(schedule.kind))}
    if surplus := sorted(changes.keys() - allowed):
        fields = {name: [f"Not of a schedule of kind {schedule.kind}."] for name in surplus}
        raise BadSchedule("The schedule's kind cannot be changed.", fields=fields)
    before = told.of_schedule(schedule)
    if "paused" in changes:
        schedule.paused_at = now if changes["paused"] else None
    for name in (*_TIMES, *_SETTINGS):
        if name in changes:
            setattr(schedule, name, changes[name])  # type: ignore[literal-required]
    if "parameters" in changes:
        _check_parameters(schedule.deployment, schedule.parameters)
    if "name" in changes:
        # Names are given and taken under the deployment's lock, by deploys as well.
        selectors.get_deployment(
            workspace_id=workspace_id, deployment_id=schedule.deployment_id, for_update=True
        )
        _refuse_taken_name(schedule.deployment, schedule)
    if changes != {"paused": True}:
        _recurrence(_spec_of(schedule), now)
    if "once_at" in changes:
        _refuse_past(_spec_of(schedule), now)
    schedule.next_at, schedule.fault = _next_at(schedule, schedule.deployment, now), ""
    schedule.save(force_update=True)
    told.record_schedule(
        "schedule.changed", schedule, before=before, after=told.of_schedule(schedule)
    )
    _wake_scheduler()
    return schedule


@joined
def delete_schedule(
    *, workspace_id: uuid.UUID, schedule_id: uuid.UUID, asker: Asker = access.HEADWAY
) -> None:
    """Raises: ScheduleNotFound, ObjectRestricted."""
    schedule = selectors.get_schedule(
        workspace_id=workspace_id, schedule_id=schedule_id, for_update=True
    )
    require_to_change(asker, schedule.deployment)
    told.record_schedule("schedule.deleted", schedule, before=told.of_schedule(schedule))
    schedule.delete()


def require_to_change(asker: Asker, deployment: Deployment) -> None:
    """
    Let those change the deployment, and when it runs, who may: also by the rules of its pool.

    Raises: ObjectRestricted, PermissionDenied.
    """
    access.require(
        asker,
        Scope.DEPLOYMENTS_WRITE,
        *access.run_targets(deployment_id=deployment.id, pool_id=deployment.pool_id),
    )


def require_to_let_start(asker: Asker, deployment: Deployment) -> None:
    """
    Let nobody say when runs start by themselves whom the rules keep from starting one by hand.

    Raises: ObjectRestricted.
    """
    access.require_open(
        asker,
        Scope.RUNS_WRITE,
        *access.run_targets(deployment_id=deployment.id, pool_id=deployment.pool_id),
    )


def replace_schedules(
    *,
    deployment: Deployment,
    specs: Iterable[ScheduleSpec],
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> None:
    """
    Make the schedules that were deployed before those of `specs`; ones made by hand stay.

    One that says the same as before stays itself, with its id, its next time and its pause: a
    deploy neither loses a due time nor starts what somebody had paused. So does one of the same
    name, whatever else it says; of that only a changed time is counted anew.
    Raises: BadSchedule for a new one whose only time has passed, and for too many;
    ObjectRestricted where something would start that the asker may not start.
    """
    present = list(deployment.schedules.select_for_update())
    built = [(spec, _build(deployment, spec, now)) for spec in specs]
    # Those that are equal first: a name must not take what another one is.
    pairs: dict[int, Schedule] = {}
    for is_it in (_is_same, _has_same_name):
        for position, (spec, wanted) in enumerate(built):
            if position in pairs:
                continue
            found = next((one for one in present if is_it(one, wanted, spec)), None)
            if found is not None:
                pairs[position] = found
                present.remove(found)
    by_hand = [one for one in present if not one.declared]
    _refuse_too_many(len(built) + len(by_hand))
    for gone in present:
        if gone.declared:
            gone.delete()
    for position, (spec, wanted) in enumerate(built):
        same = pairs.get(position)
        if (
            same is None
            or not _is_same(same, wanted, spec)
            or (same.paused and spec.paused is False)
        ):
            require_to_let_start(asker, deployment)
        if same is None:
            _refuse_past(spec, now, prefix=f"schedules.{position}.")
            wanted.save(force_insert=True)
        else:
            _follow(same, wanted, spec, deployment, now)
    _wake_scheduler()


def _follow(
    same: Schedule, wanted: Schedule, spec: ScheduleSpec, deployment: Deployment, now: datetime
) -> None:
    """Let a schedule that stands say what `wanted` says, and stay itself."""
    has_turned = spec.paused is not None and spec.paused != same.paused
    if has_turned:
        same.paused_at = now if spec.paused else None
    moved = not _has_same_times(same, wanted, spec)
    if not moved and wanted.kind in ANCHORED and spec.anchor_at is None:
        wanted.anchor_at = same.anchor_at  # given anew by each deploy that names none
    for name in ("kind", *_TIMES, *_SETTINGS):
        setattr(same, name, getattr(wanted, name))
    if moved or has_turned:
        same.next_at, same.fault = _next_at(same, deployment, now), ""
    same.declared = True
    same.save(force_update=True)


def rest_schedules(*, deployment: Deployment) -> None:
    """Let none of the deployment's schedules come due."""
    deployment.schedules.update(next_at=None)


def resume_schedules(*, deployment: Deployment, now: datetime) -> None:
    """Count the next times of the deployment's schedules from now: what passed stays passed."""
    for schedule in deployment.schedules.select_for_update().filter(paused_at=None):
        try:
            schedule.next_at, schedule.fault = _next_at(schedule, deployment, now), ""
        except BadRecurrenceError as error:
            schedule.fault = error.message
        schedule.save(update_fields=["next_at", "fault"])
    _wake_scheduler()


# What making a due run needs of a schedule and of its deployment.
_DUE_OF_SCHEDULE = (
    *("id", "workspace_id", "deployment_id", "kind", "cron", "interval_seconds", "anchor_at"),
    *("rrule", "once_at", "jitter_seconds", "timezone", "parameters", "missed_policy"),
    *("missed_cap", "next_at"),
)
_DUE_OF_DEPLOYMENT = (
    *("id", "flow_id", "pool_id", "queue_id", "tags", "parameters", "version_number", "overlap"),
)


@joined
def take_due_schedules(*, now: datetime, limit: int) -> list[DueSchedule]:
    """
    Lock up to `limit` due schedules, advance them, and return what is to run, earliest first.

    The caller makes the runs in the same transaction. Any number of callers at once: a schedule
    that one of them holds is invisible to the others.
    PERF: rows and not models, each deployment read once, no second column to sort by (it would
    sort all that is due at one moment for each batch), and equal times reckoned once.
    """
    due = list(
        Schedule.objects.due(now)
        .order_by("next_at")
        .select_for_update(skip_locked=True)
        .values_list(*_DUE_OF_SCHEDULE, named=True)[:limit]
    )
    if not due:
        return []
    deployments = {
        row.id: row
        for row in Deployment.objects.filter(
            id__in={schedule.deployment_id for schedule in due}
        ).values_list(*_DUE_OF_DEPLOYMENT, named=True)
    }
    plans: dict[tuple[object, ...], Due | str] = {}
    following: list[tuple[uuid.UUID, datetime | None, str]] = []
    taken: list[DueSchedule] = []
    for schedule in due:
        # All columns that say when, in the order of `stored_recurrence`, and those of the policy.
        when = (
            *(schedule.kind, schedule.cron, schedule.interval_seconds, schedule.anchor_at),
            *(schedule.rrule, schedule.once_at, schedule.timezone),
        )
        asked = (*when, schedule.next_at, schedule.missed_policy, schedule.missed_cap)
        plan = plans.get(asked)
        if plan is None:
            plan = plans[asked] = _take_due(schedule, when, now)
        if isinstance(plan, str):
            following.append((schedule.id, None, plan))
            continue
        following.append((schedule.id, plan.next_at, ""))
        deployment = deployments[schedule.deployment_id]
        taken += [
            DueSchedule(
                schedule_id=schedule.id,
                workspace_id=schedule.workspace_id,
                flow_id=deployment.flow_id,
                deployment_id=deployment.id,
                pool_id=deployment.pool_id,
                queue_id=deployment.queue_id,
                tags=deployment.tags,
                parameters=merge_parameters(deployment.parameters, schedule.parameters),
                version_number=deployment.version_number,
                overlap=Overlap(deployment.overlap),
                due_at=due_at,
                start_at=due_at
                + jitter(
                    schedule_id=schedule.id,
                    due_at=due_at,
                    most_seconds=schedule.jitter_seconds,
                ),
            )
            for due_at in plan.due_at
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE flows_schedule SET next_at = given.next_at, fault = given.fault"
            " FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[]) AS given(id, next_at, fault)"
            " WHERE flows_schedule.id = given.id",
            [list(column) for column in zip(*following, strict=True)],
        )
    return taken


def _take_due(schedule: Any, when: tuple[Any, ...], now: datetime) -> Due | str:
    """Return what is due of a row of `_DUE_OF_SCHEDULE`, or why that cannot be found."""
    try:
        return take_due(
            stored_recurrence(*when),
            next_at=schedule.next_at,
            now=now,
            policy=MissedPolicy(schedule.missed_policy),
            cap=schedule.missed_cap,
        )
    except (ValueError, ArithmeticError) as error:
        # What can be the matter with stored times: a zone that the system has no more, a rule that
        # leads out of the calendar. All schedules of all workspaces are behind it in line.
        logger.exception(
            "schedule.rests",
            schedule_id=str(schedule.id),
            workspace_id=str(schedule.workspace_id),
        )
        if isinstance(error, BadRecurrenceError):
            return error.message[:300]
        return "Its next time could not be found: a fault of the server, which its log tells of."


def find_next_due_at() -> datetime | None:
    """Return when the next schedule of any workspace comes due. For loops."""
    following = Schedule.objects.filter(next_at__isnull=False).aggregate(at=Min("next_at"))
    at: datetime | None = following["at"]
    return at


def check_times(specs: Sequence[ScheduleSpec], *, now: datetime) -> None:
    """
    Refuse, before anything is written, schedules whose times cannot be understood.

    Raises: BadSchedule with `schedules.<position>.<name>`.
    """
    names: set[str] = set()
    for position, spec in enumerate(specs):
        _recurrence(spec, now, prefix=f"schedules.{position}.")
        if spec.name in names:
            raise BadSchedule(
                f"Two schedules are called {spec.name!r}.",
                fields={f"schedules.{position}.name": ["Another one has this name."]},
            )
        if spec.name:
            names.add(spec.name)


def preview_times(
    *, spec: ScheduleSpec, count: int, now: datetime
) -> tuple[list[datetime], tzinfo]:
    """
    Return the next `count` times of a schedule that need not exist, and its zone.

    Raises: BadSchedule.
    """
    recurrence = _recurrence(spec, now)
    times = times_between(recurrence, after=now, until=now + PREVIEWED)
    return list(islice(times, count)), find_zone(spec.timezone)


def _recurrence(spec: ScheduleSpec, now: datetime, *, prefix: str = "") -> Recurrence:
    try:
        return recurrence_of(spec, now=now)
    except BadRecurrenceError as error:
        raise BadSchedule(
            "The schedule's times cannot be understood.",
            fields={prefix + error.field: [error.message]},
        ) from error


def _refuse_past(spec: ScheduleSpec, now: datetime, *, prefix: str = "") -> None:
    if spec.once_at is not None and spec.once_at <= now:
        raise BadSchedule(
            "The schedule's only time has passed.",
            fields={prefix + "once_at": ["Must lie ahead."]},
        )


def _refuse_too_many(count: int) -> None:
    if count > MAX_SCHEDULES:
        raise BadSchedule(
            f"A deployment has at most {MAX_SCHEDULES} schedules, those made by hand included.",
            fields={"schedules": [f"At most {MAX_SCHEDULES}."]},
        )


def _refuse_taken_name(deployment: Deployment, schedule: Schedule) -> None:
    if schedule.name and (
        Schedule.objects.filter(deployment=deployment, name=schedule.name)
        .exclude(pk=schedule.pk)
        .exists()
    ):
        raise BadSchedule(
            f"The deployment has a schedule called {schedule.name!r}.",
            fields={"name": ["Another one has this name."]},
        )


def _build(deployment: Deployment, spec: ScheduleSpec, now: datetime) -> Schedule:
    _recurrence(spec, now)
    schedule = Schedule(
        workspace_id=deployment.workspace_id,
        deployment=deployment,
        created_at=now,
        kind=spec.kind.value,
        cron=" ".join(spec.cron.split()),
        interval_seconds=spec.interval_seconds,
        anchor_at=(spec.anchor_at or now) if spec.kind in ANCHORED else None,
        rrule="".join(spec.rrule.split()),
        once_at=spec.once_at,
        name=spec.name,
        jitter_seconds=spec.jitter_seconds,
        missed_policy=spec.missed_policy.value,
        missed_cap=spec.missed_cap,
        timezone=spec.timezone,
        parameters=spec.parameters,
        paused_at=now if spec.paused else None,
    )
    schedule.next_at = _next_at(schedule, deployment, now)
    return schedule


def _next_at(schedule: Schedule, deployment: Deployment, now: datetime) -> datetime | None:
    if schedule.paused or deployment.paused:
        return None
    return schedule.recurrence.next_after(now)


def _spec_of(schedule: Schedule) -> ScheduleSpec:
    return ScheduleSpec(
        kind=ScheduleKind(schedule.kind),
        cron=schedule.cron,
        interval_seconds=schedule.interval_seconds,
        anchor_at=schedule.anchor_at,
        rrule=schedule.rrule,
        once_at=schedule.once_at,
        timezone=schedule.timezone,
    )


def _is_same(one: Schedule, wanted: Schedule, spec: ScheduleSpec) -> bool:
    return _has_same_times(one, wanted, spec) and all(
        getattr(one, name) == getattr(wanted, name) for name in _SETTINGS
    )


def _has_same_name(one: Schedule, wanted: Schedule, _spec: ScheduleSpec) -> bool:
    return bool(one.name) and one.name == wanted.name


def _has_same_times(one: Schedule, wanted: Schedule, spec: ScheduleSpec) -> bool:
    return all(
        getattr(one, name) == getattr(wanted, name)
        for name in ("kind", "timezone", *_TIMES)
        if name != "anchor_at" or spec.anchor_at is not None
    )


def _check_parameters(deployment: Deployment, over: Parameters) -> None:
    merged = merge_parameters(deployment.parameters, over)
    faults = find_parameter_faults(deployment.parameter_schema, merged)
    if faults:
        raise BadParameters("The parameters do not fit the flow.", fields=faults)


def _wake_scheduler() -> None:
    notify("schedules", "all")
