"""Kinds of schedules and what to do about times that passed while nobody looked."""

from enum import StrEnum


class ScheduleKind(StrEnum):
    """How a schedule names its times."""

    CRON = "CRON"
    INTERVAL = "INTERVAL"
    RRULE = "RRULE"
    ONCE = "ONCE"


class MissedPolicy(StrEnum):
    """What happens to due times that passed while the scheduler could not act."""

    LATEST = "LATEST"
    """One run, for the latest of them."""
    SKIP = "SKIP"
    """None: what passed stays passed."""
    ALL = "ALL"
    """A run for each of them, up to a number, the latest ones."""


class Overlap(StrEnum):
    """What happens to a run that is made while those before it still go on."""

    ALLOW = "ALLOW"
    SKIP = "SKIP"
    """It is made as SKIPPED, and that is all."""
    QUEUE = "QUEUE"
    """It waits until there is room."""
    CANCEL_RUNNING = "CANCEL_RUNNING"
    """Those before it are cancelled, and it waits until they are gone."""
