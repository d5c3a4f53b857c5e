"""Webhooks: from whose services events are taken, and under which address."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.json import dumps
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.ingest import selectors, services
from apps.ingest.api.serializers import RefusalOutput
from apps.ingest.enums import WebhookPreset
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

NEWEST_FIRST = ("-created_at", "-id")
DAY_SECONDS = 86_400
TEMPLATE_LENGTH = 16_384


class WebhookChange(StrictSerializer):
    """A `secret` of null takes it away, where a webhook may be without."""

    name = serializers.CharField(required=False, max_length=120)
    secret = serializers.CharField(
        required=False, allow_null=True, max_length=200, trim_whitespace=False
    )
    template = serializers.CharField(
        required=False, allow_blank=True, max_length=TEMPLATE_LENGTH, trim_whitespace=False
    )
    topic_arn = serializers.CharField(required=False, allow_blank=True, max_length=400)
    header = serializers.CharField(required=False, allow_blank=True, max_length=100)
    enabled = serializers.BooleanField(required=False)


class WebhookInput(WebhookChange):
    """`secret` is drawn for GITHUB and EVENTBRIDGE when none is given."""

    name = serializers.CharField(max_length=120)
    preset = serializers.ChoiceField(choices=WebhookPreset.choices)


class WebhookRotationInput(StrictSerializer):
    overlap_seconds = serializers.IntegerField(
        required=False,
        default=DAY_SECONDS,
        min_value=0,
        max_value=7 * DAY_SECONDS,
        help_text="For how long the address before goes on.",
    )


class WebhookCreatorOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class WebhookOutput(serializers.Serializer[Any]):
    """A webhook. `address` is only the beginning of where it is reached."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    preset = serializers.ChoiceField(choices=WebhookPreset.choices)
    address = serializers.SerializerMethodField()
    former_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when the address before the last rotation goes on."
    )
    signed = serializers.BooleanField(source="has_secret")
    template = serializers.CharField()
    topic_arn = serializers.CharField()
    header = serializers.CharField()
    enabled = serializers.BooleanField()
    received_count = serializers.IntegerField()
    refused_count = serializers.IntegerField()
    last_received_at = serializers.DateTimeField(allow_null=True)
    last_refused_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by = WebhookCreatorOutput(allow_null=True)
    updated_at = serializers.DateTimeField()

    def get_address(self, webhook: Any) -> str:
        return address_of(f"{webhook.token_start}…")


class NewWebhookOutput(WebhookOutput):
    """The whole `address`, and the `secret` if one was drawn: shown here and never again."""

    secret = serializers.CharField(allow_null=True)


class WebhookPage(serializers.Serializer[Any]):
    items = WebhookOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class WebhookPreviewInput(StrictSerializer):
    """`body` as JSON, or as the text that would be sent; `headers` by name."""

    template = serializers.CharField(max_length=TEMPLATE_LENGTH, trim_whitespace=False)
    body = serializers.JSONField()
    headers = serializers.DictField(
        child=serializers.CharField(max_length=2_000, allow_blank=True),
        required=False,
        default=dict,
    )


class WebhookPreviewOutput(serializers.Serializer[Any]):
    """What the template makes of the sample, and which of it would be refused, by its place."""

    events = serializers.ListField(child=serializers.DictField())
    rejected = RefusalOutput(many=True)


def address_of(token: str) -> str:
    return f"{settings.PUBLIC_URL}/hooks/{token}"


class Webhooks(WorkspaceView):
    """Where other people's services tell what happened there."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "POST": Scope.TELEMETRY_MANAGE}

    @extend_schema(operation_id="list_webhooks", parameters=[PageQuery], responses=WebhookPage)
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        return Response(
            page_of(
                selectors.list_webhooks(workspace_id=request.workspace.id),
                request=request,
                order=NEWEST_FIRST,
                render=lambda rows: WebhookOutput(rows, many=True).data,
            )
        )

    # Not idempotent by key: a stored reply would keep the address in clear. The name is unique.
    @extend_schema(
        operation_id="create_webhook",
        request=WebhookInput,
        responses={201: NewWebhookOutput},
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = WebhookInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        webhook, token, secret = services.create_webhook(
            workspace_id=request.workspace.id,
            preset=given.pop("preset"),
            settings=services.WebhookSettings(**given),  # type: ignore[typeddict-item] # as the form has them
            created_by=request.actor.user_id,
            now=utc_now(),
        )
        body = WebhookOutput(webhook).data | {"address": address_of(token), "secret": secret}
        return Response(body, status=201)


class WebhookDetail(WorkspaceView):
    """One webhook."""

    scopes: ClassVar = {
        "GET": Scope.TELEMETRY_READ,
        "PATCH": Scope.TELEMETRY_MANAGE,
        "DELETE": Scope.TELEMETRY_MANAGE,
    }

    @extend_schema(operation_id="get_webhook", responses=WebhookOutput)
    def get(self, request: WorkspaceRequest, webhook_id: uuid.UUID) -> Response:
        webhook = selectors.get_webhook(workspace_id=request.workspace.id, webhook_id=webhook_id)
        return Response(WebhookOutput(webhook).data)

    @extend_schema(operation_id="change_webhook", request=WebhookChange, responses=WebhookOutput)
    def patch(self, request: WorkspaceRequest, webhook_id: uuid.UUID) -> Response:
        form = WebhookChange(data=request.data)
        form.is_valid(raise_exception=True)
        webhook = services.edit_webhook(
            workspace_id=request.workspace.id,
            webhook_id=webhook_id,
            changes=services.WebhookSettings(**form.validated_data),  # type: ignore[typeddict-item] # as the form has them
            now=utc_now(),
        )
        return Response(WebhookOutput(webhook).data)

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: WorkspaceRequest, webhook_id: uuid.UUID) -> Response:
        services.delete_webhook(workspace_id=request.workspace.id, webhook_id=webhook_id)
        return Response(status=204)


class WebhookRotation(WorkspaceView):
    """Give a webhook another address."""

    scopes: ClassVar = {"POST": Scope.TELEMETRY_MANAGE}

    @extend_schema(
        operation_id="rotate_webhook", request=WebhookRotationInput, responses=NewWebhookOutput
    )
    def post(self, request: WorkspaceRequest, webhook_id: uuid.UUID) -> Response:
        form = WebhookRotationInput(data=request.data or {})
        form.is_valid(raise_exception=True)
        webhook, token = services.rotate_webhook(
            workspace_id=request.workspace.id,
            webhook_id=webhook_id,
            overlap=timedelta(seconds=form.validated_data["overlap_seconds"]),
            now=utc_now(),
        )
        body = WebhookOutput(webhook).data | {"address": address_of(token), "secret": None}
        return Response(body)


class WebhookPreview(WorkspaceView):
    """Try a template on a sample; nothing is stored."""

    scopes: ClassVar = {"POST": Scope.TELEMETRY_MANAGE}
    in_transaction = False

    @extend_schema(
        operation_id="preview_webhook",
        request=WebhookPreviewInput,
        responses=WebhookPreviewOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = WebhookPreviewInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        is_text = isinstance(given["body"], str)
        events, rejected = services.preview_template(
            template=given["template"],
            body=given["body"].encode(errors="replace") if is_text else dumps(given["body"]),
            content_type="text/plain" if is_text else "application/json",
            headers={name.lower(): value for name, value in given["headers"].items()},
            now=utc_now(),
        )
        return Response({"events": events, "rejected": RefusalOutput(rejected, many=True).data})
