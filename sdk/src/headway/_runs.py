"""One call of a flow, while it runs: what the engine drives and reports on."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from headway import _capture
from headway._clock import now_ns
from headway._context import Scope, enter_root, leave_root
from headway._errors import (
    FlowTimedOut,
    RunCancelled,
    RunLost,
    RunSuspended,
    TaskCancelled,
    UpstreamFailed,
)
from headway._futures import TaskFuture
from headway._holds import Hold
from headway._ids import uuid7
from headway._interrupt import Gate, Interruption, current_gate, signals
from headway._retry import RetryPolicy
from headway._say import say
from headway._states import State, is_final
from headway._time_limit import stopped
from headway._units import brief, has_story, text_of, wait_interruptibly
from headway.runners.threads import ThreadRunner, default_workers

if TYPE_CHECKING:
    import asyncio

    from headway._port import AnyRecorder
    from headway._records import RunReport
    from headway._results import Results
    from headway._task_run import TaskRun
    from headway._time_limit import AnyLimit

GRACE_SECONDS = 10.0  # for submitted tasks to stop once their run is interrupted
PATIENCE_SECONDS = 0.5  # of that, before it is said whom we wait for


def holder_name() -> str:
    """Return who holds the lease of a run that this process started itself."""
    import socket

    return f"{socket.gethostname()}:{os.getpid()}"


class FlowRun:
    """One call of a flow."""

    def __init__(
        self,
        *,
        flow_name: str,
        name: str,
        recorder: AnyRecorder,
        retry: RetryPolicy,
        timeout_seconds: float | None = None,
        parameters: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        parent: Scope | None = None,
        run_id: str | None = None,
        epoch: int = 1,
        leased: bool = False,
        max_workers: int | None = None,
        capture_prints: bool = True,
    ) -> None:
        self.id = run_id or uuid7()
        self.epoch = epoch
        self.flow_name = flow_name
        self.name = name
        self.recorder = recorder
        self.retry = retry
        self.timeout_seconds = timeout_seconds
        self.clock: AnyLimit | None = None
        self.origin = 1  # the attempt that began what this process may go on with
        self.results: Results | None = None  # of tasks; the root's count for all of a process
        self.on_hold: Callable[[bool], None] | None = None  # who else keeps our time
        self._holds = 0
        self.scope = Scope(self)
        self.state = State.PENDING if leased else State.SCHEDULED
        self.message: str | None = None
        self.first_report: RunReport | None = None  # of a run that this process started
        self._parameters = parameters
        self._tags = tags
        self.parent = parent
        self.root: FlowRun = self if parent is None else parent.run.root
        self.hold = Hold()
        self.leased = leased  # an agent holds the lease and sends the heartbeats
        self._max_workers = max_workers
        self._capture_prints = capture_prints
        self._sequence = itertools.count(1)
        self._counts: dict[str, Iterator[int]] = {}
        self._runner: ThreadRunner | None = None
        self._lock = threading.Lock()
        self._unsettled: dict[str, TaskFuture[Any]] = {}
        self._failed: list[TaskFuture[Any]] = []
        self._settled = True
        self._interruption: BaseException | None = None
        self._grace_ends_at: float | None = None
        self._gate: Gate | None = None
        self._working: dict[int, Gate] = {}
        self._loop_task: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None

    # What the engine asks of a unit.

    def begin(self, attempt: int) -> None:
        """Report that the flow's code starts, for the first time or again."""
        if attempt > 1:
            self._report(State.RETRYING, message=f"attempt {attempt} of {self.retry.retries + 1}")
            return
        if self.leased:
            self._report(State.RUNNING)
            return
        self._report(State.RUNNING, first=True)
        if self.recorder.enabled:
            self.recorder.hold(self)

    def await_retry(self, attempt: int, error: BaseException, delay_seconds: float) -> None:
        """Say that the flow failed and starts again soon. The run stays RUNNING: we hold it."""
        _capture.engine_logger.warning(
            "flow %s failed (%s), attempt %d of %d; trying again in %.1f s",
            *(self.name, brief(error), attempt, self.retry.retries + 1, delay_seconds),
        )

    def finish(self, state: State, error: BaseException | None) -> None:
        """Report how the flow ended, the last word on this run."""
        if state is State.SUSPENDED and self.parent is not None:
            # The run around it is what is taken up again; it will start this one anew.
            state = State.CANCELLED
        if self._runner is not None:
            self._runner.close()
        if self.results is not None and state is State.COMPLETED:
            self.results.forget()
        try:
            if state in (State.FAILED, State.TIMED_OUT):
                _capture.engine_logger.error("flow %s failed: %s", self.name, brief(error))
        finally:  # a handler of the user's may raise; at the bottom of a recursion anything does
            self._report(
                state,
                error=error,
                message=error.message if isinstance(error, RunCancelled) else None,
                cause=error.cause if isinstance(error, RunLost) else None,
            )
            if self.recorder.enabled:
                self.recorder.release(self)

    def time_limit_error(self) -> TimeoutError:
        """Return what the run ends with when it is over its time."""
        return FlowTimedOut(f"{self.name} ran longer than {self.timeout_seconds} s.")

    def interruption(self) -> BaseException | None:
        """Return why this run was told to stop, if it was."""
        return self._interruption

    def wait(self, seconds: float) -> None:
        """Wait before the next attempt."""
        wait_interruptibly(seconds)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Stop the run's clocks inside the block: nobody works, people are asked."""
        self._count_hold(1)
        try:
            with stopped(self.clock):
                yield
        finally:
            self._count_hold(-1)

    def _count_hold(self, change: int) -> None:
        with self._lock:
            before, self._holds = self._holds, self._holds + change
            is_held = self._holds > 0
        if self.on_hold is not None and (before > 0) != is_held:
            self.on_hold(is_held)

    # Starting and stopping.

    @contextmanager
    def active(self, *, asynchronous: bool = False) -> Iterator[None]:
        """Put in place what a running flow needs around it, and take it away again."""
        if asynchronous:
            import asyncio

            task = asyncio.current_task()
            if task is not None:
                self._loop_task = (asyncio.get_running_loop(), task)
        else:
            self._gate = current_gate()
        if self.parent is not None:
            yield
            return
        enter_root(self)
        handling = signals.install(stop=self._stop_from_signal, interactive=not asynchronous)
        capturing = self.recorder.enabled
        if capturing:
            _capture.start(prints=self._capture_prints)
        try:
            yield
        finally:
            if capturing:
                _capture.finish_line()
                _capture.stop(prints=self._capture_prints)
            if handling:
                signals.restore()
            leave_root(self)

    def interrupt(self, error: BaseException) -> None:
        """
        Stop the run with `error`; callable from any thread, the first reason counts.

        Synchronous code is interrupted at its next bytecode, asynchronous code at its next await;
        tasks on threads are told as well, and what has not started never will.
        """
        if self._interruption is not None or is_final(self.state):
            return
        self._interruption = error
        interruption = Interruption(self, error, error)
        if self._loop_task is not None:
            loop, task = self._loop_task
            loop.call_soon_threadsafe(task.cancel)
        elif self._gate is not None:
            self._gate.interrupt(interruption)
        self._cancel_submitted(interruption)

    def _stop_from_signal(self, error: BaseException) -> None:
        if self._interruption is None:
            self._interruption = error
        if self._loop_task is not None:
            loop, task = self._loop_task
            loop.call_soon_threadsafe(task.cancel)
        elif self._gate is not None:
            self._gate.pending.append(Interruption(self, error, error))

    def _cancel_submitted(self, interruption: Interruption | None) -> None:
        if self._runner is None:
            return
        self._runner.take_unstarted()
        with self._lock:
            unsettled = list(self._unsettled.values())
            working = dict(self._working)
        if interruption is not None:
            for gate in working.values():
                if gate is not self._gate:
                    gate.interrupt(interruption)
        for future in unsettled:
            future.cancel_if_unstarted()

    # Submitted tasks.

    def has_left_behind(self) -> bool:
        """Return whether submitted tasks have to be waited for or accounted for."""
        return not self._settled

    def settle(self, error: BaseException | None) -> BaseException | None:
        """
        Wait for submitted tasks at the end of the flow's code.

        After a good end all are waited for, and a failure that nobody looked at becomes the
        flow's. After a failure those that have not started never will. After an interruption
        the running ones are told to stop, and given up after a grace period.
        """
        unsettled = self._begin_settling(error)
        deadline = self._grace_ends_at
        if deadline is not None:
            self._say_who_does_not_stop(unsettled, deadline)
        for future in unsettled:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not future.wait(remaining):
                future.give_up()
        return self._end_settling(error)

    def _say_who_does_not_stop(self, unsettled: Sequence[TaskFuture[Any]], deadline: float) -> None:
        patience_ends_at = min(time.monotonic() + PATIENCE_SECONDS, deadline)
        busy = [
            future.name
            for future in unsettled
            if not future.wait(max(0.0, patience_ends_at - time.monotonic()))
        ]
        seconds = deadline - time.monotonic()
        if busy and seconds > 0:
            names = ", ".join(busy[:3]) + (f" and {len(busy) - 3} more" if len(busy) > 3 else "")
            say(f"waiting up to {seconds:.0f} s for {names} to stop; Ctrl-C again to leave them.")

    async def settle_async(self, error: BaseException | None) -> BaseException | None:
        """Do the same without blocking the event loop."""
        unsettled = self._begin_settling(error)
        deadline = self._grace_ends_at
        for future in unsettled:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not await future.wait_async(remaining):
                future.give_up()
        return self._end_settling(error)

    def _begin_settling(self, error: BaseException | None) -> list[TaskFuture[Any]]:
        if error is not None:
            interrupted = not isinstance(error, Exception) or isinstance(error, FlowTimedOut)
            # What a suspended run is at may end; nothing else begins.
            interrupted = interrupted and not isinstance(error, RunSuspended)
            if interrupted:
                again = self._grace_ends_at is not None
                self._grace_ends_at = time.monotonic() + (0 if again else GRACE_SECONDS)
            stop = RunCancelled(f"{self.name} was stopped.", run_id=self.id)
            self._cancel_submitted(Interruption(self, stop, stop) if interrupted else None)
        with self._lock:
            return list(self._unsettled.values())

    def _end_settling(self, error: BaseException | None) -> BaseException | None:
        with self._lock:
            self._settled = not self._unsettled  # the tasks waited for may have submitted more
            failed, self._failed = self._failed, []
        if error is not None:
            return None
        for future in failed:
            if not future.observed:
                return future.exception()
        return None

    def submit(self, task_run: TaskRun, call: Callable[[], Any]) -> TaskFuture[Any]:
        """Run a task on a thread once the futures it depends on are done."""
        future: TaskFuture[Any] = TaskFuture(task_run)
        if self._interruption is not None:
            raise self._interruption
        if self._runner is None:
            with self._lock:
                if self._runner is None:
                    self._runner = ThreadRunner(
                        max_workers=self._max_workers or default_workers(), name=self.name
                    )
        runner = self._runner
        self._settled = False
        with self._lock:
            self._unsettled[task_run.id] = future
        future.add_done_callback(self._forget)
        task_run.report(State.PENDING)
        context = copy_context()

        def job() -> None:
            if future.start():
                context.run(self._work, future, task_run, call)

        waiting_for = len(task_run.upstream)
        if not waiting_for:
            runner.submit(job)
            return future
        left = itertools.count(waiting_for - 1, -1)

        def upstream_done(upstream: TaskFuture[Any]) -> None:
            upstream.observed = True
            if next(left) == 0:
                runner.submit(job)

        for upstream in task_run.upstream:
            upstream.add_done_callback(upstream_done)
        return future

    def _work(self, future: TaskFuture[Any], task_run: TaskRun, call: Callable[[], Any]) -> None:
        gate = current_gate()
        with self._lock:
            self._working[gate.thread_id] = gate
        try:
            if not self._may_start(future, task_run):
                return
            value = call()
        except BaseException as error:  # noqa: BLE001  it is the future's to raise
            future.settle(None, error)
        else:
            future.settle(value, None)
        finally:
            with self._lock:
                self._working.pop(gate.thread_id, None)
            gate.clear()

    def _may_start(self, future: TaskFuture[Any], task_run: TaskRun) -> bool:
        if self._interruption is not None:
            future.give_up()
            return False
        for upstream in task_run.upstream:
            cause = upstream.exception()
            if cause is None:
                continue
            if isinstance(cause, TaskCancelled):
                future.give_up()
                return False
            error = UpstreamFailed(
                f"{task_run.name} needs {upstream.name}, which failed: {text_of(cause)}"
            )
            error.__cause__ = cause
            task_run.finish(State.FAILED, error)
            future.settle(None, error)
            return False
        return True

    def _forget(self, future: TaskFuture[Any]) -> None:
        with self._lock:
            self._unsettled.pop(future.task_run_id, None)
            if future.failed():
                self._failed.append(future)

    def place_given_away(self) -> AbstractContextManager[None]:
        """Free the calling thread's place among the workers while it waits for another task."""
        return nullcontext() if self._runner is None else self._runner.place_given_away()

    def knows_futures(self) -> bool:
        """Return whether arguments may hold futures at all; most runs never make one."""
        return self._runner is not None

    # Names, numbers, reports.

    def next_sequence(self) -> int:
        """Return the next number for a task report; they order reports of this process."""
        return next(self._sequence)

    def next_name(self, task_name: str) -> str:
        """Return the name of the next run of a task, `load-0`, `load-1` …"""
        counter = self._counts.get(task_name)
        if counter is None:
            counter = self._counts.setdefault(task_name, itertools.count())
        return f"{task_name}-{next(counter)}"

    def _report(
        self,
        state: State,
        *,
        first: bool = False,
        error: BaseException | None = None,
        message: str | None = None,
        cause: Mapping[str, Any] | None = None,
    ) -> None:
        self.state = state
        if not self.recorder.enabled:
            return
        # Imported when there is somebody to tell, to keep `import headway` short.
        from headway._records import RunReport
        from headway._tracebacks import describe_error

        report = RunReport(
            run_id=self.id,
            epoch=self.epoch,
            state=state,
            occurred_ns=now_ns(),
            message=message,
            error=describe_error(error) if error is not None and has_story(error) else None,
            cause=cause,
        )
        if not self.leased:
            # Every report can create the run: the first one may be lost on the way.
            report.flow_name = self.flow_name
            report.name = self.name
            report.source = "LOCAL"
            report.holder = holder_name()
            if self.parent is not None and self.parent.run.recorded:
                report.source = "SUBFLOW"
                report.parent_run_id = self.parent.run.id
                task_run = self.parent.task_run
                report.parent_task_run_id = task_run.id if task_run else None
        if first:
            report.parameters = self._parameters
            report.tags = list(self._tags) or None
            self.first_report = report
        self.recorder.run(report)

    @property
    def recorded(self) -> bool:
        """Whether the server hears of this run."""
        return self.recorder.enabled
