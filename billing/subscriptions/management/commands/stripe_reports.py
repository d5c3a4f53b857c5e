"""`manage.py stripe_reports`: what of usage Stripe was told, and what waits for people."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.clock import utc_now
from billing.metering.months import Month
from billing.subscriptions import selectors, services


class Command(BaseCommand):
    help = (
        "Say what Stripe was told of a month and list the reports that wait for people; exit 1"
        " when there are such."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", help="as 2026-11; the current one by default")
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--sent", type=uuid.UUID, metavar="ID", help="it is at Stripe")
        choice.add_argument("--again", type=uuid.UUID, metavar="ID", help="it is not: send it")

    def handle(
        self,
        *_args: Any,
        month: str | None,
        sent: uuid.UUID | None,
        again: uuid.UUID | None,
        **_options: Any,
    ) -> None:
        now = utc_now()
        decided = sent or again
        if decided is not None:
            found = services.settle_report(report_id=decided, arrived=sent is not None, now=now)
            if not found:
                raise CommandError("No such report waits for a decision.")
            return
        try:
            asked = Month.read(month) if month else Month.of(now)
        except ValueError:
            raise CommandError("--month is written as 2026-11.") from None
        for line in selectors.sum_reports(month=asked):
            self.stdout.write(
                f"{line.account_id} {line.meter}: told {line.sent:,}, waiting {line.waiting:,}"
            )
        unsettled = selectors.list_unsettled_reports()
        for report in unsettled:
            self.stdout.write(
                f"unsettled {report.id}: {report.quantity:,} {report.meter} of customer"
                f" {report.customer_id}, recorded {report.recorded_at:%Y-%m-%d %H:%M} UTC,"
                f" identifier {report.identifier}: {report.error}"
            )
        if unsettled:
            raise SystemExit(1)
