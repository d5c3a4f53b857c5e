"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.lineage import selectors, services
from apps.lineage.api import serializers as wire
from apps.lineage.roles import Direction
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.lineage.models import Resource


class WorldResources(WorkspaceView):
    """What exists in the data stack, by its label."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="list_world_resources",
        parameters=[wire.ResourcesQuery],
        responses=wire.WorldResourcePage,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.ResourcesQuery.read(request)
        workspace_id = request.workspace.id
        aliases = selectors.aliases_in(workspace_id=workspace_id)

        def render(rows: list[Resource]) -> list[dict[str, Any]]:
            return [
                wire.WorldResourceOutput(row).data | {"alias_of": aliases.target_of.get(row.id)}
                for row in rows
            ]

        page = page_of(
            selectors.list_resources(
                workspace_id=workspace_id,
                only=selectors.ResourceFilter(
                    kinds=asked.get("kind", ()),
                    q=asked.get("q"),
                    namespace=asked.get("namespace"),
                    seen_since=asked.get("seen_since"),
                ),
            ),
            request=request,
            order=selectors.BY_LABEL,
            render=render,
        )
        return Response(page | {"kinds": selectors.count_by_kind(workspace_id=workspace_id)})


class WorldResourceDetail(WorkspaceView):
    """All that is known of one thing."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(operation_id="get_world_resource", responses=wire.WorldResourceDetail)
    def get(self, request: WorkspaceRequest, resource_id: uuid.UUID) -> Response:
        page = selectors.get_resource_page(
            workspace_id=request.workspace.id, resource_id=resource_id
        )
        said = {name: facet.value for name, facet in page.facets.items()}
        checks = page.facets.get("checks")
        body = {
            "resource": page.resource,
            "alias_of": page.alias_of,
            "aliases": page.aliases,
            "description": said.get("description"),
            "text": said.get("text"),
            "dialect": said.get("dialect"),
            "location": _address(said.get("location")),
            "checks": said.get("checks", []),
            "checked_at": checks.at if checks is not None else None,
            "columns": page.schema.columns,
            "schema_changes": page.schema.changes,
            "readings": [
                {
                    "measure": measure,
                    "points": [[row.at.timestamp() * 1000, row.value] for row in rows],
                }
                for measure, rows in sorted(page.readings.items())
            ],
            "written_at": page.written_at,
            "read_at": page.read_at,
            "readers": page.readers,
            "writers": page.writers,
            "queries": page.queries,
            "sources": page.sources,
            "users_of": page.users_of,
            "owners": page.owners,
            "parts": page.parts,
            "others": page.others,
        }
        return Response(wire.WorldResourceDetail(body).data)


def _address(location: dict[str, str] | None) -> str | None:
    if location is None:
        return None
    return f"{location['namespace']}/{location['name'].lstrip('/')}"


class WorldGraph(WorkspaceView):
    """What lies around one thing, along the flow of data."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="get_world_graph", parameters=[wire.GraphQuery], responses=wire.GraphOutput
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.GraphQuery.read(request)
        focus_id = asked["focus"]
        graph = selectors.get_graph(
            workspace_id=request.workspace.id,
            focus_id=focus_id,
            look=selectors.Look(
                direction=Direction(asked.get("direction", Direction.BOTH.value)),
                depth=asked.get("depth", selectors.DEPTH),
                kinds=asked.get("kind", ()),
                columns=asked.get("columns", False),
                since=asked.get("since"),
                until=asked.get("until"),
            ),
        )
        nodes = [
            wire.WorldResourceOutput(node.resource).data
            | {"level": node.level, "more_up": node.more_up, "more_down": node.more_down}
            for node in graph.nodes
        ]
        return Response(
            {
                "focus_id": graph.focus_id,
                "nodes": nodes,
                "lines": wire.GraphLineOutput(graph.lines, many=True).data,
                "truncated": graph.truncated,
            }
        )


def impact_body(impact: selectors.Impact) -> dict[str, Any]:
    """Render who is affected, as every route that tells it does."""
    return {
        "affected": wire.AffectedOutput(impact.affected, many=True).data,
        "counts": dict(sorted(Counter(each.resource.kind for each in impact.affected).items())),
        "owners": [
            {"resource": wire.WorldResourceOutput(owner).data, "owns": owns}
            for owner, owns in impact.owners
        ],
        "truncated": impact.truncated,
    }


class WorldImpact(WorkspaceView):
    """Who is affected when this thing is late or wrong."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="get_world_impact", parameters=[wire.ImpactQuery], responses=wire.ImpactOutput
    )
    def get(self, request: WorkspaceRequest, resource_id: uuid.UUID) -> Response:
        asked = wire.ImpactQuery.read(request)
        workspace_id = request.workspace.id
        selectors.get_resource(workspace_id=workspace_id, resource_id=resource_id)
        impact = selectors.get_impact(
            workspace_id=workspace_id,
            resource_ids=[resource_id],
            since=asked.get("since", utc_now() - selectors.IMPACT_TIME),
        )
        return Response(impact_body(impact))


class WorldAliases(WorkspaceView):
    """What people said is one thing, newest first."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "POST": Scope.TELEMETRY_MANAGE}

    @extend_schema(
        operation_id="list_world_aliases", parameters=[PageQuery], responses=wire.AliasPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        return Response(
            page_of(
                selectors.list_aliases(workspace_id=request.workspace.id),
                request=request,
                order=("-created_at", "-id"),
                render=lambda rows: wire.AliasOutput(rows, many=True).data,
            )
        )

    # Not idempotent by key: the second of two equal requests is refused, and changes nothing.
    @extend_schema(
        operation_id="create_world_alias",
        request=wire.AliasInput,
        responses={201: wire.AliasOutput},
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.AliasInput(data=request.data)
        form.is_valid(raise_exception=True)
        actor = request.actor
        alias = services.make_alias(
            workspace_id=request.workspace.id,
            alias_id=form.validated_data["alias_id"],
            target_id=form.validated_data["target_id"],
            created_by={"kind": actor.kind.value, "id": str(actor.id), "name": actor.name},
            now=utc_now(),
        )
        return Response(wire.AliasOutput(alias).data, status=201)


class WorldAliasDetail(WorkspaceView):
    """One alias."""

    scopes: ClassVar = {"DELETE": Scope.TELEMETRY_MANAGE}

    @extend_schema(operation_id="delete_world_alias", responses={204: None})
    def delete(self, request: WorkspaceRequest, alias_id: uuid.UUID) -> Response:
        services.take_alias_back(workspace_id=request.workspace.id, alias_id=alias_id)
        return Response(status=204)
