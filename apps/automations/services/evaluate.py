"""
Let a workspace's rules see what happened, and what did not.

One transaction takes the pending batches in, moves buckets and deadlines, stores firings with
their attempts, and deletes the batches: killed at any moment, all of it happened or nothing did.
docs/automations.md states the rules.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection, transaction

from apps.automations import reasons
from apps.automations.conditions import Facts, key_of
from apps.automations.enums import DeadlineState
from apps.automations.models import Deadline
from apps.automations.rules import OWN_EVENTS, Hit, Part, Rule
from apps.automations.services.firings import Firings
from apps.automations.services.locks import try_to_lock_rules
from apps.automations.services.rulebook import Book, get_book
from apps.automations.services.watch import Watch
from apps.automations.triggers import AbsenceTrigger, EventTrigger
from apps.automations.windows import Bucket, Row, Window
from apps.telemetry import selectors as telemetry_reads
from apps.telemetry import services as telemetry
from apps.telemetry.enums import Consumer
from apps.telemetry.selectors import EventScan

logger = structlog.get_logger(__name__)
EVENTS = 1_000  # per transaction, but at least one batch
DEADLINES = 500  # per transaction
LOOKS = 50  # rules that watch metrics, per transaction: edits wait for it
AT_ONCE = 250  # of a transaction's events: with many broad rules each may fire a thousand times
SCAN_PAGE = 1_000
AHEAD = timedelta(minutes=11)  # events may lie ten minutes ahead of our clock

Place = tuple[uuid.UUID, str]  # a rule and a key

_WINDOWS: Final = (
    "SELECT DISTINCT d.* FROM automations_deadline d"
    " JOIN unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS p (automation_id, key, since)"
    " USING (automation_id, key) WHERE d.workspace_id = %s AND "
)
_OPEN_OR_LATER: Final = _WINDOWS + "(d.state = 'OPEN' OR d.starts_at >= since)"
_RIGHT_BEHIND: Final = _WINDOWS + "d.starts_at = since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What one transaction did. `more`: there was more than it took."""

    events: int
    decided: int
    fired: int
    more: bool


def evaluate_workspace(
    *,
    workspace_id: uuid.UUID,
    now: datetime,
    events: int = EVENTS,
    deadlines: int = DEADLINES,
    looks: int = LOOKS,
) -> Evaluated | None:
    """
    Take in pending batches, once none is left decide deadlines that came due, and look at metrics.

    Returns None when another evaluator is at it. `now` is read before, so that whatever was
    committed by then is taken in before a deadline of that time is looked at. For loops.
    """
    with transaction.atomic():
        if not try_to_lock_rules(workspace_id):
            return None
        book = get_book(workspace_id)
        firings = Firings(workspace_id, book.automations, now)
        claim = telemetry.claim_event_batches(
            consumer=Consumer.AUTOMATIONS, workspace_id=workspace_id, limit=events
        )
        work = _Work(workspace_id, book, firings, now)
        watch = Watch(workspace_id, book, firings, now)
        taken = [event for batch in claim.batches for event in batch.events]
        if book.automations:
            for first in range(0, len(taken), AT_ONCE):
                work.take(taken[first : first + AT_ONCE])
        decided = work.decide(deadlines) if claim.is_all else 0
        looked = watch.look(looks)
        fired = firings.finish()
        if claim.batches:
            telemetry.release(batch_ids=[batch.id for batch in claim.batches])
    return Evaluated(
        events=len(taken),
        decided=decided + looked,
        fired=fired,
        more=not claim.is_all or decided >= deadlines or looked >= looks,
    )


def workspaces_with_work(*, now: datetime) -> list[uuid.UUID]:
    """
    Return where batches wait or deadlines came due. For loops.

    What an archived workspace waits for rests: its events are refused, so that they would all fire.
    """
    waiting = telemetry_reads.workspaces_waiting(consumer=Consumer.AUTOMATIONS)
    due = (
        Deadline.objects.filter(state=DeadlineState.OPEN.value, due_at__lte=now)
        .filter(workspace__archived_at=None)
        .order_by()
        .values_list("workspace_id", flat=True)
        .distinct()
    )
    return list({*waiting, *due})


def find_next_due_at() -> datetime | None:
    """Return when the next deadline comes due, of whichever workspace. For loops."""
    due = Deadline.objects.filter(state=DeadlineState.OPEN.value, workspace__archived_at=None)
    due = due.order_by("due_at")
    return due.values_list("due_at", flat=True).first()


class _Work:
    """What one transaction reads, changes and writes of rules that see events."""

    def __init__(
        self, workspace_id: uuid.UUID, book: Book, firings: Firings, now: datetime
    ) -> None:
        self._workspace_id = workspace_id
        self._book = book
        self._now = now
        self._firings = firings
        self._buckets: dict[Place, Bucket] = {}

    def take(self, events: Sequence[Facts]) -> None:
        """Let the rules see the events, in their order."""
        hits = self._book.rules.hits(events)
        self._load_buckets(hits)
        windows = self._load_windows(hits)
        rows: dict[Place, Row] = {}
        opened: dict[uuid.UUID, list[Window]] = defaultdict(list)
        touched: dict[tuple[Place, datetime, uuid.UUID | None], Window] = {}
        for hit in hits:
            place = hit.rule.id, hit.key
            at, event_id = hit.event.occurred_at, hit.event.id
            if hit.part is Part.HAPPENED:
                self._happened(hit)
            elif hit.part is Part.OPENS:
                window = hit.rule.frame.open(hit.key, at, opened_by=event_id)
                windows.setdefault(place, []).append(window)
                opened[hit.rule.id].append(window)
                touched[place, *window.id] = window
            elif hit.rule.is_row:
                if place not in rows:
                    known = windows.get(place, [])
                    rows[place] = Row(hit.rule.frame, hit.key, hit.rule.active_since, known)
                changed = rows[place].count(at, event_id)
                if changed is not None:
                    touched[place, *changed.id] = changed
            else:
                for window in windows.get(place, ()):
                    if window.count(at, event_id):
                        touched[place, *window.id] = window
        for rule_id, its_windows in opened.items():
            self._look_back(self._book.rules.rules[rule_id], its_windows)
        self._save_windows([(place, window) for (place, *_), window in touched.items()])
        self._save_buckets({(hit.rule.id, hit.key) for hit in hits} & self._buckets.keys())

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

    def _happened(self, hit: Hit) -> None:
        trigger, event = hit.rule.trigger, hit.event
        assert isinstance(trigger, EventTrigger)
        if trigger.threshold == 1:
            reason = reasons.of_event(trigger, event, hit.key)
        else:
            bucket = self._buckets.setdefault((hit.rule.id, hit.key), Bucket())
            used = bucket.take(
                (event.occurred_at, event.id), needed=trigger.threshold, within=trigger.within
            )
            if used is None:
                return
            reason = reasons.of_threshold(trigger, used, hit.key)
        self._firings.add(
            hit.rule,
            key=hit.key,
            dedupe_key=f"event:{event.id}",
            occurred_at=event.occurred_at,
            event=(event.occurred_at, event.id),
            reason=reason,
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
        self._save_windows(opened)

    def _look_back(self, rule: Rule, windows: Sequence[Window]) -> None:
        """Count what was expected and came before the event that it was to follow."""
        trigger = rule.trigger
        assert isinstance(trigger, AbsenceTrigger)
        by_key: dict[str, list[Window]] = defaultdict(list)
        for window in windows:
            by_key[window.key].append(window)
        only = EventScan(
            since=min(window.starts_at for window in windows),
            until=min(max(window.ends_at for window in windows), self._now + AHEAD),
            names=trigger.expected.names,
            resource_names=trigger.expected.resource_names,
        )
        after = None
        while any(window.is_open for window in windows) and only.since < only.until:
            page = telemetry_reads.scan_events(
                workspace_id=self._workspace_id, only=only, after=after, limit=SCAN_PAGE
            )
            for event in page:
                if event.name.startswith(OWN_EVENTS) or not trigger.expected.hold(event):
                    continue
                key = key_of(event, rule.key_readers)
                for window in by_key.get(key, ()) if key is not None else ():
                    window.count(event.occurred_at, event.id)
            if len(page) < SCAN_PAGE:
                break
            after = page[-1].key

    def _load_buckets(self, hits: Iterable[Hit]) -> None:
        places = {
            (hit.rule.id, hit.key)
            for hit in hits
            if hit.part is Part.HAPPENED and _threshold_of(hit) > 1
        }
        if not places:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT b.automation_id, b.key, b.newest_at, b.times, b.ids"
                " FROM automations_triggerbucket b"
                " JOIN unnest(%s::uuid[], %s::text[]) AS place (automation_id, key)"
                " USING (automation_id, key) WHERE b.workspace_id = %s",
                [[rule for rule, _ in places], [key for _, key in places], self._workspace_id],
            )
            for rule_id, key, newest_at, times, ids in cursor.fetchall():
                entries = list(zip(times, ids, strict=True))
                self._buckets[rule_id, key] = Bucket(newest_at=newest_at, entries=entries)

    def _load_windows(self, hits: Iterable[Hit]) -> dict[Place, list[Window]]:
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
        return self._find_windows(list(earliest.items()), _OPEN_OR_LATER)

    def _load_following(self, due: Sequence[Deadline]) -> dict[Place, list[Window]]:
        """Return the windows right behind these that are there."""
        places: list[tuple[Place, datetime | None]] = [
            ((row.automation_id, row.key), row.ends_at)
            for row in due
            if self._book.rules.rules[row.automation_id].is_row
        ]
        return self._find_windows(places, _RIGHT_BEHIND)

    def _find_windows(
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

    def _save_buckets(self, places: Iterable[Place]) -> None:
        rows = [
            (
                rule_id,
                key,
                self._workspace_id,
                bucket.newest_at,
                [at for at, _ in bucket.entries],
                [event_id for _, event_id in bucket.entries],
                self._now,
            )
            for rule_id, key in places
            for bucket in [self._buckets[rule_id, key]]
        ]
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO automations_triggerbucket"
                    " (automation_id, key, workspace_id, newest_at, times, ids, updated_at)"
                    " VALUES (%s, %s, %s, %s, %s::timestamptz[], %s::uuid[], %s)"
                    " ON CONFLICT (automation_id, key) DO UPDATE SET"
                    " newest_at = excluded.newest_at, times = excluded.times,"
                    " ids = excluded.ids, updated_at = excluded.updated_at",
                    rows,
                )

    def _save_windows(self, windows: Sequence[tuple[Place, Window]]) -> None:
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


def _threshold_of(hit: Hit) -> int:
    assert isinstance(hit.rule.trigger, EventTrigger)
    return hit.rule.trigger.threshold
