"""Authentication for views of the live process, by the same rules as WorkspaceView."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.http import HttpRequest

from apps.core.errors import DomainError, Unauthenticated
from apps.core.http.live import look
from apps.core.http.sse import Message
from apps.tenancy import access, key_cache
from apps.tenancy.actors import Actor, Caller, WorkspaceRef
from apps.tenancy.authentication import find_key_caller, find_session_caller
from apps.tenancy.http import enter_workspace
from apps.tenancy.scopes import READ_SCOPES, Scope

ASKED_EVERY_SECONDS = key_cache.REMEMBERED_SECONDS


@dataclass(slots=True, kw_only=True)
class LiveActor:
    """Who waits, and where; `actor` is as of the last time that we asked."""

    actor: Actor
    workspace: WorkspaceRef
    asked_at: float  # by the monotonic clock

    @property
    def is_due(self) -> bool:
        """Whether a second has passed since this was so."""
        return time.monotonic() >= self.asked_at + ASKED_EVERY_SECONDS


async def authenticate_workspace(request: HttpRequest, workspace: str, scope: Scope) -> LiveActor:
    """
    Return the caller, who holds `scope` in `workspace`.

    A browser's session is accepted for GET only: these views check no CSRF token.
    Raises: Unauthenticated, NotFound, PermissionDenied, what `access.admission` says.
    """
    return await look(_authenticate, request, workspace, scope)


async def ask_again(request: HttpRequest, caller: LiveActor, workspace: str, scope: Scope) -> None:
    """
    Bring the caller up to date when a second has passed.

    Raises: as `authenticate_workspace`, when they may no longer.
    """
    if not caller.is_due:
        return
    if hasattr(request, "session"):
        # Read anew: the session's data sticks to the request.
        request.session = type(request.session)(request.session.session_key)
    found = await look(_authenticate, request, workspace, scope)
    caller.actor, caller.workspace, caller.asked_at = found.actor, found.workspace, found.asked_at


async def while_allowed(
    request: HttpRequest,
    workspace: str,
    scope: Scope,
    messages: AsyncIterator[Message],
    caller: LiveActor | None = None,
) -> AsyncIterator[Message]:
    """
    Pass a stream's messages on for as long as its reader may have them.

    A revoked key, a session that ended, a member who was removed: nothing is said to them a second
    later, the same second for which callers are remembered. Costs nothing while nothing is said.
    The `caller`, when given, is kept up to date, for messages that say what they may do.
    """
    if caller is None:
        caller = await authenticate_workspace(request, workspace, scope)
    try:
        async for message in messages:
            try:
                await ask_again(request, caller, workspace, scope)
            except DomainError:
                return
            yield message
    finally:
        await messages.aclose()  # type: ignore[attr-defined] # they are generators


def _authenticate(request: HttpRequest, workspace: str, scope: Scope) -> LiveActor:
    caller = _find(request, workspace)
    try:
        return _enter(request, caller, workspace, scope)
    except DomainError:
        if caller.remembered_as is None:
            raise
    # As in the web process: nobody is refused by memory alone.
    key_cache.forget(caller.remembered_as)
    return _enter(request, _find(request, workspace), workspace, scope)


def _find(request: HttpRequest, workspace: str) -> Caller:
    caller = find_key_caller(request.headers.get("Authorization", ""))
    if caller is None and request.method == "GET":
        caller = find_session_caller(request, workspace)
    if caller is None:
        raise Unauthenticated("Sign in, or send an API key.")
    return caller


def _enter(request: HttpRequest, caller: Caller, workspace: str, scope: Scope) -> LiveActor:
    actor, reference = enter_workspace(
        caller, workspace, request=request, writes=scope not in READ_SCOPES
    )
    access.require(actor, scope)
    return LiveActor(actor=actor, workspace=reference, asked_at=caller.asked_at)
