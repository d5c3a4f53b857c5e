"""`manage.py recount_usage --month 2026-11`: count anew; exit status 1 when the ledger is off."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.clock import utc_now
from billing.metering.months import Month
from billing.metering.recount import describe, recount


class Command(BaseCommand):
    help = "Compare the ledger of usage with the task runs themselves; exit 1 when they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", help="as 2026-11; the current one by default")

    def handle(self, *_args: Any, month: str | None, **_options: Any) -> None:
        now = utc_now()
        try:
            asked = Month.read(month) if month else Month.of(now)
        except ValueError:
            raise CommandError("--month is written as 2026-11.") from None
        result = recount(month=asked, now=now)
        for line in describe(result):
            self.stdout.write(line)
        if result.wrong:
            raise SystemExit(1)
