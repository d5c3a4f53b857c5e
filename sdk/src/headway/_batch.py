"""Items on their way: collecting them, folding task reports together, cutting batches."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from headway._json import encode
from headway._records import EventRecord, LogLine, Point, RunReport, TaskRunReport
from headway._states import State, is_final

Record = RunReport | TaskRunReport | LogLine | EventRecord | Point

KINDS = ("runs", "task_runs", "logs", "events", "points")
# What a server may put off; in the order in which it is made up for. Runs never wait for these.
LIMITED_KINDS = ("events", "points", "logs")
MAX_ITEMS = 4_000  # the server takes 5,000
MAX_CHARACTERS = 4_000_000  # before gzip; the server takes 50 MB unpacked and 5 MB as sent

_KIND_OF: dict[type[Record], str] = {
    RunReport: "runs",
    TaskRunReport: "task_runs",
    LogLine: "logs",
    EventRecord: "events",
    Point: "points",
}


@dataclass(slots=True)
class Batch:
    """Encoded items by kind, in the order they happened."""

    items: dict[str, list[str]] = field(default_factory=dict)
    heartbeats: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of items, heartbeats aside."""
        return sum(len(items) for items in self.items.values())

    def encode(self) -> bytes:
        """Return the body of the request."""
        parts = [f'"{kind}":[{",".join(items)}]' for kind, items in self.items.items() if items]
        if self.heartbeats:
            parts.append(f'"heartbeats":[{",".join(self.heartbeats)}]')
        return f"{{{','.join(parts)}}}".encode()

    @classmethod
    def of(cls, body: bytes) -> Batch:
        """Return a batch that was encoded before, heartbeats aside."""
        content = json.loads(body)
        return cls({kind: [encode(item) for item in content.get(kind, ())] for kind in KINDS})

    def without(self, kinds: Iterable[str]) -> Batch:
        """Return the batch without some kinds."""
        dropped = frozenset(kinds)
        return Batch({kind: items for kind, items in self.items.items() if kind not in dropped})


def encode_batches(records: Iterable[Record]) -> list[Batch]:
    """Return the records as batches that the server will take."""
    batches: list[Batch] = []
    current, count, characters = Batch(), 0, 0
    for record in records:
        text = encode(record.wire())
        if count and (count >= MAX_ITEMS or characters + len(text) > MAX_CHARACTERS):
            batches.append(current)
            current, count, characters = Batch(), 0, 0
        current.items.setdefault(_KIND_OF[type(record)], []).append(text)
        count += 1
        characters += len(text)
    if count:
        batches.append(current)
    return batches


class Collector:
    """
    Records that wait for the next flush. The caller holds the lock.

    A task that starts and ends between two flushes leaves one report: the final one, which knows
    when it started. Retries are told one by one.
    """

    def __init__(self) -> None:
        self._records: list[Record | None] = []
        self._foldable: dict[str, int] = {}
        self._missing = 0

    def __len__(self) -> int:
        """Return how many records wait."""
        return len(self._records) - self._missing

    def add(self, record: Record) -> None:
        """Append a record."""
        self._records.append(record)

    def add_task_run(self, report: TaskRunReport) -> None:
        """Append a task report, in place of the earlier one that it makes superfluous."""
        state = report.state
        earlier = self._foldable.pop(report.task_run_id, None)
        if state is State.AWAITING_RETRY or state is State.RETRYING:
            self._records.append(report)
            return
        if earlier is not None:
            self._records[earlier] = None
            self._missing += 1
        if not is_final(state):
            self._foldable[report.task_run_id] = len(self._records)
        self._records.append(report)

    def take(self) -> list[Record]:
        """Return what waits and begin anew."""
        taken = [record for record in self._records if record is not None]
        self._records = []
        self._foldable = {}
        self._missing = 0
        return taken
