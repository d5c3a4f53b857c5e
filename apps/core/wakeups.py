"""
NOTIFY carries ids only and shortens a nap; whoever misses one wakes within a second anyway.

The sending side is SQL inside the caller's transaction. The receiving side is one connection per
process that listens for all its sleepers.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import structlog
from django.db import connection

logger = structlog.get_logger(__name__)
_PREFIX = "headway_"
RECONNECT_SECONDS = 1.0


def channel_name(channel: str) -> str:
    """Return the database's name of a channel, for statements that notify along the way."""
    return _PREFIX + channel


def notify(channel: str, key: object) -> None:
    """Wake the sleepers of `channel` that wait for `key`, when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel_name(channel), str(key)])


def notify_each(channel: str, keys: Iterable[object]) -> None:
    """Wake those who wait for any of the keys, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, key) FROM unnest(%s::text[]) AS key",
            [channel_name(channel), [str(key) for key in keys]],
        )


def _dsn() -> dict[str, Any]:
    parameters = connection.get_connection_params()
    return {
        name: value
        for name, value in parameters.items()
        if name in {"dbname", "user", "password", "host", "port", "sslmode", "sslrootcert"}
    }


class Wake:
    """What a sleeper holds: `wait()` returns at a notification or after `timeout` seconds."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self, timeout_seconds: float) -> bool:
        """Return whether somebody woke us; forget it, so that the next wait sleeps again."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_seconds)
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Listener:
    """All the sleepers of one event loop over one listening connection."""

    def __init__(self) -> None:
        self._sleepers: dict[tuple[str, str], set[Wake]] = defaultdict(set)
        self._channels: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def subscribe(self, channel: str, key: object) -> AsyncIterator[Wake]:
        wake = Wake()
        place = (_PREFIX + channel, str(key))
        self._sleepers[place].add(wake)
        if place[0] not in self._channels:
            self._channels.add(place[0])
            # `notifies()` holds the connection's lock; ending it makes a new one listen to all.
            self._listen_anew()
        elif self._task is None or self._task.done():
            self._listen_anew()
        try:
            yield wake
        finally:
            self._sleepers[place].discard(wake)
            if not self._sleepers[place]:
                del self._sleepers[place]

    def _listen_anew(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_dsn(), autocommit=True) as link:
                    for channel in sorted(self._channels):
                        await link.execute(
                            psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel))
                        )
                    self._wake_all()  # whatever was said before we listened
                    async for notification in link.notifies():
                        for wake in self._sleepers.get(
                            (notification.channel, notification.payload), ()
                        ):
                            wake.set()
            except psycopg.OperationalError as error:
                logger.warning("wakeups.connection_lost", error=str(error))
                await asyncio.sleep(RECONNECT_SECONDS)

    def _wake_all(self) -> None:
        for wakes in self._sleepers.values():
            for wake in wakes:
                wake.set()


_listeners: dict[int, Listener] = {}
_lock = threading.Lock()


@asynccontextmanager
async def subscribe(channel: str, key: object) -> AsyncIterator[Wake]:
    """
    Wait for `notify(channel, key)`: `async with subscribe("pool", id) as wake: await wake.wait(1)`.

    Look at the rows after subscribing and after every wake: a wake says "look", not "what".
    """
    loop = asyncio.get_running_loop()
    with _lock:
        listener = _listeners.setdefault(id(loop), Listener())
    async with listener.subscribe(channel, key) as wake:
        yield wake


class Nap:
    """The same for the thread of a loop: sleep until notified, stopped, or time is up."""

    def __init__(self, channel: str) -> None:
        self._channel = _PREFIX + channel
        self._link: psycopg.Connection[Any] | None = None

    def take(self, seconds: float, stop: threading.Event) -> None:
        """Sleep at most `seconds`; a lost connection only makes the nap last its full time."""
        try:
            if self._link is None or self._link.closed:
                self._link = psycopg.connect(**_dsn(), autocommit=True)
                self._link.execute(
                    psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self._channel))
                )
                return  # look once more: something may have been said before we listened
            remaining = seconds
            while remaining > 0 and not stop.is_set():
                slice_seconds = min(remaining, 0.25)
                for _ in self._link.notifies(timeout=slice_seconds, stop_after=1):
                    return
                remaining -= slice_seconds
        except psycopg.OperationalError as error:
            logger.warning("wakeups.connection_lost", error=str(error))
            self._link = None
            stop.wait(seconds)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
