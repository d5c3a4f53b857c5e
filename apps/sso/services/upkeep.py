"""What is let go of; for loops, whose role sees all accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.sso.models import SpentAssertion, SsoAttempt

ATTEMPTS_KEPT = timedelta(days=1)


def drop_old(*, now: datetime) -> int:
    """Delete attempts after a day, and assertions that nobody would believe any more."""
    attempts, _ = SsoAttempt.objects.filter(created_at__lt=now - ATTEMPTS_KEPT).delete()
    spent, _ = SpentAssertion.objects.filter(expires_at__lt=now).delete()
    return attempts + spent
