"""
Look at the metrics that rules watch: each rule at its moments, in their order, each moment once.

The deadline of a rule on a metric is its next look; it is moved along in the transaction that
stores how its lines stand and what fired. A look waits until all that was accepted by its time is
rolled up, so that a slow rollup is never taken for missing points.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from apps.automations import reasons
from apps.automations.enums import DeadlineState, Level
from apps.automations.levels import Crossing, Standing, Turn, follow
from apps.automations.metric_trigger import MAX_LINES, MetricTrigger
from apps.automations.models import Automation, Deadline, MetricState
from apps.automations.rules import Rule
from apps.automations.selectors import names_in
from apps.automations.services.firings import Firings
from apps.automations.services.reading import Reader, looks_of
from apps.automations.services.rulebook import Book
from apps.telemetry import selectors as telemetry
from apps.telemetry.enums import Consumer
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.selectors import MovingLine

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NO_LINES: Final = ""  # in place of the key of a line: a rule for each that has none
MOMENTS: Final = 120  # of one rule at once, when it lags behind


class Watch:
    """What one transaction looks at of a workspace's metrics."""

    def __init__(
        self, workspace_id: uuid.UUID, book: Book, firings: Firings, now: datetime
    ) -> None:
        self._workspace_id = workspace_id
        self._book = book
        self._firings = firings
        self._now = now
        self._states: dict[uuid.UUID, dict[str, MetricState]] = defaultdict(dict)
        self._troubles: dict[uuid.UUID, str] = {}
        self._changed: list[MetricState] = []
        self._ended: list[tuple[uuid.UUID, str]] = []
        self._reader = Reader(workspace_id)

    def look(self, limit: int) -> int:
        """Let up to `limit` rules whose time has come look; return how many did."""
        costs = self._book.cost_ids
        # Costs first: they share one read, and must not starve behind a thousand other rules.
        looked = self._look_at(costs, Consumer.COSTS, limit)
        rest = self._book.metric_ids - costs
        return looked + self._look_at(rest, Consumer.ROLLUP, limit - looked)

    def _look_at(self, rule_ids: frozenset[uuid.UUID], source: Consumer, limit: int) -> int:
        if not rule_ids or limit <= 0:
            return 0
        until = telemetry.taken_in_until(
            workspace_id=self._workspace_id, consumer=source, now=self._now
        )
        due = list(
            Deadline.objects.filter(
                workspace_id=self._workspace_id,
                automation_id__in=rule_ids,
                state=DeadlineState.OPEN.value,
                due_at__lte=until,
            ).order_by("due_at", "id")[:limit]
        )
        self._load(due)
        for row in due:
            self._look(row, until)
        self._save()
        self._changed, self._ended = [], []
        Deadline.objects.bulk_update(due, ["starts_at", "ends_at", "due_at"])
        return len(due)

    def _load(self, due: Sequence[Deadline]) -> None:
        """Read how the lines of these rules stand, and what troubles them: once for all."""
        ids = [row.automation_id for row in due]
        for state in MetricState.objects.filter(automation_id__in=ids):
            self._states[state.automation_id][state.key] = state
        rows = Automation.objects.filter(id__in=ids)
        self._troubles = dict(rows.values_list("id", "trouble"))

    def _save(self) -> None:
        MetricState.objects.bulk_create(
            self._changed,
            update_conflicts=True,
            unique_fields=["automation", "key"],
            update_fields=["level", "since", "value", "silent_since"],
        )
        if self._ended:
            MetricState.objects.filter(pk__in=self._ended).delete()

    def _look(self, row: Deadline, until: datetime) -> None:
        rule = self._book.rules.rules[row.automation_id]
        trigger = rule.trigger
        assert isinstance(trigger, MetricTrigger)
        moments = _moments_due(trigger, row.ends_at, until)
        states = self._states[rule.id]
        trouble = ""
        try:
            lines = self._reader.read(trigger, moments)
        except QueryTooLarge as refused:
            lines, trouble = None, refused.message
        if lines is not None:
            kept = [*lines][:MAX_LINES]
            kept += [key for key in states if key not in kept and key != NO_LINES]
            if len(lines) > MAX_LINES:
                trouble = f"{len(lines)} lines, of which {MAX_LINES} are watched."
            for key in kept:
                self._follow(rule, trigger, key, states.get(key), moments, lines.get(key))
            if trigger.for_each:
                self._tell_of_none(rule, states.get(NO_LINES), moments, has_lines=bool(kept))
        self._say(rule, trouble)
        begin_look(row, trigger, moments[-1] + trigger.step)

    def _tell_of_none(
        self,
        rule: Rule,
        state: MetricState | None,
        moments: Sequence[datetime],
        *,
        has_lines: bool,
    ) -> None:
        """Keep that a rule of many lines has none to watch, which nothing else would say."""
        if has_lines and state is not None:
            self._ended.append(state.pk)
        elif not has_lines and state is None:
            nothing = Standing(level=Level.NO_DATA, since=moments[0], value=None)
            self._keep(rule, NO_LINES, {}, nothing)

    def _follow(
        self,
        rule: Rule,
        trigger: MetricTrigger,
        key: str,
        state: MetricState | None,
        moments: Sequence[datetime],
        line: MovingLine | None,
    ) -> None:
        labels = line.labels if line is not None else dict(state.labels) if state else {}
        before, looks = looks_of(trigger, moments, line)
        known = None if state is None else state.standing
        standing, crossings = follow(trigger, known, looks, before=before)
        for crossing in crossings:
            self._tell(rule, trigger, crossing, key=key, labels=labels)
        if standing == known:
            return
        if standing is None:
            self._ended.append((rule.id, key))
        else:
            self._keep(rule, key, labels, standing)

    def _keep(self, rule: Rule, key: str, labels: dict[str, str], standing: Standing) -> None:
        self._changed.append(
            MetricState(
                workspace_id=self._workspace_id,
                automation_id=rule.id,
                key=key,
                labels=labels,
                level=standing.level.value,
                since=standing.since,
                value=standing.value,
                silent_since=standing.silent_since,
            )
        )

    def _tell(
        self,
        rule: Rule,
        trigger: MetricTrigger,
        crossing: Crossing,
        *,
        key: str,
        labels: Mapping[str, str],
    ) -> None:
        if crossing.turn is not Turn.FIRED and not trigger.tell_resolved:
            return
        self._firings.add(
            rule,
            key=key,
            dedupe_key=reasons.dedupe_of_crossing(trigger, crossing, key),
            occurred_at=crossing.look.at,
            event=None,
            reason=reasons.of_metric(
                trigger,
                crossing,
                labels=labels,
                key=key,
                names=names_in(workspace_id=self._workspace_id, triggers=[trigger]),
            ),
        )

    def _say(self, rule: Rule, trouble: str) -> None:
        """Write what keeps the rule from looking where people see it."""
        if self._troubles.get(rule.id) != trouble:
            Automation.objects.filter(id=rule.id).update(trouble=trouble)


def first_moment(trigger: MetricTrigger, since: datetime) -> datetime:
    """Return the first moment at or after this one at which the rule looks."""
    return EPOCH + -(-(since - EPOCH) // trigger.step) * trigger.step


def begin_look(row: Deadline, trigger: MetricTrigger, moment: datetime) -> None:
    """Set a deadline to the look at a moment."""
    row.starts_at = trigger.start_of(moment)
    row.ends_at = moment
    row.due_at = moment + trigger.allow_late


def _moments_due(trigger: MetricTrigger, first: datetime, until: datetime) -> list[datetime]:
    last = until - trigger.allow_late
    if trigger.is_cost:
        return _ends_of_days(first, first + (last - first) // trigger.step * trigger.step)
    count = min((last - first) // trigger.step + 1, MOMENTS)
    return [first + number * trigger.step for number in range(count)]


def _ends_of_days(first: datetime, last: datetime) -> list[datetime]:
    """
    Return the last moment of each day from the first to the last one, at most MOMENTS.

    Costs are sums of days: whoever lags behind finds the same at all moments of one.
    """
    midnight = datetime.combine(first.astimezone(UTC), time(), UTC)
    if midnight < first:
        midnight += timedelta(days=1)
    days = (last - midnight) // timedelta(days=1) + 1
    ends = [midnight + timedelta(days=number) for number in range(min(days, MOMENTS))]
    if len(ends) < MOMENTS and last not in ends:
        ends.append(last)
    return ends
