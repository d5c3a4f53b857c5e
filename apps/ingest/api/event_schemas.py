"""Schemas: what the payloads of events hold, and what becomes of those that do not."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.ingest import selectors, services
from apps.ingest.enums import SchemaMode
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

NEWEST_FIRST = ("-created_at", "-id")


class EventSchemaInput(StrictSerializer):
    """`schema`: JSON Schema (2020-12) of the payload, an object."""

    name = serializers.CharField(max_length=200, help_text="Exact, or a beginning and `*`.")
    mode = serializers.ChoiceField(choices=SchemaMode.choices)
    schema = serializers.DictField()


class EventSchemaChange(StrictSerializer):
    mode = serializers.ChoiceField(choices=SchemaMode.choices, required=False)
    schema = serializers.DictField(required=False)


class EventSchemaPreviewInput(StrictSerializer):
    name = serializers.CharField(max_length=200)
    schema = serializers.DictField()


class EventSchemaAuthorOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class EventSchemaOutput(serializers.Serializer[Any]):
    """
    A schema; `number` is of the version that is in force.

    Events that did not fit this version are counted since `counted_since`, as often as they came.
    """

    id = serializers.UUIDField()
    name = serializers.CharField()
    mode = serializers.ChoiceField(choices=SchemaMode.choices)
    number = serializers.IntegerField()
    schema = serializers.DictField()
    warned_count = serializers.IntegerField()
    refused_count = serializers.IntegerField()
    counted_since = serializers.DateTimeField()
    last_misfit_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by = EventSchemaAuthorOutput(allow_null=True)
    updated_at = serializers.DateTimeField()


class EventSchemaPage(serializers.Serializer[Any]):
    items = EventSchemaOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class EventSchemaVersionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    schema = serializers.DictField()
    created_at = serializers.DateTimeField()
    created_by = EventSchemaAuthorOutput(allow_null=True)


class EventSchemaVersionPage(serializers.Serializer[Any]):
    items = EventSchemaVersionOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class EventSchemaMismatchOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    message = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["field"] = serializers.CharField(help_text="Where in the payload.")
        return fields


class EventSchemaPreviewOutput(serializers.Serializer[Any]):
    """What the schema would have made of the last day's newest events of the name."""

    checked = serializers.IntegerField()
    failed = serializers.IntegerField()
    more = serializers.BooleanField(help_text="There were more than were looked at.")
    samples = EventSchemaMismatchOutput(many=True)


class EventSchemas(WorkspaceView):
    """What the payloads of events hold."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "POST": Scope.TELEMETRY_MANAGE}

    @extend_schema(
        operation_id="list_event_schemas", parameters=[PageQuery], responses=EventSchemaPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        return Response(
            page_of(
                selectors.list_event_schemas(workspace_id=request.workspace.id),
                request=request,
                order=NEWEST_FIRST,
                render=lambda rows: EventSchemaOutput(rows, many=True).data,
            )
        )

    # Not idempotent by key: the name is unique.
    @extend_schema(
        operation_id="create_event_schema",
        request=EventSchemaInput,
        responses={201: EventSchemaOutput},
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = EventSchemaInput(data=request.data)
        form.is_valid(raise_exception=True)
        row = services.create_event_schema(
            workspace_id=request.workspace.id,
            name=form.validated_data["name"],
            mode=form.validated_data["mode"],
            schema=form.validated_data["schema"],
            created_by=request.actor.user_id,
            now=utc_now(),
        )
        return Response(EventSchemaOutput(row).data, status=201)


class EventSchemaDetail(WorkspaceView):
    """One schema."""

    scopes: ClassVar = {
        "GET": Scope.TELEMETRY_READ,
        "PATCH": Scope.TELEMETRY_MANAGE,
        "DELETE": Scope.TELEMETRY_MANAGE,
    }

    @extend_schema(operation_id="get_event_schema", responses=EventSchemaOutput)
    def get(self, request: WorkspaceRequest, schema_id: uuid.UUID) -> Response:
        row = selectors.get_event_schema(workspace_id=request.workspace.id, schema_id=schema_id)
        return Response(EventSchemaOutput(row).data)

    @extend_schema(
        operation_id="change_event_schema",
        request=EventSchemaChange,
        responses=EventSchemaOutput,
    )
    def patch(self, request: WorkspaceRequest, schema_id: uuid.UUID) -> Response:
        form = EventSchemaChange(data=request.data)
        form.is_valid(raise_exception=True)
        row = services.edit_event_schema(
            workspace_id=request.workspace.id,
            schema_id=schema_id,
            mode=form.validated_data.get("mode"),
            schema=form.validated_data.get("schema"),
            changed_by=request.actor.user_id,
            now=utc_now(),
        )
        return Response(EventSchemaOutput(row).data)

    @extend_schema(operation_id="delete_event_schema", responses={204: None})
    def delete(self, request: WorkspaceRequest, schema_id: uuid.UUID) -> Response:
        services.delete_event_schema(workspace_id=request.workspace.id, schema_id=schema_id)
        return Response(status=204)


class EventSchemaVersions(WorkspaceView):
    """What a schema was, newest first."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="list_event_schema_versions",
        parameters=[PageQuery],
        responses=EventSchemaVersionPage,
    )
    def get(self, request: WorkspaceRequest, schema_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        return Response(
            page_of(
                selectors.list_event_schema_versions(
                    workspace_id=request.workspace.id, schema_id=schema_id
                ),
                request=request,
                order=NEWEST_FIRST,
                render=lambda rows: EventSchemaVersionOutput(rows, many=True).data,
            )
        )


class EventSchemaPreview(WorkspaceView):
    """Try a schema on the last day's events; nothing changes."""

    scopes: ClassVar = {"POST": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="preview_event_schema",
        request=EventSchemaPreviewInput,
        responses=EventSchemaPreviewOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = EventSchemaPreviewInput(data=request.data)
        form.is_valid(raise_exception=True)
        trial = services.try_event_schema(
            workspace_id=request.workspace.id,
            name=form.validated_data["name"],
            schema=form.validated_data["schema"],
            now=utc_now(),
        )
        return Response(EventSchemaPreviewOutput(trial).data)
