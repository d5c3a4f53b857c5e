"""Reads of flows, deployments and schedules for the HTTP layer and for other apps."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from types import MappingProxyType

from django.db.models import Min, QuerySet

from apps.flows.errors import DeploymentNotFound, ScheduleNotFound, VersionNotFound
from apps.flows.models import (
    CodeBundle,
    Deployment,
    DeploymentQuerySet,
    DeploymentVersion,
    Flow,
    FlowQuerySet,
    Schedule,
)
from apps.flows.recurrence import times_between
from apps.flows.zones import BadRecurrenceError

# What specs of versions from before did not say, and what that meant.
ADDED_LATER: Mapping[str, object] = MappingProxyType({"code": None, "job_settings": {}})


def find_bundle(
    *, workspace_id: uuid.UUID, sha256: str, for_update: bool = False
) -> CodeBundle | None:
    """Return the bundle whose zip has this hash, or None."""
    bundles = CodeBundle.objects.for_workspace(workspace_id)
    if for_update:
        bundles = bundles.select_for_update(no_key=True)
    return bundles.filter(sha256=sha256).first()


def list_unused_bundles(*, before: datetime, limit: int) -> list[CodeBundle]:
    """Return bundles from before then that no deployment names, oldest first; for loops."""
    unused = CodeBundle.objects.unused().filter(created_at__lt=before)
    return list(unused.order_by("created_at", "id")[:limit])


def list_deleted_with_code(*, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Return deleted deployments beyond `after` that name a bundle, in their order; for loops."""
    deleted = Deployment.objects.filter(deleted_at__isnull=False, bundle__isnull=False)
    ids = deleted.order_by("id").values_list("id", flat=True)
    return list((ids.filter(id__gt=after) if after else ids)[:limit])


def list_flows(*, workspace_id: uuid.UUID) -> FlowQuerySet:
    """Return the workspace's flows."""
    return Flow.objects.for_workspace(workspace_id)


def find_flow_id(*, workspace_id: uuid.UUID, name: str) -> uuid.UUID | None:
    """Return the id of the flow of this name, or None."""
    flows = Flow.objects.for_workspace(workspace_id).filter(name=name)
    return flows.values_list("id", flat=True).first()


def list_deployments(*, workspace_id: uuid.UUID) -> DeploymentQuerySet:
    """Return the workspace's deployments as rows: without parameters, schema, requirements."""
    return (
        Deployment.objects.for_workspace(workspace_id)
        .standing()
        .select_related("flow", "pool", "bundle")
        .prefetch_related("schedules")
        .defer("parameters", "parameter_schema", "requirements")
    )


def count_deployments_of_queue(*, workspace_id: uuid.UUID, queue_id: uuid.UUID) -> int:
    """Return how many deployments name this queue."""
    standing = Deployment.objects.for_workspace(workspace_id).standing()
    return standing.filter(queue_id=queue_id).count()


def get_deployment(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID, for_update: bool = False
) -> Deployment:
    """Raises: DeploymentNotFound."""
    deployments = Deployment.objects.for_workspace(workspace_id).standing()
    if for_update:
        deployments = deployments.select_for_update(no_key=True, of=("self",))
    try:
        return deployments.select_related("flow", "pool", "bundle").get(pk=deployment_id)
    except Deployment.DoesNotExist:
        raise DeploymentNotFound(
            "There is no such deployment.", deployment_id=str(deployment_id)
        ) from None


def find_deployment_id(*, workspace_id: uuid.UUID, flow_name: str, name: str) -> uuid.UUID | None:
    """Return the id of the deployment `flow_name/name`, or None."""
    standing = Deployment.objects.for_workspace(workspace_id).standing()
    found = standing.filter(flow__name=flow_name, name=name)
    return found.values_list("id", flat=True).first()


def list_versions(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID
) -> QuerySet[DeploymentVersion]:
    """Return the versions of a deployment."""
    return DeploymentVersion.objects.filter(workspace_id=workspace_id, deployment_id=deployment_id)


def versions_between(
    *,
    workspace_id: uuid.UUID,
    deployment_ids: Collection[uuid.UUID],
    since: datetime,
    until: datetime,
) -> list[DeploymentVersion]:
    """Return what was deployed of these in this time, newest first, 100 at most."""
    rows = DeploymentVersion.objects.filter(
        workspace_id=workspace_id,
        deployment_id__in=deployment_ids,
        created_at__gte=since,
        created_at__lte=until,
    ).defer("spec")
    return list(rows.order_by("-created_at", "-id")[:100])


def get_version(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID, number: int
) -> DeploymentVersion:
    """Raises: VersionNotFound."""
    versions = list_versions(workspace_id=workspace_id, deployment_id=deployment_id)
    found = versions.filter(number=number).first()
    if found is None:
        raise VersionNotFound("There is no such version.", number=number)
    return found


def changes_of_versions(*, versions: Collection[DeploymentVersion]) -> dict[int, list[str]]:
    """Return by number what each of a deployment's versions says other than the one before it."""
    if not versions:
        return {}
    said = {each.number: {**ADDED_LATER, **each.spec} for each in versions}
    (deployment_id,) = {each.deployment_id for each in versions}
    missing = {number - 1 for number in said} - said.keys()
    before = DeploymentVersion.objects.filter(deployment_id=deployment_id, number__in=missing)
    said |= {
        number: {**ADDED_LATER, **spec} for number, spec in before.values_list("number", "spec")
    }
    return {
        each.number: sorted(
            name
            for name in said[each.number].keys() | said[each.number - 1].keys()
            if said[each.number].get(name) != said[each.number - 1].get(name)
        )
        if each.number - 1 in said
        else []
        for each in versions
    }


def list_deployments_by_id(
    *, workspace_id: uuid.UUID, deployment_ids: Collection[uuid.UUID]
) -> DeploymentQuerySet:
    """Return these deployments, deleted ones included: what was claimed may still be executed."""
    return Deployment.objects.for_workspace(workspace_id).filter(id__in=deployment_ids)


def deployment_names(
    *, workspace_id: uuid.UUID, deployment_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Return "flow/deployment" for those of the deployments that exist in the workspace."""
    rows = Deployment.objects.for_workspace(workspace_id).standing().filter(id__in=deployment_ids)
    return {
        id_: f"{flow}/{name}" for id_, flow, name in rows.values_list("id", "flow__name", "name")
    }


def names_of(
    *, workspace_id: uuid.UUID, things: Collection[tuple[str, uuid.UUID]]
) -> list[tuple[str, uuid.UUID, str]]:
    """Return (kind, id, name) for those of the deployments and flows that are there. For loops."""
    if not things:
        return []
    deployments = [id_ for kind, id_ in things if kind == "deployment"]
    flows = [id_ for kind, id_ in things if kind == "flow"]
    names = deployment_names(workspace_id=workspace_id, deployment_ids=deployments)
    rows = Flow.objects.for_workspace(workspace_id).filter(id__in=flows)
    return [
        *(("deployment", id_, name) for id_, name in names.items()),
        *(("flow", id_, name) for id_, name in rows.values_list("id", "name")),
    ]


def teams_of_deployments(
    *, workspace_id: uuid.UUID, deployment_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[str, str]]:
    """Return the first team, as (id, name), among the owners of those that have one."""
    rows = Deployment.objects.for_workspace(workspace_id).filter(id__in=deployment_ids)
    found = {}
    for id_, owners in rows.values_list("id", "owners"):
        team = next((owner for owner in owners if owner["kind"] == "team"), None)
        if team is not None:
            found[id_] = (str(team["id"]), str(team["name"]))
    return found


def narrowed_deployment_names(
    *, workspace_id: uuid.UUID, object_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Return `deployment_names`, for rules that narrow deployments among other things."""
    return deployment_names(workspace_id=workspace_id, deployment_ids=object_ids)


def pools_of_deployments(
    *, workspace_id: uuid.UUID, deployment_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Return the pool of each of the deployments that exist in the workspace."""
    if not deployment_ids:
        return {}
    rows = Deployment.objects.for_workspace(workspace_id).standing().filter(id__in=deployment_ids)
    return dict(rows.values_list("id", "pool_id"))


def get_schedule(
    *, workspace_id: uuid.UUID, schedule_id: uuid.UUID, for_update: bool = False
) -> Schedule:
    """Raises: ScheduleNotFound."""
    schedules = Schedule.objects.for_workspace(workspace_id)
    if for_update:
        schedules = schedules.select_for_update(of=("self",))
    try:
        return schedules.select_related("deployment").get(pk=schedule_id)
    except Schedule.DoesNotExist:
        raise ScheduleNotFound("There is no such schedule.", schedule_id=str(schedule_id)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When what is due; of those that are due too often for that, how often."""

    items: list[tuple[datetime, Schedule]]
    dense: list[tuple[Schedule, datetime, timedelta]]


def list_due_times(
    *,
    workspace_id: uuid.UUID,
    since: datetime,
    until: datetime,
    limit: int,
    deployment_id: uuid.UUID | None = None,
    dense_over: int | None = None,
) -> Calendar:
    """
    Return when which schedule is due in `since … until`, earliest first.

    Not those that are paused, and of none what lies before it was made. Of a schedule that is due
    more than `dense_over` times within its first day only that day's first time is told, and how
    long after it the second one follows.
    """
    schedules = (
        Schedule.objects.for_workspace(workspace_id)
        .filter(paused_at=None, deployment__paused_at=None, deployment__deleted_at=None)
        .select_related("deployment__flow")
        .defer("deployment__parameter_schema", "deployment__parameters")
        .order_by("id")
    )
    if deployment_id is not None:
        schedules = schedules.filter(deployment_id=deployment_id)

    def times_of(schedule: Schedule) -> Iterator[datetime]:
        after = max(since - timedelta(microseconds=1), schedule.created_at)
        try:
            yield from times_between(schedule.recurrence, after=after, until=until)
        except BadRecurrenceError:
            return  # a zone that the system has no more; the schedule's `fault` comes to tell of it

    def of(schedule: Schedule) -> Iterator[tuple[datetime, uuid.UUID, Schedule]]:
        for due_at in times_of(schedule):
            yield due_at, schedule.id, schedule

    dense: list[tuple[Schedule, datetime, timedelta]] = []
    sparse: list[Schedule] = []
    for schedule in schedules:
        first = [] if dense_over is None else list(islice(times_of(schedule), dense_over + 1))
        if dense_over and len(first) > dense_over and first[-1] - first[0] < timedelta(days=1):
            dense.append((schedule, first[0], first[1] - first[0]))
        else:
            sparse.append(schedule)
    # PERF: each schedule is asked for its next time only once the one before was taken.
    due = islice(merge(*map(of, sparse)), limit)
    return Calendar(items=[(at, schedule) for at, _, schedule in due], dense=dense)


def next_due_by_flow(
    *, workspace_id: uuid.UUID, flow_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, datetime]:
    """Return when each of these flows next starts by itself; absent ones do not."""
    rows = (
        Schedule.objects.for_workspace(workspace_id)
        .filter(deployment__flow_id__in=flow_ids, next_at__isnull=False)
        .order_by()
        .values_list("deployment__flow_id")
        .annotate(at=Min("next_at"))
    )
    return dict(rows)


def count_flows(*, workspace_id: uuid.UUID) -> int:
    """Return how many flows the workspace has."""
    return Flow.objects.for_workspace(workspace_id).count()


def has_deployment(*, workspace_id: uuid.UUID) -> bool:
    """Say whether anything was ever deployed here."""
    return Deployment.objects.for_workspace(workspace_id).exists()
