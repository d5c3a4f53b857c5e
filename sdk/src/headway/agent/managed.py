"""
The task of one run in a managed pool: `python -m headway.agent.managed`.

What started it (a process or a container of Headway's) says in the environment which run that is,
and gave it a key for that run alone. It fetches the code, makes the environment, executes the run
in a process of its own as an agent does, and ends with it. Exit code 0: the server knows how the
run ended, however that was; 1: it does not.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from headway._client import Client
from headway._clock import iso_from_ns, now_ns
from headway._config import get_config
from headway._errors import ApiError, ConfigError, HeadwayError
from headway._ids import uuid7
from headway._recorder import Recorder
from headway._recording import open_recorder
from headway._records import Cause, LogLine, RunReport
from headway._states import State
from headway._zips import MAX_ZIP_BYTES, BadZip, hash_file, unpack_zip
from headway.agent._death import words_of
from headway.agent._environment import (
    Environment,
    EnvironmentFailed,
    Stopped,
    prepare_environment,
)
from headway.agent._heartbeat import HEARTBEAT_SECONDS, Heartbeat
from headway.agent._lease import Lease
from headway.agent._runner import GRACE_SECONDS, RunProcess

DETAIL_LENGTH = 1_900  # of a cause, as the server takes it
LISTEN_SECONDS = 25.0
LISTEN_AGAIN_SECONDS = 5.0
PATIENT_ATTEMPTS = 8  # a server that restarts must not cost a run


class _Lost(HeadwayError):
    """The run is somebody else's now."""


class Task:
    """One execution of one run, from fetching its code to reporting its end."""

    def __init__(
        self,
        *,
        client: Client,
        recorder: Recorder,
        run_id: str,
        epoch: int,
        folder: Path,
        environments: Path,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self.run_id = run_id
        self.epoch = epoch
        self._client = client
        self._recorder = recorder
        self._folder = folder
        self._environments = environments
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._stop = threading.Event()  # before there is a process that could be told
        self._lost = False
        self._cancelled = False
        self._evicted = False
        self._process: RunProcess | None = None
        self._environment: Environment | None = None
        self._over = threading.Event()
        self._listens_at = ""  # where the server lets us wait for commands
        self._heartbeat = Heartbeat(
            beat=self._beat,
            heed=self._heed,
            say=_show,
            seconds=heartbeat_seconds,
            at_once=True,
        )

    def run(self) -> bool:
        """Execute the run; return whether the server knows how it ended."""
        self._heartbeat.start()
        try:
            return self._execute()
        finally:
            self._over.set()
            self._heartbeat.stop()
            if self._environment is not None:
                self._environment.release()

    def evict(self) -> None:
        """Stop because whoever started us says so, and not the server: the run is lost."""
        with self._lock:
            self._evicted = True
            process = self._process
        self._stop.set()
        if process is not None:
            process.abandon()

    def _execute(self) -> bool:
        try:
            order = self._ask()
            lease, environment = self._prepare(order)
        except _Lost as error:
            _show(str(error))
            return False
        except Stopped:
            return self._end_unstarted()
        except (BadZip, EnvironmentFailed, ConfigError, ApiError, OSError) as error:
            if self._stop.is_set():
                return self._end_unstarted()
            detail = str(error)[:DETAIL_LENGTH]
            return self._report(State.CRASHED, cause={"kind": "start_failed", "detail": detail})
        return self._see_through(lease, environment)

    # Before the run.

    def _ask(self) -> Mapping[str, Any]:
        try:
            answer = self._client.request(
                "GET",
                self._client.url(f"runs/{self.run_id}/task"),
                params={"epoch": self.epoch},
                attempts=PATIENT_ATTEMPTS,
            )
        except ApiError as error:
            if error.code in {"stale_epoch", "not_found", "unauthenticated"}:
                raise _Lost(f"there is nothing to do: {error}") from error
            raise
        order: Mapping[str, Any] = answer
        return order

    def _prepare(self, order: Mapping[str, Any]) -> tuple[Lease, Environment]:
        order, code = self._fetch(order)
        _require_python(str(order.get("python") or ""))
        self._tell("FETCHED")
        self._environment = prepare_environment(
            self._environments,
            workspace=self._client.workspace(),
            requirements=[str(line) for line in order["requirements"]],
            given=os.environ,
            stop=self._stop,
            show=self._say,
        )
        self._tell("PREPARED")
        return replace(Lease.from_wire(order["lease"]), path=str(code)), self._environment

    def _fetch(self, order: Mapping[str, Any]) -> tuple[Mapping[str, Any], Path]:
        """Return the unpacked code, and the order that it belongs to."""
        packed, code = self._folder / "bundle.zip", self._folder / "code"
        shutil.rmtree(code, ignore_errors=True)
        self._client.download(
            f"runs/{self.run_id}/task/bundle",
            packed,
            params={"epoch": self.epoch},
            most_bytes=MAX_ZIP_BYTES,
        )
        self._heed_stop()
        arrived = hash_file(packed)
        if arrived != order["bundle"]["sha256"]:
            # Somebody may have deployed since we asked: then this is the code of the newer order.
            order = self._ask()
        if arrived != order["bundle"]["sha256"]:
            raise BadZip("The code did not arrive as it was uploaded: its checksum differs.")
        unpack_zip(packed, code)
        packed.unlink()
        self._heed_stop()
        return order, code

    def _heed_stop(self) -> None:
        if self._stop.is_set():
            raise Stopped("Stopped before the run began.")

    def _tell(self, phase: str) -> None:
        """Say how far we are. For the eye only: that it could not be said stops nothing."""
        body = {"epoch": self.epoch, "phase": phase, "at": iso_from_ns(now_ns())}
        try:
            self._client.post(f"runs/{self.run_id}/task/phases", body, attempts=1)
        except (ApiError, ConfigError) as error:
            _show(f"{phase} could not be told: {error}")
        self._heed_stop()

    def _end_unstarted(self) -> bool:
        if self._lost:
            return False
        if self._cancelled:
            return self._report(State.CANCELLED, message="Cancelled from Headway.")
        detail = "The task was stopped before the run began."
        return self._report(State.CRASHED, cause={"kind": "evicted", "detail": detail})

    # The run.

    def _see_through(self, lease: Lease, environment: Environment) -> bool:
        process = RunProcess(
            lease,
            client=self._client,
            recorder=self._recorder,
            on_end=lambda _: None,
            show=_show,
            grace_seconds=self._grace_seconds,
            python=str(environment.python),
            variables=environment.variables(os.environ),
        )
        return self._see_process_through(process)

    def _see_process_through(self, process: RunProcess) -> bool:
        with self._lock:
            self._process = process
            stopped_already = self._stop.is_set()
        if stopped_already:
            return self._end_unstarted()
        process.start()
        process.wait()
        self._recorder.drain()  # what the run's process had to leave in the spool
        return process.is_end_known and not self._lost

    # Heartbeats.

    def _beat(self) -> Mapping[str, Any]:
        answer = self._client.request(
            "POST",
            self._client.url(self._beats_at()),
            body=self._beat_body(),
            read_seconds=10.0,
            attempts=1,
        )
        answer = answer if isinstance(answer, Mapping) else {}
        self._begin_listening(str(answer.get("live_url") or ""))
        return answer

    def _beats_at(self) -> str:
        return f"runs/{self.run_id}/heartbeat"

    def _beat_body(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "heeded": self._process and self._process.heeded}

    def _begin_listening(self, live_url: str) -> None:
        with self._lock:
            if not live_url or self._listens_at:
                return
            self._listens_at = live_url.rstrip("/")
        threading.Thread(target=self._listen, name="headway-listen", daemon=True).start()

    def _listen(self) -> None:
        """
        Wait at the server for commands, so that they come at once and not with the next beat.

        Beats go on beside it: while this does not work out, they bring the same.
        """
        config = self._client.config
        url = self._client.url(self._beats_at())
        url = self._listens_at + url.removeprefix(config.api_url.rstrip("/"))
        while not self._over.is_set():
            try:
                answer = self._client.request(
                    "POST",
                    url,
                    body={**self._beat_body(), "wait_seconds": LISTEN_SECONDS},
                    read_seconds=LISTEN_SECONDS + 10,
                    attempts=1,
                )
            except (ApiError, ConfigError) as error:
                asked = getattr(error, "retry_after_seconds", None)
                self._over.wait(asked if asked is not None else LISTEN_AGAIN_SECONDS)
                continue
            if self._over.is_set() or not isinstance(answer, Mapping):
                return
            self._heed(answer)
            # What we were told may take a moment to be heeded, and is told until then.
            self._over.wait(1.0 if answer.get("commands") or answer.get("lost") else 0.0)

    def _heed(self, answer: Mapping[str, Any]) -> None:
        is_lost = any(self._is_ours(each) for each in answer.get("lost") or ())
        is_cancelled = any(
            self._is_ours(each) and each.get("command") == "cancel"
            for each in answer.get("commands") or ()
        )
        if not (is_lost or is_cancelled):
            self._hold(answer)
            return
        with self._lock:
            self._lost = self._lost or is_lost
            self._cancelled = self._cancelled or is_cancelled
            process = self._process
            self._stop.set()
        if process is not None and is_lost:
            process.lose()
        elif process is not None:
            process.cancel("Cancelled from Headway.")

    def _hold(self, answer: Mapping[str, Any]) -> None:
        """Pause, resume or suspend; what comes before there is a process comes again."""
        process = self._process
        for each in answer.get("commands") or ():
            if process is not None and self._is_ours(each):
                process.obey(str(each.get("command")))

    def _is_ours(self, key: Mapping[str, Any]) -> bool:
        return str(key.get("run_id")) == self.run_id and key.get("epoch") == self.epoch

    # Reports.

    def _say(self, text: str) -> None:
        """Show a line, and record it with the run."""
        _show(text)
        self._recorder.log(
            LogLine(
                id=uuid7(),
                occurred_ns=now_ns(),
                level="INFO",
                message=text,
                logger="headway.environment",
                run_id=self.run_id,
            )
        )

    def _report(
        self, state: State, *, message: str | None = None, cause: Cause | None = None
    ) -> bool:
        occurred_ns = now_ns()
        _show(f"{state}: {message or words_of(cause)}")
        body: dict[str, Any] = {
            "epoch": self.epoch,
            "state": state,
            "occurred_at": iso_from_ns(occurred_ns),
        }
        if message is not None:
            body["message"] = message
        if cause is not None:
            body["cause"] = cause
        try:
            self._client.post(f"runs/{self.run_id}/transitions", body, attempts=PATIENT_ATTEMPTS)
        except (ApiError, ConfigError) as error:
            _show(f"that could not be reported: {error}")
            if not getattr(error, "retryable", False):
                return False
            self._recorder.run(
                RunReport(
                    run_id=self.run_id,
                    epoch=self.epoch,
                    state=state,
                    occurred_ns=occurred_ns,
                    message=message,
                    cause=cause,
                )
            )
            return self._recorder.drain()
        return True


def _require_python(wanted: str) -> None:
    at_least = wanted.removeprefix(">=").split(".")
    if not wanted.startswith(">=") or not all(part.isdigit() for part in at_least):
        return
    if sys.version_info[: len(at_least)] < tuple(map(int, at_least)):
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise EnvironmentFailed(f"The run needs Python {wanted}, and here is {here}.")


def main() -> NoReturn:
    """Execute the run that the environment names, and exit."""
    config = get_config()
    folder = Path(os.environ.get("HEADWAY_TASK_DIR") or tempfile.mkdtemp(prefix="headway-task-"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Its reports wait with it, and not where those of other runs do.
    os.environ.setdefault("HEADWAY_SPOOL_DIR", str(folder / "spool"))
    recorder = open_recorder(config)
    task = Task(
        client=Client(config),
        recorder=recorder,
        run_id=os.environ["HEADWAY_RUN_ID"],
        epoch=int(os.environ["HEADWAY_EPOCH"]),
        folder=folder,
        environments=Path(
            os.environ.get("HEADWAY_ENVIRONMENTS_DIR") or folder / "environments"
        ).absolute(),
    )
    stopped = threading.Event()

    def watch() -> None:
        stopped.wait()
        task.evict()

    for number in (signal.SIGTERM, signal.SIGINT):
        # Only a mark: the handler may have interrupted whoever holds our locks.
        signal.signal(number, lambda *_: stopped.set())
    threading.Thread(target=watch, name="headway-stop", daemon=True).start()
    is_known = task.run()
    recorder.close()
    sys.exit(0 if is_known else 1)


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
