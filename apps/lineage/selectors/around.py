"""What of the world a run has to do with, and what changed there lately."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from apps.lineage.derive import tell
from apps.lineage.models import Facet, Reading, Relation, Resource, Touch
from apps.lineage.names import Key, short_name
from apps.lineage.openlineage import LOCATION
from apps.lineage.selectors.graph import upstream_of
from apps.telemetry.items import StoredEvent

TOUCHED: Final = 60  # resources of one run
NEARBY: Final = 200  # resources looked at in all
RUNS: Final = 200  # that touched them
GOING_ON: Final = timedelta(days=1)  # after the end of the time looked at
READINGS: Final = 5_000
_DATA: Final = ("table", "file", "bucket", "model", "dashboard")


@dataclass(slots=True, kw_only=True)
class Nearby:
    """
    A resource that a run has to do with. `roles`: how it touches it; none for those upstream.

    `distance`: steps upstream of what the run touches, 0 for that itself.
    """

    resource: Resource
    distance: int
    roles: list[str]


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """
    `by_habit`: this run has touched nothing yet; its deployment did, in earlier runs.

    `paths`: where files of what is nearby lie, to its id: who does not know the catalog names
    them so.
    """

    nearby: dict[uuid.UUID, Nearby]
    by_habit: bool
    paths: dict[Key, uuid.UUID]

    @property
    def names(self) -> list[str]:
        """Return the names that events may use of these, full and short."""
        found: dict[str, None] = {}
        for each in self.nearby.values():
            if each.resource.kind in _DATA:
                name = each.resource.name
                found[name] = None
                found[short_name(name, each.resource.kind)] = None
                found[".".join(name.split(".")[-2:])] = None
        for key in self.paths:
            path = key.name.strip("/")
            found |= dict.fromkeys((path, f"/{path}", f"{path}/", f"/{path}/"))
        return list(found)

    def find(self, workspace_id: uuid.UUID, mentioned: Iterable[uuid.UUID]) -> list[Nearby]:
        """Return what of it is mentioned by these ids, the nearest first."""
        by_path = {key.id_in(workspace_id): id_ for key, id_ in self.paths.items()}
        found = {by_path.get(id_, id_) for id_ in mentioned}
        close = (self.nearby[id_] for id_ in found if id_ in self.nearby)
        return sorted(
            close, key=lambda each: (each.distance, each.resource.label, each.resource.id)
        )


def surroundings_of_run(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, owner: tuple[str, str] | None
) -> Surroundings:
    """
    Return what the run touched, and what that is made of.

    `owner`: kind and id of the run's deployment or flow, for a run that touched nothing yet.
    """
    roles: dict[uuid.UUID, list[str]] = {}
    rows = Touch.objects.filter(workspace_id=workspace_id, run_id=run_id).order_by(
        "-count", "resource_id", "role"
    )
    for resource_id, role in rows.values_list("resource_id", "role")[: TOUCHED * 3]:
        roles.setdefault(resource_id, []).append(role)
    by_habit = False
    if not roles and owner is not None:
        by_habit = True
        relations = Relation.objects.filter(
            workspace_id=workspace_id,
            from_id=Key(owner[0], "", owner[1]).id_in(workspace_id),
            to_kind__in=_DATA,
        ).order_by("-last_seen", "id")
        for resource_id, role in relations.values_list("to_id", "role")[: TOUCHED * 3]:
            roles.setdefault(resource_id, []).append(role)
    touched = list(roles)[:TOUCHED]
    # What it only writes comes of it and has no part in how it went: not its sources.
    sources = [id_ for id_ in touched if set(roles[id_]) - {"writes"}] or touched
    distances = dict.fromkeys(touched, 0) | {
        id_: distance
        for id_, distance in upstream_of(workspace_id=workspace_id, resource_ids=sources).items()
        if id_ not in roles
    }
    nearest = sorted(distances, key=lambda id_: (distances[id_], str(id_)))[:NEARBY]
    found = Resource.objects.for_workspace(workspace_id).in_bulk(nearest)
    locations = Facet.objects.filter(
        workspace_id=workspace_id, resource_id__in=nearest, name=LOCATION
    ).order_by("resource_id")
    return Surroundings(
        nearby={
            id_: Nearby(resource=found[id_], distance=distances[id_], roles=roles.get(id_, []))
            for id_ in nearest
            if id_ in found
        },
        by_habit=by_habit and bool(roles),
        paths={
            Key("table", where["namespace"], where["name"]): id_
            for id_, where in locations.values_list("resource_id", "value")
        },
    )


def written_by_run(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, owner: tuple[str, str] | None
) -> list[uuid.UUID]:
    """Return what a run writes, or what its deployment wrote when it has written nothing yet."""
    rows = Touch.objects.filter(workspace_id=workspace_id, run_id=run_id, role="writes")
    found = list(rows.order_by("resource_id").values_list("resource_id", flat=True)[:TOUCHED])
    if found or owner is None:
        return found
    relations = Relation.objects.filter(
        workspace_id=workspace_id,
        from_id=Key(owner[0], "", owner[1]).id_in(workspace_id),
        role="writes",
    )
    return list(relations.order_by("-last_seen", "id").values_list("to_id", flat=True)[:TOUCHED])


def runs_touching(
    *,
    workspace_id: uuid.UUID,
    resource_ids: Sequence[uuid.UUID],
    since: datetime,
    until: datetime,
) -> list[tuple[uuid.UUID, uuid.UUID, str]]:
    """
    Return (run, resource, role) of runs that touched these in this time, whenever they began.

    The newest touch first.
    """
    rows = Touch.objects.filter(
        workspace_id=workspace_id,
        resource_id__in=list(resource_ids),
        first_seen__lt=until,
        last_seen__gte=since,
        # PERF: what went on for longer than that is not looked for: of a run of long ago, all that
        # touched a busy table since would be read.
        last_seen__lt=until + GOING_ON,
    )
    found = rows.order_by("-last_seen", "-run_id", "resource_id", "role")
    return list(found.values_list("run_id", "resource_id", "role")[:RUNS])


def lifecycle_changes(
    *,
    workspace_id: uuid.UUID,
    resource_ids: Sequence[uuid.UUID],
    since: datetime,
    until: datetime,
    but_by: uuid.UUID,
) -> list[tuple[uuid.UUID, datetime, str]]:
    """
    Return which of these tables were last dropped, renamed or emptied in this time.

    `but_by`: not by this run; a load that empties its table first has done nothing to itself.
    """
    rows = _said_between("lifecycle", workspace_id, resource_ids, since, until)
    return [
        (row.resource_id, row.at, row.value["change"])
        for row in rows
        if row.value["run_id"] != str(but_by)
    ]


def failed_checks(
    *, workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID], since: datetime, until: datetime
) -> list[tuple[uuid.UUID, datetime, list[str]]]:
    """Return the tables whose last checks, made in this time, did not all pass."""
    rows = _said_between("checks", workspace_id, resource_ids, since, until)
    found = []
    for row in rows:
        failed = [
            f"{check['assertion']}({check['column']})" if check["column"] else check["assertion"]
            for check in row.value
            if not check["ok"]
        ]
        if failed:
            found.append((row.resource_id, row.at, failed))
    return found


def _said_between(
    name: str,
    workspace_id: uuid.UUID,
    resource_ids: Sequence[uuid.UUID],
    since: datetime,
    until: datetime,
) -> QuerySet[Facet]:
    return Facet.objects.filter(
        workspace_id=workspace_id,
        resource_id__in=list(resource_ids),
        name=name,
        at__gte=since,
        at__lte=until,
    ).order_by("at", "resource_id")


def readings_before(
    *, workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID], until: datetime, back: timedelta
) -> dict[tuple[uuid.UUID, str], list[tuple[datetime, float]]]:
    """Return the last readings of these tables by measure, oldest first."""
    rows = Reading.objects.filter(
        workspace_id=workspace_id,
        resource_id__in=list(resource_ids),
        hour__gte=until - back,
        at__lte=until,
    ).order_by("-at", "event_id")
    found: dict[tuple[uuid.UUID, str], list[tuple[datetime, float]]] = {}
    for row in rows[:READINGS]:
        found.setdefault((row.resource_id, row.measure), []).append((row.at, row.value))
    return {key: points[::-1] for key, points in found.items()}


def mentioned_by(
    *, workspace_id: uuid.UUID, events: Iterable[StoredEvent]
) -> Mapping[uuid.UUID, set[uuid.UUID]]:
    """Return, by the events' ids, the resources that each names."""
    return {event.id: {key.id_in(workspace_id) for key in tell(event).things} for event in events}
