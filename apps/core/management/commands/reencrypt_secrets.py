"""`manage.py reencrypt_secrets`: after a new first encryption key came, before the old one goes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.core.cipher import reencrypt


class Command(BaseCommand):
    help = "Put every encrypted value under the first key of ENCRYPTION_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        seen, moved = reencrypt()
        self.stdout.write(f"{seen} encrypted values, {moved} moved to the first key.")
