"""
Waiting for work: one door per pool and live process, at which its agents queue.

A run that comes due wakes the door, not each agent: the door asks the database for one waiter, for
more of them only while those get all they have room for, and stops at the first that gets less. A
hundred idle agents cost as much as one.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from apps.core.wakeups import Wake, subscribe
from apps.dispatch.protocol import LeaseAnswer

LOOK_EVERY_SECONDS = 1.0  # should a NOTIFY be missed
MOST_AT_ONCE = 4  # waiters that one pool asks for at a time, of the process's eight looks

Ask = Callable[[], Awaitable[LeaseAnswer]]


@dataclass(eq=False, slots=True)
class _Waiter:
    ask: Ask
    most_runs: int  # that one answer brings
    is_called: bool = False  # somebody has a command for this one
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while it is being asked for
    answer: asyncio.Future[LeaseAnswer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Door:
    """The agents that wait for one pool, first come first served."""

    def __init__(self, pool_id: uuid.UUID, *, on_idle: Callable[[], None]) -> None:
        self.pool_id = pool_id
        self._on_idle = on_idle
        self._waiters: list[_Waiter] = []
        self._wake: Wake | None = None
        self._task: asyncio.Task[None] | None = None

    async def wait(
        self, ask: Ask, *, told: Wake, most_runs: int, seconds: float
    ) -> LeaseAnswer | None:
        """
        Return the first answer of `ask` that brings something, or None after `seconds`.

        `ask` is called while the pool may have something, and when `told` wakes.
        """
        waiter = _Waiter(ask, most_runs)
        self._waiters.append(waiter)
        # What came between the caller's own look and now woke only those before it.
        self._knock()
        ends_at = time.monotonic() + seconds
        try:
            while not waiter.answer.done() and (left := ends_at - time.monotonic()) > 0:
                called = asyncio.ensure_future(told.wait(left))
                either: set[asyncio.Future[Any]] = {called, waiter.answer}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if called.done() and called.result():
                    waiter.is_called = True
                    self._knock()
                called.cancel()
        finally:
            self._send_away(waiter)
            if not self._waiters and self._wake is not None:
                self._wake.set()  # nobody is left to look for
        # An answer that is under way may hold leases, which must not be dropped.
        async with waiter.busy:
            return waiter.answer.result() if waiter.answer.done() else None

    def _knock(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._serve())
        elif self._wake is not None:
            self._wake.set()

    async def _serve(self) -> None:
        try:
            async with subscribe("pool", self.pool_id) as wake:
                self._wake = wake
                while self._waiters:
                    await self._look()
                    if self._waiters:
                        await wake.wait(LOOK_EVERY_SECONDS)
        except Exception as error:  # noqa: BLE001 - each waiter's request raises and reports it
            for waiter in self._waiters:
                if not waiter.answer.done():
                    waiter.answer.set_exception(error)
            self._waiters.clear()
        finally:
            self._wake = None
            self._task = None
        # Whoever came while the last one left would stand at a door that nobody serves.
        if self._waiters:
            self._knock()
        else:
            self._on_idle()

    async def _look(self) -> None:
        """
        Ask for the waiters in their order, until one gets less than it has room for.

        One at first. While there is more than enough, several at once: the database and we can work
        on different ones at the same time.
        """
        may_have_runs, at_once = True, 1
        coming = deque(self._waiters)
        asking: set[asyncio.Task[bool]] = set()
        while coming or asking:
            while coming and len(asking) < at_once:
                waiter = coming.popleft()
                is_due = waiter.is_called or (may_have_runs and waiter.most_runs)
                if is_due and waiter in self._waiters:  # else its time was up meanwhile
                    asking.add(asyncio.create_task(self._ask(waiter)))
            if not asking:
                return
            answered, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            # PERF: one that had room for more has taken all; the next would look in vain.
            may_have_runs = may_have_runs and all(each.result() for each in answered)
            at_once = min(2 * at_once, MOST_AT_ONCE)

    async def _ask(self, waiter: _Waiter) -> bool:
        """Return whether there may be more than this one had room for."""
        waiter.is_called = False
        async with waiter.busy:
            try:
                answer = await waiter.ask()
            except Exception as error:  # noqa: BLE001 - this waiter's request raises it
                # Nobody else's: a revoked key or a stolen id must not send all away.
                if not waiter.answer.done():
                    waiter.answer.set_exception(error)
                self._send_away(waiter)
                return True
            if not answer.is_empty:
                waiter.answer.set_result(answer)
                self._send_away(waiter)
        return len(answer.leases) >= waiter.most_runs

    def _send_away(self, waiter: _Waiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)


_doors: dict[uuid.UUID, Door] = {}


def door_of(pool_id: uuid.UUID) -> Door:
    """Return the pool's door in this process."""

    def forget() -> None:
        _doors.pop(pool_id, None)

    return _doors.setdefault(pool_id, Door(pool_id, on_idle=forget))
