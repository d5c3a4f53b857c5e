"""Authentication for views of the live process, by the same rules as WorkspaceView."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user
from django.http import HttpRequest

from apps.core.errors import Unauthenticated
from apps.core.http.live import look
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.authentication import find_key_actor, find_session_actor
from apps.tenancy.http import enter_workspace
from apps.tenancy.permissions import require_scope
from apps.tenancy.scopes import Scope


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
