"""
For tests of your own flows: record in memory, look at what was recorded.

>>> from headway import flow, task
>>> from headway.testing import record
>>> @task
... def load(table: str) -> int:
...     return 3
>>> @flow
... def nightly() -> int:
...     return load("orders")
>>> with record() as recorded:
...     nightly()
3
>>> recorded.run_states()
['RUNNING', 'COMPLETED']
>>> recorded.task_runs[-1]["task_name"], recorded.task_runs[-1]["state"]
('load', 'COMPLETED')

In pytest, the fixture `headway_recorded` does the same around a test; load it with
`pytest_plugins = ["headway.testing.fixtures"]` in your conftest.py.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headway._http import Reply
from headway._recorder import Recorder, RecorderSettings
from headway._recording import recording_to

FLUSH_SECONDS = 5.0

__all__ = ["InMemoryTransport", "record"]


class InMemoryTransport:
    """
    Takes batches like a server and keeps them.

    The lists, complete whenever you look, hold items as they travel (see the API's
    `POST …/ingest`), repeated ones left out.
    """

    def __init__(self) -> None:
        self._items: dict[str, list[dict[str, Any]]] = {}
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self.recorder: Recorder | None = None  # flushed before anybody looks

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The reports on runs."""
        return self._all("runs")

    @property
    def task_runs(self) -> list[dict[str, Any]]:
        """The reports on task runs."""
        return self._all("task_runs")

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The log lines and prints."""
        return self._all("logs")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events."""
        return self._all("events")

    @property
    def points(self) -> list[dict[str, Any]]:
        """The metric points."""
        return self._all("points")

    def _all(self, kind: str) -> list[dict[str, Any]]:
        if self.recorder is not None:
            self.recorder.flush(FLUSH_SECONDS)
        with self._lock:
            return list(self._items.get(kind, ()))

    def send(self, body: bytes) -> Reply:
        """Keep a batch."""
        accepted = duplicates = 0
        with self._lock:
            for kind, items in json.loads(body).items():
                for item in items:
                    key = json.dumps([kind, item], sort_keys=True)
                    if kind != "heartbeats" and key in self._seen:
                        duplicates += 1
                        continue
                    self._seen.add(key)
                    self._items.setdefault(kind, []).append(item)
                    accepted += 1
        answer = {
            "accepted": accepted,
            "duplicates": duplicates,
            "rejected": [],
            "commands": [],
            "lost": [],
        }
        return Reply(status=200, body=answer)

    def workspace(self) -> str | None:
        """Return a workspace."""
        return "testing"

    def forget(self) -> None:
        """Hold no connection."""

    def close(self) -> None:
        """Hold no connection."""

    def run_states(self, run_id: str | None = None) -> list[str]:
        """Return the states a run went through; of the first run unless told which."""
        runs = self.runs
        run_id = run_id or (runs[0]["run_id"] if runs else None)
        return [report["state"] for report in runs if report["run_id"] == run_id]

    def task_states(self, name: str) -> list[str]:
        """Return the states that were reported of the task run with this name."""
        return [report["state"] for report in self.task_runs if report["name"] == name]

    def messages(self) -> list[str]:
        """Return what was logged and printed."""
        return [line["message"] for line in self.logs]


@contextmanager
def record() -> Iterator[InMemoryTransport]:
    """Record flows in memory inside the block."""
    transport = InMemoryTransport()
    recorder = Recorder(
        transport, spool=None, server="memory", settings=RecorderSettings(flush_seconds=0.05)
    )
    transport.recorder = recorder
    try:
        with recording_to(recorder):
            yield transport
    finally:
        recorder.close()
        transport.recorder = None
