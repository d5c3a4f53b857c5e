"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.notifications import selectors, services
from apps.notifications.api import serializers as shapes
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.notifications.models import Channel

NEWEST_FIRST = ("-created_at", "-id")


def _bodies(channels: list[Channel]) -> list[dict[str, Any]]:
    last = selectors.last_deliveries(channel_ids=[channel.id for channel in channels])
    for channel in channels:
        channel.last_delivery = last.get(channel.id)
    return list(shapes.ChannelOutput(channels, many=True).data)


class Channels(WorkspaceView):
    """Where notifications go."""

    scopes: ClassVar = {"GET": Scope.CHANNELS_READ, "POST": Scope.CHANNELS_WRITE}

    @extend_schema(
        operation_id="list_channels", parameters=[PageQuery], responses=shapes.ChannelPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        return Response(
            page_of(
                selectors.list_channels(workspace_id=request.workspace.id),
                request=request,
                order=NEWEST_FIRST,
                render=_bodies,
            )
        )

    # Not idempotent by key: a stored reply would keep the secret in clear. The name is unique.
    @extend_schema(
        operation_id="create_channel",
        request=shapes.ChannelInput,
        responses={201: shapes.NewChannelOutput},
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = shapes.ChannelInput(data=request.data)
        form.is_valid(raise_exception=True)
        channel = services.create_channel(
            workspace_id=request.workspace.id,
            name=form.validated_data["name"],
            kind=form.validated_data["kind"],
            config=form.validated_data["config"],
            created_by=request.actor.user_id,
            now=utc_now(),
        )
        body = _bodies([channel])[0] | {"secret": channel.settings.get("secret")}
        return Response(body, status=201)


class ChannelDetail(WorkspaceView):
    """One channel."""

    scopes: ClassVar = {
        "GET": Scope.CHANNELS_READ,
        "PATCH": Scope.CHANNELS_WRITE,
        "DELETE": Scope.CHANNELS_WRITE,
    }

    @extend_schema(operation_id="get_channel", responses=shapes.ChannelOutput)
    def get(self, request: WorkspaceRequest, channel_id: uuid.UUID) -> Response:
        channel = selectors.get_channel(workspace_id=request.workspace.id, channel_id=channel_id)
        return Response(_bodies([channel])[0])

    @extend_schema(
        operation_id="change_channel",
        request=shapes.ChannelChange,
        responses=shapes.ChannelOutput,
    )
    def patch(self, request: WorkspaceRequest, channel_id: uuid.UUID) -> Response:
        form = shapes.ChannelChange(data=request.data)
        form.is_valid(raise_exception=True)
        channel = services.edit_channel(
            workspace_id=request.workspace.id,
            channel_id=channel_id,
            changes=form.validated_data,
            now=utc_now(),
        )
        return Response(_bodies([channel])[0])

    @extend_schema(operation_id="delete_channel", responses={204: None})
    def delete(self, request: WorkspaceRequest, channel_id: uuid.UUID) -> Response:
        services.delete_channel(workspace_id=request.workspace.id, channel_id=channel_id)
        return Response(status=204)


class ChannelTests(WorkspaceView):
    """Send a test message now and say what happened to it."""

    scopes: ClassVar = {"POST": Scope.CHANNELS_WRITE}
    in_transaction = False

    @extend_schema(operation_id="test_channel", request=None, responses=shapes.OutcomeOutput)
    def post(self, request: WorkspaceRequest, channel_id: uuid.UUID) -> Response:
        outcome = services.send_test(
            workspace_id=request.workspace.id, channel_id=channel_id, now=utc_now()
        )
        return Response(outcome.as_json())


class ChannelDeliveries(WorkspaceView):
    """What was sent to a channel, newest first."""

    scopes: ClassVar = {"GET": Scope.CHANNELS_READ}

    @extend_schema(
        operation_id="list_channel_deliveries",
        parameters=[PageQuery],
        responses=shapes.DeliveryPage,
    )
    def get(self, request: WorkspaceRequest, channel_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        return Response(
            page_of(
                selectors.list_deliveries(workspace_id=request.workspace.id, channel_id=channel_id),
                request=request,
                order=NEWEST_FIRST,
                render=lambda rows: shapes.DeliveryOutput(rows, many=True).data,
            )
        )
