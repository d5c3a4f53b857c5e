"""Secrets of second factors, which allauth keeps inside JSON."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from apps.core import cipher

_SECRETS = ("secret", "seed")  # of authenticator apps, of recovery codes
_BATCH = 200


def reencrypt_factors() -> tuple[int, int]:
    """Put each factor's secret under the first key; return how many, and how many moved."""
    seen = moved = 0
    last = 0
    while True:
        with transaction.atomic():
            page = list(
                Authenticator.objects.filter(pk__gt=last)
                .exclude(type=Authenticator.Type.WEBAUTHN)
                .order_by("pk")
                .select_for_update()[:_BATCH]
            )
            for factor in page:
                for name in _SECRETS:
                    stored = factor.data.get(name)
                    if stored is None:
                        continue
                    seen += 1
                    if cipher.is_current(stored.encode()):
                        continue
                    opened = cipher.decrypt(stored.encode())
                    factor.data[name] = cipher.encrypt(opened).decode()
                    factor.save(update_fields=["data"])
                    moved += 1
        if len(page) < _BATCH:
            return seen, moved
        last = page[-1].pk
