"""What happened around a run, and who is affected by it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.errors import PermissionDenied
from apps.core.http.query import QuerySerializer
from apps.lineage import selectors as world
from apps.runs import around, selectors
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

KINDS = [(each.value, each.value) for each in around.Kind]


class AroundQuery(QuerySerializer):
    hours = serializers.IntegerField(
        required=False, min_value=1, max_value=selectors.AROUND_MAX_HOURS
    )


class NearbyOutput(serializers.Serializer[Any]):
    """A resource that the run has to do with; `distance` 0: it touches it itself."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # Field has one of its own
    distance = serializers.IntegerField()
    roles = serializers.ListField(child=serializers.CharField())


class AroundItemOutput(serializers.Serializer[Any]):
    """One thing that happened, with how likely it has to do with the run (0 to 1) and why."""

    kind = serializers.ChoiceField(choices=KINDS)
    at = serializers.DateTimeField()
    title = serializers.CharField()
    why = serializers.ListField(child=serializers.CharField())
    score = serializers.FloatField()
    count = serializers.IntegerField()
    distance = serializers.IntegerField(allow_null=True)
    resource_id = serializers.UUIDField(allow_null=True)
    resource = serializers.CharField(allow_blank=True)
    event_id = serializers.UUIDField(allow_null=True)
    event_name = serializers.CharField(allow_blank=True)
    run_id = serializers.UUIDField(allow_null=True)


class AroundOutput(serializers.Serializer[Any]):
    """
    The likeliest first. `by_habit`: the run touched nothing; taken is what its deployment did.

    `back_to`: events before it were not looked at, there are so many; else it is `since`.
    """

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    back_to = serializers.DateTimeField()
    by_habit = serializers.BooleanField()
    nearby = NearbyOutput(many=True)
    items = AroundItemOutput(many=True)


def check_sees_world(request: WorkspaceRequest) -> None:
    """What is told here are events: who may look at runs only does not see them by this way."""
    if not request.actor.may(Scope.TELEMETRY_READ):
        raise PermissionDenied(
            "This needs the scope telemetry:read, too.", scope=Scope.TELEMETRY_READ.value
        )


class RunAround(WorkspaceView):
    """Ranked: what happened before the run ended, on what it touches and what that is made of."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="get_run_around", parameters=[AroundQuery], responses=AroundOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        check_sees_world(request)
        asked = AroundQuery.read(request)
        run = selectors.get_run(workspace_id=request.workspace.id, run_id=run_id)
        found = selectors.get_around(
            run=run, now=utc_now(), hours=asked.get("hours", selectors.AROUND_HOURS)
        )
        return Response(
            {
                "since": found.since,
                "until": found.until,
                "back_to": found.back_to,
                "by_habit": found.by_habit,
                "nearby": [
                    {
                        "id": each.resource.id,
                        "kind": each.resource.kind,
                        "label": each.resource.label,
                        "distance": each.distance,
                        "roles": each.roles,
                    }
                    for each in found.nearby
                ],
                "items": AroundItemOutput(found.items, many=True).data,
            }
        )


class ReachedOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # Field has one of its own
    distance = serializers.IntegerField()


class RunImpactOutput(serializers.Serializer[Any]):
    """Who waits for what the run writes, nearest first."""

    affected = ReachedOutput(many=True)
    owners = serializers.ListField(child=serializers.CharField())
    truncated = serializers.BooleanField()


class RunImpact(WorkspaceView):
    """If this run is late, who is affected?"""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="get_run_impact", responses=RunImpactOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        check_sees_world(request)
        workspace_id = request.workspace.id
        run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
        written = world.written_by_run(
            workspace_id=workspace_id, run_id=run.id, owner=selectors.owner_of(run)
        )
        impact = world.get_impact(
            workspace_id=workspace_id, resource_ids=written, since=utc_now() - world.IMPACT_TIME
        )
        own = run.deployment_id or run.flow_id
        return Response(
            {
                "affected": [
                    {
                        "id": each.resource.id,
                        "kind": each.resource.kind,
                        "label": each.resource.label,
                        "distance": each.distance,
                    }
                    for each in impact.affected
                    if each.resource.name != str(own)
                ],
                "owners": [owner.label for owner, _ in impact.owners],
                "truncated": impact.truncated,
            }
        )
