"""The lanes of a pool, how deep they were, and agents that shall take nothing more."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import EARLIEST, utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.query import PageQuery, checked_range
from apps.dispatch import selectors, services
from apps.dispatch.api import serializers as shapes
from apps.dispatch.api.views import agent_bodies, queue_bodies
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.dispatch.models import Queue


class PoolQueues(WorkspaceView):
    """The lanes of a pool, in the order in which they are served."""

    scopes: ClassVar = {"GET": Scope.POOLS_READ, "POST": Scope.POOLS_WRITE}

    @extend_schema(
        operation_id="list_pool_queues", parameters=[PageQuery], responses=shapes.QueuePage
    )
    def get(self, request: WorkspaceRequest, pool_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id
        selectors.get_pool(workspace_id=workspace_id, pool=str(pool_id))
        # A pool has too few of them for a second page.
        queues = list(selectors.list_queues(workspace_id=workspace_id, pool_id=pool_id))
        return Response({"items": queue_bodies(workspace_id, [queues]), "next_cursor": None})

    @extend_schema(
        operation_id="create_pool_queue",
        request=shapes.QueueInput,
        responses={201: shapes.QueueOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest, pool_id: uuid.UUID) -> Response:
        form = shapes.QueueInput(data=request.data)
        form.is_valid(raise_exception=True)
        queue = services.create_queue(
            workspace_id=request.workspace.id,
            pool_id=pool_id,
            name=form.validated_data["name"],
            changes=form.validated_data,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_body(queue), status=201)


class PoolQueueDetail(WorkspaceView):
    """One lane."""

    scopes: ClassVar = {"PATCH": Scope.POOLS_WRITE, "DELETE": Scope.POOLS_WRITE}

    @extend_schema(
        operation_id="change_pool_queue",
        request=shapes.QueueChange,
        responses=shapes.QueueOutput,
    )
    def patch(self, request: WorkspaceRequest, pool_id: uuid.UUID, queue_id: uuid.UUID) -> Response:
        form = shapes.QueueChange(data=request.data)
        form.is_valid(raise_exception=True)
        queue = services.change_queue(
            workspace_id=request.workspace.id,
            pool_id=pool_id,
            queue_id=queue_id,
            changes=form.validated_data,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_body(queue))

    @extend_schema(operation_id="delete_pool_queue", responses={204: None})
    def delete(
        self, request: WorkspaceRequest, pool_id: uuid.UUID, queue_id: uuid.UUID
    ) -> Response:
        services.delete_queue(
            workspace_id=request.workspace.id,
            pool_id=pool_id,
            queue_id=queue_id,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(status=204)


class PoolDepth(WorkspaceView):
    """How much was in the pool's queues over time."""

    scopes: ClassVar = {"GET": Scope.POOLS_READ}

    @extend_schema(
        operation_id="get_pool_depth",
        parameters=[shapes.DepthQuery],
        responses=shapes.PoolDepthOutput,
    )
    def get(self, request: WorkspaceRequest, pool_id: uuid.UUID) -> Response:
        query, workspace_id, now = shapes.DepthQuery.read(request), request.workspace.id, utc_now()
        until = query.get("until") or now
        # Before the first moment that there is, nothing can be taken off.
        since = query.get("since") or max(until, EARLIEST) - shapes.USUAL_DEPTH
        checked = checked_range({"since": since, "until": until})
        step_seconds, queues = selectors.queue_depths(
            workspace_id=workspace_id,
            pool=selectors.get_pool(workspace_id=workspace_id, pool=str(pool_id)),
            since=checked["since"],
            until=checked["until"],
            now=now,
        )
        return Response(
            {
                "step_seconds": step_seconds,
                "queues": [
                    {
                        "id": queue.queue_id,
                        "name": queue.name,
                        "points": [asdict(point) for point in queue.points],
                    }
                    for queue in queues
                ],
            }
        )


class AgentDrain(WorkspaceView):
    """Let an agent finish what it has, and give it nothing new."""

    scopes: ClassVar = {"POST": Scope.POOLS_WRITE, "DELETE": Scope.POOLS_WRITE}

    @extend_schema(operation_id="drain_agent", request=None, responses=shapes.AgentOutput)
    def post(self, request: WorkspaceRequest, pool_id: uuid.UUID, agent_id: uuid.UUID) -> Response:
        return _drain(request, pool_id, agent_id, draining=True)

    @extend_schema(operation_id="undrain_agent", responses=shapes.AgentOutput)
    def delete(
        self, request: WorkspaceRequest, pool_id: uuid.UUID, agent_id: uuid.UUID
    ) -> Response:
        return _drain(request, pool_id, agent_id, draining=False)


def _drain(
    request: WorkspaceRequest, pool_id: uuid.UUID, agent_id: uuid.UUID, *, draining: bool
) -> Response:
    workspace_id, now = request.workspace.id, utc_now()
    agent = services.drain_agent(
        workspace_id=workspace_id,
        pool_id=pool_id,
        agent_id=agent_id,
        draining=draining,
        now=now,
        asker=request.actor,
    )
    return Response(agent_bodies(workspace_id, [agent], now)[0])


def _body(queue: Queue) -> dict[str, object]:
    queues = selectors.list_queues(workspace_id=queue.workspace_id, pool_id=queue.pool_id)
    bodies = queue_bodies(queue.workspace_id, [list(queues)])
    return next(body for body in bodies if body["id"] == queue.id)
