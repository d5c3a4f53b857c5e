"""Windows in which something is expected, as they are kept: found, saved, and decided when due."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from apps.automations import reasons
from apps.automations.enums import DeadlineState
from apps.automations.models import Deadline
from apps.automations.rules import Hit, Part
from apps.automations.services.firings import Firings
from apps.automations.services.rulebook import Book
from apps.automations.triggers import AbsenceTrigger
from apps.automations.windows import Row, Window

Place = tuple[uuid.UUID, str]  # a rule and a key

_WINDOWS: Final = (
    "SELECT DISTINCT d.* FROM automations_deadline d"
    " JOIN unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS p (automation_id, key, since)"
    " USING (automation_id, key) WHERE d.workspace_id = %s AND "
)
_OPEN_OR_LATER: Final = _WINDOWS + "(d.state = 'OPEN' OR d.starts_at >= since)"
_RIGHT_BEHIND: Final = _WINDOWS + "d.starts_at = since"


class Windows:
    """The windows of a workspace's rules, in one transaction."""

    def __init__(
        self, workspace_id: uuid.UUID, book: Book, firings: Firings, now: datetime
    ) -> None:
        self._workspace_id = workspace_id
        self._book = book
        self._now = now
        self._firings = firings

    def decide(self, limit: int) -> int:
        """Decide up to `limit` windows that came due, and open those that follow."""
        decided = 0
        while decided < limit:
            due = list(
                Deadline.objects.filter(
                    workspace_id=self._workspace_id,
                    state=DeadlineState.OPEN.value,
                    due_at__lte=self._now,
                )
                .exclude(automation_id__in=self._book.metric_ids)
                .order_by("due_at", "id")[: limit - decided]
            )
            if not due:
                break
            decided += len(due)
            self._decide([row for row in due if row.automation_id in self._book.automations])
            # Of a rule that is no longer there; an edit drops them, so this is a precaution.
            orphans = [r.id for r in due if r.automation_id not in self._book.automations]
            if orphans:
                Deadline.objects.filter(id__in=orphans).delete()
        return decided

    def load(self, hits: Iterable[Hit]) -> dict[Place, list[Window]]:
        """Return the open windows of what is concerned; in a row also those from the events on."""
        earliest: dict[Place, datetime | None] = {}
        for hit in hits:
            if hit.part is Part.HAPPENED:
                continue
            place = hit.rule.id, hit.key
            start = None
            if hit.rule.is_row:
                start = hit.rule.frame.start_of(hit.event.occurred_at, since=hit.rule.active_since)
            known = earliest.get(place)
            earliest[place] = min((at for at in (known, start) if at is not None), default=None)
        return self._find(list(earliest.items()), _OPEN_OR_LATER)

    def save(self, windows: Sequence[tuple[Place, Window]]) -> None:
        if not windows:
            return
        Deadline.objects.bulk_create(
            [
                Deadline(
                    workspace_id=self._workspace_id,
                    automation_id=rule_id,
                    version=self._book.rules.rules[rule_id].version,
                    key=key,
                    opened_by=window.opened_by,
                    starts_at=window.starts_at,
                    ends_at=window.ends_at,
                    due_at=window.due_at,
                    needed=window.needed,
                    seen=window.seen,
                    silent=window.silent,
                    state=window.state.value,
                    created_at=self._now,
                )
                for (rule_id, key), window in windows
            ],
            update_conflicts=True,
            unique_fields=["automation", "key", "starts_at", "opened_by"],
            update_fields=["seen", "silent", "state"],
            batch_size=1_000,
        )

    def _decide(self, due: Sequence[Deadline]) -> None:
        following = self._load_following(due)
        opened: list[tuple[Place, Window]] = []
        closed: list[tuple[Deadline, Window]] = []
        for deadline in due:
            rule = self._book.rules.rules[deadline.automation_id]
            trigger = rule.trigger
            assert isinstance(trigger, AbsenceTrigger)
            place = rule.id, deadline.key
            window = _window_of(deadline)
            window.close()
            closed.append((deadline, window))
            if not window.is_satisfied:
                opener = None if window.opened_by is None else (window.starts_at, window.opened_by)
                self._firings.add(
                    rule,
                    key=window.key,
                    dedupe_key=reasons.dedupe_of_window(window),
                    occurred_at=window.ends_at,
                    event=opener,
                    reason=reasons.of_absence(trigger, window),
                )
            if rule.is_row:
                row = Row(rule.frame, window.key, rule.active_since, following.get(place, []))
                behind = row.follow(window, may_forget=bool(trigger.for_each))
                if behind is not None:
                    opened.append((place, behind))
        for deadline, window in closed:
            deadline.state = window.state.value
        Deadline.objects.bulk_update([deadline for deadline, _ in closed], ["state"])
        self.save(opened)

    def _load_following(self, due: Sequence[Deadline]) -> dict[Place, list[Window]]:
        """Return the windows right behind these that are there."""
        places: list[tuple[Place, datetime | None]] = [
            ((row.automation_id, row.key), row.ends_at)
            for row in due
            if self._book.rules.rules[row.automation_id].is_row
        ]
        return self._find(places, _RIGHT_BEHIND)

    def _find(
        self, places: Sequence[tuple[Place, datetime | None]], query: str
    ) -> dict[Place, list[Window]]:
        found: dict[Place, list[Window]] = {}
        if not places:
            return found
        for row in Deadline.objects.raw(
            query,
            [
                [rule for (rule, _), _ in places],
                [key for (_, key), _ in places],
                [since for _, since in places],
                self._workspace_id,
            ],
        ):
            found.setdefault((row.automation_id, row.key), []).append(_window_of(row))
        return found


def _window_of(row: Deadline) -> Window:
    return Window(
        key=row.key,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        due_at=row.due_at,
        needed=row.needed,
        opened_by=row.opened_by,
        seen=list(row.seen),
        silent=row.silent,
        state=DeadlineState(row.state),
    )
