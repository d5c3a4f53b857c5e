"""Pure: what the owners of an account are told."""

from __future__ import annotations

from typing import Final

from billing.metering.meters import Meter
from billing.metering.months import Month
from billing.subscriptions.plans import AtLimit

_NAMES: Final = {Meter.TASK_RUNS: ("task runs", 1), Meter.MANAGED_SECONDS: ("managed minutes", 60)}
FULL: Final = 100  # per cent


def warning_mail(
    *,
    account_name: str,
    meter: Meter,
    threshold: int,
    used: int,
    limit: int,
    month: Month,
    at_limit: AtLimit,
    url: str,
) -> tuple[str, str]:
    """Return subject and text of the mail that a threshold was reached."""
    name, unit = _NAMES[meter]
    subject = f"{threshold} % of the {name} of {month.since:%B} are used"
    if at_limit is AtLimit.METER:
        then = "Your runs go on; what is beyond the included amount is metered."
    elif meter is not Meter.TASK_RUNS:
        then = ""
    elif threshold >= FULL:
        then = (
            "What is running goes on. New scheduled runs are held until"
            f" {month.until.day} {month.until:%B}, or until you choose a larger plan; then they"
            " start. Nothing is lost."
        )
    else:
        then = "When all are used, new runs wait for the next month or for a larger plan."
    lines = [
        f"The account {account_name} has used {used // unit:,} of the {limit // unit:,} {name}"
        f" that its plan includes for {month.since:%B %Y}.",
        then,
        f"Its usage: {url}/usage",
    ]
    return subject, "\n\n".join(line for line in lines if line) + "\n"
