"""Service levels: what a deployment promises, and when it did not keep it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.serializers import MayField, StrictSerializer
from apps.dispatch import levels, services
from apps.dispatch.enums import ServiceLevelKind
from apps.dispatch.promises import DAYS, bits_of, days_of
from apps.dispatch.services import LevelChanges, LevelSpec
from apps.dispatch.services.levels import targets_of
from apps.runs.wire import NamedOutput, named
from apps.tenancy import access
from apps.tenancy.actors import Actor
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.dispatch.models import ServiceLevel, ServiceLevelBreach

LEVEL_KINDS = [(kind.value, kind.value) for kind in ServiceLevelKind]
WEEKDAYS = [(day, day) for day in DAYS]
MAX_SECONDS = 366 * 86_400


class LevelChange(StrictSerializer):
    seconds = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_SECONDS, help_text="Of the last two kinds."
    )
    time_of_day = serializers.TimeField(
        required=False, help_text="On the wall, as 06:30; of the first two kinds."
    )
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(choices=WEEKDAYS), required=False, allow_empty=False
    )
    timezone = serializers.CharField(required=False, max_length=64)
    paused = serializers.BooleanField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        at = given.get("time_of_day")
        if at is not None and (at.tzinfo is not None or at.microsecond):
            raise serializers.ValidationError({"time_of_day": "As 06:30 or 06:30:00."})
        if "weekdays" in given:
            given["weekdays"] = bits_of(given["weekdays"])
        return given


class LevelInput(LevelChange):
    deployment_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=LEVEL_KINDS)


class BreachOutput(serializers.Serializer[Any]):
    """One time that a promise was not kept."""

    id = serializers.UUIDField()
    due_at = serializers.DateTimeField(help_text="By when it should have been so.")
    run_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField(help_text="When it was seen.")


class BreachPage(serializers.Serializer[Any]):
    items = BreachOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class LevelOutput(serializers.Serializer[Any]):
    """What a deployment promises."""

    id = serializers.UUIDField()
    flow = NamedOutput()
    deployment = NamedOutput()
    kind = serializers.ChoiceField(choices=LEVEL_KINDS)
    seconds = serializers.IntegerField(allow_null=True)
    time_of_day = serializers.TimeField(allow_null=True)
    weekdays = serializers.ListField(child=serializers.ChoiceField(choices=WEEKDAYS))
    timezone = serializers.CharField()
    paused = serializers.BooleanField()
    next_check_at = serializers.DateTimeField(allow_null=True)
    last_breach = BreachOutput(allow_null=True)
    created_at = serializers.DateTimeField()
    may = MayField()


class LevelPage(serializers.Serializer[Any]):
    items = LevelOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class LevelsQuery(PageQuery):
    deployment_id = serializers.UUIDField(required=False)


class ServiceLevels(WorkspaceView):
    """What deployments promise."""

    scopes: ClassVar = {"GET": Scope.DEPLOYMENTS_READ, "POST": Scope.DEPLOYMENTS_WRITE}

    @extend_schema(
        operation_id="list_service_levels", parameters=[LevelsQuery], responses=LevelPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        query = LevelsQuery.read(request)
        return Response(
            page_of(
                levels.list_levels(
                    workspace_id=request.workspace.id, deployment_id=query.get("deployment_id")
                ),
                request=request,
                order=("created_at", "id"),
                render=lambda rows: _bodies(request, rows),
            )
        )

    @extend_schema(
        operation_id="create_service_level", request=LevelInput, responses={201: LevelOutput}
    )
    @idempotent
    def post(self, request: WorkspaceRequest) -> Response:
        form = LevelInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        level = services.create_level(
            workspace_id=request.workspace.id,
            spec=LevelSpec(**given | {"kind": ServiceLevelKind(given["kind"])}),
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_bodies(request, [level])[0], status=201)


class ServiceLevelDetail(WorkspaceView):
    """One promise."""

    scopes: ClassVar = {
        "GET": Scope.DEPLOYMENTS_READ,
        "PATCH": Scope.DEPLOYMENTS_WRITE,
        "DELETE": Scope.DEPLOYMENTS_WRITE,
    }

    @extend_schema(operation_id="get_service_level", responses=LevelOutput)
    def get(self, request: WorkspaceRequest, level_id: uuid.UUID) -> Response:
        level = levels.get_level(workspace_id=request.workspace.id, level_id=level_id)
        return Response(_bodies(request, [level])[0])

    @extend_schema(operation_id="change_service_level", request=LevelChange, responses=LevelOutput)
    def patch(self, request: WorkspaceRequest, level_id: uuid.UUID) -> Response:
        form = LevelChange(data=request.data)
        form.is_valid(raise_exception=True)
        level = services.change_level(
            workspace_id=request.workspace.id,
            level_id=level_id,
            changes=LevelChanges(**form.validated_data),
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_bodies(request, [level])[0])

    @extend_schema(operation_id="delete_service_level", responses={204: None})
    def delete(self, request: WorkspaceRequest, level_id: uuid.UUID) -> Response:
        services.delete_level(
            workspace_id=request.workspace.id, level_id=level_id, asker=request.actor
        )
        return Response(status=204)


class ServiceLevelBreaches(WorkspaceView):
    """When a promise was not kept, newest first."""

    scopes: ClassVar = {"GET": Scope.DEPLOYMENTS_READ}

    @extend_schema(
        operation_id="list_service_level_breaches", parameters=[PageQuery], responses=BreachPage
    )
    def get(self, request: WorkspaceRequest, level_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        level = levels.get_level(workspace_id=request.workspace.id, level_id=level_id)
        return Response(
            page_of(
                levels.list_breaches(level=level),
                request=request,
                order=("-due_at", "-id"),
                render=lambda rows: [_breach_body(breach) for breach in rows],
            )
        )


LEVEL_SCOPES = frozenset({Scope.DEPLOYMENTS_WRITE})


def _bodies(request: WorkspaceRequest, rows: Sequence[ServiceLevel]) -> list[dict[str, object]]:
    newest = levels.last_breaches(
        workspace_id=request.workspace.id, level_ids=[row.id for row in rows]
    )
    return [_body(request.actor, row, newest.get(row.id)) for row in rows]


def _body(
    actor: Actor, level: ServiceLevel, breach: ServiceLevelBreach | None
) -> dict[str, object]:
    return {
        "id": level.id,
        "flow": named(level.deployment.flow),
        "deployment": named(level.deployment),
        "kind": level.kind,
        "seconds": level.seconds,
        "time_of_day": level.time_of_day.isoformat() if level.time_of_day else None,
        "weekdays": days_of(level.weekdays),
        "timezone": level.timezone,
        "paused": level.paused_at is not None,
        "next_check_at": level.next_check_at,
        "last_breach": None if breach is None else _breach_body(breach),
        "created_at": level.created_at,
        "may": access.may_body(actor, LEVEL_SCOPES, *targets_of(level)),
    }


def _breach_body(breach: ServiceLevelBreach) -> dict[str, object]:
    return {
        "id": breach.id,
        "due_at": breach.due_at,
        "run_id": breach.run_id,
        "created_at": breach.created_at,
    }
