"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.errors import Unauthenticated
from apps.core.http.idempotency import idempotent
from apps.tenancy import access, audit, selectors, services
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.api import serializers as wire
from apps.tenancy.api.account_wire import DeletionInput
from apps.tenancy.authentication import find_session_caller
from apps.tenancy.http import WorkspaceRequest, WorkspaceView, enter_account
from apps.tenancy.scopes import (
    ACCOUNT_ROLE_SCOPES,
    AccountScope,
    Scope,
    sorted_account_scopes,
    sorted_scopes,
)


def workspace_body(workspace: WorkspaceRef, actor: Actor) -> dict[str, object]:
    return {
        "id": workspace.id,
        "slug": workspace.slug,
        "name": workspace.name,
        "created_at": workspace.created_at,
        "account": {"id": workspace.account_id, "name": workspace.account_name},
        "role": actor.role,
        "role_name": actor.role_name,
        "scopes": sorted_scopes(actor.scopes),
        "limits": workspace.limits,
        "archived_at": workspace.archived_at,
        "delete_after": workspace.delete_after,
    }


class Me(APIView):
    """Who am I, and where may I do what?"""

    @extend_schema(operation_id="get_me", responses=wire.MeOutput)
    def get(self, request: Request) -> Response:
        actor: Actor = request.user  # type: ignore[assignment] # IsActor saw to it
        if actor.workspace is not None:
            workspaces = [workspace_body(actor.workspace, actor)]
            accounts: list[dict[str, object]] = []
        else:
            workspaces = [
                {
                    "id": place.workspace.id,
                    "slug": place.workspace.slug,
                    "name": place.workspace.name,
                    "archived_at": place.workspace.archived_at,
                    "role": place.held.role,
                    "role_name": place.held.role_name,
                    "scopes": sorted_scopes(place.held.scopes),
                    "account": place.workspace.account,
                }
                for place in selectors.list_places(user_id=actor.id)
            ]
            accounts = [
                {
                    "id": member.account_id,
                    "name": member.account.name,
                    "role": member.role,
                    "scopes": sorted_account_scopes(ACCOUNT_ROLE_SCOPES[member.role]),
                    "archived_at": member.account.archived_at,
                    "delete_after": member.account.delete_after,
                    "require_mfa": member.account.require_mfa,
                    "sso_required": member.account.sso_required,
                }
                for member in selectors.list_memberships(user_id=actor.id)
            ]
        body = {
            "actor": actor,
            "live_url": settings.LIVE_URL,
            "workspaces": workspaces,
            "accounts": accounts,
        }
        return Response(wire.MeOutput(body).data)


class Workspaces(APIView):
    @extend_schema(
        operation_id="create_workspace",
        request=wire.WorkspaceInput,
        responses={201: wire.WorkspaceOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        form = wire.WorkspaceInput(data=request.data)
        form.is_valid(raise_exception=True)
        actor: Actor = request.user  # type: ignore[assignment] # IsActor saw to it
        audit.act_as(actor)
        account_id = services.account_for_workspace(
            actor=actor, account_id=form.validated_data.get("account_id")
        )
        self._enter(request, account_id)
        workspace = services.create_workspace(
            account_id=account_id,
            user_id=actor.id,
            name=form.validated_data["name"],
            now=utc_now(),
        )
        person, _ = selectors.person_in_workspace(user_id=actor.id, workspace=workspace.slug)
        return Response(wire.WorkspaceOutput(workspace_body(workspace, person)).data, status=201)

    def _enter(self, request: Request, account_id: uuid.UUID) -> None:
        """SECURITY: the account's door stands here too, though its address does not name it."""
        caller = find_session_caller(request._request, account_id)
        if caller is None:
            raise Unauthenticated("Sign in.")
        actor, _ = enter_account(caller, account_id, request=request._request, writes=True)
        access.require(actor, AccountScope.WORKSPACES_CREATE)


class WorkspaceDetail(WorkspaceView):
    scopes = {
        "GET": Scope.WORKSPACE_READ,
        "PATCH": Scope.WORKSPACE_MANAGE,
        "DELETE": Scope.WORKSPACE_MANAGE,
    }
    open_while_archived = frozenset({"DELETE"})

    @extend_schema(operation_id="get_workspace", responses=wire.WorkspaceOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        body = workspace_body(request.workspace, request.actor)
        return Response(wire.WorkspaceOutput(body).data)

    @extend_schema(
        operation_id="rename_workspace",
        request=wire.WorkspaceChange,
        responses=wire.WorkspaceOutput,
    )
    def patch(self, request: WorkspaceRequest) -> Response:
        form = wire.WorkspaceChange(data=request.data)
        form.is_valid(raise_exception=True)
        workspace = services.rename_workspace(
            workspace_id=request.workspace.id, name=form.validated_data["name"]
        )
        return Response(wire.WorkspaceOutput(workspace_body(workspace, request.actor)).data)

    @extend_schema(operation_id="delete_workspace", request=DeletionInput, responses={204: None})
    def delete(self, request: WorkspaceRequest) -> Response:
        form = DeletionInput(data=request.data)
        form.is_valid(raise_exception=True)
        services.delete_workspace(
            workspace_id=request.workspace.id, **form.validated_data, now=utc_now()
        )
        return Response(status=204)
