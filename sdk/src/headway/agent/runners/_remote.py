"""
A run that is executed by something with an API: a container, a job, a task.

What it starts is `python -m headway.agent.container`, which executes the run as an agent's process
would, beats for it and reports it. We start it, watch it, pass on what the server asks, and say why
it died when it could not say so itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from headway._clock import iso_from_ns, now_ns
from headway._errors import ApiError, ConfigError
from headway._ids import uuid7
from headway._json import encode
from headway._records import Cause, LogLine, RunReport
from headway._states import State
from headway.agent._death import signal_name, words_of
from headway.agent._lease import Lease
from headway.agent.runners import Execution, Home, OnEnd, Surroundings, variables_of

COMMAND = ("python", "-m", "headway.agent.container")
AWAY_SECONDS = 120.0  # for which an API may not answer while its jobs may well go on
LONGEST_RETRY_SECONDS = 10.0


class StartFailed(Exception):
    """What shall execute the run could not be started; the text is for people."""


class Away(Exception):
    """The API does not answer now; its jobs may well go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a backend shall start."""

    name: str  # letters, digits and hyphens; its own for each attempt
    run_id: str
    epoch: int
    home: Home
    grace_seconds: float
    command: tuple[str, ...]
    variables: Mapping[str, str]
    settings: Mapping[str, Any]
    image: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a job ended; `exit_code` None when nothing was executed, or nobody knows."""

    exit_code: int | None
    is_oom: bool = False
    is_evicted: bool = False  # by its machine, or by somebody who is neither the server nor us
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A job that is there, and which agent started it."""

    handle: str
    run_id: str
    epoch: int
    agent_id: str


class Backend(Protocol):
    """What executes jobs. All of it may be called from several threads."""

    look_seconds: float  # between two looks at one job

    def start(self, job: Job) -> str:
        """
        Start the job, or take up the one of this name, and return its handle.

        It may be asked again after Away: a job is never started twice. Raises: StartFailed, Away.
        """

    def find(self) -> list[Found]:
        """Return the jobs of our pool, whichever agent started them. Raises: Away."""

    def look(self, handle: str) -> Ended | None:
        """Return how the job ended, None while it goes on. Raises: Away."""

    def stop(self, handle: str, grace_seconds: float) -> None:
        """Ask the job to stop; it is killed after the grace unless it has. Raises: Away."""

    def kill(self, handle: str) -> None:
        """Kill the job. Raises: Away."""

    def remove(self, handle: str) -> None:
        """Take away what is left of a job that ended. Raises: Away."""


class RemoteRun:
    """One lease, executed by a backend's job, and the thread that watches it."""

    def __init__(
        self,
        lease: Lease,
        *,
        backend: Backend,
        around: Surroundings,
        on_end: OnEnd,
        handle: str | None = None,
        away_seconds: float = AWAY_SECONDS,
    ) -> None:
        """`handle`: that of a job which is there already, else one is started."""
        self.lease = lease
        self.heeded: str | None = None
        self._backend = backend
        self._around = around
        self._on_end = on_end
        self._handle = handle
        self._look_seconds = backend.look_seconds
        self._away_seconds = away_seconds
        self._lock = threading.Lock()
        self._told = threading.Event()  # something was asked of us; look at once
        self._ended = threading.Event()
        self._cancel_message: str | None = None
        self._lost = False
        self._is_asked = False  # the backend, to stop or to kill

    def start(self) -> None:
        """Begin; returns at once."""
        threading.Thread(
            target=self._see_through, name=f"headway-run-{self.lease.run_name}", daemon=True
        ).start()

    def cancel(self, message: str) -> None:
        """Ask the job to stop; it is killed after the grace period."""
        with self._lock:
            self.heeded = "cancel"
            if self._cancel_message is None:
                self._cancel_message = message
        self._told.set()

    def obey(self, command: str) -> None:
        """Cancel; what else the server wants, the inside of the job hears with its own beat."""
        if command == "cancel":
            self.cancel("Cancelled from Headway.")
        with self._lock:
            self.heeded = command

    def lose(self) -> None:
        """Kill the job at once: somebody else may be executing the run already."""
        with self._lock:
            self._lost = True
            self._is_asked = False
        self._told.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the job is over and its end is reported."""
        return self._ended.wait(seconds)

    def _see_through(self) -> None:
        try:
            handle = self._handle or self._start_job()
            if handle is None:
                return
            self._report_end(self._watch(handle))
            try:
                self._backend.remove(handle)
            except Away as error:
                self._around.show(f"{self.lease.run_name} | its remains stay: {error}")
        finally:
            self._ended.set()
            self._on_end(self)

    def _start_job(self) -> str | None:
        """Start the job, however often it takes; None when there is none, which is reported."""
        job, pause, failures = self._job(), self._look_seconds, 0
        gives_up_at = time.monotonic() + self._away_seconds
        while True:
            try:
                return self._backend.start(job)
            except StartFailed as error:
                trouble: Exception = error
            except Away as error:
                trouble = error
                if time.monotonic() < gives_up_at and not (self._lost or self._cancel_message):
                    failures += 1
                    if failures == 1:
                        self._around.show(f"{self.lease.run_name} | {error}; it is tried again")
                    self._told.wait(min(pause * 2**failures, LONGEST_RETRY_SECONDS))
                    self._told.clear()
                    continue
            # What a lost answer may have started ends by itself: its own beat tells it.
            if self._lost:
                return None
            if self._cancel_message is not None:
                cause: Cause = {"kind": "killed", "detail": "Nothing was executed."}
                self._report(State.CANCELLED, message=self._cancel_message, cause=cause)
                return None
            self._record(str(trouble))
            self._report(State.CRASHED, cause={"kind": "start_failed", "detail": str(trouble)})
            return None

    def _watch(self, handle: str) -> Ended:
        away = 0.0
        give_up_at: float | None = None  # when the grace is over
        while True:
            try:
                if self._pass_on(handle):
                    give_up_at = time.monotonic() + self._around.grace_seconds
                elif give_up_at is not None and time.monotonic() >= give_up_at:
                    give_up_at = None
                    self._backend.kill(handle)
                ended = self._backend.look(handle)
            except Away as error:
                away += self._look_seconds
                if away >= self._away_seconds:
                    text = f"Its execution is out of sight: {error}"
                    return Ended(exit_code=None, is_evicted=True, detail=text)
            else:
                away = 0.0
                if ended is not None:
                    return ended
            self._told.wait(self._look_seconds)
            self._told.clear()

    def _pass_on(self, handle: str) -> bool:
        """Tell the backend once what was asked of us; return whether the grace begins now."""
        with self._lock:
            if self._is_asked or not (self._lost or self._cancel_message):
                return False
            lost = self._lost
        if lost:
            self._backend.kill(handle)
        else:
            self._backend.stop(handle, self._around.grace_seconds)
        with self._lock:
            self._is_asked = lost == self._lost
        return not lost

    def _job(self) -> Job:
        lease, config = self.lease, self._around.client.config
        image = lease.code.get("image") or lease.job_settings.get("image")
        return Job(
            name=f"headway-{lease.run_id}-{lease.epoch}",
            run_id=lease.run_id,
            epoch=lease.epoch,
            home=self._around.home,
            grace_seconds=self._around.grace_seconds,
            command=COMMAND,
            variables={
                **variables_of(lease),
                "HEADWAY_API_URL": config.api_url,
                "HEADWAY_API_KEY": config.api_key,
                "HEADWAY_WORKSPACE": self._around.client.workspace(),
                "HEADWAY_RUN_ID": lease.run_id,
                "HEADWAY_EPOCH": str(lease.epoch),
                "HEADWAY_LEASE": encode(lease.order()),
                "HEADWAY_GRACE_SECONDS": str(self._around.grace_seconds),
            },
            settings=lease.job_settings,
            image=None if image is None else str(image),
        )

    def _report_end(self, ended: Ended) -> None:
        if self._lost or ended.exit_code == 0:
            return  # 0: the server knows, or will, how the run ended
        if self._cancel_message is not None:
            cause: Cause = {"kind": "killed", "detail": ended.detail or "It did not stop in time."}
            self._report(State.CANCELLED, message=self._cancel_message, cause=cause)
            return
        self._report(State.CRASHED, cause=cause_of(ended))

    def _record(self, text: str) -> None:
        self._around.recorder.log(
            LogLine(
                id=uuid7(),
                occurred_ns=now_ns(),
                level="ERROR",
                message=text,
                logger="headway.runner",
                run_id=self.lease.run_id,
            )
        )

    def _report(self, state: State, *, cause: Cause, message: str | None = None) -> None:
        occurred_ns = now_ns()
        lease, around = self.lease, self._around
        around.show(f"{lease.run_name} | {state}: {message or words_of(cause)}")
        body: dict[str, Any] = {
            "epoch": lease.epoch,
            "state": state,
            "occurred_at": iso_from_ns(occurred_ns),
            "cause": cause,
        }
        if message is not None:
            body["message"] = message
        try:
            around.client.post(f"runs/{lease.run_id}/transitions", body)
        except ApiError as refusal:
            if not refusal.retryable:
                around.show(f"{lease.run_name} | the server refused that: {refusal}")
                return
            around.recorder.run(
                RunReport(
                    run_id=lease.run_id,
                    epoch=lease.epoch,
                    state=state,
                    occurred_ns=occurred_ns,
                    message=message,
                    cause=cause,
                )
            )
        except ConfigError as refusal:
            around.show(f"{lease.run_name} | {refusal}")


class RemoteRunner:
    """Executes runs by a backend's jobs, and takes up those whose agent is gone."""

    def __init__(self, backend: Backend, around: Surroundings) -> None:
        self._backend = backend
        self._around = around

    def prepare(self, lease: Lease, on_end: OnEnd) -> RemoteRun:
        """Return the execution of a lease, to be started."""
        return RemoteRun(lease, backend=self._backend, around=self._around, on_end=on_end)

    def adopt(self, is_orphan: Callable[[str, str], bool], on_end: OnEnd) -> list[Execution]:
        """Return what is left of other agents; nothing while the API does not answer."""
        try:
            there = self._backend.find()
        except Away as error:
            self._around.show(f"cannot look for what other agents left: {error}")
            return []
        return [
            RemoteRun(
                _lease_of(found),
                backend=self._backend,
                around=self._around,
                on_end=on_end,
                handle=found.handle,
            )
            for found in there
            if is_orphan(found.run_id, found.agent_id)
        ]


def _lease_of(found: Found) -> Lease:
    """Return as much of a lease as its job tells: enough to watch it, and to say how it ended."""
    return Lease(
        run_id=found.run_id,
        epoch=found.epoch,
        run_name=f"run {found.run_id}",
        flow_name="",
        entrypoint="",
        path="",
    )


def cause_of(ended: Ended) -> Cause:
    """
    Return why a job ended without anybody knowing how its run did.

    >>> cause_of(Ended(exit_code=137))["signal"], cause_of(Ended(exit_code=3))["exit_code"]
    ('SIGKILL', 3)
    >>> cause_of(Ended(exit_code=137, is_oom=True))["kind"], cause_of(Ended(exit_code=None))["kind"]
    ('oom', 'start_failed')
    """
    if ended.is_evicted:
        return {"kind": "evicted", "detail": ended.detail}
    if ended.is_oom:
        detail = ended.detail or "It took more memory than it may have."
        return {"kind": "oom", "signal": "SIGKILL", "detail": detail}
    code = ended.exit_code
    if code is None:
        return {"kind": "start_failed", "detail": ended.detail or "Nothing was executed."}
    if code > 128:
        return {"kind": "signal", "signal": signal_name(code - 128), "detail": ended.detail}
    detail = ended.detail or "The job ended without reporting how the run ended."
    return {"kind": "exit_code", "exit_code": code, "detail": detail}
