"""Let it be known since when our front door can be reached."""

from __future__ import annotations

import threading
from datetime import datetime

import psycopg
import structlog
from django.db import DatabaseError, connection

from apps.core.clock import utc_now

logger = structlog.get_logger(__name__)

PULSE_SECONDS = 1.0
GAP_SECONDS = 5.0  # a longer pause between two pulses was an outage

_BEAT = """
    INSERT INTO dispatch_frontdoorpulse AS pulse (id, up_since, seen_at)
    VALUES (1, %(now)s, %(now)s)
    ON CONFLICT (id) DO UPDATE SET
        up_since = CASE WHEN pulse.seen_at < %(now)s - make_interval(secs => %(gap)s)
            THEN %(now)s ELSE pulse.up_since END,
        seen_at = %(now)s
    WHERE pulse.seen_at < %(now)s - make_interval(secs => %(step)s)
"""


def pulse_front_door(*, now: datetime) -> None:
    """Note that the web process is up; at most one write a second however many there are."""
    with connection.cursor() as cursor:
        # A little less than the pause, or two threads' jitter would halve the rate.
        step = PULSE_SECONDS * 0.9
        cursor.execute(_BEAT, {"now": now, "gap": GAP_SECONDS, "step": step})


def keep_pulse(stop: threading.Event | None = None) -> threading.Thread:
    """
    Pulse from a thread of the web process until it ends.

    Not from requests: when all agents die at once there are none, and exactly then the janitor
    must know that it was not us.
    """
    stopping = stop or threading.Event()

    def beat() -> None:
        while True:
            try:
                pulse_front_door(now=utc_now())
            except (DatabaseError, psycopg.Error) as error:
                # Weather: while the database is away no beat can arrive either.
                logger.warning("front_door.pulse_failed", error=str(error).strip()[:200])
            finally:
                connection.close()
            if stopping.wait(PULSE_SECONDS):
                return

    thread = threading.Thread(target=beat, name="front-door-pulse", daemon=True)
    thread.start()
    return thread
