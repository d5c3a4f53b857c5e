"""Pure: in which windows use is reported to Stripe, and as of when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from billing.metering.months import Month

# Stripe makes the invoice of a period when the period ends and leaves it open for an hour.
INVOICE_IS_OPEN: Final = timedelta(minutes=50)
# Identifiers are unique for "at least 24 hours": a repetition after that may count twice.
SAFE_TO_REPEAT: Final = timedelta(hours=23)


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour that the moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def billed_at(recorded_at: datetime, *, now: datetime) -> datetime:
    """
    Return the time that Stripe is told of a use: when it was recorded, while that still counts.

    Of a month whose invoice is closed nothing more is billed: then it is as if it happened now.
    """
    return recorded_at if now < Month.of(recorded_at).ends_at + INVOICE_IS_OPEN else now


def may_repeat(unsure_since: datetime | None, *, now: datetime) -> bool:
    """Tell whether sending (again) cannot count twice."""
    return unsure_since is None or now - unsure_since <= SAFE_TO_REPEAT
