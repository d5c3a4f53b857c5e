"""`manage.py set_plan ACCOUNT ENTERPRISE --agree events_per_minute=500000`: what sales agreed."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from apps.core.clock import utc_now
from apps.core.errors import DomainError
from apps.tenancy import selectors as tenancy
from billing.subscriptions import services
from billing.subscriptions.plans import EntitlementKey, PlanCode

UNLIMITED = "none"


class Command(BaseCommand):
    help = "Give an account a plan, and limits that were agreed with it (KEY=NUMBER or KEY=none)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", type=uuid.UUID)
        parser.add_argument("plan", choices=[code.value for code in PlanCode])
        parser.add_argument("--agree", action="append", default=[], metavar="KEY=NUMBER")

    def handle(
        self, *_args: Any, account: uuid.UUID, plan: str, agree: list[str], **_options: Any
    ) -> None:
        if tenancy.find_account(account_id=account) is None:
            raise CommandError("There is no such account.")
        agreed = [_read(text) for text in agree]
        now = utc_now()
        try:
            with transaction.atomic():
                view = services.change_plan(account_id=account, plan=PlanCode(plan), now=now)
                for key, value in agreed:
                    view = services.agree(account_id=account, key=key, value=value, now=now)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        for key, value in view.entitlements.items():
            self.stdout.write(f"{key.value}: {'no limit' if value is None else f'{value:,}'}")


def _read(text: str) -> tuple[EntitlementKey, int | None]:
    name, _, value = text.partition("=")
    try:
        key = EntitlementKey(name)
        number = None if value == UNLIMITED else int(value)
    except ValueError:
        raise CommandError(f"{text!r} is not KEY=NUMBER or KEY=none.") from None
    if number is not None and not 0 < number < 2**31:
        raise CommandError(f"{text!r}: the number must be above 0 and below 2³¹.")
    return key, number
