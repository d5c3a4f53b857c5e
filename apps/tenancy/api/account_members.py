"""The people of an account."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.errors import DomainError
from apps.core.http.pagination import page_of
from apps.tenancy import selectors, services
from apps.tenancy.api import account_wire as wire
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scopes import AccountScope
from apps.tenancy.selectors import MemberFilter


class AccountMembers(AccountView):
    scopes: ClassVar = {"GET": AccountScope.MEMBERS_READ}

    @extend_schema(
        operation_id="list_account_members",
        parameters=[wire.AccountMemberQuery],
        responses=wire.AccountMemberPage,
    )
    def get(self, request: AccountRequest) -> Response:
        asked = wire.AccountMemberQuery.read(request)
        account_id = request.account.id
        workspace_id = None
        if slug := asked.get("workspace"):
            workspace_id = selectors.find_workspace_id(account_id=account_id, slug=slug)
            if workspace_id is None:
                return Response({"items": [], "next_cursor": None, "total": 0})
        days = asked.get("unseen_days")
        found = selectors.list_account_members(
            account_id=account_id,
            only=MemberFilter(
                q=asked.get("q", ""),
                role=asked.get("role"),
                team=asked.get("team"),
                state=asked.get("state"),
                workspace=workspace_id,
                mfa=asked.get("mfa"),
                unseen_since=selectors.unseen_since(days, utc_now()) if days else None,
            ),
        )
        page = page_of(
            found,
            request=request,
            order=("created_at", "id"),
            render=lambda rows: (
                wire.AccountMemberOutput(selectors.member_rows(rows), many=True).data
            ),
        )
        return Response(page | {"total": found.count()})


class AccountMemberView(AccountView):
    """One member of the account."""

    scopes: ClassVar = {
        "GET": AccountScope.MEMBERS_READ,
        "PATCH": AccountScope.MEMBERS_MANAGE,
        "DELETE": AccountScope.MEMBERS_MANAGE,
    }
    open_while_archived: ClassVar = frozenset({"DELETE"})  # it takes away

    @extend_schema(operation_id="get_account_member", responses=wire.AccountMemberDetail)
    def get(self, request: AccountRequest, member_id: uuid.UUID) -> Response:
        return _member(request, member_id)

    @extend_schema(
        operation_id="change_account_member",
        request=wire.AccountMemberChange,
        responses=wire.AccountMemberDetail,
    )
    def patch(self, request: AccountRequest, member_id: uuid.UUID) -> Response:
        form = wire.AccountMemberChange(data=request.data)
        form.is_valid(raise_exception=True)
        services.change_account_role(
            account_id=request.account.id,
            held=request.account_scopes,
            member_id=member_id,
            role=form.validated_data["account_role"],
            now=utc_now(),
        )
        return _member(request, member_id)

    @extend_schema(operation_id="remove_account_member", responses={204: None})
    def delete(self, request: AccountRequest, member_id: uuid.UUID) -> Response:
        services.remove_account_member(
            account_id=request.account.id,
            held=request.account_scopes,
            member_id=member_id,
            now=utc_now(),
        )
        return Response(status=204)


class AccountMemberDeactivation(AccountView):
    """Shut somebody out of the account without forgetting what they may do; and let them back."""

    scopes: ClassVar = {
        "POST": AccountScope.MEMBERS_MANAGE,
        "DELETE": AccountScope.MEMBERS_MANAGE,
    }
    open_while_archived: ClassVar = frozenset({"POST"})  # it takes away

    @extend_schema(
        operation_id="deactivate_account_member",
        request=None,
        responses=wire.AccountMemberDetail,
    )
    def post(self, request: AccountRequest, member_id: uuid.UUID) -> Response:
        services.deactivate_account_member(
            account_id=request.account.id,
            held=request.account_scopes,
            member_id=member_id,
            now=utc_now(),
        )
        return _member(request, member_id)

    @extend_schema(operation_id="reactivate_account_member", responses=wire.AccountMemberDetail)
    def delete(self, request: AccountRequest, member_id: uuid.UUID) -> Response:
        services.reactivate_account_member(
            account_id=request.account.id,
            held=request.account_scopes,
            member_id=member_id,
            now=utc_now(),
        )
        return _member(request, member_id)


def _member(request: AccountRequest, member_id: uuid.UUID) -> Response:
    account_id = request.account.id
    member = selectors.get_account_member(account_id=account_id, member_id=member_id)
    (row,) = selectors.member_rows([member])
    refusal = services.find_refusal_to_manage(member=member, held=request.account_scopes)
    allowed: Any = True if refusal is None else _refusal(refusal)
    last = services.find_refusal_to_leave(member=member)
    body = dict(wire.AccountMemberOutput(row).data) | {
        "keys": selectors.count_keys_of(
            account_id=account_id, user_id=member.user_id, now=utc_now()
        ),
        "may": {
            "change_role": allowed if last is None or refusal else _refusal(last),
            "deactivate": allowed if last is None or refusal else _refusal(last),
            "remove": allowed if last is None or refusal else _refusal(last),
        },
    }
    return Response(body)


def _refusal(error: DomainError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}
