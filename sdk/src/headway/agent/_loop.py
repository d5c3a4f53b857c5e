"""The agent's life: lease, start, keep alive, obey, stop."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Literal
from urllib.parse import quote

from headway._client import Client
from headway._clock import iso_from_ns, now_ns
from headway._config import Config
from headway._errors import ApiError, ConfigError, NotFound, PermissionDenied, Unauthenticated
from headway._ids import uuid7
from headway._recorder import Recorder
from headway._recording import open_recorder
from headway._states import State
from headway._version import __version__
from headway.agent._heartbeat import HEARTBEAT_SECONDS, Heartbeat
from headway.agent._lease import Lease
from headway.agent._runner import GRACE_SECONDS
from headway.agent.runners import Execution, Home, Runner, Surroundings, open_runner

OnStop = Literal["wait", "cancel", "leave"]

POLL_SECONDS = 25
DRAIN_SECONDS = 30.0
LISTEN_AGAIN_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 30.0
ADOPT_SECONDS = 30.0
REFUSALS = frozenset({"wrong_runner", "pool_is_managed"})  # which no waiting mends


class Agent:
    """Takes runs from one pool as long as it has room, and sees them through."""

    def __init__(
        self,
        config: Config,
        *,
        pool: str = "default",
        capacity: int = 4,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        kind: str | None = None,
        on_stop: OnStop = "wait",
        stop_seconds: float = 60.0,
        grace_seconds: float = GRACE_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        adopt_seconds: float = ADOPT_SECONDS,
        show: Callable[[str], None] | None = None,
    ) -> None:
        """`kind`: what executes the runs, that of the pool unless its key may not look at pools."""
        self.id = uuid7()
        self.name = name or f"{socket.gethostname()}-{os.getpid()}"
        self.pool = pool
        self.capacity = capacity
        self.labels = dict(labels or {})
        self._on_stop = on_stop
        self._stop_seconds = stop_seconds
        self._grace_seconds = grace_seconds
        self._show = show or _show
        self._client = Client(config)
        self._recorder: Recorder = open_recorder(config)
        self._kind = kind
        self._adopt_seconds = adopt_seconds
        self._runner: Runner  # once the server has told the pool's kind
        self._is_ready = False
        self._changed = threading.Condition()
        self._running: dict[str, Execution] = {}
        self._stopping = False
        self._signals = 0
        self._ever_leased = False
        self._draining = False  # by the server's word: it gives us nothing more
        self._wake_read, self._wake_write = os.pipe()
        self._fatal: BaseException | None = None
        self._heartbeat = Heartbeat(
            beat=self._beat, heed=self._heed, say=self._show, seconds=heartbeat_seconds
        )

    def run(self) -> int:
        """
        Work until SIGTERM or SIGINT; return the exit code.

        The first signal stops leasing and then waits for or cancels what runs, as configured;
        a second one cancels. Raises: ApiError when the server refuses the agent outright.
        """
        os.set_blocking(self._wake_write, False)
        # The system may hand a signal to any of our threads. Python then waits for the main one to
        # come out of its read before it calls the handler; this byte brings it out.
        woken = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        previous = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            threading.Thread(target=self._lease_loop, name="headway-lease", daemon=True).start()
            threading.Thread(target=self._listen_loop, name="headway-listen", daemon=True).start()
            threading.Thread(target=self._drain_loop, name="headway-drain", daemon=True).start()
            self._heartbeat.start()
            while not self._stopping:
                os.read(self._wake_read, 1)
            self._stop_all()
        finally:
            self._heartbeat.stop()
            self._recorder.close()
            for number, handler in previous.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(woken)
        if self._fatal is not None:
            raise self._fatal
        self._show("agent stopped")
        return 0

    # What executes the runs.

    def _open_runner(self) -> Runner:
        """Return what executes runs of the pool's kind. Raises: ConfigError, ApiError."""
        pool = self._find_pool()
        kind = str(pool.get("kind") or self._kind or "PROCESS")
        if self._kind not in {None, kind}:
            raise ConfigError(
                f"pool {self.pool!r} is of kind {kind}, which --runner {str(self._kind).lower()} "
                "does not serve: leave --runner away, or name another --pool"
            )
        self._kind = kind
        config = self._client.config
        runner = open_runner(
            kind,
            Surroundings(
                client=self._client,
                recorder=self._recorder,
                show=self._show,
                grace_seconds=self._grace_seconds,
                home=Home.of(
                    server=config.api_url,
                    workspace=self._client.workspace(),
                    pool=str(pool.get("id") or self.pool),
                    agent_id=self.id,
                    defaults=pool.get("job_defaults") or {},
                ),
            ),
        )
        self._show(
            f"agent {self.name} takes runs from pool {self.pool!r} "
            f"({kind.lower()}, {self.capacity} at once)"
        )
        if kind != "PROCESS" and pool:
            threading.Thread(
                target=self._adopt_loop,
                args=(runner, pool["id"]),
                name="headway-adopt",
                daemon=True,
            ).start()
        return runner

    def _find_pool(self) -> Mapping[str, Any]:
        """Return what the server says of our pool; nothing when we may not know, or it is not."""
        cursor = None
        while True:
            try:
                page = self._client.request(
                    "GET",
                    self._client.url("pools"),
                    params={"limit": 500} | ({"cursor": cursor} if cursor else {}),
                    attempts=1,
                )
            except PermissionDenied:
                return {}
            for pool in page["items"]:
                if self.pool in {pool["name"], pool["id"]}:
                    found: Mapping[str, Any] = pool
                    return found
            cursor = page.get("next_cursor")
            if cursor is None:
                return {}

    def _adopt_loop(self, runner: Runner, pool_id: str) -> None:
        """Take up, now and then, what agents that are gone have left running."""
        while not self._stopping:
            online: set[str] | None = None

            def is_orphan(run_id: str, agent_id: str) -> bool:
                # Asked after its job was seen: whoever started that is known to the server.
                nonlocal online
                if online is None:
                    online = self._agents_online(pool_id)
                with self._changed:
                    return run_id not in self._running and agent_id not in {*online, self.id}

            try:
                orphans = runner.adopt(is_orphan, self._forget)
            except (ApiError, ConfigError) as error:
                self._show(f"cannot ask which agents are there: {error}")
                orphans = []
            for orphan in orphans:
                self._show(f"{orphan.lease.run_name} | goes on; its agent is gone")
                with self._changed:
                    self._running[orphan.lease.run_id] = orphan
                orphan.start()
            self._pause(self._adopt_seconds)

    def _agents_online(self, pool_id: str) -> set[str]:
        # The newest first: those that are there are on the first page.
        page = self._client.request(
            "GET", self._client.url(f"pools/{pool_id}/agents"), params={"limit": 500}, attempts=1
        )
        return {str(each["id"]) for each in page["items"] if each["online"]}

    # Stopping.

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # No more than this: the handler may have interrupted whoever holds our locks.
        self._signals += 1
        self._stopping = True

    def _stop_all(self) -> None:
        with self._changed:
            self._changed.notify_all()
        if self._running_now():
            intent = {"wait": "wait for", "cancel": "cancel", "leave": "leave"}[self._on_stop]
            self._show(
                f"stopping: {len(self._running_now())} runs to {intent}; again to cancel at once"
            )
        if self._on_stop == "leave" and self._kind != "PROCESS":
            return  # their jobs go on, and whichever agent comes next takes them up
        deadline = time.monotonic() + self._stop_seconds
        if self._on_stop != "cancel":
            while self._running_now() and self._signals < 2 and time.monotonic() < deadline:
                with self._changed:
                    self._changed.wait(0.2)
        for process in self._running_now():
            process.cancel("The agent was stopped.")
        for process in self._running_now():
            process.wait(self._grace_seconds + 5)

    def _running_now(self) -> list[Execution]:
        with self._changed:
            return list(self._running.values())

    # Leasing.

    def _lease_loop(self) -> None:
        failures = 0
        while not self._stopping:
            room = self._wait_for_room()
            if not room:
                return
            try:
                if not self._is_ready:
                    self._runner, self._is_ready = self._open_runner(), True
                answer = self._lease(room)
            except (Unauthenticated, PermissionDenied, NotFound, ConfigError) as error:
                if failures == 0 and not self._ever_leased:
                    self._give_up(error)
                    return
                failures += 1
                self._wait_after(failures, error)
            except ApiError as error:
                if error.code in REFUSALS and not self._ever_leased:
                    self._give_up(error)
                    return
                failures += 1
                if failures >= 3:
                    self._forget_address()
                self._wait_after(failures, error)
            except BaseException as error:  # noqa: BLE001  the edge of the thread
                self._give_up(error)
                return
            else:
                if failures:
                    self._show("the server answers again")
                failures = 0
                self._ever_leased = True
                self._take(answer)

    def _listen_loop(self) -> None:
        """
        Hear of commands while there is no room for another run, when the lease loop does not ask.

        Trouble is the lease loop's to speak of, and heartbeats bring the commands too.
        """
        while self._wait_until_full():
            try:
                self._take(self._lease(0))
            except (ApiError, ConfigError) as error:
                asked = getattr(error, "retry_after_seconds", None)
                self._pause(asked if asked is not None else LISTEN_AGAIN_SECONDS)

    def _wait_until_full(self) -> bool:
        """Return once there is no room for another run; False when the agent stops."""
        with self._changed:
            while not self._stopping and len(self._running) < self.capacity:
                self._changed.wait(1.0)
        return not self._stopping

    def _wait_for_room(self) -> int:
        with self._changed:
            while not self._stopping and len(self._running) >= self.capacity:
                self._changed.wait(1.0)
            return 0 if self._stopping else self.capacity - len(self._running)

    def _lease(self, room: int) -> Mapping[str, Any]:
        answer = self._client.request(
            "POST",
            self._client.url(f"pools/{quote(self.pool, safe='')}/leases", live=True),
            body={
                "agent": self._introduction(),
                "limit": room,
                "wait_seconds": POLL_SECONDS,
                "heeded": self._heeded(),
            },
            read_seconds=POLL_SECONDS + 10,
            attempts=1,
        )
        return answer if isinstance(answer, Mapping) else {}

    def _take(self, answer: Mapping[str, Any]) -> None:
        for lease in self._take_up([Lease.from_wire(wire) for wire in answer.get("leases") or []]):
            if self._stopping:
                self._hand_back(lease)
            else:
                self._begin(lease)
        self._heed({name: answer.get(name) for name in ("commands", "draining")})

    def _take_up(self, leases: list[Lease]) -> list[Lease]:
        """
        Return those of the leases that are ours, once the server knows that we have them.

        One that it never hears of again it grants anew: it cannot tell an answer that got lost from
        an agent that is gone. So nothing may have begun before, or it would run twice.
        """
        failures = 0
        while leases and not self._stopping:
            try:
                answer = self._send_beat(leases)
            except (ApiError, ConfigError) as error:
                failures += 1
                self._wait_after(failures, error)
                continue
            lost = {(str(key["run_id"]), key["epoch"]) for key in answer.get("lost") or []}
            return [lease for lease in leases if (lease.run_id, lease.epoch) not in lost]
        return leases

    def _begin(self, lease: Lease) -> None:
        with self._changed:
            older = self._running.get(lease.run_id)
        if older is not None:
            # The server has given up on our first try and leased the run anew, to us.
            older.lose()
            older.wait(5.0)
        self._show(f"{lease.run_name} | begins ({lease.flow_name}, attempt {lease.attempt})")
        process = self._runner.prepare(lease, self._forget)
        with self._changed:
            self._running[lease.run_id] = process
        process.start()

    def _hand_back(self, lease: Lease) -> None:
        body = {
            "epoch": lease.epoch,
            "state": State.SCHEDULED,
            "occurred_at": iso_from_ns(now_ns()),
            "message": "The agent is stopping.",
        }
        try:
            self._client.post(f"runs/{lease.run_id}/transitions", body)
        except (ApiError, ConfigError) as error:
            self._show(f"{lease.run_name} | could not be handed back: {error}")

    def _forget(self, process: Execution) -> None:
        with self._changed:
            if self._running.get(process.lease.run_id) is process:
                del self._running[process.lease.run_id]
            self._changed.notify_all()

    def _give_up(self, error: BaseException) -> None:
        self._fatal = error
        self._stopping = True
        os.write(self._wake_write, b".")

    def _forget_address(self) -> None:
        try:
            self._client.me(refresh=True)  # the live process may have moved
        except (ApiError, ConfigError):
            return  # as away as the rest; the loop goes on trying

    def _wait_after(self, failures: int, error: Exception) -> None:
        if failures in (1, 10):
            self._show(f"no leases: {error}")
        wait = min(0.5 * 2 ** min(failures, 6), LONGEST_WAIT_SECONDS)
        asked = getattr(error, "retry_after_seconds", None)
        wait = asked if asked is not None else wait * (0.5 + random.random())  # noqa: S311
        self._pause(wait)

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < deadline:
            with self._changed:
                self._changed.wait(min(0.5, max(0.0, deadline - time.monotonic())))

    # Keeping leases, and obeying.

    def _introduction(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": __version__,
            "labels": self.labels,
            "capacity": self.capacity,
            "runner": self._kind or "PROCESS",
        }

    def _beat(self) -> Mapping[str, Any]:
        return self._send_beat([process.lease for process in self._running_now()])

    def _send_beat(self, leases: list[Lease]) -> Mapping[str, Any]:
        answer = self._client.request(
            "POST",
            self._client.url(f"pools/{quote(self.pool, safe='')}/heartbeats"),
            body={
                "agent": self._introduction(),
                "leases": [lease.key() for lease in leases],
                "heeded": self._heeded(),
            },
            read_seconds=10.0,
            attempts=1,
        )
        return answer if isinstance(answer, Mapping) else {}

    def _heeded(self) -> list[dict[str, Any]]:
        """Return which commands we have passed on, so that they do not end each poll at once."""
        return [
            {**process.lease.key(), "command": process.heeded}
            for process in self._running_now()
            if process.heeded is not None
        ]

    def _heed(self, answer: Mapping[str, Any]) -> None:
        draining = answer.get("draining")
        if draining is not None and draining != self._draining:
            self._draining = draining
            self._show(
                "drains: the server gives it nothing more until people say otherwise"
                if draining
                else "takes runs again"
            )
        for command in answer.get("commands") or []:
            process = self._find(command)
            if process is not None:
                process.obey(str(command.get("command")))
        for lost in answer.get("lost") or []:
            process = self._find(lost)
            if process is not None:
                self._show(f"{process.lease.run_name} | is no longer ours; killed")
                process.lose()

    def _find(self, key: Mapping[str, Any]) -> Execution | None:
        with self._changed:
            process = self._running.get(str(key.get("run_id")))
        if process is None or process.lease.epoch != key.get("epoch"):
            return None
        return process

    def _drain_loop(self) -> None:
        """Send what run processes had to leave in the spool."""
        while not self._stopping:
            self._recorder.drain()
            deadline = time.monotonic() + DRAIN_SECONDS
            while not self._stopping and time.monotonic() < deadline:
                time.sleep(0.5)


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
