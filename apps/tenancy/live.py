"""Authentication for views of the live process, by the same rules as WorkspaceView."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.http import HttpRequest

from apps.core.errors import DomainError, PermissionDenied, Unauthenticated
from apps.core.http.live import look
from apps.core.http.sse import Message
from apps.tenancy import access, key_cache
from apps.tenancy.actors import Actor, Caller, WorkspaceRef
from apps.tenancy.authentication import find_key_caller, find_session_caller
from apps.tenancy.http import enter_workspace, never_by_memory
from apps.tenancy.scopes import READ_SCOPES, Scope

ASKED_EVERY_SECONDS = key_cache.REMEMBERED_SECONDS


@dataclass(slots=True, kw_only=True)
class LiveActor:
    """Who waits, and where; `actor` is as of the last time that we asked."""

    actor: Actor
    workspace: WorkspaceRef
    asked_at: float  # by the monotonic clock

    @property
    def due_in_seconds(self) -> float:
        """How long this may be taken as so; 0 when a second has passed."""
        return max(self.asked_at + ASKED_EVERY_SECONDS - time.monotonic(), 0.0)


async def authenticate_workspace(
    request: HttpRequest, workspace: str, scope: Scope, *, run_id: uuid.UUID | None = None
) -> LiveActor:
    """
    Return the caller, who holds `scope` in `workspace`; with `run_id` also the key of that run.

    A browser's session is accepted for GET only: these views check no CSRF token.
    Raises: Unauthenticated, NotFound, PermissionDenied, what `access.admission` says.
    """
    return await look(_authenticate, request, workspace, scope, run_id)


async def ask_again(
    request: HttpRequest,
    caller: LiveActor,
    workspace: str,
    scope: Scope,
    *,
    run_id: uuid.UUID | None = None,
) -> None:
    """
    Bring the caller up to date when a second has passed.

    Raises: as `authenticate_workspace`, when they may no longer.
    """
    if caller.due_in_seconds > 0:
        return
    if hasattr(request, "session"):
        # Read anew: the session's data sticks to the request.
        request.session = type(request.session)(request.session.session_key)
    found = await look(_authenticate, request, workspace, scope, run_id)
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

    A revoked key, a session that ended, a member who was removed: the stream is over a second
    later, the same second for which callers are remembered, whether there was anything to say or
    not. Streams of the same caller share what is remembered. The `caller`, when given, is kept up
    to date, for messages that say what they may do.
    """
    if caller is None:
        caller = await authenticate_workspace(request, workspace, scope)
    pending: asyncio.Task[Message] | None = None
    try:
        while True:
            if pending is None:
                pending = asyncio.ensure_future(anext(messages))
            await asyncio.wait({pending}, timeout=caller.due_in_seconds)
            try:
                await ask_again(request, caller, workspace, scope)
            except DomainError:
                return
            if not pending.done():
                continue
            try:
                message = pending.result()
            except StopAsyncIteration:
                return
            pending = None
            yield message
    finally:
        # A generator that is being read cannot be closed.
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await messages.aclose()  # type: ignore[attr-defined] # they are generators


def _authenticate(
    request: HttpRequest, workspace: str, scope: Scope, run_id: uuid.UUID | None
) -> LiveActor:
    return never_by_memory(
        _find(request, workspace),
        lambda: _find(request, workspace),
        lambda caller: _enter(request, caller, workspace, scope, run_id),
    )


def _find(request: HttpRequest, workspace: str) -> Caller:
    caller = find_key_caller(request.headers.get("Authorization", ""))
    if caller is None and request.method == "GET":
        caller = find_session_caller(request, workspace)
    if caller is None:
        raise Unauthenticated("Sign in, or send an API key.")
    return caller


def _enter(
    request: HttpRequest,
    caller: Caller,
    workspace: str,
    scope: Scope,
    run_id: uuid.UUID | None,
) -> LiveActor:
    actor, reference = enter_workspace(
        caller,
        workspace,
        request=request,
        writes=scope not in READ_SCOPES,
        admits_runs=run_id is not None,
    )
    if actor.run is not None and actor.run.run_id != run_id:
        raise PermissionDenied("This is the key of another run.")
    access.require(actor, scope)
    return LiveActor(actor=actor, workspace=reference, asked_at=caller.asked_at)
