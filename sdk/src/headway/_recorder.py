"""
Getting what happens to the server in the background: without losing it, without being in the way.

User code only puts records into a queue that needs no lock. One thread folds and encodes them,
sends them, and writes them to the spool when the server is away. Only when the queue grows faster
than that thread can follow does the producing thread write to the spool itself.
"""

from __future__ import annotations

import enum
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from headway._batch import LIMITED_KINDS, Batch, Collector, Record, encode_batches
from headway._errors import RETRYABLE_STATUSES, RunCancelled
from headway._interrupt import current_gate
from headway._json import encode
from headway._records import EventRecord, LogLine, Point, RunReport, TaskRunReport
from headway._say import say

if TYPE_CHECKING:
    from headway._http import Reply
    from headway._runs import FlowRun
    from headway._spool import Spool, SpooledBatch
    from headway._transport import Transport

LEFTOVERS_SECONDS = 60.0
SHOWN_REJECTIONS = 3
SELDOM_SECONDS = 600.0
RATE_LIMITED = "rate_limited"  # of one item: the code of the server


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSettings:
    """How the recorder paces itself."""

    flush_seconds: float = 0.5
    flush_items: int = 2_000
    spill_items: int = 50_000  # waiting records beyond which the producing thread lends a hand
    heartbeat_seconds: float = 8.0
    retry_seconds: float = 0.5  # the first wait after a failure; doubles
    retry_ceiling_seconds: float = 8.0
    refused_seconds: float = 60.0  # between tries with a key that was refused
    exit_seconds: float = 10.0


class Verdict(enum.Enum):
    """What became of one request."""

    ACCEPTED = "accepted"
    LATER = "later"
    TOO_LARGE = "too_large"
    LIMITED = "limited"  # its events, points and logs only later, the rest at once
    USELESS = "useless"  # the server will never take this batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one request, and which of its items are to be sent again later."""

    verdict: Verdict
    put_off: Mapping[str, Sequence[int]] = field(default_factory=dict)  # places by kind


class _Wake(enum.Enum):
    FIRST = "first"  # something was put into an empty queue
    FULL = "full"  # enough for a batch


@dataclass(slots=True)
class _Ticket:
    closing: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class Recorder:
    """Sends records to one workspace."""

    enabled = True

    def __init__(
        self,
        transport: Transport,
        spool: Spool | None,
        *,
        server: str = "the server",
        settings: RecorderSettings | None = None,
    ) -> None:
        self._transport = transport
        self._spool = spool
        self._server = server
        self._settings = settings or RecorderSettings()
        self._dropped: Counter[str] = Counter()
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._queue: SimpleQueue[Record] = SimpleQueue()
        self._wakes: SimpleQueue[_Wake | _Ticket] = SimpleQueue()
        self._held: dict[str, FlowRun] = {}
        self._inherited: list[RunReport] = []
        self._resting = True  # the thread sleeps and wants to hear of the first record
        self._nudged = False
        self._thread: threading.Thread | None = None
        self._thread_lock = threading.Lock()
        self._spool_lock = threading.RLock()
        self._in_flight: Batch | None = None
        self._flush_at: float | None = None
        self._beat_at = 0.0
        self._leftovers_at = 0.0
        self._not_before = 0.0
        self._failures = 0
        self._throttled = False
        self._advised = False  # the wait until `_not_before` is the server's own wish
        self._told: set[str] = set()
        self._limited_until: dict[str, float] = {}  # by kind, as the server said
        self._told_at: dict[str, float] = {}
        self._taken_at = 0.0
        self._closed = False

    # What runs call. None of this waits for the network.

    def run(self, report: RunReport) -> None:
        """Take a run report."""
        self._put(report)

    def task_run(self, report: TaskRunReport) -> None:
        """Take a task-run report."""
        self._put(report)

    def log(self, line: LogLine) -> None:
        """Take a log line."""
        self._put(line)

    def event(self, event: EventRecord) -> None:
        """Take an event."""
        self._put(event)

    def point(self, point: Point) -> None:
        """Take a metric point."""
        self._put(point)

    def hold(self, run: FlowRun) -> None:
        """Send heartbeats for a run that this process started; its first report is in already."""
        if not self._held:
            self._beat_at = time.monotonic() + self._settings.heartbeat_seconds
        self._held[run.id] = run

    def release(self, run: FlowRun) -> None:
        """End the heartbeats of a run."""
        self._held.pop(run.id, None)

    def _put(self, record: Record) -> None:
        # The queue is C and reentrant, so neither a signal handler nor an interruption in the
        # middle of this can leave a lock behind. What follows may wait, so the gate is closed.
        self._queue.put(record)
        if self._resting:
            self._resting = False
            self._shielded(self._wake_up)
        elif not self._nudged and self._queue.qsize() >= self._settings.flush_items:
            self._nudged = True
            self._wakes.put(_Wake.FULL)
        if self._nudged and self._queue.qsize() >= self._settings.spill_items:
            self._shielded(self._spill)

    def _wake_up(self) -> None:
        self._ensure_thread()
        self._wakes.put(_Wake.FIRST)

    @staticmethod
    def _shielded(action: Any) -> None:
        gate = current_gate()
        if not gate.is_open:
            action()
            return
        gate.close()
        try:
            action()
        finally:
            gate.reopen()

    # Waiting for it.

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Send what waits; return whether all of it has reached the server."""
        if self._ensure_thread():
            ticket = _Ticket()
            self._wakes.put(ticket)
            if not ticket.done.wait(timeout_seconds):
                return False
        with self._spool_lock:
            return self._queue.empty() and (self._spool is None or self._spool.is_empty())

    def start(self) -> None:
        """Begin to send what earlier processes left behind, in the background."""
        if self._ensure_thread():
            self._wakes.put(_Ticket())

    def drain(self) -> bool:
        """Look for what earlier processes left behind and send it; return whether all is sent."""
        self._leftovers_at = 0.0
        return self.flush(self._settings.exit_seconds)

    def close(self, timeout_seconds: float | None = None) -> None:
        """Send or spool everything and stop. Says what is left and what was lost."""
        if self._closed:
            return
        limit = self._settings.exit_seconds if timeout_seconds is None else timeout_seconds
        finished = True
        if self._thread is not None and self._thread.is_alive():
            ticket = _Ticket(closing=True)
            self._wakes.put(ticket)
            finished = ticket.done.wait(limit)
        self._closed = True
        with self._spool_lock:
            self._spill(in_flight=not finished)
            waiting = self._spool is not None and not self._spool.is_empty()
            if self._spool is not None:
                self._spool.close()
        if waiting and self._spool is not None:
            say(
                f"{self._server} did not take everything yet. The rest is kept in "
                f"{self._spool.folder}; the next flow, agent or `headway flush` sends it."
            )
        if finished:
            self._transport.close()
        self._say_dropped()

    def reset_after_fork(self) -> None:
        """Begin anew in a forked child: the records and files of before are the parent's."""
        if self._spool is not None:
            self._spool.forget()
        self._transport.forget()
        around = list(self._held.values())
        self._start_afresh()
        # The parent's start of a run may arrive after what we say of it; the same twice is one.
        self._inherited = [run.first_report for run in around if run.first_report is not None]

    # The thread.

    def _ensure_thread(self) -> bool:
        if self._thread is not None and self._thread.is_alive():
            return True
        with self._thread_lock:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._run, name="headway-recorder", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return False  # the interpreter is on its way out; close() will spool
                self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            wake = self._next_wake()
            if wake is _Wake.FIRST:
                self._flush_at = time.monotonic() + self._settings.flush_seconds
                continue
            if isinstance(wake, _Ticket) and not self._advised:
                # Somebody waits: the server may be back before our own patience would notice.
                self._not_before = 0.0
            self._step()
            if isinstance(wake, _Ticket):
                wake.done.set()
                if wake.closing:
                    return

    def _next_wake(self) -> _Wake | _Ticket | None:
        due = [self._flush_at] if self._flush_at is not None else []
        if self._held:
            due.append(self._beat_at)
        with self._spool_lock:
            if self._spool is not None:
                if not self._spool.main.is_empty():
                    due.append(self._not_before)
                due += [
                    max(self._not_before, self._limited_until.get(kind, 0.0))
                    for kind, lane in self._spool.held.items()
                    if not lane.is_empty()
                ]
        try:
            wait = min(due) - time.monotonic() if due else LEFTOVERS_SECONDS
            return self._wakes.get(timeout=min(max(0.0, wait), LEFTOVERS_SECONDS))
        except Empty:
            return None

    def _step(self) -> None:
        # A run reports before it is held: whoever is in this list has its start in the queue.
        held = list(self._held.values())
        self._flush_at = None
        for batch in self._take():
            self._deliver(batch)
        self._drain_spool()
        self._drain_held()
        self._beat(held)
        self._resting = True
        if not self._queue.empty():
            self._resting = False
            self._flush_at = time.monotonic() + self._settings.flush_seconds

    def _take(self) -> list[Batch]:
        with self._spool_lock:
            collector = Collector()
            self._nudged = False
            self._taken_at = time.monotonic()
            if self._inherited and not self._queue.empty():
                for report in self._inherited:
                    collector.add(report)
                self._inherited = []
            for _ in range(self._queue.qsize()):
                try:
                    record = self._queue.get_nowait()
                except Empty:
                    break
                if isinstance(record, TaskRunReport):
                    collector.add_task_run(record)
                else:
                    collector.add(record)
            return encode_batches(collector.take())

    def _deliver(self, batch: Batch) -> None:
        with self._spool_lock:
            behind = self._spool is not None and not self._spool.main.is_empty()
            if behind or time.monotonic() < self._not_before:
                self._keep(batch)
                return
            batch = self._without_limited(batch)
            if not len(batch):
                return
            self._in_flight = batch
        result = self._send(batch.encode(), items=len(batch), holds=batch.items)
        with self._spool_lock:
            already_kept, self._in_flight = self._in_flight is None, None
            if not already_kept:
                if result.verdict is Verdict.LATER:
                    self._keep(batch)
                self._put_off(batch, result.put_off)
        if result.verdict is Verdict.LIMITED and not already_kept:
            self._deliver(batch)
        if result.verdict is Verdict.TOO_LARGE:
            for half in _halves(batch):
                self._deliver(half)
            if len(batch) == 1:
                self._drop(batch, "it is too large for the server")

    def _without_limited(self, batch: Batch) -> Batch:
        """Keep items that have to wait for the server's limit, and return the others."""
        waiting = [kind for kind in batch.items if self._must_wait(kind)]
        for kind in waiting:
            self._hold(kind, batch.items[kind])
        return batch.without(waiting) if waiting else batch

    def _must_wait(self, kind: str) -> bool:
        if time.monotonic() < self._limited_until.get(kind, 0.0):
            return True
        # Behind those of their kind that wait already.
        lane = None if self._spool is None else self._spool.held.get(kind)
        return lane is not None and not lane.is_empty()

    def _put_off(self, batch: Batch, places: Mapping[str, Sequence[int]]) -> None:
        for kind, indexes in places.items():
            self._hold(kind, [batch.items[kind][index] for index in indexes])

    def _drain_spool(self) -> None:
        if self._spool is None:
            return
        now = time.monotonic()
        if now >= self._leftovers_at and self._failures == 0:
            self._leftovers_at = now + LEFTOVERS_SECONDS
            with self._spool_lock:
                self._spool.adopt_leftovers()
        while time.monotonic() >= self._not_before:
            with self._spool_lock:
                kept = self._spool.oldest()
                waiting = [kind for kind in LIMITED_KINDS if self._must_wait(kind)]
            if kept is None:
                return
            result = self._send_kept(kept, waiting)
            if result.verdict is Verdict.LATER:
                return
            if result.verdict is Verdict.LIMITED:
                continue  # without these kinds
            with self._spool_lock:
                if waiting or result.put_off or result.verdict is Verdict.TOO_LARGE:
                    batch = Batch.of(kept.body)
                    sent = batch.without(waiting)
                    self._put_off(sent, result.put_off)
                    for kind in waiting:
                        self._hold(kind, batch.items[kind])
                    if result.verdict is Verdict.TOO_LARGE:
                        self._keep_halves(sent)
                self._spool.confirm(kept)
            if time.monotonic() >= self._beat_at:
                self._beat(list(self._held.values()))

    def _send_kept(self, kept: SpooledBatch, waiting: Sequence[str]) -> Result:
        """Send a whole batch of the spool, but for the kinds that wait."""
        if not waiting:
            # Found without reading all of it; a mistake costs one more request.
            holds = [kind for kind in LIMITED_KINDS if f'"{kind}":['.encode() in kept.body]
            return self._send(kept.body, holds=holds)
        at_once = Batch.of(kept.body).without(waiting)
        if not len(at_once):
            return Result(verdict=Verdict.ACCEPTED)
        return self._send(at_once.encode(), items=len(at_once), holds=at_once.items)

    def _keep_halves(self, batch: Batch) -> None:
        if len(batch) == 1:
            self._drop(batch, "it is too large for the server")
            return
        for half in _halves(batch):
            self._keep(half)

    def _drain_held(self) -> None:
        """Send what the server put off, as far as it takes it by now."""
        for kind in LIMITED_KINDS if self._spool is not None else ():
            while self._send_oldest(kind):
                self._let_through()

    def _send_oldest(self, kind: str) -> bool:
        """Send the oldest items that wait in the lane; return whether to go on with the next."""
        if self._spool is None or time.monotonic() < max(
            self._not_before, self._limited_until.get(kind, 0.0)
        ):
            return False
        with self._spool_lock:
            batches, items = self._spool.held[kind].oldest_together()
        if not batches:
            return False
        left = self._send_items(kind, items)
        if len(left) == len(items):
            return False
        rest = Batch({kind: left}).encode() if left else None
        try:
            with self._spool_lock:
                batches[0].segment.replace(batches, rest)
        except OSError:
            return False  # all of them are sent again: the server knows those that it has
        return not left

    def _send_items(self, kind: str, items: list[str]) -> list[str]:
        """Send items of one kind and return those that are to be sent again."""
        result = self._send(Batch({kind: items}).encode(), items=len(items), holds={kind: items})
        if result.verdict in (Verdict.LATER, Verdict.LIMITED):
            return items
        if result.verdict is not Verdict.TOO_LARGE:
            return [items[index] for index in result.put_off.get(kind, ())]
        if len(items) == 1:
            self._drop(Batch({kind: items}), "it is too large for the server")
            return []
        half = len(items) // 2
        left = self._send_items(kind, items[:half])
        return left + items[half:] if left else self._send_items(kind, items[half:])

    def _let_through(self) -> None:
        """What says how runs go does not wait until all that was put off is sent."""
        now = time.monotonic()
        if now < min(self._taken_at + self._settings.flush_seconds, self._beat_at):
            return
        held = list(self._held.values())  # before the queue is emptied, as in _step
        for batch in self._take():
            self._deliver(batch)
        self._beat(held)

    def _beat(self, held: list[FlowRun]) -> None:
        now = time.monotonic()
        if not held or now < self._beat_at:
            return
        self._beat_at = now + self._settings.heartbeat_seconds
        if now < self._not_before and not self._throttled:
            return  # the server is away; time in which it was does not count against a lease
        beats = [
            encode({"run_id": run.id, "epoch": run.epoch}) for run in held if run.id in self._held
        ]
        if beats:
            self._send(Batch(heartbeats=beats).encode(), beats=held)

    # One request and what its answer says.

    def _send(
        self,
        body: bytes,
        *,
        items: int = 0,
        holds: Iterable[str] = (),
        beats: Sequence[FlowRun] = (),
    ) -> Result:
        # With older items still spooled the server may not know our runs yet, and call them lost.
        with self._spool_lock:
            all_told = self._spool is None or self._spool.main.is_empty()
        reply = self._transport.send(body)
        limited = [kind for kind in LIMITED_KINDS if kind in holds]
        if reply.status == 429 and limited and self._spool is not None:
            self._limit(limited, reply)
            return Result(verdict=Verdict.LIMITED)
        if reply.problem is not None or reply.status in RETRYABLE_STATUSES:
            self._back_off(reply)
            return Result(verdict=Verdict.LATER)
        if reply.status in (401, 402, 403, 404) or not _is_from_headway(reply):
            # Not for ever, as far as we can tell: a key is put right, a proxy's login page goes.
            self._not_before = time.monotonic() + self._settings.refused_seconds
            self._failures += 1
            self._say_once("refused", f"{self._server} refuses our reports: {_reason(reply)}")
            return Result(verdict=Verdict.LATER)
        self._failures, self._not_before = 0, 0.0
        self._throttled = self._advised = False
        self._told.clear()
        if reply.status == 413:
            return Result(verdict=Verdict.TOO_LARGE)
        if reply.status >= 300:
            say(f"{self._server} did not understand a batch: {_reason(reply)}. It is dropped.")
            self._dropped["items"] += items
            return Result(verdict=Verdict.USELESS)
        put_off = self._heed(reply, all_told=all_told)
        self._hold_runs(reply, beats)
        if self._spool is not None and (workspace := self._transport.workspace()):
            self._spool.remember_workspace(workspace)
        return Result(verdict=Verdict.ACCEPTED, put_off=put_off)

    @staticmethod
    def _hold_runs(reply: Reply, beats: Sequence[FlowRun]) -> None:
        """Pause, and let go on, the runs that this process started itself; a beat's answer says."""
        answer: Mapping[str, Any] = reply.body or {}
        paused = {
            str(command.get("run_id"))
            for command in answer.get("commands") or ()
            if command.get("command") == "pause"
        }
        for run in beats:
            if run.id in paused:
                run.hold.pause()
            elif run.hold.is_paused:
                run.hold.resume()

    def _limit(self, kinds: Iterable[str], reply: Reply) -> None:
        """Send nothing of these kinds until the server wants it."""
        wait = reply.retry_after_seconds
        if wait is None:
            wait = self._settings.retry_ceiling_seconds
        until = time.monotonic() + max(wait, self._settings.retry_seconds)
        for kind in kinds:
            self._limited_until[kind] = until
            self._say_seldom(
                f"limited {kind}",
                f"{self._server} takes no more {kind} at the moment: the workspace is over its"
                " limit. They are kept on disk and sent later; runs and tasks go on.",
            )

    def _back_off(self, reply: Reply) -> None:
        settings = self._settings
        self._failures += 1
        wait = min(
            settings.retry_seconds * 2 ** min(self._failures - 1, 10),
            settings.retry_ceiling_seconds,
        ) * (0.75 + random.random() / 2)  # noqa: S311
        if reply.retry_after_seconds is not None:
            wait = reply.retry_after_seconds
        self._advised = reply.retry_after_seconds is not None
        self._throttled = reply.status == 429
        self._not_before = time.monotonic() + wait
        if self._failures >= 3:
            self._say_once(
                "away", f"{self._server} is away ({_reason(reply)}); keeping reports on disk."
            )

    def _heed(self, reply: Reply, *, all_told: bool) -> dict[str, list[int]]:
        """Do as the answer says, and return which items it puts off, by kind."""
        answer: Mapping[str, Any] = reply.body or {}
        put_off: dict[str, list[int]] = {}
        rejected = []
        for item in answer.get("rejected") or []:
            if item.get("code") == RATE_LIMITED and item.get("kind") in LIMITED_KINDS:
                put_off.setdefault(item["kind"], []).append(int(item["index"]))
            else:
                rejected.append(item)
        if put_off:
            self._limit(put_off, reply)
            for places in put_off.values():
                places.sort()
        for item in rejected[:SHOWN_REJECTIONS]:
            field_name = f" ({item['field']})" if item.get("field") else ""
            say(
                f"{self._server} rejected one of the {item.get('kind')}: "
                f"{item.get('code')}{field_name}: {item.get('message', '')}"
            )
        for item in rejected:
            self._dropped[str(item.get("kind", "items"))] += 1
        for command in answer.get("commands") or []:
            run = self._held.get(str(command.get("run_id")))
            if run is not None and command.get("command") == "cancel":
                run.interrupt(RunCancelled("Cancelled from Headway.", run_id=run.id))
        for lost in (answer.get("lost") or []) if all_told else ():
            run = self._held.pop(str(lost.get("run_id")), None)
            if run is not None:
                # Nobody else can execute what this process started, so it goes on.
                say(
                    f"{self._server} has ended {run.name} without this process. It goes on here; "
                    "what it reports is kept with that run, whose state stays as it is."
                )
        return put_off

    # The disk, and what did not fit.

    def _spill(self, *, in_flight: bool = True) -> None:
        """Write everything that waits to the spool, on the calling thread."""
        with self._spool_lock:
            if in_flight and self._in_flight is not None:
                self._keep(self._in_flight)  # older than what follows; twice is harmless
                self._in_flight = None
            for batch in self._take():
                self._keep(batch)

    def _keep(self, batch: Batch) -> None:
        if self._spool is None:
            self._drop(batch, "there is no spool")
            return
        try:
            dropped = self._spool.append(batch)
        except OSError as error:
            self._drop(batch, f"the spool cannot be written ({error.strerror or error})")
            return
        for kind, count in dropped.items():
            self._dropped[kind] += count
            self._say_once(f"full {kind}", f"the spool is full; {kind} are dropped.")

    def _hold(self, kind: str, items: Sequence[str]) -> None:
        if self._spool is None:
            self._drop(Batch({kind: [*items]}), "there is no spool")
            return
        try:
            dropped = self._spool.hold(kind, items)
        except OSError as error:
            reason = f"the spool cannot be written ({error.strerror or error})"
            self._drop(Batch({kind: [*items]}), reason)
            return
        if dropped:
            self._dropped[kind] += dropped
            self._say_seldom(f"full {kind}", f"the spool is full; {kind} are dropped.")

    def _drop(self, batch: Batch, reason: str) -> None:
        for kind, items in batch.items.items():
            self._dropped[kind] += len(items)
        self._say_once(reason, f"a batch of {len(batch)} items is dropped: {reason}.")

    def _say_once(self, key: str, message: str) -> None:
        if key not in self._told:
            self._told.add(key)
            say(message)

    def _say_seldom(self, key: str, message: str) -> None:
        # Not `_told`, which every request that succeeds clears: these do all the time.
        now = time.monotonic()
        if now - self._told_at.get(key, -SELDOM_SECONDS) >= SELDOM_SECONDS:
            self._told_at[key] = now
            say(message)

    def _say_dropped(self) -> None:
        if self._dropped:
            what = ", ".join(f"{count} {kind}" for kind, count in sorted(self._dropped.items()))
            say(f"dropped or rejected in this process: {what}.")

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many items of each kind were dropped or rejected so far."""
        return self._dropped


def _halves(batch: Batch) -> list[Batch]:
    if len(batch) < 2:
        return []
    half = len(batch) // 2
    first, second, count = Batch(), Batch(), 0
    for kind, items in batch.items.items():
        cut = max(0, min(len(items), half - count))
        first.items[kind], second.items[kind] = items[:cut], items[cut:]
        count += len(items)
    return [part for part in (first, second) if len(part)]


def _is_from_headway(reply: Reply) -> bool:
    """Return whether a Headway server answered, not a proxy's login page or another program."""
    if reply.status == 413:  # also a proxy's way to say that a batch is too large for it
        return True
    return isinstance(reply.body, Mapping) and ("accepted" in reply.body or "error" in reply.body)


def _reason(reply: Reply) -> str:
    if reply.problem is not None:
        return reply.problem
    error = reply.body.get("error") if isinstance(reply.body, Mapping) else None
    if isinstance(error, Mapping):
        request = f", request {error['request_id']}" if error.get("request_id") else ""
        return f"{error.get('message')} ({error.get('code')}{request})"
    return f"status {reply.status}, and not as a Headway server answers; is the address right?"
