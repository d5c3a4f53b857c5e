"""Words of automations; plain, because pure modules use them."""

from __future__ import annotations

from enum import StrEnum


class Posture(StrEnum):
    """Whether a rule answers to what happens or to what fails to happen."""

    REACTIVE = "reactive"
    PROACTIVE = "proactive"


class DeadlineState(StrEnum):
    """What became of a window in which something is expected."""

    OPEN = "OPEN"
    SATISFIED = "SATISFIED"
    FIRED = "FIRED"


class Side(StrEnum):
    """On which side of its threshold a metric is watched for."""

    ABOVE = "above"
    BELOW = "below"
    ABSENT = "absent"
    AT_LEAST = "at_least"  # of a month so far

    @property
    def is_high(self) -> bool:
        """Whether it is high values that are watched for."""
        return self in {Side.ABOVE, Side.AT_LEAST}


class Over(StrEnum):
    """A time that is looked at from its beginning, in place of the last while."""

    MONTH = "month"  # of the calendar, in UTC


class Level(StrEnum):
    """How a line of a watched metric stands. What is well is not kept."""

    NO_DATA = "NO_DATA"  # there is nothing to compare yet
    PENDING = "PENDING"  # holds, but not for long enough yet
    FIRING = "FIRING"


class AttemptState(StrEnum):
    """How far one try at an action is."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"  # another attempt follows
    GAVE_UP = "GAVE_UP"  # none does


class ActionKind(StrEnum):
    """What can be done."""

    RUN_DEPLOYMENT = "run_deployment"
    CANCEL_RUN = "cancel_run"
    NOTIFY = "notify"
    WEBHOOK = "webhook"
