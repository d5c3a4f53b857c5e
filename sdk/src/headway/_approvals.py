"""Asking people: a run waits until somebody says yes or no, and fills in a form."""

from __future__ import annotations

import hashlib
import inspect
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway._context import find_scope
from headway._errors import ApiError, ApprovalExpired, ServerUnavailable
from headway._holds import clocks_stopped, leave_if_suspended
from headway._options import Seconds, seconds_of

if TYPE_CHECKING:
    from headway._client import Client
    from headway._runs import FlowRun

POLL_SECONDS = 1.0
LONGEST_POLL_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """
    What somebody answered.

    `values` is what the form asked for: an instance of the class that was given, or the object as
    JSON; None when it was rejected or nothing was asked.
    """

    approved: bool
    values: Any
    by: str
    comment: str

    def __bool__(self) -> bool:
        """Return whether it was approved: `if ask("Ship it?"): …`."""
        return self.approved


def ask(
    title: str,
    *,
    message: str = "",
    form: Any = None,
    expires_in: Seconds | None = None,
    suspend: bool = False,
) -> Approval:
    """
    Ask people, wait for the answer and return it.

    The run is AWAITING_APPROVAL meanwhile; its time limits stand still. `form` is a dataclass, a
    TypedDict, a pydantic model or a JSON Schema of an object: people fill it in when they approve.
    With `suspend` a run that an agent executes leaves its process instead of waiting, and holds
    neither a place nor a slot; the answer has it queued, and it comes here again in a new process,
    passing over the tasks whose results were kept. Nobody having answered after `expires_in` raises
    `ApprovalExpired`. From a coroutine: `await ask_async(…)`.

    >>> from headway import ask, flow
    >>> @flow
    ... def release() -> None:
    ...     if ask("Ship it?", expires_in=3600):  # needs a server
    ...         print("shipped")
    """
    steps = _steps(title, message, form, expires_in, suspend=suspend)
    result: Any = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration as end:
            answered: Approval = end.value
            return answered
        if callable(step):
            result = step()
        else:
            time.sleep(step)


async def ask_async(
    title: str,
    *,
    message: str = "",
    form: Any = None,
    expires_in: Seconds | None = None,
    suspend: bool = False,
) -> Approval:
    """
    Ask people as `ask` does; the event loop goes on meanwhile.

    >>> from headway import ask_async, flow
    >>> @flow
    ... async def release() -> None:
    ...     if await ask_async("Ship it?"):  # needs a server
    ...         print("shipped")
    """
    import asyncio

    steps = _steps(title, message, form, expires_in, suspend=suspend)
    result: Any = None
    try:
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                answered: Approval = end.value
                return answered
            result = await (asyncio.to_thread(step) if callable(step) else asyncio.sleep(step))
    finally:
        steps.close()  # whoever cancels us lets the clocks go on


Step = Callable[[], Any] | float
"""What an asking wants done: a call whose result it is sent, or so many seconds of waiting."""


def _steps(
    title: str, message: str, form: Any, expires_in: Seconds | None, *, suspend: bool
) -> Generator[Step, Any, Approval]:
    scope = find_scope()
    if scope is None or not scope.run.recorded:
        raise RuntimeError("ask() needs a flow around it, and a server where people can answer.")
    from headway._client import shared_client

    run, client = scope.run, shared_client()
    key = question_key(run, title)
    # The server must know that the run is running before it can be held up.
    yield lambda: run.recorder.flush(timeout_seconds=10.0)
    with clocks_stopped(scope):
        body: dict[str, Any] = {
            "epoch": run.epoch,
            "key": key,
            "title": title,
            "message": message,
            "form": form_schema(form),
            "suspend": suspend and run.root.leased,
        }
        if expires_in is not None:
            body["expires_in_seconds"] = seconds_of(expires_in)
        answer = yield lambda: client.post(f"runs/{run.id}/approvals", body)
        if body["suspend"] and answer["state"] == "OPEN":
            run.root.hold.suspend()
            leave_if_suspended(run.root)
        pause = POLL_SECONDS
        while answer["state"] == "OPEN":
            yield pause
            leave_if_suspended(run.root)
            pause = min(pause * 1.2, LONGEST_POLL_SECONDS)
            found = yield lambda: _look(client, f"runs/{run.id}/approvals/{key}")
            answer = found or answer
    if answer["state"] == "EXPIRED":
        raise ApprovalExpired(f"Nobody answered {title!r} in time.")
    values = answer.get("answer")
    by = answer.get("answered_by") or {}
    return Approval(
        approved=answer["state"] == "APPROVED",
        values=None if values is None or form is None else read_values(form, values),
        by=str(by.get("name") or ""),
        comment=str(answer.get("comment") or ""),
    )


def _look(client: Client, path: str) -> Mapping[str, Any] | None:
    """Return the question as it is now; None when the server cannot say just now."""
    try:
        found: Mapping[str, Any] = client.get(path)
    except ServerUnavailable:
        return None  # a restart, or the line: the answer is not lost
    except ApiError as error:
        if error.retryable:
            return None
        raise
    return found


def question_key(run: FlowRun, title: str) -> str:
    """Return what names a question within its run, the same whenever the run gets there again."""
    told = hashlib.sha256(title.encode()).hexdigest()[:16]
    return f"{run.root.origin}-{run.next_name('ask:' + title).rpartition('-')[2]}-{told}"


def form_schema(form: Any) -> dict[str, Any]:
    """
    Return the JSON Schema of a form.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Release:
    ...     version: str
    >>> form_schema(Release)["properties"], form_schema(None)
    ({'version': {'type': 'string'}}, {})
    """
    if form is None:
        return {}
    if isinstance(form, Mapping):
        return dict(form)
    from headway._schema import schema_of

    schema = schema_of(form)
    if not inspect.isclass(form) or schema.get("type") != "object":
        raise TypeError("A form is a dataclass, a TypedDict, a pydantic model or a JSON Schema.")
    return schema


def read_values(form: Any, values: Mapping[str, Any]) -> Any:
    """Return what was filled in as the form's own type."""
    if isinstance(form, Mapping):
        return dict(values)
    from headway._values import read_value

    return read_value(form, values, where="values")
