"""
Let a workspace's rules see what happened, and what did not.

One transaction takes the pending batches in, moves buckets and deadlines, stores firings with
their attempts, and deletes the batches: killed at any moment, all of it happened or nothing did.
docs/automations.md states the rules.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction

from apps.automations import reasons
from apps.automations.conditions import Facts, key_of
from apps.automations.enums import AttemptState, DeadlineState
from apps.automations.models import ActionAttempt, Automation, Deadline, Firing
from apps.automations.rules import OWN_EVENTS, Hit, Part, Rule, Rulebook
from apps.automations.services.attempts import hand_out
from apps.automations.services.locks import try_to_lock_rules
from apps.automations.triggers import AbsenceTrigger, EventTrigger
from apps.automations.windows import Bucket, Row, Window
from apps.telemetry import selectors as telemetry_reads
from apps.telemetry import services as telemetry
from apps.telemetry.enums import Consumer
from apps.telemetry.items import NewEvent, Resource, object_payload
from apps.telemetry.selectors import EventScan

logger = structlog.get_logger(__name__)
EVENTS = 1_000  # per transaction, but at least one batch
DEADLINES = 500  # per transaction
# Of a transaction's events, and of firings kept in memory: with many broad rules, one batch may
# hold millions of firings.
AT_ONCE = 250
FIRINGS_AT_ONCE = 5_000
SCAN_PAGE = 1_000
AHEAD = timedelta(minutes=11)  # events may lie ten minutes ahead of our clock
KNOWN_WORKSPACES = 500
FIRED = "headway.automation.fired"

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
    *, workspace_id: uuid.UUID, now: datetime, events: int = EVENTS, deadlines: int = DEADLINES
) -> Evaluated | None:
    """
    Take in pending batches, and once none is left, decide deadlines that came due.

    Returns None when another evaluator is at it. `now` is read before, so that whatever was
    committed by then is taken in before a deadline of that time is looked at. For loops.
    """
    with transaction.atomic():
        if not try_to_lock_rules(workspace_id):
            return None
        book = _book(workspace_id)
        claim = telemetry.claim_event_batches(
            consumer=Consumer.AUTOMATIONS, workspace_id=workspace_id, limit=events
        )
        work = _Work(workspace_id, book, now)
        taken = [event for batch in claim.batches for event in batch.events]
        if book.automations:
            for first in range(0, len(taken), AT_ONCE):
                work.take(taken[first : first + AT_ONCE])
        decided = work.decide(deadlines) if claim.is_all else 0
        fired = work.finish()
        if claim.batches:
            telemetry.release(batch_ids=[batch.id for batch in claim.batches])
    return Evaluated(
        events=len(taken),
        decided=decided,
        fired=fired,
        more=not claim.is_all or decided >= deadlines,
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


@dataclass(frozen=True, slots=True)
class _Book:
    """A workspace's active automations, compiled."""

    automations: dict[uuid.UUID, Automation]
    rules: Rulebook


_books: OrderedDict[uuid.UUID, tuple[object, _Book]] = OrderedDict()


def _book(workspace_id: uuid.UUID) -> _Book:
    """Return the rules, compiled anew only when one of them changed, came or went."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), bit_xor(hashtextextended(id::text || ':' || version, 0))"
            " FROM automations_automation WHERE workspace_id = %s AND paused_at IS NULL",
            [workspace_id],
        )
        state = cursor.fetchone()
    known = _books.get(workspace_id)
    if known is not None and known[0] == state:
        _books.move_to_end(workspace_id)
        return known[1]
    rows = Automation.objects.for_workspace(workspace_id).active().defer("secret", "description")
    automations = {row.id: row for row in rows.order_by("created_at", "id")}
    book = _Book(automations, Rulebook([row.rule for row in automations.values()]))
    _books[workspace_id] = state, book
    while len(_books) > KNOWN_WORKSPACES:
        _books.popitem(last=False)
    return book


class _Work:
    """What one transaction reads, changes and writes."""

    def __init__(self, workspace_id: uuid.UUID, book: _Book, now: datetime) -> None:
        self._workspace_id = workspace_id
        self._book = book
        self._now = now
        self._firings: dict[tuple[uuid.UUID, str], Firing] = {}
        self._stored = 0
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
                ).order_by("due_at", "id")[: limit - decided]
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

    def finish(self) -> int:
        """Store the rest of what fired, hand its actions out, return how many firings are new."""
        self._store_firings()
        if self._stored:
            hand_out(now=self._now, workspace_id=self._workspace_id)
        return self._stored

    def _store_firings(self) -> None:
        """Store what fired with its first attempts, and tell of it."""
        if not self._firings:
            return
        firings = list(self._firings.values())
        Firing.objects.bulk_create(firings, ignore_conflicts=True, batch_size=1_000)
        made = set(
            Firing.objects.filter(id__in=[each.id for each in firings]).values_list("id", flat=True)
        )
        new = [each for each in firings if each.id in made]
        ActionAttempt.objects.bulk_create(
            [
                ActionAttempt(
                    workspace_id=self._workspace_id,
                    firing_id=firing.id,
                    action=place,
                    kind=action["type"],
                    state=AttemptState.PENDING.value,
                    due_at=self._now,
                    created_at=self._now,
                )
                for firing in new
                for place, action in enumerate(firing.actions)
            ],
            batch_size=1_000,
        )
        telemetry.emit(
            workspace_id=self._workspace_id,
            events=[self._event_of(firing) for firing in new],
            now=self._now,
        )
        self._stored += len(new)
        self._firings.clear()

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
        self._fire(
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
                self._fire(
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

    def _fire(
        self,
        rule: Rule,
        *,
        key: str,
        dedupe_key: str,
        occurred_at: datetime,
        event: tuple[datetime, uuid.UUID] | None,
        reason: dict[str, Any],
    ) -> None:
        self._firings[rule.id, dedupe_key] = Firing(
            workspace_id=self._workspace_id,
            automation_id=rule.id,
            version=rule.version,
            key=key,
            fired_at=self._now,
            created_at=self._now,
            occurred_at=occurred_at,
            event_at=None if event is None else event[0],
            event_id=None if event is None else event[1],
            reason=reason,
            actions=self._book.automations[rule.id].actions,
            dedupe_key=dedupe_key,
        )
        if len(self._firings) >= FIRINGS_AT_ONCE:
            self._store_firings()

    def _event_of(self, firing: Firing) -> NewEvent:
        automation = self._book.automations[firing.automation_id]
        return NewEvent(
            name=FIRED,
            occurred_at=self._now,
            id=firing.id,
            resource=Resource(kind="automation", name=automation.name),
            payload=object_payload(
                {
                    "automation_id": str(firing.automation_id),
                    "firing_id": str(firing.id),
                    "version": firing.version,
                    "key": firing.key,
                    "text": firing.reason["text"],
                }
            ),
            follows=firing.event_id,
            source="headway",
        )

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
            if hit.part is Part.HAPPENED and hit.rule.trigger.threshold > 1
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
