"""Who is it: an API key in the Authorization header, else the browser's session."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from apps.core.clock import utc_now
from apps.core.errors import Unauthenticated
from apps.tenancy import key_cache, selectors, services
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.keys import hash_secret, is_well_formed

_noted: dict[Any, float] = {}  # key id → when this process last wrote its use, monotonic seconds


def find_key_actor(header: str) -> Actor | None:
    """
    Return the actor of an `Authorization: Bearer hw_…` header; None when there is no such header.

    Raises: Unauthenticated for a key that is malformed, unknown, revoked or expired.
    """
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer":
        return None
    secret = secret.strip()
    if not is_well_formed(secret):
        raise Unauthenticated("The API key is not valid.")
    secret_hash = hash_secret(secret)
    actor = key_cache.find(secret_hash)
    if actor is None:
        now = utc_now()
        actor = selectors.find_actor_by_key_hash(secret_hash=secret_hash, now=now)
        if actor is None or actor.workspace is None:
            raise Unauthenticated("The API key is not valid.")
        key_cache.remember(secret_hash, actor)
        if actor.run is None and time.monotonic() - _noted.get(actor.id, -60.0) >= 60.0:
            _noted[actor.id] = time.monotonic()
            services.note_key_use(workspace_id=actor.workspace.id, key_id=actor.id, now=now)
    return actor


def find_session_actor(request: HttpRequest) -> Actor | None:
    """Return the signed-in person, without any role: roles belong to a workspace."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    return Actor(
        kind=ActorKind.USER,
        id=user.id,
        name=user.display_name,
        email=user.email,
        user_id=user.id,
    )


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        actor = find_key_actor(request.headers.get("Authorization", ""))
        return None if actor is None else (actor, None)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return 'Bearer realm="headway"'


class BrowserAuthentication(SessionAuthentication):
    """Django's session, with CSRF enforced on every unsafe method."""

    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        actor = find_session_actor(request._request)
        if actor is None:
            return None
        # Django's own request: DRF's would parse the body to look for a token in a form, and refuse
        # what a view reads by itself.
        self.enforce_csrf(request._request)  # type: ignore[arg-type] # either kind will do
        return actor, None
