"""What runs used, with what it costs by the prices of the days on which they used it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from django.db import connection

from apps.costs.enums import FREE_UNLESS_PRICED, Group, Unit
from apps.costs.models import NOBODY, RunUsage
from apps.costs.pricing import PriceBook, Rate, amount_of
from apps.costs.selectors.prices import get_book
from apps.flows import selectors as flows

MOST_GROUPS: Final = 500  # the rest is summed up as one
NO_TEAM: Final = "none"  # the key of what no team owns
Money = dict[str, Fraction]  # by currency


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """
    So much of one thing. `amount` is None when nobody knows its price, and with it `rate`.

    `is_free`: it has no price and is not expected to have one.
    """

    kind: str
    subject: str
    unit: str
    quantity: Decimal
    count: int
    rate: Rate | None
    amount: Fraction | None
    is_free: bool


@dataclass(slots=True)
class CostGroup:
    """What belongs together under one key; `id` is what the key stands for, where it has one."""

    key: str
    label: str
    id: uuid.UUID | None = None
    flow_id: uuid.UUID | None = None
    money: Money = field(default_factory=dict)
    by_example: Money = field(default_factory=dict)  # the part by prices that nobody has checked
    quantities: dict[str, Decimal] = field(default_factory=dict)
    unpriced: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # by subject and unit

    def add(self, line: CostLine) -> None:
        self.quantities[line.unit] = self.quantities.get(line.unit, Decimal(0)) + line.quantity
        if line.rate is not None and line.amount is not None:
            _add(self.money, line.rate.currency, line.amount)
            if line.rate.is_example:
                _add(self.by_example, line.rate.currency, line.amount)
        elif not line.is_free:
            place = line.subject, line.unit
            self.unpriced[place] = self.unpriced.get(place, Decimal(0)) + line.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """What one run used, the dearest first, and its sum."""

    lines: list[CostLine]
    total: CostGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a time cost. `groups`: the dearest first; months in their order."""

    total: CostGroup
    groups: list[CostGroup]
    truncated: bool


def get_run_cost(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> RunCost:
    """Return what the run used so far; nothing of a run that used nothing, or that is not there."""
    book = get_book(workspace_id=workspace_id)
    rows = RunUsage.objects.filter(workspace_id=workspace_id, run_id=run_id)
    lines = [
        _line(book, row.kind, row.subject, row.unit, row.day, row.quantity, row.count)
        for row in rows.order_by("kind", "subject", "unit", "day")
    ]
    lines = _merged(lines)
    total = CostGroup("", "")
    for line in lines:
        total.add(line)
    lines.sort(key=lambda line: (-(line.amount or 0), line.kind, line.subject, line.unit))
    return RunCost(lines=lines, total=total)


def get_costs(*, workspace_id: uuid.UUID, by: Group, since: date, until: date) -> Costs:
    """
    Return what the days `since … until`, `until` excluded, cost, grouped.

    By team: of the deployment's owners of now, the first team; so each amount is in one group.
    """
    book = get_book(workspace_id=workspace_id)
    rows = _sums(workspace_id, by, book.changes, since, until)
    groups = _Groups(workspace_id, by, [(row[0], row[1]) for row in rows])
    total = CostGroup("", "")
    for first, second, kind, subject, unit, day, quantity, count in rows:
        line = _line(book, kind, subject, unit, day, quantity, count)
        total.add(line)
        groups.of(first, second).add(line)
    found = groups.in_order()
    return Costs(total=total, groups=found[:MOST_GROUPS], truncated=len(found) > MOST_GROUPS)


def month_of(day: date) -> date:
    """Return the first day of its month."""
    return day.replace(day=1)


# What stands for a group: a key, and beside a missing deployment its flow.
_KEYS: Final[dict[Group, tuple[str, str]]] = {
    Group.DEPLOYMENT: (
        "deployment_id::text",
        f"CASE WHEN deployment_id = '{NOBODY}' THEN flow_id::text ELSE '' END",
    ),
    Group.TEAM: ("deployment_id::text", "''"),
    Group.MODEL: ("kind", "subject"),
    Group.MONTH: ("to_char(day, 'YYYY-MM')", "''"),
    Group.KIND: ("kind", "''"),
}

Row = tuple[str, str, str, str, str, date, Decimal, int]


def _sums(
    workspace_id: uuid.UUID, by: Group, changes: Sequence[date], since: date, until: date
) -> list[Row]:
    """
    Sum up what has one price: days between two changes of prices are one, by their first.

    So the rows hang on how many prices there are, not on how many days are asked for.
    """
    first, second = _KEYS[by]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {first}, {second}, kind, subject, unit, min(day), sum(quantity),"  # noqa: S608 - of constants
            " sum(count)::bigint FROM costs_dayusage"
            " WHERE workspace_id = %s AND day >= %s AND day < %s"
            " GROUP BY 1, 2, 3, 4, 5, width_bucket(day, %s::date[])",
            [workspace_id, since, until, list(changes)],
        )
        found: list[Row] = cursor.fetchall()
    return found


class _Groups:
    """The groups of an answer, made as their keys come up."""

    def __init__(self, workspace_id: uuid.UUID, by: Group, keys: Iterable[tuple[str, str]]) -> None:
        self._by = by
        self._groups: dict[tuple[str, str], CostGroup] = {}
        self._names: dict[tuple[str, uuid.UUID], str] = {}
        self._teams: dict[uuid.UUID, tuple[str, str]] = {}
        pairs = list(keys)
        if by is Group.DEPLOYMENT:
            things = {
                ("flow", uuid.UUID(flow)) if flow else ("deployment", uuid.UUID(deployment))
                for deployment, flow in pairs
            }
            self._names = {
                (kind, id_): name
                for kind, id_, name in flows.names_of(workspace_id=workspace_id, things=things)
            }
        elif by is Group.TEAM:
            self._teams = flows.teams_of_deployments(
                workspace_id=workspace_id,
                deployment_ids={uuid.UUID(deployment) for deployment, _ in pairs},
            )

    def of(self, first: str, second: str) -> CostGroup:
        key = self._key(first, second)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = self._made(first, second)
        return found

    def _key(self, first: str, second: str) -> tuple[str, str]:
        if self._by is Group.TEAM:
            return self._teams.get(uuid.UUID(first), ("", ""))[0], ""
        return first, second

    def _made(self, first: str, second: str) -> CostGroup:
        if self._by is Group.DEPLOYMENT:
            if second:
                name = self._names.get(("flow", uuid.UUID(second)), "a flow that is gone")
                return CostGroup(second, name, flow_id=uuid.UUID(second))
            deployment_id = uuid.UUID(first)
            name = self._names.get(("deployment", deployment_id), "a deployment that is gone")
            return CostGroup(first, name, id=deployment_id)
        if self._by is Group.TEAM:
            team = self._teams.get(uuid.UUID(first))
            if team is None:
                return CostGroup(NO_TEAM, "no team")
            return CostGroup(team[0], team[1], id=uuid.UUID(team[0]))
        if self._by is Group.MODEL:
            return CostGroup(f"{first}:{second}", second)
        return CostGroup(first, first)

    def in_order(self) -> list[CostGroup]:
        found = list(self._groups.values())
        if self._by is Group.MONTH:
            return sorted(found, key=lambda group: group.key)
        return sorted(found, key=lambda group: (-sum(group.money.values()), group.label, group.key))


def _line(
    book: PriceBook, kind: str, subject: str, unit: str, day: date, quantity: Decimal, count: int
) -> CostLine:
    rate = book.find(kind=kind, subject=subject, unit=unit, day=day)
    return CostLine(
        kind=kind,
        subject=subject,
        unit=unit,
        quantity=quantity,
        count=count,
        rate=rate,
        amount=None if rate is None else amount_of(quantity, rate),
        is_free=rate is None and Unit(unit) in FREE_UNLESS_PRICED,
    )


def _merged(lines: Collection[CostLine]) -> list[CostLine]:
    """Make one line of the days that have one price."""
    found: dict[tuple[str, str, str, Rate | None], CostLine] = {}
    for line in lines:
        place = line.kind, line.subject, line.unit, line.rate
        before = found.get(place)
        if before is None:
            found[place] = line
            continue
        amount = None if before.amount is None else before.amount + (line.amount or 0)
        found[place] = CostLine(
            kind=line.kind,
            subject=line.subject,
            unit=line.unit,
            quantity=before.quantity + line.quantity,
            count=before.count + line.count,
            rate=line.rate,
            amount=amount,
            is_free=line.is_free,
        )
    return list(found.values())


def _add(money: Money, currency: str, amount: Fraction) -> None:
    money[currency] = money.get(currency, Fraction()) + amount
