"""
A second implementation of docs/automations.md, written from that page.

Slow and plain on purpose: it keeps everything, and asks of all of it each time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta


def values_of(event, name):
    """The values that an event has in a field."""
    resource = event.get("resource") or {}
    if name in {"name", "source"}:
        found = [event.get(name)]
    elif name == "run.id":
        found = [event.get("run_id")]
    elif name == "task_run.id":
        found = [event.get("task_run_id")]
    elif name.startswith("resource."):
        found = [resource.get(name.split(".")[1])]
    elif name.startswith("related."):
        *role, part = name.split(".")[1:]
        found = [r.get(part) for r in event.get("related", ()) if r["role"] == ".".join(role)]
    else:
        at = event.get("payload", {})
        for step in name.split(".")[1:]:
            if isinstance(at, dict) and step in at:
                at = at[step]
            elif isinstance(at, list) and step.isdigit() and int(step) < len(at):
                at = at[int(step)]
            else:
                return []
        parts = at if isinstance(at, list) else [at]
        return [
            part if isinstance(part, str) else json.dumps(part)
            for part in parts
            if not isinstance(part, (dict, list))
        ]
    return [text for text in found if text]


def meets(event, matcher):
    """Rule: every field; one pattern, and none behind a `!`."""

    def same(value, pattern):
        return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern

    for name, patterns in (matcher or {}).items():
        texts = [p if isinstance(p, str) else json.dumps(p) for p in patterns]
        wanted = [p for p in texts if p[0] != "!"]
        unwanted = [p[1:] for p in texts if p[0] == "!"]
        values = values_of(event, name)
        if any(same(value, pattern) for value in values for pattern in unwanted):
            return False
        if wanted and not any(same(value, pattern) for value in values for pattern in wanted):
            return False
    return True


@dataclass
class Reference:
    """One rule; `arrive` takes events in, `look` decides what is due."""

    trigger: dict
    since: datetime
    fired: list = field(default_factory=list)  # (key, what made it fire)

    def __post_init__(self):
        self.within = timedelta(seconds=self.trigger["within_seconds"])
        self.late = timedelta(seconds=self.trigger.get("allow_late_seconds", 0))
        self.needed = self.trigger.get("threshold", 1)
        self.for_each = self.trigger.get("for_each", [])
        self.heard = []  # (key, event) of expected events, for absence with `after`
        self.kept = {}  # key → [(at, id)] of a threshold
        self.newest = {}  # key → newest that came
        self.waiting = []  # [key, opener's id, start] of absence with `after`
        self.windows = {}  # key → {number: [ids, decided, silent before]} of absence without
        in_row = self.trigger["type"] == "absence" and self.trigger.get("after") is None
        if in_row and not self.for_each:
            self.windows[()] = {0: [set(), False, 0]}

    def key(self, event):
        found = [values_of(event, name) for name in self.for_each]
        return tuple(each[0] for each in found) if all(found) else None

    def arrive(self, event):
        if event["occurred_at"] < self.since or event["name"].startswith("headway.automation."):
            return
        key = self.key(event)
        if key is None:
            return
        if self.trigger["type"] == "event":
            if meets(event, self.trigger["match"]):
                self._happened(key, event)
            return
        both = self.trigger.get("match") or {}
        expected = meets(event, both) and meets(event, self.trigger["expect"])
        after = self.trigger.get("after")
        if after is None:
            if expected:
                self._in_row(key, event)
            return
        if expected:
            self.heard.append((key, event))
        if meets(event, both) and meets(event, after):
            self.waiting.append([key, event["id"], event["occurred_at"]])

    def look(self, now):
        """Decide what is due by now."""
        for entry in list(self.waiting):
            key, opener, start = entry
            if start + self.within + self.late > now:
                # Satisfied or not is asked when it is due; by then more can only have come.
                continue
            self.waiting.remove(entry)
            seen = {
                each["id"]
                for its_key, each in self.heard
                if its_key == key and start < each["occurred_at"] <= start + self.within
            }
            if len(seen) < self.needed:
                self.fired.append((key, str(opener)))
        for key, windows in self.windows.items():
            while due := [
                number
                for number, (_, decided, _) in windows.items()
                if not decided and self._end(number) + self.late <= now
            ]:
                self._decide(key, windows, min(due))

    def _happened(self, key, event):
        if self.needed == 1:
            self.fired.append((key, str(event["id"])))
            return
        at = event["occurred_at"]
        newest = self.newest[key] = max(self.newest.get(key, at), at)
        if newest - at > self.within:
            return
        kept = self.kept.setdefault(key, [])
        kept.append((at, event["id"]))
        near = [each for each in kept if newest - each[0] <= self.within]
        if len(near) >= self.needed:
            self.fired.append((key, str(event["id"])))
            self.kept[key] = [each for each in kept if each not in near]

    def _end(self, number):
        return self.since + self.within * (number + 1)

    def _in_row(self, key, event):
        number = 0
        if event["occurred_at"] == self.since:
            return
        while event["occurred_at"] > self._end(number):
            number += 1
        windows = self.windows.setdefault(key, {})
        opened = [n for n, (_, decided, _) in windows.items() if not decided]
        if number in windows:
            ids, decided, _ = windows[number]
            if not decided:
                ids.add(event["id"])
        elif not opened or number > min(opened):
            windows[number] = [{event["id"]}, False, 0]

    def _decide(self, key, windows, number):
        ids, _, silent = windows[number]
        windows[number][1] = True
        if len(ids) < self.needed:
            self.fired.append((key, f"window {number}"))
        silent = 0 if ids else silent + 1
        if number + 1 not in windows and not (self.for_each and silent == 3):
            windows[number + 1] = [set(), False, silent]
