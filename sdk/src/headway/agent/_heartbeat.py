"""One request for all leases, every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from headway._errors import ApiError, ConfigError

HEARTBEAT_SECONDS = 8.0
RETRY_SECONDS = 2.0


class Heartbeat:
    """Beats until it is stopped; hands every answer on."""

    def __init__(
        self,
        *,
        beat: Callable[[], Mapping[str, Any]],
        heed: Callable[[Mapping[str, Any]], None],
        say: Callable[[str], None],
        seconds: float = HEARTBEAT_SECONDS,
        at_once: bool = False,
    ) -> None:
        self._beat = beat
        self._heed = heed
        self._say = say
        self._seconds = seconds
        self._first_wait = 0.0 if at_once else seconds
        self._stopped = threading.Event()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="headway-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; an answer still on its way is ignored."""
        self._stopped.set()

    def _run(self) -> None:
        wait = self._first_wait
        while not self._stopped.wait(wait):
            try:
                answer = self._beat()
            except (ApiError, ConfigError) as error:
                self._failures += 1
                if self._failures in (1, 30):
                    self._say(f"heartbeat failed: {error}")
                asked = getattr(error, "retry_after_seconds", None)
                # Not longer than a heartbeat: the leases have to be kept alive.
                wait = min(self._seconds, asked or RETRY_SECONDS)
                continue
            if self._failures:
                self._say("heartbeats get through again")
            self._failures, wait = 0, self._seconds
            if not self._stopped.is_set():
                self._heed(answer)
