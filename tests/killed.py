"""Loops in threads whose connections are ended at random, as a crash of their process would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

from django.db import Error, connection

from apps.tenancy.isolation import WORKER_ROLE
from tests.databases import superuser

_PATIENCE = 60.0  # seconds


class Crew:
    """Threads that do one step again and again; how many of their connections were ended."""

    def __init__(self, step: Callable[[], Any], size: int) -> None:
        self.killed = 0
        self._step = step
        self._database: str = connection.settings_dict["NAME"]
        self._stop = threading.Event()
        self._connected = threading.Condition()
        self._backends: dict[int, int] = {}
        self._threads = ThreadPoolExecutor(size)
        self._lives = [self._threads.submit(self._work, number) for number in range(size)]

    def kill_one(self, random: Random) -> None:
        """End the connection of one of them, once it has one."""
        number = random.randrange(len(self._lives))
        with self._connected:
            assert self._connected.wait_for(lambda: number in self._backends, _PATIENCE)
            pid = self._backends.pop(number)
        with superuser(self._database) as link:
            found = link.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone()
        self.killed += bool(found and found[0])

    def end(self) -> None:
        self._stop.set()
        for life in self._lives:
            life.result(_PATIENCE)
        self._threads.shutdown()

    def _work(self, number: int) -> None:
        while not self._stop.is_set():
            try:
                with suppress(Error):
                    self._live(number)
            finally:
                connection.close()

    def _live(self, number: int) -> None:
        """Be one process: a new session, which has to take the role, until it is killed."""
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {WORKER_ROLE}")
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with self._connected:
            self._backends[number] = pid
            self._connected.notify_all()
        while not self._stop.is_set():
            self._step()


@contextmanager
def killed_loops(step: Callable[[], Any], *, size: int) -> Iterator[Crew]:
    """
    Run `step` in `size` threads as headway_worker while the block kills some of them.

    They have ended when the block is left, whichever way: a thread that lives on would fail the
    tests that come after. Errors of the database are the killing's; any other is raised.
    """
    crew = Crew(step, size)
    try:
        yield crew
    finally:
        crew.end()
