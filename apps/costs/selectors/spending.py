"""What months cost so far, by whatever tells costs apart: for rules that watch it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from django.db import connection

from apps.costs.enums import CostLabel
from apps.costs.models import NOBODY
from apps.costs.pricing import amount_of
from apps.costs.selectors.costs import month_of
from apps.costs.selectors.prices import get_book
from apps.flows import selectors as flows

NONE: Final = "none"  # in place of a deployment or a team that is not there
Key = tuple[str, ...]  # values of the labels by which lines are told apart, in their order
Labels = dict[CostLabel, str]


@dataclass(frozen=True, slots=True)
class Spent:
    """
    What one deployment spent on one thing in some days, at the prices of now.

    `day` is the first of those days, within its month.
    """

    day: date
    deployment_id: uuid.UUID
    kind: str
    subject: str
    currency: str
    amount: Fraction
    count: int  # of events


@dataclass(slots=True)
class SpentLine:
    """What has the same labels: the amount and the number of events up to each of the days."""

    labels: dict[str, str]
    amounts: list[Fraction] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


class SpentMonths:
    """
    What a workspace spent, from the first of a month up to a day.

    It reads the sums that the costs page reads, at the prices of now, so the two agree: a price
    that is said or corrected later counts for what was used before. One reader serves many rules:
    what one of them asked for is not read again.
    """

    def __init__(self, workspace_id: uuid.UUID) -> None:
        self._workspace_id = workspace_id
        self._book = get_book(workspace_id=workspace_id)
        self._read: dict[tuple[date, date, bool], list[Spent]] = {}
        self._names: dict[uuid.UUID, tuple[str, str, str]] = {NOBODY: (NONE, NONE, NONE)}

    def lines(
        self, *, where: Mapping[str, Sequence[str]], group_by: Sequence[str], until: Sequence[date]
    ) -> list[SpentLine]:
        """
        Return, of each group, what its month cost before each of these days, not included.

        An empty value in `where` stands for what has no such thing. Without groups there is one
        line, also of nothing.
        """
        found: dict[Key, SpentLine] = {}
        if not group_by:
            found[()] = SpentLine({})
        days = sorted(set(until))
        for place, day in enumerate(days):
            sums: dict[Key, list[Fraction | int]] = defaultdict(lambda: [Fraction(), 0])
            month = month_of(day - timedelta(days=1))
            for spent in self._spent(month, day, by_day=False):
                labels = self._labels(spent)
                if not _is_asked(labels, where):
                    continue
                key = tuple(labels[CostLabel(label)] for label in group_by)
                if key not in found:
                    named = dict(zip(group_by, key, strict=True))
                    found[key] = SpentLine(named, [Fraction()] * place, [0] * place)
                sums[key][0] += spent.amount
                sums[key][1] += spent.count
            for key, line in found.items():
                amount, count = sums[key]
                line.amounts.append(Fraction(amount))
                line.counts.append(int(count))
        places = [days.index(day) for day in until]
        return [
            SpentLine(
                line.labels,
                [line.amounts[place] for place in places],
                [line.counts[place] for place in places],
            )
            for _, line in sorted(found.items())
        ]

    def by_day(
        self, *, where: Mapping[str, Sequence[str]], month: date
    ) -> list[tuple[date, Fraction]]:
        """Return what each day of the month cost, in order, of those on which anything was used."""
        days: dict[date, Fraction] = defaultdict(Fraction)
        for spent in self._spent(month, _next_month(month), by_day=True):
            if _is_asked(self._labels(spent), where):
                days[spent.day] += spent.amount
        return sorted(days.items())

    def _spent(self, since: date, until: date, *, by_day: bool) -> list[Spent]:
        place = since, until, by_day
        if place not in self._read:
            self._read[place] = self._look(since, until, by_day=by_day)
            self._learn({spent.deployment_id for spent in self._read[place]})
        return self._read[place]

    def _look(self, since: date, until: date, *, by_day: bool) -> list[Spent]:
        # Days between two changes of prices are one, so the rows do not hang on how many there are.
        group = "day" if by_day else "width_bucket(day, %s::date[])"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT min(day), deployment_id, kind, subject, unit, sum(quantity),"  # noqa: S608 - of constants
                " sum(count)::bigint FROM costs_dayusage"
                " WHERE workspace_id = %s AND day >= %s AND day < %s"
                f" GROUP BY 2, 3, 4, 5, {group}",
                [self._workspace_id, since, until, *([] if by_day else [list(self._book.changes)])],
            )
            rows: list[tuple[date, uuid.UUID, str, str, str, Decimal, int]] = cursor.fetchall()
        found = []
        for day, deployment_id, kind, subject, unit, quantity, count in rows:
            rate = self._book.find(kind=kind, subject=subject, unit=unit, day=day)
            if rate is not None:
                amount = amount_of(quantity, rate)
                found.append(Spent(day, deployment_id, kind, subject, rate.currency, amount, count))
        return found

    def _learn(self, deployment_ids: set[uuid.UUID]) -> None:
        new = deployment_ids - self._names.keys()
        if not new:
            return
        names = flows.deployment_names(workspace_id=self._workspace_id, deployment_ids=new)
        teams = flows.teams_of_deployments(workspace_id=self._workspace_id, deployment_ids=new)
        for id_ in new:
            team_id, team = teams.get(id_, (NONE, NONE))
            self._names[id_] = names.get(id_, NONE), team_id, team

    def _labels(self, spent: Spent) -> Labels:
        name, team_id, team = self._names[spent.deployment_id]
        is_nobody = spent.deployment_id == NOBODY
        return {
            CostLabel.CURRENCY: spent.currency,
            CostLabel.KIND: spent.kind,
            CostLabel.MODEL: spent.subject,
            CostLabel.DEPLOYMENT: name,
            CostLabel.DEPLOYMENT_ID: NONE if is_nobody else str(spent.deployment_id),
            CostLabel.TEAM: team,
            CostLabel.TEAM_ID: team_id,
        }


def _is_asked(labels: Labels, where: Mapping[str, Sequence[str]]) -> bool:
    return all(
        labels[CostLabel(label)] in wanted or ("" in wanted and labels[CostLabel(label)] == NONE)
        for label, wanted in where.items()
    )


def _next_month(month: date) -> date:
    return month_of(month + timedelta(days=31))
