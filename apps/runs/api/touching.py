"""Which runs touched a thing of the world."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.http.pagination import key_cursor, read_key, read_limit
from apps.core.http.query import PageQuery
from apps.lineage import selectors as world
from apps.runs import selectors, wire
from apps.runs.api.around import check_sees_world
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class TouchingRunsQuery(PageQuery):
    """`role`: only touches of this role, as `reads` or `writes`."""

    role = serializers.CharField(required=False, max_length=200)


class TouchingRunOutput(serializers.Serializer[Any]):
    """How a run touched it. `run` is null when the run itself is no longer kept."""

    run_id = serializers.UUIDField()
    run = wire.RunRowOutput(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    count = serializers.IntegerField(help_text="How many events told of it.")


class TouchingRunPage(serializers.Serializer[Any]):
    items = TouchingRunOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class TouchingRuns(WorkspaceView):
    """The runs that touched one thing, the newest touch first."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="list_world_resource_runs",
        parameters=[TouchingRunsQuery],
        responses=TouchingRunPage,
    )
    def get(self, request: WorkspaceRequest, resource_id: uuid.UUID) -> Response:
        check_sees_world(request)
        asked = TouchingRunsQuery.read(request)
        workspace_id = request.workspace.id
        touching, after = world.list_touching_runs(
            workspace_id=workspace_id,
            resource_id=resource_id,
            role=asked.get("role"),
            after=read_key(asked.get("cursor")),
            limit=read_limit(request),
        )
        runs = {
            run.id: run
            for run in selectors.list_runs_by_id(
                workspace_id=workspace_id, run_ids=[each.run_id for each in touching]
            )
        }
        return Response(
            {
                "items": [
                    {
                        "run_id": each.run_id,
                        "run": wire.run_row(runs[each.run_id]) if each.run_id in runs else None,
                        "roles": each.roles,
                        "first_seen": each.first_seen,
                        "last_seen": each.last_seen,
                        "count": each.count,
                    }
                    for each in touching
                ],
                "next_cursor": key_cursor(after),
            }
        )
