"""Tasks: tracked steps inside a flow."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, overload

from headway._context import Scope, find_scope
from headway._engine import drive
from headway._futures import FutureList, TaskFuture, find_futures, map_calls, resolve
from headway._holds import hold_here, hold_here_async
from headway._options import TaskOptions, check_options, retry_policy, timeout_seconds
from headway._port import SilentRecorder
from headway._retry import RetryPolicy
from headway._runs import FlowRun
from headway._states import State
from headway._task_run import TaskRun

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Task(Generic[P, R]):
    """
    A function whose calls inside a flow are recorded as task runs.

    Outside of a flow a call does the same work, retries and timeout included, unrecorded.
    """

    def __init__(self, fn: Callable[P, R], options: TaskOptions) -> None:
        check_options(options, TaskOptions, decorator="task")
        refuse_generators(fn, "task")
        self.fn = fn
        self.options = options
        self.name: str = options.get("name", getattr(fn, "__name__", "task"))
        self.is_async = inspect.iscoroutinefunction(fn)
        self._retry: RetryPolicy = retry_policy(options)
        self._timeout_seconds = timeout_seconds(options)
        functools.update_wrapper(self, fn)

    def __repr__(self) -> str:
        """Return the task's name."""
        return f"<Task {self.name}>"

    def __get__(self, instance: object, owner: type | None = None) -> Task[..., R]:
        """Bind to an instance, so that methods can be tasks."""
        if instance is None:
            return self
        return Task(self.fn.__get__(instance, owner), {**self.options, "name": self.name})

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the task here and now; futures among the arguments are waited for."""
        scope = find_scope()
        run = scope.run if scope is not None else _detached_run()
        upstream = find_futures(args, kwargs) if run.knows_futures() else []
        task_run = self._new_run(run, upstream)
        if self.is_async:
            return self._call_async(task_run, args, kwargs)  # type: ignore[return-value]  # R is a coroutine
        if upstream:
            args, kwargs = resolve(args), resolve(kwargs)
        result: R = self._carry_out(task_run, args, kwargs, scope or run.scope)
        return result

    @overload
    def submit(
        self: Task[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any
    ) -> TaskFuture[T]: ...
    @overload
    def submit(self, *args: Any, **kwargs: Any) -> TaskFuture[R]: ...
    def submit(self, *args: Any, **kwargs: Any) -> TaskFuture[Any]:
        """
        Start the task on a thread and return a future of its result.

        A future among the arguments (also inside lists, tuples, sets and dicts) makes this task
        wait for that one, and is replaced by its result. The arguments are not typed, since
        futures stand in for values.
        """
        return self._submit(self._run_for_submit(), args, kwargs, map_index=None)

    @overload
    def map(
        self: Task[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any
    ) -> FutureList[T]: ...
    @overload
    def map(self, *args: Any, **kwargs: Any) -> FutureList[R]: ...
    def map(self, *args: Any, **kwargs: Any) -> FutureList[Any]:
        """
        Submit the task once for each element of the iterables given.

        Iterables must be of one length; text, bytes, mappings and what is wrapped in
        `unmapped()` go whole to every call.
        """
        run = self._run_for_submit()
        calls = map_calls(args, kwargs)
        return FutureList(
            self._submit(run, positional, named, map_index=index)
            for index, (positional, named) in enumerate(calls)
        )

    def with_options(self, **options: Unpack[TaskOptions]) -> Task[P, R]:
        """Return the same task with some options changed."""
        return Task(self.fn, {**self.options, **options})

    def _new_run(
        self, run: FlowRun, upstream: list[TaskFuture[Any]], map_index: int | None = None
    ) -> TaskRun:
        return TaskRun(
            run,
            task_name=self.name,
            retry=self._retry,
            timeout_seconds=self._timeout_seconds,
            upstream=upstream,
            map_index=map_index,
        )

    def _carry_out(
        self, task_run: TaskRun, args: tuple[Any, ...], kwargs: Mapping[str, Any], scope: Scope
    ) -> Any:
        """Run the task, or return what an earlier process of the run has made of it."""
        hold_here(scope)
        results = task_run.run.root.results
        if results is None:
            return drive(task_run, lambda: self.fn(*args, **kwargs))
        key = results.key(self.name, (args, kwargs))
        value = results.find(key)
        if not results.is_missing(value):
            task_run.finish(State.CACHED, None)
            return value
        value = drive(task_run, lambda: self.fn(*args, **kwargs))
        results.keep(key, value)
        return value

    async def _call_async(
        self, task_run: TaskRun, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        from headway._engine_async import drive_async

        await hold_here_async(task_run.run.scope)
        for future in task_run.upstream:
            await future
        if task_run.upstream:
            args, kwargs = resolve(args), resolve(kwargs)
        results = task_run.run.root.results
        key = None if results is None else results.key(self.name, (args, kwargs))
        if results is not None and not results.is_missing(value := results.find(key)):
            task_run.finish(State.CACHED, None)
            return value
        value = await drive_async(task_run, lambda: self.fn(*args, **kwargs))  # type: ignore[arg-type, return-value]
        if results is not None:
            results.keep(key, value)
        return value

    def _run_for_submit(self) -> FlowRun:
        scope: Scope | None = find_scope()
        if scope is None:
            raise RuntimeError(f"{self.name}.submit() and .map() need a flow around them.")
        return scope.run

    def _submit(
        self,
        run: FlowRun,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        map_index: int | None,
    ) -> TaskFuture[Any]:
        upstream = find_futures(args, kwargs) if run.knows_futures() else []
        task_run = self._new_run(run, upstream, map_index)

        def call() -> Any:
            if self.is_async:
                import asyncio

                return asyncio.run(self._call_async(task_run, args, kwargs))
            values, named = (resolve(args), resolve(kwargs)) if upstream else (args, kwargs)
            return self._carry_out(task_run, values, named, run.scope)

        return run.submit(task_run, call)


def refuse_generators(fn: Callable[..., Any], decorator: str) -> None:
    """Raise TypeError for what would be over before it began."""
    if not callable(fn):
        raise TypeError(f"@{decorator} decorates functions, not {type(fn).__name__}.")
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise TypeError(
            f"@{decorator} does not take generators: {fn.__name__} would return before its first "
            "line ran. Return a list, or yield inside the task and collect."
        )


def _detached_run() -> FlowRun:
    return FlowRun(
        flow_name="", name="", recorder=SilentRecorder(), retry=RetryPolicy(), leased=True
    )


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(**options: Unpack[TaskOptions]) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(
    fn: Callable[P, R] | None = None, /, **options: Unpack[TaskOptions]
) -> Task[P, R] | Callable[[Callable[P, R]], Task[P, R]]:
    """
    Make a function a task: a step that is recorded, retried and timed.

    Options are those of `TaskOptions`. A timeout of an async task cancels it. A timeout of a sync
    task interrupts the main thread like a signal does, sleeps and socket reads included; on other
    threads it arrives at the next bytecode, so a blocking C call runs to its end first and the
    task is TIMED_OUT after that.

    >>> from headway import flow, task
    >>> @task(retries=2, retry_delay=0.1)
    ... def double(n: int) -> int:
    ...     return 2 * n
    >>> @flow
    ... def doubles() -> list[int]:
    ...     return double.map([1, 2, 3]).result()
    >>> doubles()
    [2, 4, 6]
    """
    if fn is not None:
        return Task(fn, options)
    return lambda fn: Task(fn, options)
