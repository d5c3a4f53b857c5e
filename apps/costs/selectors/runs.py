"""The runs that make an amount, the dearest first."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.db import connection

from apps.costs.enums import PER, Group, Unit
from apps.costs.models import NOBODY
from apps.costs.pricing import PriceBook, amount_of
from apps.costs.selectors.costs import NO_TEAM, Money
from apps.costs.selectors.prices import get_book
from apps.flows import selectors as flows
from apps.runs import selectors as runs

MOST_RUNS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOfRun:
    """
    What one run cost of what was asked for; nothing in `money` where nobody knows its price.

    `name` and `state` are None of a run that is deleted by now.
    """

    run_id: uuid.UUID
    name: str | None
    flow: str | None
    deployment: str | None
    state: str | None
    created_at: datetime | None
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DearestRuns:
    """`total`: how many runs there are; `runs`: at most a hundred of them."""

    runs: list[CostOfRun]
    total: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which rows are meant, as SQL over `u` with its values."""

    sql: str
    values: Sequence[Any]


def dearest_runs(
    *, workspace_id: uuid.UUID, by: Group, key: str, since: date, until: date
) -> DearestRuns:
    """
    Return the runs that make a group of costs between these days, `until` excluded.

    `by` and `key` as in `get_costs`; what no group has as its key has no runs. What single runs
    used is kept for 90 days. Sorted by the amounts of all currencies added, for want of better.
    """
    asked = _asked(workspace_id, by, key, since, until)
    if asked is None:
        return DearestRuns(runs=[], total=0)
    book = get_book(workspace_id=workspace_id)
    ids, total = _dearest(workspace_id, book, asked, since, until)
    money = _money(workspace_id, book, asked, since, until, ids)
    found = {run.id: run for run in runs.list_runs_by_id(workspace_id=workspace_id, run_ids=ids)}
    return DearestRuns(
        runs=[
            CostOfRun(
                run_id=run_id,
                name=None if run is None else run.name,
                flow=None if run is None else run.flow.name,
                deployment=None if run is None or run.deployment is None else run.deployment.name,
                state=None if run is None else run.state,
                created_at=None if run is None else run.created_at,
                money=money[run_id],
            )
            for run_id in ids
            for run in [found.get(run_id)]
        ],
        total=total,
    )


def _asked(workspace_id: uuid.UUID, by: Group, key: str, since: date, until: date) -> _Asked | None:
    match by:
        case Group.MONTH:
            return _Asked("to_char(u.day, 'YYYY-MM') = %s", [key])
        case Group.KIND:
            return _Asked("u.kind = %s", [key])
        case Group.MODEL:
            kind, _, subject = key.partition(":")
            return _Asked("u.kind = %s AND u.subject = %s", [kind, subject])
        case Group.TEAM:
            ids = _of_team(workspace_id, key, since, until)
            return _Asked("u.deployment_id = ANY(%s)", [ids])
    try:
        its = uuid.UUID(key)
    except ValueError:
        return None
    return _Asked(
        "(u.deployment_id = %s OR (u.deployment_id = %s AND u.flow_id = %s))", [its, NOBODY, its]
    )


def _of_team(workspace_id: uuid.UUID, key: str, since: date, until: date) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT deployment_id FROM costs_dayusage"
            " WHERE workspace_id = %s AND day >= %s AND day < %s",
            [workspace_id, since, until],
        )
        ids: list[uuid.UUID] = [row[0] for row in cursor.fetchall()]
    teams = flows.teams_of_deployments(workspace_id=workspace_id, deployment_ids=ids)
    return [id_ for id_ in ids if teams.get(id_, (NO_TEAM, ""))[0] == key]


def _dearest(
    workspace_id: uuid.UUID, book: PriceBook, asked: _Asked, since: date, until: date
) -> tuple[list[uuid.UUID], int]:
    """Return the ids of the dearest, and of how many: sorted by Postgres, which reckons nearly."""
    priced = _prices(workspace_id, book, since, until)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH priced AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[],"  # noqa: S608 - of constants
            " %s::numeric[]) AS p (kind, subject, unit, bucket, price)),"
            " spent AS (SELECT u.run_id, sum(u.counted_quantity * coalesce(p.price, 0)) AS amount"
            " FROM costs_runusage u LEFT JOIN priced p ON p.kind = u.kind"
            " AND p.subject = u.subject AND p.unit = u.unit"
            " AND p.bucket = width_bucket(u.day, %s::date[])"
            f" WHERE u.workspace_id = %s AND u.day >= %s AND u.day < %s AND {asked.sql}"
            " AND u.counted > 0 GROUP BY 1)"
            " SELECT run_id, count(*) OVER () FROM spent ORDER BY amount DESC, run_id LIMIT %s",
            [
                *([each[part] for each in priced] for part in range(5)),
                list(book.changes),
                workspace_id,
                since,
                until,
                *asked.values,
                MOST_RUNS,
            ],
        )
        rows = cursor.fetchall()
    return [run_id for run_id, _ in rows], rows[0][1] if rows else 0


def _prices(
    workspace_id: uuid.UUID, book: PriceBook, since: date, until: date
) -> list[tuple[str, str, str, int, Decimal]]:
    """Return what a unit of each thing cost between two changes of prices, where that is known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, subject, unit, width_bucket(day, %s::date[]), min(day)"
            " FROM costs_dayusage WHERE workspace_id = %s AND day >= %s AND day < %s"
            " GROUP BY 1, 2, 3, 4",
            [list(book.changes), workspace_id, since, until],
        )
        rows: list[tuple[str, str, str, int, date]] = cursor.fetchall()
    found = []
    for kind, subject, unit, bucket, day in rows:
        rate = book.find(kind=kind, subject=subject, unit=unit, day=day)
        if rate is not None:
            found.append((kind, subject, unit, bucket, rate.price / PER[Unit(unit)]))
    return found


def _money(
    workspace_id: uuid.UUID,
    book: PriceBook,
    asked: _Asked,
    since: date,
    until: date,
    ids: Sequence[uuid.UUID],
) -> dict[uuid.UUID, Money]:
    """Return exactly what these runs cost of what is asked."""
    money: dict[uuid.UUID, Money] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT u.run_id, u.kind, u.subject, u.unit, u.day, u.counted_quantity"  # noqa: S608 - of constants
            " FROM costs_runusage u WHERE u.workspace_id = %s AND u.run_id = ANY(%s)"
            f" AND u.day >= %s AND u.day < %s AND {asked.sql}",
            [workspace_id, list(ids), since, until, *asked.values],
        )
        rows: list[tuple[uuid.UUID, str, str, str, date, Decimal]] = cursor.fetchall()
    for run_id, kind, subject, unit, day, quantity in rows:
        rate = book.find(kind=kind, subject=subject, unit=unit, day=day)
        if rate is not None:
            its = money[run_id]
            its[rate.currency] = its.get(rate.currency, Fraction()) + amount_of(quantity, rate)
    return money
