"""One call of a task, while it runs: what the engine drives and reports on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headway import _capture
from headway._clock import now_ns
from headway._context import Scope
from headway._errors import TaskTimedOut
from headway._ids import uuid7
from headway._retry import RetryPolicy
from headway._states import State, is_final
from headway._units import brief, has_story, wait_interruptibly

if TYPE_CHECKING:
    from headway._futures import TaskFuture
    from headway._runs import FlowRun
    from headway._time_limit import AnyLimit


class TaskRun:
    """One call of a task."""

    __slots__ = (
        "_attempt",
        "_depends_on",
        "_final",
        "_started_ns",
        "clock",
        "id",
        "map_index",
        "name",
        "retry",
        "run",
        "scope",
        "state",
        "task_name",
        "timeout_seconds",
        "upstream",
    )

    def __init__(
        self,
        run: FlowRun,
        *,
        task_name: str,
        retry: RetryPolicy,
        timeout_seconds: float | None,
        upstream: Sequence[TaskFuture[Any]] = (),
        map_index: int | None = None,
        name: str | None = None,
    ) -> None:
        self.run = run
        self.id = uuid7()
        self.task_name = task_name
        self.name = name or run.next_name(task_name)
        self.retry = retry
        self.timeout_seconds = timeout_seconds
        self.clock: AnyLimit | None = None
        self.upstream = upstream
        self.map_index = map_index
        self.scope = Scope(run, self)
        self.state = State.PENDING
        self._attempt = 1
        self._final = False
        self._started_ns: int | None = None
        self._depends_on = [future.task_run_id for future in upstream] if upstream else None

    def begin(self, attempt: int) -> None:
        """Report that the task's code starts, for the first time or again."""
        self._attempt = attempt
        if attempt == 1:
            self._started_ns = now_ns()
            self.report(State.RUNNING)
        else:
            self.report(State.RETRYING)

    def await_retry(self, attempt: int, error: BaseException, delay_seconds: float) -> None:
        """Report that the task failed and will be tried again."""
        _capture.engine_logger.warning(
            "task %s failed (%s), attempt %d of %d; trying again in %.1f s",
            *(self.name, brief(error), attempt, self.retry.retries + 1, delay_seconds),
        )
        self.report(State.AWAITING_RETRY, error=error)

    def finish(self, state: State, error: BaseException | None) -> None:
        """Report how the task ended; only the first end counts."""
        try:
            if state in (State.FAILED, State.TIMED_OUT):
                _capture.engine_logger.error("task %s failed: %s", self.name, brief(error))
        finally:
            self.report(state, error=error)

    def time_limit_error(self) -> TimeoutError:
        """Return what the task ends with when it is over its time."""
        return TaskTimedOut(f"{self.name} ran longer than {self.timeout_seconds} s.")

    def interruption(self) -> BaseException | None:
        """Return why the run around this task was told to stop, if it was."""
        return self.run.interruption()

    def has_left_behind(self) -> bool:
        """Tasks submitted by a task belong to the flow, which waits for them."""
        return False

    def settle(self, error: BaseException | None) -> BaseException | None:
        """Leave the waiting to the flow."""
        return error

    async def settle_async(self, error: BaseException | None) -> BaseException | None:
        """Leave the waiting to the flow."""
        return error

    def wait(self, seconds: float) -> None:
        """Wait before the next attempt."""
        wait_interruptibly(seconds)

    def report(self, state: State, *, error: BaseException | None = None) -> None:
        """Note and report a state; nothing is said after a final one."""
        if self._final:
            return
        self._final = is_final(state)
        self.state = state
        recorder = self.run.recorder
        if not recorder.enabled:
            return
        from headway._records import TaskRunReport
        from headway._tracebacks import describe_error

        recorder.task_run(
            TaskRunReport(
                task_run_id=self.id,
                run_id=self.run.id,
                epoch=self.run.epoch,
                sequence=self.run.next_sequence(),
                state=state,
                occurred_ns=now_ns(),
                started_ns=self._started_ns,
                task_name=self.task_name,
                name=self.name,
                attempt=self._attempt,
                map_index=self.map_index,
                depends_on=self._depends_on,
                error=describe_error(error) if error is not None and has_story(error) else None,
            )
        )
