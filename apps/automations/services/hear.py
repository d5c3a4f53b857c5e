"""Let a workspace's rules hear the events that came, in their order."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.automations import reasons
from apps.automations.conditions import Facts, key_of
from apps.automations.rules import OWN_EVENTS, Hit, Part, Rule
from apps.automations.services.firings import Firings
from apps.automations.services.kept_windows import Place, Windows
from apps.automations.services.rulebook import Book
from apps.automations.triggers import AbsenceTrigger, EventTrigger
from apps.automations.windows import Bucket, Row, Window
from apps.telemetry import selectors as telemetry
from apps.telemetry.selectors import EventScan

SCAN_PAGE: Final = 1_000
AHEAD: Final = timedelta(minutes=11)  # events may lie ten minutes ahead of our clock


class Hearing:
    """What one transaction reads, changes and writes of rules that hear events."""

    def __init__(
        self,
        workspace_id: uuid.UUID,
        book: Book,
        firings: Firings,
        windows: Windows,
        now: datetime,
    ) -> None:
        self._workspace_id = workspace_id
        self._book = book
        self._now = now
        self._firings = firings
        self._windows = windows
        self._buckets: dict[Place, Bucket] = {}

    def take(self, events: Sequence[Facts]) -> None:
        """Let the rules see the events, in their order."""
        hits = self._book.rules.hits(events)
        self._load_buckets(hits)
        windows = self._windows.load(hits)
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
        self._windows.save([(place, window) for (place, *_), window in touched.items()])
        self._save_buckets({(hit.rule.id, hit.key) for hit in hits} & self._buckets.keys())

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
            page = telemetry.scan_events(
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


def _threshold_of(hit: Hit) -> int:
    assert isinstance(hit.rule.trigger, EventTrigger)
    return hit.rule.trigger.threshold
