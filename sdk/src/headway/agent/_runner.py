"""One run in a process of its own: starting it, reading along, stopping it, saying how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from headway._capture import RECORDED_MARK
from headway._client import Client
from headway._clock import iso_from_ns, now_ns
from headway._errors import ApiError, ConfigError
from headway._ids import uuid7
from headway._json import encode
from headway._records import Cause, ErrorInfo, LogLine, RunReport
from headway._states import State
from headway.agent._code import CodeInPlace, FetchFailed, Stopped, fetch_code
from headway.agent._death import (
    Remains,
    cause_of_death,
    count_oom_kills,
    memory_limit_bytes,
    reap,
    words_of,
)
from headway.agent._lease import Lease

if TYPE_CHECKING:
    from headway._port import AnyRecorder

GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL
START_SECONDS = 60.0  # on top of its time, for a run to get as far as its first line
LINGER_SECONDS = 30.0  # for a process that has reported the end of its run, to go
MAX_LINE_BYTES = 60_000
# On the lifeline; as in execute, which is not imported: it is a program.
WORDS = {"pause": b"p", "resume": b"r", "suspend": b"s"}
MARK = RECORDED_MARK.encode()


class RunProcess:
    """The process that executes one lease, and the thread that watches it."""

    def __init__(
        self,
        lease: Lease,
        *,
        client: Client,
        recorder: AnyRecorder,
        on_end: Callable[[RunProcess], None],
        show: Callable[[str], None],
        grace_seconds: float = GRACE_SECONDS,
        python: str = sys.executable,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """
        Prepare to execute `lease`.

        `python` is the interpreter of the run, `variables` come on top of our own.
        """
        self.lease = lease
        self._python = python
        self._variables = dict(variables or {})
        self._client = client
        self._recorder = recorder
        self._on_end = on_end
        self._show = show
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stop_reason: State | None = None  # CANCELLED or TIMED_OUT, once we ask it to stop
        self._stop_message = ""
        self._stop_cause: Cause | None = None  # once it had to be killed
        self.heeded: str | None = None  # the command of the server's that we have passed on
        self._lost = False
        self._unwanted = threading.Event()  # cancelled, or lost: what is being fetched can stay out
        self._ended = threading.Event()
        self._started = False  # the child reached the flow
        self._final = False  # the child has reported the end of the run, or spooled the report
        self._last_line = ""
        self._reported = False  # by us; the server took it, or the spool has it
        self._lifeline: IO[bytes] | None = None
        self._said: list[bytes] = []  # what was asked of a process that cannot hear yet
        self._abandoned = False
        self._overdue: threading.Timer | None = None
        self._overdue_at = self._overdue_left = 0.0
        self._gone = False  # the process; its output may still be read

    @property
    def is_end_known(self) -> bool:
        """Whether the server knows how the run ended, or will from the spool."""
        return self._final or self._reported

    def start(self) -> None:
        """Start the process and the thread that sees it through; returns at once."""
        threading.Thread(
            target=self._see_through, name=f"headway-run-{self.lease.run_name}", daemon=True
        ).start()

    def cancel(self, message: str) -> None:
        """Ask the process to stop; kill it when it has not after the grace period."""
        with self._lock:
            if self._stop_reason is not None or self._ended.is_set():
                return
            self._stop_reason, self._stop_message = State.CANCELLED, message
            self.heeded = "cancel"
        self._unwanted.set()
        self._signal(signal.SIGTERM)
        timer = threading.Timer(self._grace_seconds, self._kill_stubborn)
        timer.daemon = True
        timer.start()

    def obey(self, command: str) -> None:
        """Do what the server asks of the run: cancel, pause, resume, suspend."""
        if command == "cancel":
            self.cancel("Cancelled from Headway.")
            return
        word = WORDS.get(command)
        with self._lock:
            if word is None or self._stop_reason is not None or self._ended.is_set():
                return
            self.heeded = None if command == "resume" else command
            self._said.append(word)
            self._say_all()

    def _say_all(self) -> None:
        """Pass on what was asked, as soon as somebody can hear it; under the lock."""
        if self._lifeline is None:
            return
        with suppress(BrokenPipeError, ValueError):  # it is gone already
            self._lifeline.write(b"".join(self._said))
            self._lifeline.flush()
        self._said.clear()

    def lose(self) -> None:
        """Kill the process at once: somebody else may be executing the run already."""
        with self._lock:
            self._lost = True
        self._unwanted.set()
        self._signal(signal.SIGKILL)

    def abandon(self) -> None:
        """Let the process do as when we die: report the run as lost, here as evicted, and go."""
        with self._lock:
            lifeline, self._lifeline = self._lifeline, None
            self._abandoned = True
        if lifeline is not None:
            with suppress(BrokenPipeError), lifeline:
                lifeline.write(b"e")  # execute.EVICTED, which is not imported: it is a program

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the process is gone and its end is reported."""
        return self._ended.wait(seconds)

    def _kill_stubborn(self) -> None:
        if not self._ended.is_set():
            detail = f"Killed {self._grace_seconds:g} s after it was asked to stop."
            self._stop_cause = {"kind": "killed", "signal": "SIGKILL", "detail": detail}
            self._signal(signal.SIGKILL)

    def _limit(self, seconds: float) -> None:
        """
        Kill the process `seconds` from now, instead of when we were to kill it before.

        It ends itself when its time is up, and says so; this is for one that cannot any more, and
        so would not hear SIGTERM either. One that could would end as cancelled.
        """
        timer = threading.Timer(seconds, self._kill_overdue)
        timer.daemon = True
        with self._lock:
            former, self._overdue = self._overdue, timer
            self._overdue_at = time.monotonic() + seconds
            if not self._gone:
                timer.start()
        if former is not None:
            former.cancel()

    def _stop_clock(self) -> None:
        """People are asked, or it is paused: nobody works."""
        with self._lock:
            timer, self._overdue = self._overdue, None
            self._overdue_left = self._overdue_at - time.monotonic()
        if timer is not None:
            timer.cancel()

    def _let_clock_go_on(self) -> None:
        if self.lease.timeout_seconds is not None and self._overdue is None:
            self._limit(max(0.0, self._overdue_left))

    def _kill_overdue(self) -> None:
        with self._lock:
            # It may be ending already, in the way that it has told or was asked for.
            if self._final or self._stop_reason is not None or self._gone:
                return
            self._stop_reason = State.TIMED_OUT
            self._stop_message = f"Longer than {self.lease.timeout_seconds:g} s; killed."
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        process = self._process
        # The group's id stays taken as long as a member lives or its leader is not reaped.
        if process is not None and not self._ended.is_set():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)

    def _see_through(self) -> None:
        oom_kills = count_oom_kills()
        code: CodeInPlace | None = None
        try:
            try:
                code = fetch_code(self.lease, stop=self._unwanted)
                if code.told is not None:
                    self._record(code.told, logger="headway.code")
                lifeline, status = self._spawn(code.folder)
            except Stopped:
                if not self._lost:
                    self._report(State.CANCELLED, message=self._stop_message)
                return
            except FetchFailed as error:
                self._report_failed_start(str(error), error)
                return
            except OSError as error:
                text = f"The process could not be started in {self.lease.path}: {error.strerror}."
                self._report_failed_start(text, error)
                return
            with lifeline:
                with self._lock:
                    self._lifeline = lifeline
                    self._say_all()
                    abandoned_already = self._abandoned
                if abandoned_already:
                    self.abandon()
                self._see_process_through(status, oom_kills)
        finally:
            if code is not None:
                code.release()
            self._ended.set()
            self._on_end(self)

    def _spawn(self, folder: str) -> tuple[IO[bytes], IO[bytes]]:
        lease, config = self.lease, self._client.config
        # Its end tells the child that we are gone; `abandon` says why.
        lifeline_read, lifeline_write = os.pipe()
        status_read, status_write = os.pipe()
        environment = {
            **os.environ,
            **self._variables,
            "HEADWAY_API_URL": config.api_url,
            "HEADWAY_API_KEY": config.api_key,
            "HEADWAY_WORKSPACE": self._client.workspace(),
            "HEADWAY_RUN_ID": lease.run_id,
            "HEADWAY_EPOCH": str(lease.epoch),
            "HEADWAY_LIFELINE_FD": str(lifeline_read),
            "HEADWAY_STATUS_FD": str(status_write),
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("HEADWAY_RECORDING", None)
        try:
            process = subprocess.Popen(  # noqa: S603
                # -P: a module of the user's in the working folder must not shadow ours.
                [self._python, "-P", "-m", "headway.agent.execute"],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(lifeline_read, status_write),
                start_new_session=True,
            )
        except OSError:
            os.close(lifeline_write)
            os.close(status_read)
            raise
        finally:
            os.close(lifeline_read)
            os.close(status_write)
        with self._lock:
            self._process = process
            stopped_already = self._stop_reason is not None or self._lost
        if stopped_already:
            self._signal(signal.SIGKILL)
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(encode(self._order(folder)).encode())
        return os.fdopen(lifeline_write, "wb"), os.fdopen(status_read, "rb")

    def _order(self, folder: str) -> dict[str, Any]:
        lease = self.lease
        return {
            "run_id": lease.run_id,
            "epoch": lease.epoch,
            "entrypoint": lease.entrypoint,
            "path": folder,
            "parameters": lease.parameters,
            "timeout_seconds": lease.timeout_seconds,
            "origin": (lease.resumes or {}).get("attempt", lease.attempt),
            "goes_on": lease.resumes is not None,
        }

    def _see_process_through(self, status: IO[bytes], oom_kills: int) -> None:
        process = self._process
        if process is None or process.stdout is None:
            raise AssertionError("the process was just started")
        reader = threading.Thread(target=self._read_output, args=(process.stdout,), daemon=True)
        teller = threading.Thread(target=self._read_status, args=(status,), daemon=True)
        limit = self.lease.timeout_seconds
        if limit is not None:
            self._limit(limit + START_SECONDS + self._grace_seconds)
        reader.start()
        teller.start()
        # WNOWAIT leaves the zombie, so that the group's id cannot be reused before we kill it.
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait()
        self._signal(signal.SIGKILL)
        peak_bytes = reap(process)
        with self._lock:
            self._gone = True
        if self._overdue is not None:
            self._overdue.cancel()
        # What the run started and left behind is dead now, so the pipes end; but a process
        # that moved to a session of its own may hold them open.
        for thread in (reader, teller):
            thread.join(2.0)
        remains = Remains(
            oom_kills=count_oom_kills() - oom_kills,
            peak_bytes=peak_bytes,
            limit_bytes=memory_limit_bytes(),
        )
        self._report_end(process.returncode, remains)

    def _read_status(self, status: IO[bytes]) -> None:
        with status:
            for line in status:
                told = json.loads(line)
                if told["told"] == "started":
                    self._started = True
                    if (limit := self.lease.timeout_seconds) is not None:
                        # Its time begins here: imports, and a busy machine, do not count.
                        self._limit(limit + self._grace_seconds)
                elif told["told"] == "held":
                    self._stop_clock()
                elif told["told"] == "going on":
                    self._let_clock_go_on()
                elif told["told"] == "ended":
                    self._final = True
                    timer = threading.Timer(LINGER_SECONDS, self._signal, (signal.SIGKILL,))
                    timer.daemon = True
                    timer.start()

    def _read_output(self, output: IO[bytes]) -> None:
        with output:
            while line := output.readline(MAX_LINE_BYTES):
                is_recorded = line.startswith(MARK)
                text = line.lstrip(MARK).decode("utf-8", "replace").rstrip("\r\n")
                self._show(f"{self.lease.run_name} | {text}")
                if text.strip():
                    self._last_line = text.strip()[:500]
                    if not is_recorded:
                        self._record(text)

    def _record(self, text: str, *, level: str = "INFO", logger: str = "output") -> None:
        self._recorder.log(
            LogLine(
                id=uuid7(),
                occurred_ns=now_ns(),
                level=level,
                message=text,
                logger=logger,
                run_id=self.lease.run_id,
            )
        )

    def _report_end(self, return_code: int, remains: Remains) -> None:
        if self._lost or self._final:
            return
        if self._stop_reason is State.CANCELLED:
            self._report(State.CANCELLED, message=self._stop_message, cause=self._stop_cause)
            return
        if self._stop_reason is State.TIMED_OUT:
            detail = self._stop_message
            self._report(State.TIMED_OUT, cause={"kind": "timeout", "detail": detail})
            return
        cause = cause_of_death(
            return_code, started=self._started, remains=remains, last_line=self._last_line
        )
        self._report(State.CRASHED, cause=cause)

    def _report_failed_start(self, text: str, error: Exception) -> None:
        self._record(text, level="ERROR")
        self._report(
            State.CRASHED,
            cause={"kind": "start_failed", "detail": text},
            error={"type": type(error).__name__, "message": str(error), "traceback": ""},
        )

    def _report(
        self,
        state: State,
        *,
        message: str | None = None,
        cause: Cause | None = None,
        error: ErrorInfo | None = None,
    ) -> None:
        occurred_ns = now_ns()
        body: dict[str, Any] = {
            "epoch": self.lease.epoch,
            "state": state,
            "occurred_at": iso_from_ns(occurred_ns),
        }
        optional: Mapping[str, Any] = {"message": message, "cause": cause, "error": error}
        body |= {name: value for name, value in optional.items() if value is not None}
        self._show(f"{self.lease.run_name} | {state}: {message or words_of(cause)}")
        try:
            self._client.post(f"runs/{self.lease.run_id}/transitions", body)
            self._reported = True
        except ApiError as refusal:
            if refusal.code == "illegal_transition" and state is State.TIMED_OUT:
                # It never got as far as RUNNING, where alone it could time out.
                self._report(State.CRASHED, message=message, cause=cause, error=error)
            elif refusal.retryable:
                self._recorder.run(
                    RunReport(
                        run_id=self.lease.run_id,
                        epoch=self.lease.epoch,
                        state=state,
                        occurred_ns=occurred_ns,
                        message=message,
                        cause=cause,
                        error=error,
                    )
                )
            else:
                self._show(f"{self.lease.run_name} | the server refused that: {refusal}")
        except ConfigError as refusal:
            self._show(f"{self.lease.run_name} | {refusal}")
