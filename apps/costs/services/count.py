# ruff: noqa: S608 - built of constants, values are parameters
"""
Take what events say of use into the sums, and tell what was spent.

One transaction per claim: killed at any moment, all of it happened or nothing did. The number of
statements does not depend on how many events there are. An event that cannot be counted is left
out, so that the sums go on without it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection, transaction

from apps.costs.derive import used_by
from apps.costs.enums import CostKind, Unit
from apps.costs.models import NOBODY
from apps.costs.services.tell import Spent, tell_spent
from apps.dispatch import services as dispatch
from apps.runs import selectors as runs
from apps.telemetry import selectors as telemetry_reads
from apps.telemetry import services as telemetry
from apps.telemetry.enums import Consumer
from apps.telemetry.items import StoredEvent

EVENTS: Final = 5_000  # of one transaction, but at least one batch
OWN_POOLS: Final = "own pools"
_LOCK: Final = "costs:{}"
_ENDED: Final = "headway.run."

Place = tuple[uuid.UUID, date, str, str, str]  # run, day, kind, subject, unit


@dataclass(slots=True)
class _Sum:
    quantity: Decimal = Decimal(0)
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one transaction did. `more`: there was more than it took."""

    events: int
    rows: int
    more: bool


def workspaces_with_work() -> list[uuid.UUID]:
    """Return where batches wait. For loops."""
    return telemetry_reads.workspaces_waiting(consumer=Consumer.COSTS)


def count_costs(*, workspace_id: uuid.UUID, now: datetime, limit: int = EVENTS) -> Counted | None:
    """
    Take in pending batches of one workspace. Returns None when another worker is at it.

    One at a time, so that sums which every batch touches are never waited for. For loops.
    """
    with transaction.atomic():
        if not _try_to_lock(workspace_id):
            return None
        claim = telemetry.claim_event_batches(
            consumer=Consumer.COSTS, workspace_id=workspace_id, limit=limit
        )
        done = _take_in(workspace_id, claim.batches)
        if done.spent:
            tell_spent(workspace_id=workspace_id, spent=done.spent, now=now)
        if done.read:
            telemetry.release(batch_ids=done.read)
    return Counted(
        events=done.events,
        rows=len(done.spent),
        more=not claim.is_all or len(done.read) < len(claim.batches),
    )


@dataclass(slots=True)
class _Done:
    """What was counted; `read` are the batches of which nothing is left to do."""

    read: list[uuid.UUID]
    events: int
    spent: list[Spent] = field(default_factory=list)


def _take_in(workspace_id: uuid.UUID, batches: Sequence[telemetry.ClaimedBatch]) -> _Done:
    events = [event for batch in batches for event in batch.events]
    done = _Done([batch.id for batch in batches], len(events))

    def take(events: Sequence[StoredEvent]) -> None:
        done.spent += _count(workspace_id, events)

    try:
        with transaction.atomic():
            take(events)
    except telemetry.UNTELLABLE:
        # Of the first batch only: the others may be fine, and come together again.
        done = _Done([batches[0].id], len(batches[0].events))
        telemetry.take_each(batches[0], take, consumer=Consumer.COSTS)
    return done


def _count(workspace_id: uuid.UUID, events: Sequence[StoredEvent]) -> list[Spent]:
    """Add what the events say to what their runs used; return what is new of the days."""
    added: dict[Place, _Sum] = defaultdict(_Sum)
    ended: set[uuid.UUID] = set()
    concerned: set[uuid.UUID] = set()
    for event in events:
        if event.run_id is None:
            continue
        concerned.add(event.run_id)
        if event.name.startswith(_ENDED):
            ended.add(event.run_id)
        for kind, subject, unit, quantity in used_by(event):
            place = event.run_id, event.occurred_at.date(), kind.value, subject, unit.value
            added[place].quantity += quantity
            added[place].count += 1
    known = runs.measure_runs(workspace_id=workspace_id, run_ids=concerned, ended=ended)
    _write(workspace_id, added, anew=False)
    _write(workspace_id, _wall_seconds(known), anew=True)
    return _count_known(workspace_id, known)


def _try_to_lock(workspace_id: uuid.UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [_LOCK.format(workspace_id)],
        )
        return bool(cursor.fetchone()[0])


def _wall_seconds(known: Mapping[uuid.UUID, runs.MeasuredRun]) -> dict[Place, _Sum]:
    """Return how long runs executed in the customer's own pools; managed tasks tell their own."""
    found: dict[Place, _Sum] = {}
    for run_id, run in known.items():
        if run.pool_id is not None and dispatch.is_managed(run.pool_id):
            continue
        for day, executed in run.executed.items():
            if executed <= timedelta():
                continue
            place = run_id, day, CostKind.COMPUTE.value, OWN_POOLS, Unit.WALL_SECONDS.value
            microseconds = executed // timedelta(microseconds=1)
            found[place] = _Sum(Decimal(microseconds) / 1_000_000, 1)
    return found


_ADDED: Final = "u.quantity + excluded.quantity, count = u.count + excluded.count"
_REPLACED: Final = "excluded.quantity, count = excluded.count"


def _write(workspace_id: uuid.UUID, sums: Mapping[Place, _Sum], *, anew: bool) -> None:
    """Add to what the runs used; or write it `anew`, of what was measured as a whole."""
    if not sums:
        return
    places = sorted(sums)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO costs_runusage AS u (workspace_id, run_id, day, kind, subject, unit,"
            " quantity, count, counted_quantity, counted)"
            " SELECT %s, run_id, day, kind, subject, unit, quantity, count, 0, 0"
            " FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::text[], %s::text[],"
            " %s::numeric[], %s::bigint[]) AS n (run_id, day, kind, subject, unit, quantity, count)"
            " ON CONFLICT (workspace_id, run_id, day, kind, subject, unit)"
            f" DO UPDATE SET quantity = {_REPLACED if anew else _ADDED}",
            [
                workspace_id,
                *([place[part] for place in places] for part in range(5)),
                [sums[place].quantity for place in places],
                [sums[place].count for place in places],
            ],
        )


def _count_known(
    workspace_id: uuid.UUID, known: Mapping[uuid.UUID, runs.MeasuredRun]
) -> list[Spent]:
    """
    Add to the days what is not in them yet of these runs; return what that was.

    What a run used before anybody told of the run waits in its own rows until then.
    """
    if not known:
        return []
    ids = sorted(known)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH due AS (SELECT u.*, n.deployment_id AS its_deployment, n.flow_id AS its_flow"
            " FROM costs_runusage u"
            " JOIN unnest(%s::uuid[], %s::uuid[], %s::uuid[])"
            " AS n (run_id, deployment_id, flow_id) ON n.run_id = u.run_id"
            " WHERE u.workspace_id = %s"
            " AND (u.quantity, u.count) IS DISTINCT FROM (u.counted_quantity, u.counted)),"
            " counted AS (UPDATE costs_runusage u"
            " SET counted_quantity = due.quantity, counted = due.count,"
            " deployment_id = due.its_deployment, flow_id = due.its_flow FROM due"
            " WHERE u.workspace_id = due.workspace_id AND u.run_id = due.run_id"
            " AND u.day = due.day AND u.kind = due.kind AND u.subject = due.subject"
            " AND u.unit = due.unit),"
            " more AS (SELECT day, its_deployment AS deployment_id, its_flow AS flow_id,"
            " kind, subject, unit,"
            " sum(quantity - counted_quantity) AS quantity,"
            " sum(count - counted)::bigint AS count FROM due GROUP BY 1, 2, 3, 4, 5, 6),"
            " added AS (INSERT INTO costs_dayusage AS d (workspace_id, day, deployment_id, flow_id,"
            " kind, subject, unit, quantity, count) SELECT %s, * FROM more"
            " ON CONFLICT (workspace_id, day, deployment_id, flow_id, kind, subject, unit)"
            " DO UPDATE SET quantity = d.quantity + excluded.quantity,"
            " count = d.count + excluded.count)"
            " SELECT day, deployment_id, kind, subject, unit, quantity FROM more",
            [
                ids,
                [known[run_id].deployment_id or NOBODY for run_id in ids],
                [known[run_id].flow_id for run_id in ids],
                workspace_id,
                workspace_id,
            ],
        )
        return [Spent(*row) for row in cursor.fetchall()]
