"""The list of a person's sessions: where each was last used."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from importlib import import_module

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest

MAX_USER_AGENT = 200  # of the column


def drop_ended_sessions(*, now: datetime) -> int:
    """Drop sessions whose time is over, visitors' too; return how many were people's."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    over = now - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    dropped: int = UserSession.objects.filter(
        # One that is used is prolonged by each use.
        last_seen_at__lt=over
    ).delete()[0]
    return dropped


def note_session_use(*, request: HttpRequest, user_id: uuid.UUID, now: datetime) -> None:
    """
    Write when and from where the session was used.

    PERF: allauth's own middleware reads and writes the row with every request; callers ask
    `sessions.is_use_due` first.
    """
    UserSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user_id": user_id,
            "ip": get_adapter(request).get_client_ip(request),
            "user_agent": request.headers.get("User-Agent", "")[:MAX_USER_AGENT],
            "last_seen_at": now,
        },
    )
