"""Keys: of a workspace, of a person over all of theirs, and one that replaces itself."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.errors import PermissionDenied
from apps.core.http.pagination import page_of
from apps.tenancy import audit, selectors, services
from apps.tenancy.actors import Actor, Caller
from apps.tenancy.api import key_serializers as wire
from apps.tenancy.enums import ActorKind
from apps.tenancy.http import WorkspaceRequest, WorkspaceView, enter_workspace
from apps.tenancy.isolation import user_scope, workspace_scope
from apps.tenancy.scopes import Scope
from apps.tenancy.selectors import KeyFilter, KeyOwner, KeyState

NEWEST_FIRST = ("-created_at", "-id")


def read_filter(request: Request, user_id: uuid.UUID | None) -> KeyFilter:
    """Return what a list of keys is narrowed to. Raises: InvalidRequest."""
    form = wire.KeyQuery(data=request.query_params.dict())
    form.is_valid(raise_exception=True)
    asked = form.validated_data
    return KeyFilter(
        owner=KeyOwner(asked["owner"]) if "owner" in asked else None,
        state=KeyState(asked["state"]) if "state" in asked else None,
        user_id=user_id,
        service_account_id=asked.get("service_account"),
        pool=asked.get("pool", ""),
    )


def placed(rows: Sequence[Any]) -> Any:
    """Render keys with their workspaces."""
    return wire.PlacedApiKeyOutput(selectors.with_holdings(rows), many=True).data


class ApiKeys(WorkspaceView):
    scopes = {"GET": Scope.WORKSPACE_READ, "POST": Scope.KEYS_MANAGE}

    @extend_schema(
        operation_id="list_api_keys", parameters=[wire.KeyQuery], responses=wire.ApiKeyPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        keys = selectors.list_api_keys(
            workspace_id=request.workspace.id,
            wanted=read_filter(request, request.actor.user_id),
            now=utc_now(),
        )
        return Response(
            page_of(
                keys,
                request=request,
                order=NEWEST_FIRST,
                render=lambda rows: (
                    wire.ApiKeyOutput(selectors.with_holdings(rows), many=True).data
                ),
            )
        )

    # Not idempotent by key: a stored reply would keep the secret that we promise not to keep.
    @extend_schema(
        operation_id="create_api_key",
        request=wire.ApiKeyInput,
        responses={201: wire.NewApiKeyOutput},
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.ApiKeyInput(data=request.data)
        form.is_valid(raise_exception=True)
        key, secret = services.create_api_key(
            actor=request.actor,
            workspace_id=request.workspace.id,
            name=form.validated_data["name"],
            role=form.validated_data.get("role"),
            scopes=[Scope(scope) for scope in form.validated_data.get("scopes", [])],
            expires_at=form.validated_data.get("expires_at"),
            pool=form.validated_data.get("pool") or "",
            service_account_id=form.validated_data.get("service_account_id"),
        )
        return _with_secret(request.workspace.id, key.id, secret)


class ApiKeyDetail(WorkspaceView):
    scopes = {"DELETE": Scope.KEYS_MANAGE}
    open_while_archived = frozenset({"DELETE"})  # it takes away

    @extend_schema(operation_id="revoke_api_key", responses={204: None})
    def delete(self, request: WorkspaceRequest, key_id: uuid.UUID) -> Response:
        key = selectors.get_api_key(workspace_id=request.workspace.id, key_id=key_id)
        services.revoke_api_key(key=key, now=utc_now())
        return Response(status=204)


class ApiKeyRotation(WorkspaceView):
    scopes = {"POST": Scope.KEYS_MANAGE}

    # Not idempotent by key, as above: after an answer that got lost, revoke the new key and repeat.
    @extend_schema(
        operation_id="rotate_api_key",
        request=wire.RotationInput,
        responses={201: wire.NewApiKeyOutput},
    )
    def post(self, request: WorkspaceRequest, key_id: uuid.UUID) -> Response:
        selectors.get_api_key(workspace_id=request.workspace.id, key_id=key_id)
        return _rotate(request, request.actor, request.workspace.id, key_id)


class ApiKeyHolder(WorkspaceView):
    scopes = {"POST": Scope.KEYS_MANAGE}

    @extend_schema(
        operation_id="hand_over_api_key", request=wire.HolderInput, responses=wire.ApiKeyOutput
    )
    def post(self, request: WorkspaceRequest, key_id: uuid.UUID) -> Response:
        form = wire.HolderInput(data=request.data)
        form.is_valid(raise_exception=True)
        key = selectors.get_api_key(workspace_id=request.workspace.id, key_id=key_id)
        services.hand_over_key(
            actor=request.actor,
            key=key,
            service_account_id=form.validated_data["service_account_id"],
            now=utc_now(),
        )
        key = selectors.get_api_key(workspace_id=request.workspace.id, key_id=key_id)
        return Response(wire.ApiKeyOutput(key).data)


class MyKeys(APIView):
    """A person's own keys, over all workspaces."""

    @extend_schema(
        operation_id="list_my_keys", parameters=[wire.KeyQuery], responses=wire.PlacedApiKeyPage
    )
    def get(self, request: Request) -> Response:
        actor: Actor = request.user  # type: ignore[assignment] # IsActor saw to it
        if actor.kind is not ActorKind.USER:
            raise PermissionDenied("A key sees no other keys; ask as a person.")
        wanted, now = read_filter(request, actor.id), utc_now()
        with user_scope(actor.id):
            keys = selectors.list_keys_of_person(user_id=actor.id, wanted=wanted, now=now)
            return Response(page_of(keys, request=request, order=NEWEST_FIRST, render=placed))


class OwnRotation(APIView):
    """A key that replaces itself needs no scope for it: it gains nothing, least of all time."""

    @extend_schema(
        operation_id="rotate_own_key",
        request=wire.RotationInput,
        responses={201: wire.NewApiKeyOutput},
    )
    def post(self, request: Request) -> Response:
        actor: Actor = request.user  # type: ignore[assignment] # IsActor saw to it
        if actor.kind is not ActorKind.API_KEY or actor.workspace is None:
            raise PermissionDenied("Send the API key that is to be replaced.")
        caller: Caller = request.auth  # type: ignore[assignment] # set with the actor
        actor, workspace = enter_workspace(
            caller, actor.workspace.slug, request=request._request, writes=True
        )
        audit.act_as(actor)
        with workspace_scope(workspace.id):
            return _rotate(request, actor, workspace.id, actor.id)


def _rotate(request: Request, actor: Actor, workspace_id: uuid.UUID, key_id: uuid.UUID) -> Response:
    form = wire.RotationInput(data=request.data)
    form.is_valid(raise_exception=True)
    successor, secret = services.rotate_api_key(
        actor=actor,
        key_id=key_id,
        overlap=timedelta(seconds=form.validated_data["overlap_seconds"]),
        expires_at=form.validated_data.get("expires_at"),
        now=utc_now(),
    )
    return _with_secret(workspace_id, successor.id, secret)


def _with_secret(workspace_id: uuid.UUID, key_id: uuid.UUID, secret: str) -> Response:
    made = selectors.get_api_key(workspace_id=workspace_id, key_id=key_id)
    return Response(wire.ApiKeyOutput(made).data | {"secret": secret}, status=201)
