"""Where storage goes, and how long what is sent is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.query import QuerySerializer
from apps.core.http.serializers import StrictSerializer
from apps.runs import selectors
from apps.telemetry import services
from apps.telemetry.enums import StoredKind
from apps.telemetry.selectors import StoredDay, StoredOfKind
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

KINDS = [(kind.value, kind.value) for kind in StoredKind]
MOST_DAYS = 3_650


class StoredDayOutput(serializers.Serializer[Any]):
    """`bytes` null: not known yet."""

    day = serializers.DateField()
    rows = serializers.IntegerField()
    bytes = serializers.IntegerField(allow_null=True)


class StoredKindOutput(serializers.Serializer[Any]):
    """
    `compression`: bytes before to bytes after, of the server's compressed parts; null: none is.

    `own_days` null: the plan's. `is_estimate`: rows are reckoned from some of them. Rows of `runs`
    are runs and their task runs, by the days on which the runs were made.
    """

    kind = serializers.ChoiceField(choices=KINDS)
    rows = serializers.IntegerField()
    bytes = serializers.IntegerField(allow_null=True)
    compression = serializers.FloatField(allow_null=True)
    plan_days = serializers.IntegerField()
    own_days = serializers.IntegerField(allow_null=True)
    kept_days = serializers.IntegerField()
    is_estimate = serializers.BooleanField()
    days = StoredDayOutput(many=True)


class StorageOutput(serializers.Serializer[Any]):
    """`compresses`: whether this server's store does."""

    compresses = serializers.BooleanField()
    kinds = StoredKindOutput(many=True)


class RetentionInput(StrictSerializer):
    """`days` null: as long as the plan keeps."""

    kind = serializers.ChoiceField(choices=KINDS)
    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, allow_null=True)


class RetentionQuery(QuerySerializer):
    """`preview`: answer what would be dropped, and change nothing."""

    preview = serializers.BooleanField(required=False, default=False)


class RetentionOutput(serializers.Serializer[Any]):
    """What the new time drops: whole days of it, by the counts of now."""

    kind = serializers.ChoiceField(choices=KINDS)
    own_days = serializers.IntegerField(allow_null=True)
    kept_days = serializers.IntegerField()
    dropped_days = serializers.IntegerField()
    dropped_rows = serializers.IntegerField()
    dropped_bytes = serializers.IntegerField(allow_null=True)


def _bytes(days: list[StoredDay]) -> int | None:
    sizes = [each.size_bytes for each in days]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _kind(stored: StoredOfKind) -> dict[str, Any]:
    return {
        "kind": stored.kind.value,
        "rows": sum(each.rows for each in stored.days),
        "bytes": _bytes(stored.days),
        "compression": stored.compression,
        "plan_days": stored.plan_days,
        "own_days": stored.own_days,
        "kept_days": stored.kept_days,
        "is_estimate": stored.is_estimate,
        "days": [
            {"day": each.day, "rows": each.rows, "bytes": each.size_bytes} for each in stored.days
        ],
    }


class StorageOverview(WorkspaceView):
    """What is kept of each kind, by day."""

    scopes: ClassVar = {"GET": Scope.USAGE_READ}

    @extend_schema(operation_id="get_storage", responses=StorageOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        found = selectors.get_storage(
            workspace_id=request.workspace.id,
            plan_days=request.workspace.limits.retention_days,
            now=utc_now(),
        )
        return Response(
            {"compresses": found.compresses, "kinds": [_kind(each) for each in found.kinds]}
        )


class StorageRetention(WorkspaceView):
    """How long one kind is kept."""

    scopes: ClassVar = {"PUT": Scope.WORKSPACE_MANAGE}

    @extend_schema(
        operation_id="set_retention",
        parameters=[RetentionQuery],
        request=RetentionInput,
        responses=RetentionOutput,
    )
    def put(self, request: WorkspaceRequest) -> Response:
        preview = RetentionQuery.read(request)["preview"]
        form = RetentionInput(data=request.data)
        form.is_valid(raise_exception=True)
        kind = form.validated_data["kind"]
        stored = selectors.get_stored(
            workspace_id=request.workspace.id,
            kind=StoredKind(kind),
            plan_days=request.workspace.limits.retention_days,
            now=utc_now(),
        )
        days = form.validated_data["days"]
        if preview:
            services.check_retention(days=days, plan_days=stored.plan_days)
        else:
            services.set_retention(
                workspace_id=request.workspace.id,
                kind=stored.kind,
                days=days,
                plan_days=stored.plan_days,
            )
        kept = stored.plan_days if days is None else min(days, stored.plan_days)
        dropped = stored.dropped_by(kept, utc_now())
        return Response(
            {
                "kind": kind,
                "own_days": days,
                "kept_days": kept,
                "dropped_days": len(dropped),
                "dropped_rows": sum(each.rows for each in dropped),
                "dropped_bytes": _bytes(dropped),
            }
        )
