"""Schedules. Deployments and flows are shown with their runs, by layers above that know those."""

from __future__ import annotations

import uuid
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.flows import selectors, services, wire
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

MAX_CALENDAR_ITEMS = 2_000


class DeploymentSchedules(WorkspaceView):
    """Let the deployment start by itself."""

    scopes: ClassVar = {"POST": Scope.DEPLOYMENTS_WRITE}

    @extend_schema(
        operation_id="create_schedule",
        request=wire.ScheduleInput,
        responses={201: wire.ScheduleOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest, deployment_id: uuid.UUID) -> Response:
        form = wire.ScheduleInput(data=request.data)
        form.is_valid(raise_exception=True)
        schedule = services.add_schedule(
            workspace_id=request.workspace.id,
            deployment_id=deployment_id,
            spec=wire.schedule_spec(form.validated_data),
            now=utc_now(),
            asker=request.actor,
        )
        return Response(wire.schedule_body(schedule), status=201)


class ScheduleCalendar(WorkspaceView):
    """What starts by itself in a time, of the whole workspace."""

    scopes: ClassVar = {"GET": Scope.DEPLOYMENTS_READ}

    @extend_schema(
        operation_id="list_due_times",
        parameters=[wire.CalendarQuery],
        responses=wire.CalendarOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        query = wire.CalendarQuery.read(request)
        found = selectors.list_due_times(
            workspace_id=request.workspace.id,
            since=query["since"],
            until=query["until"],
            limit=MAX_CALENDAR_ITEMS + 1,
            deployment_id=query.get("deployment_id"),
            dense_over=query.get("dense_over"),
        )
        shown, rest = found.items[:MAX_CALENDAR_ITEMS], found.items[MAX_CALENDAR_ITEMS:]
        return Response(wire.calendar_body(shown, found.dense, truncated=bool(rest)))


class SchedulePreview(WorkspaceView):
    """When a schedule would be due, before it is one."""

    scopes: ClassVar = {"POST": Scope.DEPLOYMENTS_READ}

    @extend_schema(
        operation_id="preview_schedule",
        request=wire.SchedulePreviewInput,
        responses=wire.SchedulePreviewOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.SchedulePreviewInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        count = given.pop("count")
        times, zone = services.preview_times(
            spec=wire.schedule_spec(given), count=count, now=utc_now()
        )
        return Response({"times": [wire.due_time_body(due_at, zone) for due_at in times]})


class ScheduleDetail(WorkspaceView):
    """One schedule."""

    scopes: ClassVar = {"PATCH": Scope.DEPLOYMENTS_WRITE, "DELETE": Scope.DEPLOYMENTS_WRITE}

    @extend_schema(
        operation_id="change_schedule",
        request=wire.ScheduleChange,
        responses=wire.ScheduleOutput,
    )
    def patch(self, request: WorkspaceRequest, schedule_id: uuid.UUID) -> Response:
        form = wire.ScheduleChange(data=request.data)
        form.is_valid(raise_exception=True)
        schedule = services.edit_schedule(
            workspace_id=request.workspace.id,
            schedule_id=schedule_id,
            changes=form.validated_data,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(wire.schedule_body(schedule))

    @extend_schema(operation_id="delete_schedule", responses={204: None})
    def delete(self, request: WorkspaceRequest, schedule_id: uuid.UUID) -> Response:
        services.delete_schedule(
            workspace_id=request.workspace.id, schedule_id=schedule_id, asker=request.actor
        )
        return Response(status=204)
