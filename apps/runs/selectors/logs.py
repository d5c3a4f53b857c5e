"""Log lines of a workspace, by the deployments whose runs wrote them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from apps.runs.models import Run
from apps.telemetry import selectors as telemetry
from apps.telemetry.items import StoredLine
from apps.telemetry.selectors import BUDGET, Budget, Found, LogSearch, Volume

RUNS_LOOKED_AT: Final = 5_000  # of a deployment, the newest in the range; the next page goes on
LONG_RUNS: Final = 5_000  # that were made before those and went on beside them
NIL: Final = uuid.UUID(int=0)
CLOCK_SLACK: Final = timedelta(hours=1)  # an executor's clock against ours
CHUNK: Final = 5_000  # ids in one query
NAMED_DEPLOYMENTS: Final = 20

Key = tuple[datetime, uuid.UUID]


def search_logs(
    *,
    workspace_id: uuid.UUID,
    only: LogSearch,
    deployment_id: uuid.UUID | None = None,
    below: Key | None = None,
    limit: int,
    budget: Budget = BUDGET,
) -> Found[StoredLine]:
    """
    Return the newest lines that fit, of the runs of one deployment when it is given.

    Of very many runs those of the newest first; `below` and `back_to` lead to the rest.
    Raises: SearchTooSlow.
    """
    if deployment_id is None:
        return telemetry.search_logs(
            workspace_id=workspace_id, only=only, below=below, limit=limit, budget=budget
        )
    run_ids, floor = runs_in(
        workspace_id,
        deployment_id,
        since=only.since,
        until=below[0] if below else only.until,
    )
    if floor is not None:
        only = replace(only, since=max(only.since or floor, floor))
    page = telemetry.search_logs(
        workspace_id=workspace_id,
        only=replace(only, run_ids=run_ids),
        below=below,
        limit=limit,
        budget=budget,
    )
    if page.below is None and floor is not None and floor != (below and below[0]):
        return Found(page.rows, (floor, NIL), floor)
    return page


def runs_in(
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    *,
    since: datetime | None,
    until: datetime | None,
) -> tuple[list[uuid.UUID], datetime | None]:
    """
    Return the newest runs that may have written in this time, and since when they are all of them.

    None: since ever.
    """
    runs = Run.objects.for_workspace(workspace_id).filter(deployment_id=deployment_id)
    if until is not None:
        runs = runs.filter(created_at__lte=until)
    if since is not None:
        runs = runs.filter(Q(ended_at=None) | Q(ended_at__gte=since - CLOCK_SLACK))
    newest = list(
        runs.order_by("-created_at", "-id").values_list("id", "created_at")[: RUNS_LOOKED_AT + 1]
    )
    ids = [run_id for run_id, _ in newest[:RUNS_LOOKED_AT]]
    if len(newest) <= RUNS_LOOKED_AT:
        return ids, None
    floor = newest[-1][1]
    older = runs.filter(created_at__lte=floor).filter(
        Q(ended_at=None) | Q(ended_at__gte=floor - CLOCK_SLACK)
    )
    ids += older.order_by("-created_at", "-id").values_list("id", flat=True)[:LONG_RUNS]
    return ids, floor


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOfLine:
    """Which run wrote a line, in words."""

    id: uuid.UUID
    name: str
    flow: str
    deployment_id: uuid.UUID | None
    deployment: str | None


def runs_of_lines(*, workspace_id: uuid.UUID, lines: list[StoredLine]) -> list[RunOfLine]:
    """Return the runs that wrote these lines, as far as they are known."""
    ids = {line.run_id for line in lines} - {NIL}
    rows = Run.objects.for_workspace(workspace_id).filter(id__in=ids).order_by("id")
    return [
        RunOfLine(id=id_, name=name, flow=flow, deployment_id=deployment_id, deployment=deployment)
        for id_, name, flow, deployment_id, deployment in rows.values_list(
            "id", "name", "flow__name", "deployment_id", "deployment__name"
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentVolume:
    """What the runs of one deployment wrote; without an id: all other lines."""

    deployment_id: uuid.UUID | None
    deployment: str | None
    flow: str | None
    total: Volume
    buckets: dict[int, Volume]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeByDeployment:
    """The most bytes first; what is beyond NAMED_DEPLOYMENTS is one entry without an id."""

    volume: telemetry.LogVolume
    deployments: list[DeploymentVolume]


def log_volume_by_deployment(
    *, workspace_id: uuid.UUID, since: datetime, until: datetime, budget: Budget = BUDGET
) -> VolumeByDeployment:
    """Raises: QueryTooLarge, SearchTooSlow."""
    volume = telemetry.log_volume(
        workspace_id=workspace_id, since=since, until=until, budget=budget
    )
    known: dict[uuid.UUID, tuple[uuid.UUID, str, str]] = {}
    ids = [run_id for run_id in volume.by_run if run_id is not None]
    for first in range(0, len(ids), CHUNK):
        rows = Run.objects.for_workspace(workspace_id).filter(
            id__in=ids[first : first + CHUNK], deployment__isnull=False
        )
        for run_id, deployment_id, name, flow in rows.values_list(
            "id", "deployment_id", "deployment__name", "flow__name"
        ):
            known[run_id] = (deployment_id, name, flow)
    found: dict[tuple[uuid.UUID, str, str] | None, dict[int, Volume]] = defaultdict(dict)
    for writer, buckets in volume.by_run.items():
        _add(found[None if writer is None else known.get(writer)], buckets)
    named = [(key, buckets) for key, buckets in found.items() if key is not None]
    named.sort(key=lambda pair: (-_total(pair[1]).bytes, pair[0][1:]))
    rest = found.get(None, {})
    for _, buckets in named[NAMED_DEPLOYMENTS:]:
        _add(rest, buckets)
    lines = [
        DeploymentVolume(
            deployment_id=key[0],
            deployment=key[1],
            flow=key[2],
            total=_total(buckets),
            buckets=buckets,
        )
        for key, buckets in named[:NAMED_DEPLOYMENTS]
    ]
    if rest:
        lines.append(
            DeploymentVolume(
                deployment_id=None, deployment=None, flow=None, total=_total(rest), buckets=rest
            )
        )
    return VolumeByDeployment(volume=volume, deployments=lines)


def _add(to: dict[int, Volume], buckets: dict[int, Volume]) -> None:
    for start, volume in buckets.items():
        to[start] = to.get(start, Volume()).plus(volume)


def _total(buckets: dict[int, Volume]) -> Volume:
    total = Volume()
    for volume in buckets.values():
        total = total.plus(volume)
    return total
