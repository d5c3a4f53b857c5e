"""The base of every view below `/api/v1/workspaces/{workspace}/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.errors import NotFound
from apps.tenancy import selectors
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.permissions import require_scope
from apps.tenancy.scopes import Scope
from apps.tenancy.slugs import as_uuid


class WorkspaceRequest(Request):
    """What handlers of a WorkspaceView receive. For annotations; DRF makes the object."""

    workspace: WorkspaceRef
    actor: Actor


def enter_workspace(actor: Actor, workspace: str) -> tuple[Actor, WorkspaceRef]:
    """
    Return the actor with the scopes held in this workspace, and the workspace.

    Raises: NotFound for outsiders and for keys of other workspaces alike.
    """
    if actor.workspace is not None:
        own = actor.workspace
        if workspace != own.slug and as_uuid(workspace) != own.id:
            raise NotFound("There is no such workspace.")
        return actor, own
    person, workspace_id = selectors.person_in_workspace(
        user_id=actor.id, name=actor.name, email=actor.email or "", workspace=workspace
    )
    with workspace_scope(workspace_id):
        return person, selectors.get_workspace(workspace_id=workspace_id)


class WorkspaceView(APIView):
    """
    Names one scope per method; its handlers run inside the workspace's transaction.

    A method without a scope in `scopes` cannot be called: there is no default to forget.
    """

    scopes: ClassVar[dict[str, Scope]] = {}
    # False for handlers that talk to the outside: their service enters the scope by itself, so that
    # no transaction stays open while a stranger's machine takes its time.
    in_transaction: ClassVar[bool] = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method.lower() not in self.http_method_names or not hasattr(self, method.lower()):
            return  # DRF answers 405
        if method == "OPTIONS":
            return
        actor, workspace = enter_workspace(request.user, kwargs["workspace"])  # type: ignore[arg-type] # IsActor saw to it
        require_scope(actor, self.scopes[method])
        request.actor, request.workspace = actor, workspace  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(workspace_id=str(workspace.id))
        # DRF looks the handler up after this method, on the instance: replace it by itself inside
        # the transaction, so that a refusal raised there rolls back before DRF renders it.
        self._enter_scope_around(method.lower(), workspace)

    def _enter_scope_around(self, name: str, workspace: WorkspaceRef) -> None:
        handler: Callable[..., Response] = getattr(self, name)

        def inside(request: Request, *args: Any, **kwargs: Any) -> Response:
            kwargs.pop("workspace", None)
            if not self.in_transaction:
                return handler(request, *args, **kwargs)
            with workspace_scope(workspace.id):
                return handler(request, *args, **kwargs)

        setattr(self, name, inside)
