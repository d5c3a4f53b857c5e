"""Accounts: whose, how many, renamed, archived, handed over."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.errors import PermissionDenied
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.request_context import client_address
from apps.tenancy import access, audit, selectors, services
from apps.tenancy.actors import AccountRef, Actor
from apps.tenancy.api import account_wire as wire
from apps.tenancy.authentication import ask_session_caller
from apps.tenancy.enums import AccountRole
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.isolation import account_scope
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES, AccountScope


def account_body(account: AccountRef, role: str, now: datetime) -> dict[str, object]:
    found = selectors.summarise_account(account=account, role=role, now=now)
    held = ACCOUNT_ROLE_SCOPES[role]
    return {
        "id": account.id,
        "name": account.name,
        "created_at": account.created_at,
        "role": role,
        "scopes": [scope.value for scope in AccountScope if scope in held],
        "archived_at": account.archived_at,
        "delete_after": account.delete_after,
        "require_mfa": account.require_mfa,
        "sso_required": account.sso_required,
        "counts": found.counts,
        "seats": {"used": found.seats_used, "limit": found.seats_limit},
    }


def signed_in_person(request: Request) -> Actor:
    """Raises: PermissionDenied for keys, which speak for their workspace only."""
    actor: Actor = request.user  # type: ignore[assignment] # IsActor saw to it
    if actor.workspace is not None:
        raise PermissionDenied("An API key speaks for its workspace only; sign in.")
    return actor


class Accounts(APIView):
    """The accounts that somebody is in, of those whose door is open to them."""

    @extend_schema(operation_id="list_accounts", responses=wire.AccountList)
    def get(self, request: Request) -> Response:
        person, now = signed_in_person(request), utc_now()
        items = [
            account_body(account, role, now)
            for account, role in selectors.list_accounts_of(user_id=person.id)
            if _is_open(request, account.id)
        ]
        return Response(wire.AccountList({"items": items, "next_cursor": None}).data)

    @extend_schema(
        operation_id="create_account",
        request=wire.AccountInput,
        responses={201: wire.AccountDetailOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        person, now = signed_in_person(request), utc_now()
        form = wire.AccountInput(data=request.data)
        form.is_valid(raise_exception=True)
        audit.act_as(person)
        account = services.create_account(
            user_id=person.id, name=form.validated_data["name"], now=now
        )
        body = account_body(account, "OWNER", now)
        return Response(wire.AccountDetailOutput(body).data, status=201)


class AccountDetail(AccountView):
    scopes: ClassVar = {
        "GET": AccountScope.ACCOUNT_READ,
        "PATCH": AccountScope.ACCOUNT_MANAGE,
        "DELETE": AccountScope.ACCOUNT_MANAGE,
    }
    open_while_archived: ClassVar = frozenset({"DELETE"})

    @extend_schema(operation_id="get_account", responses=wire.AccountDetailOutput)
    def get(self, request: AccountRequest) -> Response:
        return _account(request, request.account)

    @extend_schema(
        operation_id="rename_account",
        request=wire.AccountInput,
        responses=wire.AccountDetailOutput,
    )
    def patch(self, request: AccountRequest) -> Response:
        form = wire.AccountInput(data=request.data)
        form.is_valid(raise_exception=True)
        account = services.rename_account(
            account_id=request.account.id, name=form.validated_data["name"]
        )
        return _account(request, account)

    @extend_schema(operation_id="delete_account", request=wire.DeletionInput, responses={204: None})
    def delete(self, request: AccountRequest) -> Response:
        form = wire.DeletionInput(data=request.data)
        form.is_valid(raise_exception=True)
        services.delete_account(account_id=request.account.id, **form.validated_data, now=utc_now())
        return Response(status=204)


class AccountArchival(AccountView):
    """Close the account, and within the grace open it again."""

    scopes: ClassVar = {
        "POST": AccountScope.ACCOUNT_MANAGE,
        "DELETE": AccountScope.ACCOUNT_MANAGE,
    }
    open_while_archived: ClassVar = frozenset({"POST", "DELETE"})

    @extend_schema(operation_id="archive_account", request=None, responses=wire.AccountDetailOutput)
    def post(self, request: AccountRequest) -> Response:
        account = services.archive_account(account_id=request.account.id, now=utc_now())
        return _account(request, account)

    @extend_schema(operation_id="restore_account", responses=wire.AccountDetailOutput)
    def delete(self, request: AccountRequest) -> Response:
        account = services.restore_account(account_id=request.account.id, now=utc_now())
        return _account(request, account)


class AccountOwnership(AccountView):
    """Hand the account over; the giver goes on as an admin."""

    scopes: ClassVar = {"POST": AccountScope.ACCOUNT_MANAGE}

    @extend_schema(
        operation_id="transfer_account",
        request=wire.OwnershipInput,
        responses=wire.AccountDetailOutput,
    )
    def post(self, request: AccountRequest) -> Response:
        form = wire.OwnershipInput(data=request.data)
        form.is_valid(raise_exception=True)
        services.transfer_ownership(
            account_id=request.account.id,
            giver_id=request.actor.id,
            member_id=form.validated_data["member_id"],
            now=utc_now(),
        )
        return _account(request, request.account)


class AccountMembership(AccountView):
    """One's own place in the account."""

    scopes: ClassVar = {"DELETE": AccountScope.ACCOUNT_READ}
    open_while_archived: ClassVar = frozenset({"DELETE"})

    @extend_schema(operation_id="leave_account", responses={204: None})
    def delete(self, request: AccountRequest) -> Response:
        services.leave_account(
            account_id=request.account.id, user_id=request.actor.id, now=utc_now()
        )
        return Response(status=204)


class AccountWorkspaces(AccountView):
    """All the account's workspaces for who manages it or its people, else one's own."""

    scopes: ClassVar = {"GET": AccountScope.ACCOUNT_READ}

    @extend_schema(
        operation_id="list_account_workspaces",
        parameters=[wire.AccountWorkspaceQuery],
        responses=wire.AccountWorkspacePage,
    )
    def get(self, request: AccountRequest) -> Response:
        state = wire.AccountWorkspaceQuery.read(request).get("state")
        role = AccountRole(str(request.actor.account_role))
        workspaces = selectors.list_workspaces_of_account(
            account_id=request.account.id,
            user_id=request.actor.id,
            all_of_it=bool(
                request.account_scopes & {AccountScope.MEMBERS_MANAGE, AccountScope.ACCOUNT_MANAGE}
            ),
            archived=None if state is None else state == "archived",
        )
        return Response(
            page_of(
                workspaces,
                request=request,
                order=("created_at", "id"),
                render=lambda rows: (
                    wire.AccountWorkspaceOutput(
                        selectors.workspace_rows(
                            rows, user_id=request.actor.id, account_role=role, now=utc_now()
                        ),
                        many=True,
                    ).data
                ),
            )
        )


def _is_open(request: Request, account_id: uuid.UUID) -> bool:
    """Say whether the person may come into the account as they come; `GET /me` names all."""
    caller = ask_session_caller(request._request, account_id)
    if caller is None or caller.entrance is None:
        return False
    return (
        access.admission(
            caller.entrance.door,
            session=caller.session,
            address=client_address(request._request),
            writes=False,
            is_account_owner=caller.entrance.actor.account_role == access.OWNER,
        )
        is None
    )


def _account(request: AccountRequest, account: AccountRef) -> Response:
    with account_scope(account.id):
        # As it is now: who hands the account over is its admin from here on.
        _, standing = selectors.resolve_in_account(user_id=request.actor.id, account_id=account.id)
        role = AccountRole(str(standing and standing.actor.account_role))
        body = account_body(account, role, utc_now())
    return Response(wire.AccountDetailOutput(body).data)
