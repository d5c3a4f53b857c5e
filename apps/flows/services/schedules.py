"""Say when deployments start by themselves, and take what came due."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypedDict

from django.db import connection
from django.db.models import Min

from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.flows import selectors, told
from apps.flows.enums import MissedPolicy, ScheduleKind
from apps.flows.errors import BadParameters, BadSchedule
from apps.flows.models import Deployment, Schedule
from apps.flows.parameters import Parameters, find_parameter_faults, merge_parameters
from apps.flows.recurrence import (
    EPOCH,
    BadRecurrenceError,
    Cron,
    Interval,
    Recurrence,
    check_zone,
    take_due,
)
from apps.flows.specs import DueSchedule, ScheduleSpec
from apps.tenancy import access
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope


class ScheduleChanges(TypedDict, total=False):
    """What may be edited of a schedule."""

    cron: str
    interval_seconds: int
    anchor_at: datetime
    timezone: str
    parameters: Parameters
    paused: bool


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
    Add a schedule to the deployment.

    Raises: DeploymentNotFound, BadSchedule, BadParameters, ObjectRestricted.
    """
    deployment = selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=deployment_id, for_update=True
    )
    require_to_change(asker, deployment)
    schedule = _build(deployment, spec, now)
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
    allowed = {"timezone", "parameters", "paused"} | (
        {"cron"} if schedule.kind == ScheduleKind.CRON else {"interval_seconds", "anchor_at"}
    )
    if surplus := sorted(changes.keys() - allowed):
        fields = {name: [f"Not of a schedule of kind {schedule.kind}."] for name in surplus}
        raise BadSchedule("The schedule's kind cannot be changed.", fields=fields)
    before = told.of_schedule(schedule)
    if "paused" in changes:
        schedule.paused_at = now if changes["paused"] else None
    for name in ("cron", "interval_seconds", "anchor_at", "timezone", "parameters"):
        if name in changes:
            setattr(schedule, name, changes[name])
    if "parameters" in changes:
        _check_parameters(schedule.deployment, schedule.parameters)
    _recurrence(_spec_of(schedule))
    schedule.next_at = _next_at(schedule, schedule.deployment, now)
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


def replace_schedules(
    *, deployment: Deployment, specs: Iterable[ScheduleSpec], now: datetime
) -> None:
    """
    Make the deployment's schedules those of `specs`.

    One that says the same as before stays itself, with its id, its next time and its pause: a
    deploy neither loses a due time nor starts what somebody had paused.
    """
    present = list(deployment.schedules.select_for_update())
    for spec in specs:
        wanted = _build(deployment, spec, now)
        same = next((one for one in present if _is_same(one, wanted, spec)), None)
        if same is None:
            wanted.save(force_insert=True)
            continue
        present.remove(same)
        if spec.paused is not None and spec.paused != same.paused:
            same.paused_at = now if spec.paused else None
            same.next_at = _next_at(same, deployment, now)
            same.save(update_fields=["paused_at", "next_at"])
    for gone in present:
        gone.delete()
    _wake_scheduler()


def rest_schedules(*, deployment: Deployment) -> None:
    """Let none of the deployment's schedules come due."""
    deployment.schedules.update(next_at=None)


def resume_schedules(*, deployment: Deployment, now: datetime) -> None:
    """Count the next times of the deployment's schedules from now: what passed stays passed."""
    for schedule in deployment.schedules.select_for_update().filter(paused_at=None):
        schedule.next_at = _next_at(schedule, deployment, now)
        schedule.save(update_fields=["next_at"])
    _wake_scheduler()


@joined
def take_due_schedules(*, now: datetime, limit: int) -> list[DueSchedule]:
    """
    Lock up to `limit` due schedules, advance them, and return what is to run, earliest first.

    The caller makes the runs in the same transaction. Any number of callers at once: a schedule
    that another holds is passed over. For loops.
    """
    due = list(
        Schedule.objects.due(now)
        .select_related("deployment")
        .order_by("next_at", "id")
        .select_for_update(skip_locked=True, of=("self",))[:limit]
    )
    taken: list[DueSchedule] = []
    for schedule in due:
        deployment = schedule.deployment
        assert schedule.next_at is not None
        plan = take_due(
            schedule.recurrence,
            next_at=schedule.next_at,
            now=now,
            policy=MissedPolicy(schedule.missed_policy),
        )
        schedule.next_at = plan.next_at
        taken += [
            DueSchedule(
                schedule_id=schedule.id,
                workspace_id=schedule.workspace_id,
                flow_id=deployment.flow_id,
                deployment_id=deployment.id,
                pool_id=deployment.pool_id,
                tags=deployment.tags,
                parameters=merge_parameters(deployment.parameters, schedule.parameters),
                due_at=due_at,
            )
            for due_at in plan.due_at
        ]
    if due:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE flows_schedule SET next_at = given.next_at"
                " FROM unnest(%s::uuid[], %s::timestamptz[]) AS given(id, next_at)"
                " WHERE flows_schedule.id = given.id",
                [[schedule.id for schedule in due], [schedule.next_at for schedule in due]],
            )
    return taken


def find_next_due_at() -> datetime | None:
    """Return when the next schedule of any workspace comes due. For loops."""
    following = Schedule.objects.filter(next_at__isnull=False).aggregate(at=Min("next_at"))
    at: datetime | None = following["at"]
    return at


def check_times(specs: Iterable[ScheduleSpec]) -> None:
    """
    Refuse, before anything is written, schedules whose times cannot be understood.

    Raises: BadSchedule with `schedules.<position>.<name>`.
    """
    for position, spec in enumerate(specs):
        _recurrence(spec, prefix=f"schedules.{position}.")


def _recurrence(spec: ScheduleSpec, *, prefix: str = "") -> Recurrence:
    is_interval = spec.kind is ScheduleKind.INTERVAL
    name = "interval_seconds" if is_interval else "cron"
    if is_interval == bool(spec.cron) or is_interval == (spec.interval_seconds is None):
        raise BadSchedule(
            f"A schedule of kind {spec.kind} has {name}, and only that.",
            fields={prefix + name: ["Required for this kind, as the only one."]},
        )
    try:
        if spec.interval_seconds is None:
            return Cron(expression=spec.cron, timezone=spec.timezone)
        check_zone(spec.timezone)
        return Interval(
            every=timedelta(seconds=spec.interval_seconds), anchor=spec.anchor_at or EPOCH
        )
    except BadRecurrenceError as error:
        raise BadSchedule(
            "The schedule's times cannot be understood.",
            fields={prefix + error.field: [error.message]},
        ) from error


def _build(deployment: Deployment, spec: ScheduleSpec, now: datetime) -> Schedule:
    _recurrence(spec)
    schedule = Schedule(
        workspace_id=deployment.workspace_id,
        deployment=deployment,
        created_at=now,
        kind=spec.kind.value,
        cron=" ".join(spec.cron.split()),
        interval_seconds=spec.interval_seconds,
        anchor_at=(spec.anchor_at or now) if spec.kind is ScheduleKind.INTERVAL else None,
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
        timezone=schedule.timezone,
    )


def _is_same(one: Schedule, wanted: Schedule, spec: ScheduleSpec) -> bool:
    return (
        one.kind == wanted.kind
        and one.cron == wanted.cron
        and one.interval_seconds == wanted.interval_seconds
        and one.timezone == wanted.timezone
        and one.parameters == wanted.parameters
        and (spec.anchor_at is None or one.anchor_at == spec.anchor_at)
    )


def _check_parameters(deployment: Deployment, over: Parameters) -> None:
    merged = merge_parameters(deployment.parameters, over)
    faults = find_parameter_faults(deployment.parameter_schema, merged)
    if faults:
        raise BadParameters("The parameters do not fit the flow.", fields=faults)


def _wake_scheduler() -> None:
    notify("schedules", "all")
