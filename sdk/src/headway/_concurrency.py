"""Slots and rates that code asks for by name, over all runs of a workspace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from headway._context import find_scope
from headway._errors import Conflict, HeadwayError, NotFound, ServerUnavailable
from headway._ids import uuid7
from headway._say import say
from headway._units import wait_interruptibly

if TYPE_CHECKING:
    from types import TracebackType

    from headway._client import Client

LOOK_SECONDS = 0.5  # between two questions whether it is our turn; also how soon we can be stopped
LOOK_HERE_SECONDS = 0.02  # the same without a server
UNTOLD_SECONDS = 20.0  # for a run that began a moment ago to be known to the server
LONGEST_NAP_SECONDS = 60.0


class _Holder(Protocol):
    """Who decides about slots: the server, or this process when there is none."""

    look_seconds: float

    def ask(self, slot_id: str) -> bool: ...
    def give_back(self, slot_id: str) -> None: ...


class concurrency:  # noqa: N801  it is used like a function, in a `with`
    """
    Let at most so many go on at once, over all runs of the workspace.

    `limit` makes the limit when its name is new, and changes it as long as nobody set it in
    Headway: then that number stands. `occupy` is how much of it this block takes. Whoever waits is
    served in the order of coming. A slot ends with its run at the latest, however that ends.
    Without a configured server the limit holds within this process.

    Raises: HeadwayError outside of a flow; NotFound for a new name without a `limit`;
    InvalidRequest when `occupy` is more than the limit.

    >>> from headway import concurrency
    >>> with concurrency("warehouse", 2):
    ...     pass

    In async code, `async with`.
    """

    def __init__(self, name: str, limit: int | None = None, *, occupy: int = 1) -> None:
        if not name:
            raise ValueError("A limit needs a name.")
        if occupy < 1 or (limit is not None and limit < 1):
            raise ValueError("A limit and what is taken of it are 1 or more.")
        self.name = name
        self.limit = limit
        self.occupy = occupy
        self._held: list[tuple[_Holder, str]] = []

    def __enter__(self) -> concurrency:
        """Wait until it is our turn."""
        holder, slot_id = self._holder(), uuid7()
        try:
            for seconds in self._turns(holder, slot_id):
                wait_interruptibly(seconds)
        except BaseException:
            holder.give_back(slot_id)  # leave the line
            raise
        self._held.append((holder, slot_id))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next one in."""
        holder, slot_id = self._held.pop()
        holder.give_back(slot_id)

    async def __aenter__(self) -> concurrency:
        """Wait until it is our turn; the event loop goes on meanwhile."""
        import asyncio

        holder, slot_id = self._holder(), uuid7()
        try:
            while not await asyncio.to_thread(holder.ask, slot_id):
                await asyncio.sleep(holder.look_seconds)
        except BaseException:
            # Not shielded: whoever cancels us wants to go on; the server drops silent waiters.
            holder.give_back(slot_id)
            raise
        self._held.append((holder, slot_id))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next one in."""
        import asyncio

        holder, slot_id = self._held.pop()
        await asyncio.to_thread(holder.give_back, slot_id)

    def _turns(self, holder: _Holder, slot_id: str) -> Generator[float, None, None]:
        while not holder.ask(slot_id):
            yield holder.look_seconds

    def _holder(self) -> _Holder:
        of = _find_run(f"concurrency({self.name!r})")
        if of is None:
            if self.limit is None:
                raise HeadwayError(f"Say how much {self.name!r} is: no server is configured.")
            return _Here(self.name, self.limit, self.occupy)
        return _Server(*of, self.name, self.limit, self.occupy)


def rate_limit(name: str, *, per_minute: int | None = None, calls: int = 1) -> None:
    """
    Wait until `calls` calls may be made, so that no minute has more than the limit allows.

    Calls are spaced evenly over all runs of the workspace, first come, first served. `per_minute`
    makes the limit as `limit` does for `concurrency`, and raises the same.

    >>> from headway import rate_limit
    >>> rate_limit("api", per_minute=60)
    """
    while True:
        seconds, settled = _promise(name, per_minute, calls)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            wait_interruptibly(min(left, LOOK_SECONDS))
        if settled:
            return


async def rate_limit_async(name: str, *, per_minute: int | None = None, calls: int = 1) -> None:
    """Wait as `rate_limit` does; the event loop goes on meanwhile."""
    import asyncio

    while True:
        seconds, settled = await asyncio.to_thread(_promise, name, per_minute, calls)
        await asyncio.sleep(seconds)
        if settled:
            return


def _promise(name: str, per_minute: int | None, calls: int) -> tuple[float, bool]:
    """Return how long to wait, and whether the calls may then be made."""
    if calls < 1 or (per_minute is not None and per_minute < 1):
        raise ValueError("A rate and the calls of it are 1 or more.")
    of = _find_run(f"rate_limit({name!r})")
    if of is None:
        if per_minute is None:
            raise HeadwayError(f"Say how much {name!r} is: no server is configured.")
        return _promise_here(name, per_minute, calls), True
    client, run_id, epoch = of
    body = {"name": name, "epoch": epoch, "calls": calls, "per_minute": per_minute}
    answer = _ask(lambda: client.post(f"runs/{run_id}/calls", body))
    seconds = answer["wait_seconds"]
    return (LONGEST_NAP_SECONDS, False) if seconds is None else (float(seconds), True)


# With a server.

_clients: dict[str, Client] = {}


def _find_run(what: str) -> tuple[Client, str, int] | None:
    """Return the server and the run that the calling code belongs to; None without a server."""
    from headway._client import Client
    from headway._config import find_config, is_recording_off

    config = None if is_recording_off() else find_config()
    if config is None:
        return None
    scope = find_scope()
    if scope is None:
        raise HeadwayError(f"{what} belongs inside a flow: its run holds the slot.")
    client = _clients.get(config.api_url)
    if client is None or client.config != config:
        client = _clients[config.api_url] = Client(config)
    return client, scope.run.id, scope.run.epoch


class _Server:
    look_seconds = LOOK_SECONDS

    def __init__(
        self, client: Client, run_id: str, epoch: int, name: str, limit: int | None, occupy: int
    ) -> None:
        self._client = client
        self._path = f"runs/{run_id}/slots"
        self._body = {"name": name, "epoch": epoch, "amount": occupy, "at_most": limit}

    def ask(self, slot_id: str) -> bool:
        answer = _ask(lambda: self._client.put(f"{self._path}/{slot_id}", self._body))
        return bool(answer["granted"])

    def give_back(self, slot_id: str) -> None:
        try:
            self._client.request("DELETE", self._client.url(f"{self._path}/{slot_id}"))
        except HeadwayError as error:
            say(f"A slot could not be given back ({error}); it ends with its run.")


def _ask(call: Callable[[], Any]) -> Mapping[str, Any]:
    """Ask until there is an answer: a limit that did not hold while the server is away is none."""
    began = time.monotonic()
    said = False
    while True:
        try:
            answer: Mapping[str, Any] = call()
        except ServerUnavailable as error:
            if not said:
                say(f"Waiting for the server, which decides about a limit: {error}")
                said = True
        except (NotFound, Conflict) as error:
            # A run that began a moment ago is told in the background.
            unknown = error.code in ("run_not_found", "stale_epoch")
            if not unknown or time.monotonic() - began > UNTOLD_SECONDS:
                raise
        else:
            return answer
        wait_interruptibly(LOOK_SECONDS)


# Without a server.

_here_lock = threading.Lock()
_lines: dict[str, list[tuple[str, int]]] = {}  # name → slots wanted, in the order of coming
_free_at: dict[str, float] = {}


class _Here:
    look_seconds = LOOK_HERE_SECONDS

    def __init__(self, name: str, limit: int, occupy: int) -> None:
        if occupy > limit:
            raise ValueError(f"{occupy} of {name!r} will never be free: the limit is {limit}.")
        self._name, self._limit, self._occupy = name, limit, occupy

    def ask(self, slot_id: str) -> bool:
        with _here_lock:
            line = _lines.setdefault(self._name, [])
            if all(known != slot_id for known, _ in line):
                line.append((slot_id, self._occupy))
            taken = 0
            for known, amount in line:
                taken += amount
                if known == slot_id:
                    return taken <= self._limit
        raise AssertionError("unreachable")  # we stand in the line

    def give_back(self, slot_id: str) -> None:
        with _here_lock:
            line = _lines.get(self._name, [])
            line[:] = [each for each in line if each[0] != slot_id]


def _promise_here(name: str, per_minute: int, calls: int) -> float:
    with _here_lock:
        now = time.monotonic()
        at = max(_free_at.get(name, now), now)
        _free_at[name] = at + 60.0 / per_minute * calls
        return at - now
