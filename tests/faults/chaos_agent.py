"""
An agent for many short runs: `python -m tests.faults.chaos_agent WEB LIVE KEY POOL NOTES SEED`.

It speaks the agent protocol over real HTTP; a run is a thread that waits for a moment. What it
executes it writes into a file before and after, each line with one write, so that what ran can be
told whatever anybody's database says: `began RUN EPOCH`, `ended RUN EPOCH`.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx2

from apps.core.ids import uuid7

CAPACITY = 40
BEAT_SECONDS = 3.0
AGAIN_SECONDS = 0.2

Held = tuple[str, int]


class ChaosAgent:
    def __init__(self, web: str, live: str, key: str, pool: str, notes: int, seed: int) -> None:
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {key}"}, timeout=15, trust_env=False
        )
        self._web, self._live, self._pool = web, live, pool
        self._notes = notes
        self._rng = random.Random(seed)
        self._about = {
            "id": str(uuid7()),
            "name": f"chaos-{os.getpid()}",
            "host": "chaos",
            "pid": os.getpid(),
            "version": "0",
            "capacity": CAPACITY,
        }
        self._lock = threading.Lock()
        self._held: set[Held] = set()
        self._reports: list[dict[str, Any]] = []
        self._runs = ThreadPoolExecutor(CAPACITY)

    def work(self) -> None:
        for loop in (self._beat_for_ever, self._report_for_ever):
            threading.Thread(target=loop, daemon=True).start()
        while True:
            with self._lock:
                room = CAPACITY - len(self._held)
            if not room:
                time.sleep(0.05)
                continue
            poll = {"agent": self._about, "limit": room, "wait_seconds": 5}
            answer = self._post(f"{self._live}/pools/{self._pool}/leases", poll)
            if answer is None:
                time.sleep(AGAIN_SECONDS)
                continue
            leased = {(each["run_id"], each["epoch"]) for each in answer["leases"]}
            for held in self._taken_up(leased):
                self._runs.submit(self._execute, held, self._rng.uniform(0.1, 1.0))

    def _taken_up(self, leased: set[Held]) -> set[Held]:
        """Nothing begins before the server knows that its answer came; else it leases it anew."""
        if not leased:
            return leased
        with self._lock:
            self._held |= leased
        self._until_answered(self._beat)
        with self._lock:
            return leased & self._held

    def _execute(self, held: Held, seconds: float) -> None:
        self._note("began", held)
        self._report(held, "RUNNING")
        time.sleep(seconds)
        self._note("ended", held)
        self._report(held, "COMPLETED")

    def _note(self, what: str, held: Held) -> None:
        os.write(self._notes, f"{what} {held[0]} {held[1]}\n".encode())

    def _report(self, held: Held, state: str) -> None:
        at = datetime.now(UTC).isoformat()
        item = {"run_id": held[0], "epoch": held[1], "state": state, "occurred_at": at}
        with self._lock:
            self._reports.append(item)

    def _report_for_ever(self) -> None:
        while True:
            time.sleep(0.1)
            with self._lock:
                items, self._reports = self._reports, []
            if not items:
                continue
            self._until_answered(lambda: self._post(f"{self._web}/ingest", {"runs": items}))  # noqa: B023 - called at once
            done = {(i["run_id"], i["epoch"]) for i in items if i["state"] == "COMPLETED"}
            with self._lock:
                self._held -= done

    def _beat_for_ever(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            self._beat()

    def _beat(self) -> object:
        with self._lock:
            leases = [{"run_id": run_id, "epoch": epoch} for run_id, epoch in self._held]
        beat = {"agent": self._about, "leases": leases}
        answer = self._post(f"{self._web}/pools/{self._pool}/heartbeats", beat)
        if answer is not None:
            lost = {(each["run_id"], each["epoch"]) for each in answer["lost"]}
            with self._lock:
                self._held -= lost
        return answer

    def _post(self, url: str, body: object) -> Any:
        try:
            answer = self._client.post(url, json=body)
        except httpx2.TransportError:
            return None
        if answer.status_code != 200:
            assert answer.status_code >= 500, answer.text
            return None
        return answer.json()

    @staticmethod
    def _until_answered(ask: Callable[[], object]) -> None:
        while ask() is None:
            time.sleep(AGAIN_SECONDS)


if __name__ == "__main__":
    web, live, key, pool, notes, seed = sys.argv[1:]
    written = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    ChaosAgent(web, live, key, pool, written, int(seed)).work()
