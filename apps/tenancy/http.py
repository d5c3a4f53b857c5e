"""The bases of every view below `/api/v1/workspaces/{workspace}/` and `/api/v1/account/{id}/`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, ClassVar

import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.errors import NotFound, PermissionDenied
from apps.core.http import rate_classes
from apps.core.http.rate_classes import Ask, RateClass, Standing
from apps.tenancy import audit, selectors
from apps.tenancy.actors import AccountRef, Actor, WorkspaceRef
from apps.tenancy.errors import AccountArchived
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.permissions import require_scope
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES, READ_SCOPES, AccountScope, Scope
from apps.tenancy.slugs import as_uuid


class WorkspaceRequest(Request):
    """What handlers of a WorkspaceView receive. For annotations; DRF makes the object."""

    workspace: WorkspaceRef
    actor: Actor


def enter_workspace(
    actor: Actor, workspace: str, *, admits_runs: bool = False
) -> tuple[Actor, WorkspaceRef]:
    """
    Return the actor with the scopes held in this workspace, and the workspace.

    SECURITY: every way into a workspace leads through here, so that the key of a run opens only
    what says that it is for runs.
    Raises: NotFound for outsiders and for keys of other workspaces alike; PermissionDenied for the
    key of a run where none is admitted.
    """
    if actor.workspace is not None:
        own = actor.workspace
        if workspace != own.slug and as_uuid(workspace) != own.id:
            raise NotFound("There is no such workspace.")
        if actor.run is not None and not admits_runs:
            raise PermissionDenied("The key of a run reports that run and does nothing else.")
        return replace(actor, archived=own.archived_at is not None), own
    person, workspace_id = selectors.person_in_workspace(
        user_id=actor.id, name=actor.name, email=actor.email or "", workspace=workspace
    )
    with workspace_scope(workspace_id):
        found = selectors.get_workspace(workspace_id=workspace_id)
    return replace(person, archived=found.archived_at is not None), found


class WorkspaceView(APIView):
    """
    Names one scope per method; its handlers run inside the workspace's transaction.

    A method without a scope in `scopes` cannot be called: there is no default to forget.
    """

    scopes: ClassVar[dict[str, Scope]] = {}
    # False for handlers that talk to the outside: their service enters the scope by itself, so that
    # no transaction stays open while a stranger's machine takes its time.
    in_transaction: ClassVar[bool] = True
    # Methods that the key of a run may call, on the run of its own address only.
    run_key_methods: ClassVar[frozenset[str]] = frozenset()
    # Methods that change something and are open in an archived workspace nevertheless.
    open_while_archived: ClassVar[frozenset[str]] = frozenset()
    _standing: Standing | None = None  # of the class of queries, when that is limited

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method.lower() not in self.http_method_names or not hasattr(self, method.lower()):
            return  # DRF answers 405
        if method == "OPTIONS":
            return
        actor, workspace = enter_workspace(
            request.user,  # type: ignore[arg-type] # IsActor saw to it
            kwargs["workspace"],
            admits_runs=method in self.run_key_methods,
        )
        if actor.run is not None and actor.run.run_id != kwargs.get("run_id"):
            raise PermissionDenied("This is the key of another run.")
        scope = self.scopes[method]
        require_scope(actor, scope, even_archived=method in self.open_while_archived)
        if scope in READ_SCOPES and actor.run is None:
            self._count_query(workspace)
        audit.act_as(actor)
        request.actor, request.workspace = actor, workspace  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(workspace_id=str(workspace.id))
        if self.in_transaction:
            _enter_around(self, method.lower(), "workspace", lambda: workspace_scope(workspace.id))
        else:
            _enter_around(self, method.lower(), "workspace", nullcontext)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self._standing.headers().items() if self._standing else ():
            response[name] = value
        return response

    def _count_query(self, workspace: WorkspaceRef) -> None:
        """Raises: RateLimited beyond what the deployment lets a workspace read in a minute."""
        limit = settings.RATE_LIMIT_QUERIES_PER_MINUTE
        if not limit:
            return
        standings = rate_classes.take(workspace.id, [Ask(RateClass.QUERIES, limit, 1)])
        if standings is None:
            return
        (self._standing,) = standings
        if not self._standing.granted:
            raise self._standing.refusal(
                f"Over the {limit:,} requests a minute that the workspace may read with.",
                wait_seconds=self._standing.wait_seconds(1),
            )


class AccountRequest(Request):
    """What handlers of an AccountView receive. For annotations; DRF makes the object."""

    account: AccountRef
    account_scopes: frozenset[AccountScope]
    actor: Actor


class AccountView(APIView):
    """
    Names one scope of the account per method; its handlers run inside `account_scope`.

    Only people belong to accounts: a key speaks for one workspace and learns of no other.
    """

    scopes: ClassVar[dict[str, AccountScope]] = {}
    in_transaction: ClassVar[bool] = True  # as for workspaces
    open_while_archived: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method.lower() not in self.http_method_names or not hasattr(self, method.lower()):
            return  # DRF answers 405
        if method == "OPTIONS":
            return
        actor: Actor = request.user  # type: ignore[assignment] # IsActor saw to it
        account, held = _enter_account(actor, kwargs["account_id"], self.scopes[method])
        if account.archived_at is not None and method not in {"GET", *self.open_while_archived}:
            raise AccountArchived("The account is archived: it can be read, and nothing else.")
        audit.act_as(actor)
        request.actor, request.account = actor, account  # type: ignore[attr-defined]
        request.account_scopes = held  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(account_id=str(account.id))
        if self.in_transaction:
            _enter_around(self, method.lower(), "account_id", lambda: account_scope(account.id))
        else:
            _enter_around(self, method.lower(), "account_id", nullcontext)


def _enter_account(
    actor: Actor, account_id: uuid.UUID, scope: AccountScope
) -> tuple[AccountRef, frozenset[AccountScope]]:
    if actor.workspace is not None:
        if actor.workspace.account_id != account_id:
            raise NotFound("There is no such account.")
        raise PermissionDenied("An API key speaks for its workspace only; sign in.")
    account, role = selectors.get_membership(user_id=actor.id, account_id=account_id)
    held = ACCOUNT_ROLE_SCOPES[role.value]
    if scope not in held:
        raise PermissionDenied(
            f"This needs the scope {scope.value} in the account.",
            scope=scope.value,
            role=role.value,
        )
    return account, held


def _enter_around(
    view: APIView, name: str, argument: str, scope: Callable[[], AbstractContextManager[None]]
) -> None:
    # DRF looks the handler up after `initial`, on the instance: replace it by itself inside the
    # transaction, so that a refusal raised there rolls back before DRF renders it.
    handler: Callable[..., Response] = getattr(view, name)

    def inside(request: Request, *args: Any, **kwargs: Any) -> Response:
        kwargs.pop(argument, None)
        with scope():
            return handler(request, *args, **kwargs)

    setattr(view, name, inside)
