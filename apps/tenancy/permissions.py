"""May they: every route names a scope, checked here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.core.errors import PermissionDenied, Unauthenticated
from apps.tenancy.actors import Actor
from apps.tenancy.errors import WorkspaceArchived
from apps.tenancy.scopes import READ_SCOPES, Scope

if TYPE_CHECKING:  # DRF imports this module while APIView is being imported
    from rest_framework.views import APIView


class IsActor(BasePermission):
    """Somebody is there; the default of every view."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        if not isinstance(request.user, Actor):
            raise Unauthenticated("Sign in, or send an API key.")
        return True


def require_scope(actor: Actor, scope: Scope, *, even_archived: bool = False) -> None:
    """
    Let only those pass who hold the scope, and in an archived workspace only those who look.

    `even_archived`: for what brings the workspace back, takes its data out or deletes it.
    Raises: PermissionDenied, naming the scope; WorkspaceArchived.
    """
    if not actor.may(scope):
        raise PermissionDenied(f"This needs the scope {scope.value}.", scope=scope.value)
    if actor.archived and scope not in READ_SCOPES and not even_archived:
        raise WorkspaceArchived("The workspace is archived: it can be read, and nothing else.")
