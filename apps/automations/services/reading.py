"""The numbers that rules on metrics compare: from rollups, or from the sums of costs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from apps.automations.conditions import make_key
from apps.automations.levels import Look
from apps.automations.metric_trigger import MetricTrigger
from apps.costs import selectors as costs
from apps.telemetry import selectors as telemetry
from apps.telemetry.moving import Measured
from apps.telemetry.selectors import MetricQuery, MovingLine

_INSTANT: Final = timedelta(microseconds=1)


class Reader:
    """Reads for the rules of one workspace; what costs were is read once for all of them."""

    def __init__(self, workspace_id: uuid.UUID) -> None:
        self._workspace_id = workspace_id
        self._spent: costs.SpentMonths | None = None

    def read(self, trigger: MetricTrigger, moments: Sequence[datetime]) -> dict[str, MovingLine]:
        """
        Return the lines that had points, by key; each also tells of the moment before the first.

        Raises: QueryTooLarge.
        """
        looked_at = [moments[0] - trigger.step, *moments]
        read = self._costs if trigger.is_cost else self._points
        lines = read(trigger, looked_at)
        if not trigger.for_each:
            return {"": lines[0]}
        return {make_key([line.labels[each] for each in trigger.for_each]): line for line in lines}

    def _points(self, trigger: MetricTrigger, moments: Sequence[datetime]) -> list[MovingLine]:
        return telemetry.read_moving(
            workspace_id=self._workspace_id,
            asked=MetricQuery(
                name=trigger.metric,
                aggregate=trigger.aggregate,
                group_by=trigger.for_each,
                where=trigger.where,
            ),
            moments=moments,
            step_seconds=trigger.step_seconds,
            widths=[trigger.width_at(at) for at in moments],
        )

    def _costs(self, trigger: MetricTrigger, moments: Sequence[datetime]) -> list[MovingLine]:
        if self._spent is None:
            self._spent = costs.SpentMonths(self._workspace_id)
        # Sums are of days: all of a moment's day that is counted by now, which is what costs show.
        lines = self._spent.lines(
            where=trigger.where,
            group_by=trigger.for_each,
            until=[(at - _INSTANT).date() + timedelta(days=1) for at in moments],
        )
        return [
            MovingLine(
                labels=line.labels,
                measured=[
                    Measured(float(amount), count)
                    for amount, count in zip(line.amounts, line.counts, strict=True)
                ],
            )
            for line in lines
        ]


def looks_of(
    trigger: MetricTrigger, moments: Sequence[datetime], line: MovingLine | None
) -> tuple[int, list[Look]]:
    """Return how many points there were before the first moment, and what was at each of them."""
    if line is None:
        # One of `for_each` whose points ended; of others there is always a line.
        value = 0.0 if trigger.is_nothing_zero else None
        return 0, [Look(at=at, value=value, count=0) for at in moments]
    before, *measured = line.measured
    return before.points, [
        Look(at=at, value=each.value, count=each.points)
        for at, each in zip(moments, measured, strict=True)
    ]
