"""Members of an account that are no people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.tenancy import selectors, services
from apps.tenancy.api import key_serializers as wire
from apps.tenancy.api.keys import NEWEST_FIRST, placed, read_filter
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scopes import AccountScope
from apps.tenancy.selectors import KeyFacts

if TYPE_CHECKING:
    from apps.tenancy.models import ServiceAccount

READ, MANAGE = AccountScope.MEMBERS_READ, AccountScope.SERVICE_ACCOUNTS_MANAGE


def _bodies(rows: Sequence[ServiceAccount]) -> list[Mapping[str, object]]:
    ids = [row.id for row in rows]
    facts = selectors.key_facts(service_account_ids=ids, now=utc_now())
    places = selectors.assignments_of_service_accounts(service_account_ids=ids)
    bodies: list[Mapping[str, object]] = []
    for row in rows:
        known = facts.get(row.id, KeyFacts())
        body = {
            "id": row.id,
            "name": row.name,
            "description": row.description,
            "created_by": row.created_by,
            "created_at": row.created_at,
            "disabled_at": row.disabled_at,
            "last_used_at": known.last_used_at,
            "keys": known.active,
            "workspaces": places.get(row.id, []),
        }
        bodies.append(wire.ServiceAccountOutput(body).data)
    return bodies


class ServiceAccounts(AccountView):
    scopes = {"GET": READ, "POST": MANAGE}

    @extend_schema(operation_id="list_service_accounts", responses=wire.ServiceAccountPage)
    def get(self, request: AccountRequest) -> Response:
        found = selectors.list_service_accounts(account_id=request.account.id)
        return Response(page_of(found, request=request, order=("created_at", "id"), render=_bodies))

    @extend_schema(
        operation_id="create_service_account",
        request=wire.ServiceAccountInput,
        responses={201: wire.ServiceAccountOutput},
    )
    @idempotent
    def post(self, request: AccountRequest) -> Response:
        form = wire.ServiceAccountInput(data=request.data)
        form.is_valid(raise_exception=True)
        made = services.create_service_account(
            actor=request.actor,
            account_id=request.account.id,
            name=form.validated_data["name"],
            description=form.validated_data.get("description", ""),
            now=utc_now(),
        )
        return Response(_bodies([made])[0], status=201)


class ServiceAccountDetail(AccountView):
    scopes = {"GET": READ, "PATCH": MANAGE, "DELETE": MANAGE}

    @extend_schema(operation_id="get_service_account", responses=wire.ServiceAccountOutput)
    def get(self, request: AccountRequest, service_account_id: uuid.UUID) -> Response:
        return Response(_bodies([_find(request, service_account_id)])[0])

    @extend_schema(
        operation_id="change_service_account",
        request=wire.ServiceAccountChange,
        responses=wire.ServiceAccountOutput,
    )
    def patch(self, request: AccountRequest, service_account_id: uuid.UUID) -> Response:
        form = wire.ServiceAccountChange(data=request.data)
        form.is_valid(raise_exception=True)
        found = _find(request, service_account_id)
        services.change_service_account(service_account=found, changes=form.validated_data)
        return Response(_bodies([found])[0])

    @extend_schema(operation_id="delete_service_account", responses={204: None})
    def delete(self, request: AccountRequest, service_account_id: uuid.UUID) -> Response:
        services.delete_service_account(service_account=_find(request, service_account_id))
        return Response(status=204)


class ServiceAccountDisablement(AccountView):
    scopes = {"POST": MANAGE, "DELETE": MANAGE}
    open_while_archived = frozenset({"POST"})  # it takes away

    @extend_schema(
        operation_id="disable_service_account",
        request=None,
        responses=wire.ServiceAccountOutput,
    )
    def post(self, request: AccountRequest, service_account_id: uuid.UUID) -> Response:
        found = _find(request, service_account_id)
        services.disable_service_account(service_account=found, now=utc_now())
        return Response(_bodies([found])[0])

    @extend_schema(
        operation_id="enable_service_account", responses={200: wire.ServiceAccountOutput}
    )
    def delete(self, request: AccountRequest, service_account_id: uuid.UUID) -> Response:
        found = _find(request, service_account_id)
        services.enable_service_account(service_account=found)
        return Response(_bodies([found])[0])


class ServiceAccountKeys(AccountView):
    scopes = {"GET": READ}

    @extend_schema(
        operation_id="list_service_account_keys",
        parameters=[wire.KeyQuery],
        responses=wire.PlacedApiKeyPage,
    )
    def get(self, request: AccountRequest, service_account_id: uuid.UUID) -> Response:
        found = _find(request, service_account_id)
        keys = selectors.list_keys_of_service_account(
            service_account_id=found.id,
            wanted=read_filter(request, request.actor.user_id),
            now=utc_now(),
        )
        return Response(page_of(keys, request=request, order=NEWEST_FIRST, render=placed))


def _find(request: AccountRequest, service_account_id: uuid.UUID) -> ServiceAccount:
    return selectors.get_service_account(
        account_id=request.account.id, service_account_id=service_account_id
    )
