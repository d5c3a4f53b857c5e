"""`manage.py confirm_address ADDRESS`: where no mail server sends the link that would do it."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.identity import services


class Command(BaseCommand):
    help = "Take the address of somebody who signed up for their own, without a mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")

    def handle(self, *_args: Any, address: str, **_options: Any) -> None:
        found = EmailAddress.objects.filter(email__iexact=address).order_by("-verified").first()
        if found is None:
            raise CommandError(f"Nobody signed up with {address}.")
        services.confirm_address(user_id=found.user_id, email=found.email)
        self.stdout.write(f"{found.email} is confirmed: log in with it.")
