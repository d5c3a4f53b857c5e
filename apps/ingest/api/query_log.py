"""Query logs of warehouses and databases, as files: each row becomes an event."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from apps.core.errors import InvalidRequest
from apps.core.http.query import QuerySerializer
from apps.flows.zones import BadRecurrenceError, find_zone
from apps.ingest import services
from apps.ingest.api.bodies import sent_body
from apps.ingest.api.views import FrontDoor
from apps.ingest.decode import Decoded, unpack
from apps.ingest.querylog.decode import Log, Read, decode
from apps.ingest.querylog.presets import PRESETS_BY_NAME
from apps.ingest.querylog.rows import CSV, NDJSON
from apps.telemetry.items import Refusal
from apps.telemetry.limits import NAME_LENGTH
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.http import WorkspaceRequest
from apps.tenancy.permissions import require_scope
from apps.tenancy.scopes import Scope

DOOR: Final = "query-log"
TOLD: Final = 100  # refusals that an answer spells out; the rest is counted


class QueryLogQuery(QuerySerializer):
    """How the file is to be read."""

    preset = serializers.ChoiceField(choices=sorted(PRESETS_BY_NAME), default="generic")
    namespace = serializers.CharField(
        max_length=NAME_LENGTH,
        required=False,
        help_text="Of the server, as OpenLineage names it: `snowflake://account`.",
    )
    dialect = serializers.CharField(
        max_length=40, required=False, help_text="Of the statements, where no preset says it."
    )
    timezone = serializers.CharField(
        max_length=64, required=False, help_text="Of times without an offset."
    )

    def validate_timezone(self, value: str) -> ZoneInfo:
        try:
            return find_zone(value)
        except BadRecurrenceError as error:
            raise serializers.ValidationError(error.message) from error


class RefusedRowOutput(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="Where the row begins, from 1.")
    code = serializers.CharField()
    message = serializers.CharField()
    retryable = serializers.BooleanField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["field"] = serializers.CharField(allow_null=True)
        return fields


class QueryLogOutput(serializers.Serializer[Any]):
    """`accepted` + `duplicates` + `skipped` + `rejected_count` are the file's rows."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="Rows that tell of no query, or of its start.")
    rejected_count = serializers.IntegerField()
    retryable_count = serializers.IntegerField(
        help_text="Those of them that come in when the same is sent later."
    )
    rejected = RefusedRowOutput(many=True, help_text=f"The first {TOLD}.")


class QueryLog(FrontDoor):
    """
    A query log as CSV (with a header) or NDJSON, gzipped or not; at most 20,000 rows at a time.

    What it was read of may be sent again: the same rows add nothing.
    """

    door = DOOR
    log: Read  # a view is made for each request
    scopes: ClassVar = {"POST": Scope.TELEMETRY_WRITE}

    def read(self, request: HttpRequest, actor: Actor) -> Decoded:
        require_scope(actor, Scope.TELEMETRY_WRITE)
        form = QueryLogQuery(data=request.GET.dict())
        if not form.is_valid():
            told = {name: [str(each) for each in said] for name, said in form.errors.items()}
            raise InvalidRequest("The query cannot be used.", fields=told)
        asked = form.validated_data
        body = unpack(
            sent_body(request), request.headers.get("Content-Encoding", "").strip().lower()
        )
        self.log = decode(
            body,
            content_type=request.content_type or "",
            log=Log(
                preset=PRESETS_BY_NAME[asked["preset"]],
                zone=asked.get("timezone"),
                namespace=asked.get("namespace"),
                dialect=asked.get("dialect"),
            ),
        )
        return self.log.decoded

    def take_in(self, workspace: WorkspaceRef, actor: Actor, decoded: Decoded) -> HttpResponse:
        answer, admission = services.take_in_at(
            door=DOOR, workspace=workspace, actor=actor, decoded=decoded, whole=True
        )
        if admission.wait_seconds is not None:
            raise admission.refusal()
        rejected = sorted(answer.rejected, key=lambda each: each.index)
        body = {
            "accepted": answer.accepted,
            "duplicates": answer.duplicates,
            "skipped": self.log.skipped,
            "rejected_count": len(rejected),
            "retryable_count": sum(each.retryable for each in rejected),
            "rejected": [self._told(each) for each in rejected[:TOLD]],
        }
        return HttpResponse(
            msgspec.json.encode(body),
            content_type="application/json",
            headers=admission.headers(),
        )

    def _told(self, refusal: Refusal) -> dict[str, object]:
        return {
            "line": self.log.lines[refusal.index],
            "code": refusal.code,
            "message": refusal.message,
            "field": refusal.field,
            "retryable": refusal.retryable,
        }

    @extend_schema(
        operation_id="import_query_log",
        parameters=[QueryLogQuery],
        request={CSV: OpenApiTypes.STR, NDJSON: OpenApiTypes.STR},
        responses=QueryLogOutput,
    )
    def post(self, request: WorkspaceRequest) -> HttpResponse:
        return self.answer(request)
