"""The bases of every view below `/api/v1/workspaces/{workspace}/` and `/api/v1/account/{id}/`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, TypeVar

import structlog
from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.errors import DomainError, NotFound, PermissionDenied, Unauthenticated
from apps.core.http import rate_classes
from apps.core.http.rate_classes import Ask, RateClass, Standing
from apps.core.http.request_context import client_address
from apps.tenancy import access, audit, key_cache
from apps.tenancy.actors import AccountRef, Actor, Caller, Entrance, WorkspaceRef
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.scopes import ACCOUNT_READ_SCOPES, READ_SCOPES, AccountScope, Scope
from apps.tenancy.services.glass import note_broken_glass
from apps.tenancy.services.presence import note_presence
from apps.tenancy.slugs import as_uuid

T = TypeVar("T")


class WorkspaceRequest(Request):
    """What handlers of a WorkspaceView receive. For annotations; DRF makes the object."""

    workspace: WorkspaceRef
    actor: Actor


def enter_workspace(
    caller: Caller,
    workspace: str,
    *,
    request: HttpRequest,
    writes: bool,
    admits_runs: bool = False,
) -> tuple[Actor, WorkspaceRef]:
    """
    Return the actor with the scopes held in this workspace, and the workspace.

    SECURITY: every way into a workspace leads through here, so that the key of a run opens only
    what says that it is for runs, and an account's networks and sign-in rules hold everywhere.
    Raises: NotFound for outsiders and for keys of other workspaces alike; PermissionDenied for the
    key of a run where none is admitted; what `access.admission` says.
    """
    entrance = caller.entrance
    found = entrance.workspace if entrance else None
    if entrance is None or found is None:
        raise NotFound("There is no such workspace.")
    if workspace != found.slug and as_uuid(workspace) != found.id:
        raise NotFound("There is no such workspace.")
    if entrance.actor.run is not None and not admits_runs:
        raise PermissionDenied("The key of a run reports that run and does nothing else.")
    _admit(caller, entrance, request=request, writes=writes)
    return entrance.actor, found


def enter_account(
    caller: Caller, account_id: uuid.UUID, *, request: HttpRequest, writes: bool
) -> tuple[Actor, AccountRef]:
    """
    Return the actor with the scopes held in this account, and the account.

    Raises: NotFound for outsiders; PermissionDenied for keys; what `access.admission` says.
    """
    entrance = caller.entrance
    if entrance is None or entrance.account.id != account_id:
        raise NotFound("There is no such account.")
    if entrance.actor.workspace is not None:
        raise PermissionDenied("An API key speaks for its workspace only; sign in.")
    _admit(caller, entrance, request=request, writes=writes)
    return entrance.actor, entrance.account


def _admit(caller: Caller, entrance: Entrance, *, request: HttpRequest, writes: bool) -> None:
    actor = entrance.actor
    is_account_owner = actor.account_role == access.OWNER
    refusal = access.admission(
        entrance.door,
        session=caller.session,
        address=None if actor.run is not None else client_address(request),
        writes=writes,
        is_account_owner=is_account_owner,
    )
    if refusal is not None:
        raise refusal.error()
    if caller.session is not None and access.breaks_glass(
        entrance.door, session=caller.session, is_account_owner=is_account_owner
    ):
        note_broken_glass(session=request.session, actor=actor, account=entrance.account)
    # PERF: not of whom memory lets in; whoever stays is asked for anew each second.
    is_new = caller.remembered_as is None
    if is_new and actor.kind is ActorKind.USER and actor.member_id is not None:
        note_presence(member_id=actor.member_id, now=utc_now())


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
    # Methods that change something though their scope is one of reading: what is the reader's own.
    changes_own: ClassVar[frozenset[str]] = frozenset()
    _standing: Standing | None = None  # of the class of queries, when that is limited

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method.lower() not in self.http_method_names or not hasattr(self, method.lower()):
            return  # DRF answers 405
        if method == "OPTIONS":
            return
        scope = self.scopes[method]

        def enter(caller: Caller) -> tuple[Actor, WorkspaceRef]:
            actor, workspace = enter_workspace(
                caller,
                kwargs["workspace"],
                request=request._request,
                writes=method != "GET"
                and (scope not in READ_SCOPES or method in self.changes_own)
                and method not in self.open_while_archived,
                admits_runs=method in self.run_key_methods,
            )
            if actor.run is not None and actor.run.run_id != kwargs.get("run_id"):
                raise PermissionDenied("This is the key of another run.")
            access.require(actor, scope)
            return actor, workspace

        actor, workspace = asked_again(request, enter)
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
    open_while_archived: ClassVar[frozenset[str]] = frozenset()  # as for workspaces

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method.lower() not in self.http_method_names or not hasattr(self, method.lower()):
            return  # DRF answers 405
        if method == "OPTIONS":
            return
        scope = self.scopes[method]

        def enter(caller: Caller) -> tuple[Actor, AccountRef]:
            actor, account = enter_account(
                caller,
                kwargs["account_id"],
                request=request._request,
                writes=method != "GET"
                and scope not in ACCOUNT_READ_SCOPES
                and method not in self.open_while_archived,
            )
            access.require(actor, scope)
            return actor, account

        actor, account = asked_again(request, enter)
        audit.act_as(actor)
        request.actor, request.account = actor, account  # type: ignore[attr-defined]
        request.account_scopes = actor.account_scopes  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(account_id=str(account.id))
        if self.in_transaction:
            _enter_around(self, method.lower(), "account_id", lambda: account_scope(account.id))
        else:
            _enter_around(self, method.lower(), "account_id", nullcontext)


def asked_again(request: Request, enter: Callable[[Caller], T]) -> T:
    """
    Let the caller in, as they are remembered; refuse them only by what is so at this moment.

    Whoever was given a role, or has just used their second factor, need not wait a second for it.
    """
    caller: Caller = request.auth  # type: ignore[assignment] # set with the actor

    def anew() -> Caller:
        request._authenticate()  # type: ignore[attr-defined] # the stubs leave it out
        if request.auth is None:
            raise Unauthenticated("Sign in, or send an API key.")
        return request.auth  # type: ignore[return-value] # as above

    return never_by_memory(caller, anew, enter)


def never_by_memory(caller: Caller, anew: Callable[[], Caller], enter: Callable[[Caller], T]) -> T:
    """Let the caller in; before they are refused by what is remembered, find them `anew`."""
    try:
        return enter(caller)
    except DomainError:
        if caller.remembered_as is None:
            raise
    key_cache.forget(caller.remembered_as)
    return enter(anew())


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
