"""Django's sessions in the database; what a process remembers of them ends when they change."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

from apps.tenancy import key_cache


class SessionStore(DatabaseSessionStore):
    """Named by settings.SESSION_ENGINE."""

    def save(self, must_create: bool = False) -> None:
        super().save(must_create=must_create)
        key_cache.forget_all()

    def delete(self, session_key: str | None = None) -> None:
        super().delete(session_key)
        key_cache.forget_all()
