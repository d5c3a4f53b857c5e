"""
What keys of runs and of pools may send.

The key of a run: items of it and of the runs that it has started. The key of a pool: of the pool's
runs and those that they have started, and what names no run.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from apps.dispatch import services as dispatch
from apps.ingest.decode import Decoded
from apps.ingest.envelope import ITEM_TYPES, IngestBatch, RunReport
from apps.runs import selectors as runs
from apps.telemetry.items import Refusal
from apps.tenancy.actors import RunRef
from apps.tenancy.isolation import workspace_scope

CODE = "not_this_run"
POOL_CODE = "not_this_pool"
_FENCED = frozenset({"runs", "task_runs", "heartbeats"})  # each of these names an epoch


def keep_own_items(*, workspace_id: uuid.UUID, run: RunRef, decoded: Decoded) -> Decoded:
    """
    Return the items that belong to the run or to one of its subruns, and refusals of the others.

    A subrun is one whose parents lead to the run. Those that are there already are asked of the
    database, whatever the batch says of them; new ones are introduced by their first report.
    Costs a query only when other runs than the key's own are named.
    """
    batch = decoded.batch
    named = {
        item.run_id
        for kind in ITEM_TYPES
        for item in getattr(batch, kind)
        if item.run_id is not None and item.run_id != run.run_id
    }
    own = {run.run_id}
    if named:
        with workspace_scope(workspace_id):
            known = runs.find_subruns(
                workspace_id=workspace_id, run_id=run.run_id, among=list(named)
            )
        own |= {run_id for run_id, is_subrun in known.items() if is_subrun}
        own |= _introduced(batch.runs, own, unknown=named - known.keys())
    return _keep(decoded, CODE, lambda kind, item: _find_fault(kind, item, run, own))


def keep_items_of_pool(*, workspace_id: uuid.UUID, pool: str, decoded: Decoded) -> Decoded:
    """
    Return the items that belong to runs of the pool or to none, and refusals of the others.

    Subruns belong to the pool of the run that started them; new ones are introduced by their first
    report. Costs a query only when runs are named that this process has not met yet.
    """
    batch = decoded.batch
    named = {
        item.run_id
        for kind in ITEM_TYPES
        for item in getattr(batch, kind)
        if item.run_id is not None
    }
    parents = {report.parent_run_id for report in batch.runs if report.parent_run_id is not None}
    known = dispatch.runs_of_pool(workspace_id=workspace_id, pool=pool, run_ids=named | parents)
    own = {run_id for run_id, is_own in known.items() if is_own}
    own |= _introduced(batch.runs, own, unknown=named - known.keys())
    message = f"This key is for runs of the pool {pool!r}."
    return _keep(
        decoded,
        POOL_CODE,
        lambda _, item: None if item.run_id is None or item.run_id in own else message,
    )


def _keep(decoded: Decoded, code: str, find_fault: Callable[[str, Any], str | None]) -> Decoded:
    batch = decoded.batch
    kept = Decoded(
        batch=IngestBatch(),
        refusals=list(decoded.refusals),
        count=decoded.count,
        as_sent=decoded.as_sent,
        whole=decoded.whole,
    )
    for kind in ITEM_TYPES:
        items: list[Any] = []
        places: list[int] = []
        for index, item in enumerate(getattr(batch, kind)):
            place = decoded.place(kind, index)
            message = find_fault(kind, item)
            if message is None:
                items.append(item)
                places.append(place)
            else:
                kept.refusals.append(
                    Refusal(kind=kind, index=place, code=code, message=message, field="run_id")
                )
        setattr(kept.batch, kind, items)
        kept.places[kind] = places
    return kept


def _find_fault(kind: str, item: Any, run: RunRef, own: set[uuid.UUID]) -> str | None:
    if item.run_id is None:
        return f"The key of run {run.run_id} sends what names that run."
    if item.run_id not in own:
        return f"This is the key of run {run.run_id}."
    if kind in _FENCED and item.run_id == run.run_id and item.epoch != run.epoch:
        return f"This is the key of epoch {run.epoch}."
    return None


def _introduced(
    reports: list[RunReport], own: set[uuid.UUID], unknown: set[uuid.UUID]
) -> set[uuid.UUID]:
    """
    Return which of the unknown runs begin as children of the run's own, however deep.

    SECURITY: which of several reports makes the run is not known here (one of its end is applied
    last), so all that could must name the same parent.
    """
    told: dict[uuid.UUID, set[uuid.UUID | None]] = defaultdict(set)
    for report in reports:
        if report.run_id in unknown and report.flow_name is not None:
            told[report.run_id].add(report.parent_run_id)
    parents = {
        run_id: parent
        for run_id, claimed in told.items()
        if len(claimed) == 1 and (parent := next(iter(claimed))) is not None
    }
    found: set[uuid.UUID] = set()
    for run_id in parents:
        seen: list[uuid.UUID] = []
        at = run_id
        while at in parents and at not in found and at not in seen:
            seen.append(at)
            at = parents[at]
        if at in own or at in found:
            found.update(seen)
    return found
