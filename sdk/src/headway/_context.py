"""Which run and task run the code on this thread or asyncio task belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway._runs import FlowRun
    from headway._task_run import TaskRun


@dataclass(frozen=True, slots=True)
class Scope:
    """The run that is executing here, and the task run when inside one."""

    run: FlowRun
    task_run: TaskRun | None = None


_current: ContextVar[Scope | None] = ContextVar("headway_scope", default=None)
loading: ContextVar[str | None] = ContextVar("headway_loading", default=None)
"""The entry point that is being imported for the sake of its flow, not to run."""
_roots: dict[str, FlowRun] = {}
_of_process: str | None = None

set_scope = _current.set
reset_scope = _current.reset
get_scope = _current.get


def enter_root(run: FlowRun) -> None:
    """Note a run without a parent, for code on threads that know no context."""
    _roots[run.id] = run


def leave_root(run: FlowRun) -> None:
    """Forget a run that ended."""
    _roots.pop(run.id, None)


def belong_to(run_id: str) -> None:
    """Say that this process executes one run: what it says outside of any flow is that run's."""
    global _of_process
    _of_process = run_id


def find_run_id(scope: Scope | None) -> str | None:
    """Return the run that what is said here belongs to."""
    return scope.run.id if scope else _of_process


def find_scope() -> Scope | None:
    """
    Return where the calling code belongs, guessing for threads that the user's code started.

    Such a thread has an empty context. With one run in the process there is no doubt whose it
    is; with several we do not guess.
    """
    scope = _current.get()
    if scope is None and len(_roots) == 1:
        for run in tuple(_roots.values()):
            return Scope(run)
    return scope
