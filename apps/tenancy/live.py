"""Authentication for views of the live process, by the same rules as WorkspaceView."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.contrib.auth import get_user
from django.http import HttpRequest

from apps.core.errors import DomainError, Unauthenticated
from apps.core.http.live import look
from apps.core.http.sse import Message
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.authentication import find_key_actor, find_session_actor
from apps.tenancy.http import enter_workspace
from apps.tenancy.permissions import require_scope
from apps.tenancy.scopes import Scope

ASKED_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveActor:
    """Who waits, and where."""

    actor: Actor
    workspace: WorkspaceRef


async def authenticate_workspace(request: HttpRequest, workspace: str, scope: Scope) -> LiveActor:
    """
    Return the caller, who holds `scope` in `workspace`.

    A browser's session is accepted for GET only: these views check no CSRF token.
    Raises: Unauthenticated, NotFound, PermissionDenied.
    """
    return await look(_authenticate, request, workspace, scope)


async def while_allowed(
    request: HttpRequest, workspace: str, scope: Scope, messages: AsyncIterator[Message]
) -> AsyncIterator[Message]:
    """
    Pass a stream's messages on for as long as its reader may have them.

    A revoked key, a session that ended, a member who was removed: nothing is said to them a second
    later, the same second for which keys are remembered. Costs nothing while nothing is said.
    """
    allowed_until = time.monotonic() + ASKED_EVERY_SECONDS
    try:
        async for message in messages:
            if time.monotonic() >= allowed_until:
                # Read anew: the session's data and the person stick to the request.
                request.session = type(request.session)(request.session.session_key)
                try:
                    await look(_authenticate, request, workspace, scope)
                except DomainError:
                    return
                allowed_until = time.monotonic() + ASKED_EVERY_SECONDS
            yield message
    finally:
        await messages.aclose()  # type: ignore[attr-defined] # they are generators


def _authenticate(request: HttpRequest, workspace: str, scope: Scope) -> LiveActor:
    caller = find_key_actor(request.headers.get("Authorization", ""))
    if caller is None and request.method == "GET":
        request.user = get_user(request)
        caller = find_session_actor(request)
    if caller is None:
        raise Unauthenticated("Sign in, or send an API key.")
    actor, reference = enter_workspace(caller, workspace)
    require_scope(actor, scope)
    return LiveActor(actor=actor, workspace=reference)
