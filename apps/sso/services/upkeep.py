"""What is let go of; for loops, whose role sees all accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.identity import selectors as identity
from apps.sso.models import ScimUser, SpentAssertion, SsoAttempt, SsoIdentity

ATTEMPTS_KEPT = timedelta(days=1)


def drop_old(*, now: datetime) -> int:
    """
    Delete attempts after a day, assertions that nobody would believe any more, and what providers
    said of people who had themselves deleted.
    """
    attempts, _ = SsoAttempt.objects.filter(created_at__lt=now - ATTEMPTS_KEPT).delete()
    spent, _ = SpentAssertion.objects.filter(expires_at__lt=now).delete()
    erased = identity.erased_people().values("pk")
    linked, _ = SsoIdentity.objects.filter(user__in=erased).delete()
    provided, _ = ScimUser.objects.filter(member__user__in=erased).delete()
    return attempts + spent + linked + provided
