"""
The process of one run: `python -m headway.agent.execute`, started by the agent.

The order comes on stdin as JSON. Two pipes connect us to the agent: the lifeline, whose end means
that the agent is gone, and the status pipe, on which we say how far we got.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from headway import _capture, _context
from headway._clock import now_ns
from headway._entrypoint import load_flow
from headway._errors import EntrypointError, ParameterError, RunLost
from headway._flow import Flow
from headway._recorder import Recorder
from headway._recording import get_recorder
from headway._records import RunReport
from headway._runs import FlowRun
from headway._states import State
from headway._tracebacks import describe_error, users_part
from headway._values import read_parameters

if TYPE_CHECKING:
    from headway._port import AnyRecorder

# On the lifeline, before its end.
EVICTED = b"e"  # nobody died, we have to leave
PAUSE, RESUME, SUSPEND = b"p", b"r", b"s"  # what people ask of the run
GRACE_SECONDS = 10.0  # for the run to stop once the agent is gone


class Lifeline:
    """Notices the death of the agent, and takes this process along."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._run: FlowRun | None = None
        self._asked: bytes = b""  # last, of a run that has not begun
        threading.Thread(target=self._watch, name="headway-lifeline", daemon=True).start()

    def guard(self, run: FlowRun) -> None:
        """Stop this run, not only the process, when the agent dies."""
        self._run = run
        self._hold(self._asked)

    def _hold(self, asked: bytes) -> None:
        if self._run is None:
            self._asked = asked
        elif asked == PAUSE:
            self._run.hold.pause()
        elif asked == RESUME:
            self._run.hold.resume()
        elif asked == SUSPEND:
            self._run.hold.suspend()

    def _watch(self) -> None:
        cause = {"kind": "agent_lost", "detail": "The agent died while this run was going on."}
        while told := os.read(self._descriptor, 1):
            if told == EVICTED:
                cause = {"kind": "evicted", "detail": "The machine was taken away."}
            else:
                self._hold(told)
        if self._run is not None:
            self._run.interrupt(RunLost("The agent is gone.", run_id=self._run.id, cause=cause))
            threading.Event().wait(GRACE_SECONDS)
        os.killpg(os.getpgid(0), signal.SIGKILL)


class StatusPipe:
    """Tells the agent how far we got."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, told: str) -> None:
        """Write one line; the agent being gone is the lifeline's business."""
        try:
            os.write(self._descriptor, json.dumps({"told": told}).encode() + b"\n")
        except BrokenPipeError:
            return


def main() -> NoReturn:
    """Execute one run and exit: 0 completed, 1 failed, 143 stopped."""
    lifeline_fd = int(os.environ.pop("HEADWAY_LIFELINE_FD"))
    status_fd = int(os.environ.pop("HEADWAY_STATUS_FD"))
    for descriptor in (lifeline_fd, status_fd):
        os.set_inheritable(descriptor, False)
    lifeline, status = Lifeline(lifeline_fd), StatusPipe(status_fd)
    order: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  for the life of the process
    _context.belong_to(order["run_id"])
    _capture.mark_recorded_lines()
    recorder = get_recorder()
    flow = _load(order, recorder, status)
    parameters = _read(flow, order, recorder, status)
    status.tell("started")
    code = _run(flow, parameters, order, lifeline, status)
    _end(recorder, status, code)


def _load(order: dict[str, Any], recorder: AnyRecorder, status: StatusPipe) -> Flow[..., Any]:
    try:
        return load_flow(order["entrypoint"], folder=Path(order["path"]))
    except EntrypointError as error:
        sys.stderr.write(f"{error}\n")
        _fail_start(order, recorder, status, error)
    except BaseException as error:  # noqa: BLE001  whatever an import raises is the run's end
        traceback.print_exception(type(error), error, users_part(error.__traceback__))
        _fail_start(order, recorder, status, error)


def _read(
    flow: Flow[..., Any], order: dict[str, Any], recorder: AnyRecorder, status: StatusPipe
) -> dict[str, Any]:
    try:
        return read_parameters(flow.fn, order["parameters"])
    except ParameterError as error:
        sys.stderr.write(f"{error}\n")
        _fail_start(order, recorder, status, error)


def _run(
    flow: Flow[..., Any],
    parameters: dict[str, Any],
    order: dict[str, Any],
    lifeline: Lifeline,
    status: StatusPipe,
) -> int:
    def begin(run: FlowRun) -> None:
        lifeline.guard(run)
        run.on_hold = lambda is_held: status.tell("held" if is_held else "going on")

    try:
        result = flow.run_leased(
            parameters,
            run_id=order["run_id"],
            epoch=order["epoch"],
            timeout_seconds=order["timeout_seconds"],
            origin=order["origin"],
            goes_on=order["goes_on"],
            on_start=begin,
        )
        if flow.is_async:
            import asyncio

            asyncio.run(result)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:  # noqa: BLE001  it is reported; the agent's console shows it too
        lines = traceback.format_exception(type(error), error, users_part(error.__traceback__))
        for line in "".join(lines).splitlines():
            sys.stderr.write(f"{_capture.RECORDED_MARK}{line}\n")
        return 1
    except BaseException:  # noqa: BLE001  cancelled, or lost; reported by the engine
        return 143
    return 0


def _fail_start(
    order: dict[str, Any], recorder: AnyRecorder, status: StatusPipe, error: BaseException
) -> NoReturn:
    described = describe_error(error)
    recorder.run(
        RunReport(
            run_id=order["run_id"],
            epoch=order["epoch"],
            state=State.CRASHED,
            occurred_ns=now_ns(),
            error=described,
            cause={
                "kind": "start_failed",
                "detail": f"{described['type']}: {described['message']}"[:500],
            },
        )
    )
    _end(recorder, status, 1)


def _end(recorder: AnyRecorder, status: StatusPipe, code: int) -> NoReturn:
    if isinstance(recorder, Recorder):
        recorder.close()
        status.tell("ended")  # delivered or in the spool, which the agent drains
    sys.stdout.flush()
    sys.exit(code)


if __name__ == "__main__":
    main()
