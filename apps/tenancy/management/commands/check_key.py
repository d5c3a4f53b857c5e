"""`manage.py check_key`: find Headway keys in text, offline; nothing is looked up or printed."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.tenancy.keys import SHOWN_LENGTH, find_secrets


class Command(BaseCommand):
    help = (
        "Read text from standard input and name each line that holds a Headway key, by its first "
        "characters. Ends with status 1 when there is one. Example: git grep -h '' | "
        "manage.py check_key"
    )
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        found = 0
        for number, line in enumerate(sys.stdin, start=1):
            for secret in find_secrets(line):
                found += 1
                self.stdout.write(f"line {number}: {secret[:SHOWN_LENGTH]}…")
        if found:
            raise CommandError(f"{found} found; revoke them, or rotate them without an overlap.")
        self.stdout.write("No key found.")
