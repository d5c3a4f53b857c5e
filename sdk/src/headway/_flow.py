"""Flows: the functions whose calls are runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, overload

from headway._context import get_scope, loading
from headway._engine import drive
from headway._errors import EntrypointError
from headway._options import FlowOptions, check_options, retry_policy, timeout_seconds
from headway._recording import get_recorder
from headway._runs import FlowRun
from headway._task import refuse_generators

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Generic[P, R]):
    """A function whose calls are runs: recorded, retried, timed, cancelled from the dashboard."""

    def __init__(self, fn: Callable[P, R], options: FlowOptions) -> None:
        check_options(options, FlowOptions, decorator="flow")
        refuse_generators(fn, "flow")
        self.fn = fn
        self.options = options
        self.name: str = options.get("name", getattr(fn, "__name__", "flow").replace("_", "-"))
        self.is_async = inspect.iscoroutinefunction(fn)
        functools.update_wrapper(self, fn)

    def __repr__(self) -> str:
        """Return the flow's name."""
        return f"<Flow {self.name}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the flow here and now. Inside another flow this is a run of its own, its child."""
        if (place := loading.get()) is not None:
            # It would run once more each time an agent loads the file for a run.
            raise EntrypointError(
                f"{place} calls {self.fn.__name__}() while it is imported; put the call under "
                '`if __name__ == "__main__":`.'
            )
        return self._start(self._new_run(args, kwargs), args, kwargs)

    def run_leased(
        self,
        parameters: Mapping[str, Any],
        *,
        run_id: str,
        epoch: int,
        on_start: Callable[[FlowRun], None],
        timeout_seconds: float | None = None,
        origin: int = 1,
        goes_on: bool = False,
    ) -> R:
        """
        Execute a run that an agent leased. `on_start` gets the run, to be able to stop it.

        `origin` is the attempt that began it; `goes_on`: what that had done need not be done again.
        """
        from headway._results import open_results

        run = self._new_run((), parameters, run_id=run_id, epoch=epoch)
        run.origin = origin
        run.results = open_results(run_id, origin=origin, goes_on=goes_on)
        if timeout_seconds is not None:
            limits = [run.timeout_seconds or timeout_seconds, timeout_seconds]
            run.timeout_seconds = min(limits)
        on_start(run)
        return self._start(run, (), dict(parameters))

    def with_options(self, **options: Unpack[FlowOptions]) -> Flow[P, R]:
        """Return the same flow with some options changed."""
        return Flow(self.fn, {**self.options, **options})

    @property
    def description(self) -> str | None:
        """What the flow is for: its option, else its docstring."""
        return self.options.get("description") or inspect.getdoc(self.fn)

    def _new_run(
        self,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        run_id: str | None = None,
        epoch: int = 1,
    ) -> FlowRun:
        from headway._names import fill_run_name, make_run_name

        bound = inspect.signature(self.fn).bind(*args, **kwargs)
        bound.apply_defaults()
        recorder = get_recorder()
        parameters = None
        if recorder.enabled:
            from headway._json import snapshot_parameters

            parameters = snapshot_parameters(bound.arguments)
        template = self.options.get("run_name")
        return FlowRun(
            flow_name=self.name,
            name=fill_run_name(template, bound.arguments) if template else make_run_name(),
            recorder=recorder,
            retry=retry_policy(self.options),
            timeout_seconds=timeout_seconds(self.options),
            parameters=parameters,
            tags=self.options.get("tags", ()),
            parent=get_scope(),
            run_id=run_id,
            epoch=epoch,
            leased=run_id is not None,
            max_workers=self.options.get("max_workers"),
            capture_prints=self.options.get("log_prints", True),
        )

    def _start(self, run: FlowRun, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> R:
        if self.is_async:
            return self._run_async(run, args, kwargs)  # type: ignore[return-value]  # R is a coroutine
        with run.active():
            return drive(run, lambda: self.fn(*args, **kwargs))

    async def _run_async(
        self, run: FlowRun, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        from headway._engine_async import drive_async

        with run.active(asynchronous=True):
            return await drive_async(run, lambda: self.fn(*args, **kwargs))  # type: ignore[arg-type, return-value]


@overload
def flow(fn: Callable[P, R], /) -> Flow[P, R]: ...
@overload
def flow(**options: Unpack[FlowOptions]) -> Callable[[Callable[P, R]], Flow[P, R]]: ...
def flow(
    fn: Callable[P, R] | None = None, /, **options: Unpack[FlowOptions]
) -> Flow[P, R] | Callable[[Callable[P, R]], Flow[P, R]]:
    """
    Make a function a flow: each call is a run that shows up in Headway.

    Options are those of `FlowOptions`. Without a configured server the function just runs. An
    exception ends the run FAILED, Ctrl-C and SIGTERM end it CANCELLED, its timeout TIMED_OUT. A
    submitted task that failed while nobody asked for its result fails the flow at its end.

    >>> from headway import flow
    >>> @flow
    ... def greet(name: str = "world") -> str:
    ...     return f"hello {name}"
    >>> greet()
    'hello world'
    """
    if fn is not None:
        return Flow(fn, options)
    return lambda fn: Flow(fn, options)
