"""The list of a person's sessions: where each was last used."""

from __future__ import annotations

from datetime import datetime

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from apps.identity.models import User

MAX_USER_AGENT = 200  # of the column


def note_session_use(*, request: HttpRequest, user: User, now: datetime) -> None:
    """
    Write when and from where the session was used.

    PERF: allauth's own middleware reads and writes the row with every request; callers ask
    `sessions.is_use_due` first.
    """
    UserSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user_id": user.pk,
            "ip": get_adapter(request).get_client_ip(request),
            "user_agent": request.headers.get("User-Agent", "")[:MAX_USER_AGENT],
            "last_seen_at": now,
        },
    )
