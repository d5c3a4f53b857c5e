"""May they: every route names a scope, checked here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.core.errors import Unauthenticated
from apps.tenancy import access
from apps.tenancy.actors import Actor
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:  # DRF imports this module while APIView is being imported
    from rest_framework.views import APIView


class IsActor(BasePermission):
    """Somebody is there; the default of every view."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        if not isinstance(request.user, Actor):
            raise Unauthenticated("Sign in, or send an API key.")
        return True


def require_scope(actor: Actor, scope: Scope) -> None:
    """Raises: PermissionDenied, naming the scope."""
    access.require(actor, scope)
