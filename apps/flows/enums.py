"""Kinds of schedules and what to do about times that passed while nobody looked."""

from enum import StrEnum


class ScheduleKind(StrEnum):
    """How a schedule names its times."""

    CRON = "CRON"
    INTERVAL = "INTERVAL"


class MissedPolicy(StrEnum):
    """What happens to due times that passed while the scheduler could not act."""

    LATEST = "LATEST"
    """One run, for the latest of them."""
