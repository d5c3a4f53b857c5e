"""What doors refused."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.ingest import selectors
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class RefusedInput(PageQuery):
    """`from` and `to` are days in UTC, both included."""

    door = serializers.CharField(required=False, max_length=20)
    code = serializers.CharField(required=False, max_length=60)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateField(source="since", required=False)
        fields["to"] = serializers.DateField(source="until", required=False)
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "since" in attrs and "until" in attrs and attrs["until"] < attrs["since"]:
            raise serializers.ValidationError({"to": ["Must not be before `from`."]})
        return attrs


class RefusedSampleOutput(serializers.Serializer[object]):
    at = serializers.DateTimeField()
    message = serializers.CharField()
    item = serializers.CharField(
        allow_null=True, help_text="How it began, up to 2 kB; what looked secret is hidden."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["field"] = serializers.CharField(allow_null=True)
        return fields


class RefusedOutput(serializers.Serializer[object]):
    id = serializers.UUIDField()
    door = serializers.CharField(
        help_text="native, openlineage, otlp, cloudevents, prometheus, webhook or query-log."
    )
    code = serializers.CharField()
    day = serializers.DateField()
    count = serializers.IntegerField()
    last_at = serializers.DateTimeField()
    samples = RefusedSampleOutput(many=True, help_text="The last five, newest first.")


class RefusedPageOutput(serializers.Serializer[object]):
    items = RefusedOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RefusedList(WorkspaceView):
    """What was sent and could not be taken, by day, door and reason; the latest first."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="list_refused", parameters=[RefusedInput], responses=RefusedPageOutput
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = {
            name: value
            for name, value in RefusedInput.read(request).items()
            if name not in {"cursor", "limit"}
        }
        return Response(
            page_of(
                selectors.list_refusals(workspace_id=request.workspace.id, **asked),
                request=request,
                order=selectors.LATEST_FIRST,
                render=lambda rows: RefusedOutput(rows, many=True).data,
            )
        )
