"""Thin: translate, call one service or selector, answer. Deployments are in `deployments`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.errors import DomainError, InvalidRequest, PermissionDenied
from apps.core.http.exception_handler import refusal_body, request_id_of
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.dispatch import pool_kinds, selectors, services
from apps.dispatch.api import serializers as shapes
from apps.dispatch.api.serializers import AgentInput
from apps.dispatch.enums import LimitKind, PoolKind
from apps.dispatch.overview import sentence
from apps.dispatch.protocol import ONLINE_FOR, Command, HeartbeatAnswer, HeldLease
from apps.flows import selectors as flows
from apps.runs import selectors as runs
from apps.runs import wire
from apps.runs.enums import TYPE_OF, RunState, StateType
from apps.runs.errors import IllegalTransition, StaleEpoch
from apps.runs.services import AskedMove, MoveResult
from apps.telemetry import selectors as telemetry
from apps.tenancy import access
from apps.tenancy import selectors as tenancy
from apps.tenancy.actors import Actor
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.dispatch.models import Agent, Pool, Queue


POOL_SCOPES = access.NARROWABLE[access.Kind.POOL]


def has_compute() -> bool:
    """Say whether this installation executes runs of managed pools itself."""
    return bool(settings.COMPUTE_BACKEND != "off")


class RunTransitions(WorkspaceView):
    """The states a run went through; executors report the next one."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ, "POST": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="list_run_transitions",
        parameters=[shapes.TransitionsQuery],
        responses=shapes.TransitionPage,
    )
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        query = shapes.TransitionsQuery.read(request)
        workspace_id = request.workspace.id
        runs.get_run(workspace_id=workspace_id, run_id=run_id)
        return Response(
            page_of(
                telemetry.list_transitions(
                    workspace_id=workspace_id,
                    run_id=run_id,
                    task_run_id=query.get("task_run_id"),
                ),
                request=request,
                order=telemetry.TRANSITION_ORDER,
                render=lambda rows: [
                    telemetry.transition_item(row) | {"state_type": TYPE_OF[RunState(row.state)]}
                    for row in rows
                ],
            )
        )

    @extend_schema(
        operation_id="report_run_transition",
        request=shapes.TransitionInput,
        responses=wire.RunOutput,
    )
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = shapes.TransitionInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        refuse_other_epoch(request.actor, given["epoch"])
        services.refuse_other_runs(
            workspace_id=request.workspace.id, actor=request.actor, run_ids=[run_id]
        )
        # What is older than the workspace keeps is refused, as ingest does: each such report would
        # open a partition of its own.
        oldest = utc_now() - timedelta(days=request.workspace.limits.retention_days)
        if given["occurred_at"] < oldest:
            raise InvalidRequest(
                "The report is older than the workspace keeps.",
                fields={"occurred_at": [f"Must not be before {oldest.isoformat()}."]},
            )
        moved = services.report_run(
            workspace_id=request.workspace.id,
            report=AskedMove(
                run_id=run_id,
                epoch=given["epoch"],
                target=RunState(given["state"]),
                occurred_at=given["occurred_at"],
                message=given.get("message", ""),
                error=given.get("error"),
                cause=given.get("cause"),
            ),
            now=utc_now(),
        )
        if moved.is_stale:
            message = "The run has been given to another executor since."
            return _refused(request, StaleEpoch(message, epoch=moved.run.epoch))
        if moved.result in {MoveResult.ILLEGAL, MoveResult.SUPERSEDED}:
            message = f"A run that is {moved.run.state} does not become {given['state']}."
            return _refused(request, IllegalTransition(message, state=moved.run.state))
        run = runs.with_names(run=moved.run)
        return Response(wire.run_body(run, actor=request.actor))


def refuse_other_epoch(actor: Actor, epoch: int) -> None:
    """
    Let the key of a run speak of its own execution only.

    Raises: PermissionDenied.
    """
    if actor.run is not None and actor.run.epoch != epoch:
        raise PermissionDenied(
            f"This is the key of epoch {actor.run.epoch}.", epoch=actor.run.epoch
        )


def _refused(request: WorkspaceRequest, refusal: DomainError) -> Response:
    # Not raised: that would roll back the transition which keeps the report as evidence.
    body = refusal_body(refusal, request_id_of(request._request))
    return Response(body, status=refusal.status)


class RunHeartbeat(WorkspaceView):
    """The sign of life of one run's executor."""

    scopes: ClassVar = {"POST": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="heartbeat_run",
        request=shapes.RunHeartbeatInput,
        responses=shapes.RunHeartbeatOutput,
    )
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = shapes.RunHeartbeatInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        answer = beat_of_run(
            request.workspace.id, request.actor, run_id, given["epoch"], given.get("heeded")
        )
        return Response(
            {"commands": answer.commands, "lost": answer.lost, "live_url": settings.LIVE_URL}
        )


def beat_of_run(
    workspace_id: uuid.UUID, actor: Actor, run_id: uuid.UUID, epoch: int, heeded: Any
) -> HeartbeatAnswer:
    """
    Take the sign of life of one run's executor.

    Raises: PermissionDenied, RunNotFound.
    """
    refuse_other_epoch(actor, epoch)
    services.refuse_other_runs(workspace_id=workspace_id, actor=actor, run_ids=[run_id])
    runs.get_run(workspace_id=workspace_id, run_id=run_id)
    return services.heartbeat(
        workspace_id=workspace_id,
        leases=[HeldLease(run_id=run_id, epoch=epoch)],
        heeded=[Command(run_id=run_id, epoch=epoch, command=heeded)] if heeded else [],
        now=utc_now(),
    )


class Pools(WorkspaceView):
    """Where runs go."""

    scopes: ClassVar = {"GET": Scope.POOLS_READ, "POST": Scope.POOLS_WRITE}

    @extend_schema(operation_id="list_pools", parameters=[PageQuery], responses=shapes.PoolPage)
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id
        services.ensure_default_pool(workspace_id=workspace_id)
        if has_compute():
            services.ensure_managed_pool(workspace_id=workspace_id)
        return Response(
            page_of(
                selectors.list_pools(workspace_id=workspace_id),
                request=request,
                order=("created_at", "id"),
                render=lambda rows: _pool_bodies(request, rows),
            )
        )

    @extend_schema(
        operation_id="create_pool",
        request=shapes.PoolInput,
        responses={201: shapes.PoolOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest) -> Response:
        form = shapes.PoolInput(data=request.data)
        form.is_valid(raise_exception=True)
        pool = services.create_pool(
            workspace_id=request.workspace.id,
            name=form.validated_data["name"],
            kind=PoolKind(form.validated_data.get("kind", PoolKind.PROCESS)),
            concurrency_limit=form.validated_data.get("concurrency_limit"),
            job_defaults=form.validated_data.get("job_defaults"),
            now=utc_now(),
            has_compute=has_compute(),
        )
        return Response(_pool_bodies(request, [pool])[0], status=201)


class PoolKinds(WorkspaceView):
    """Which kinds of pools there are."""

    scopes: ClassVar = {"GET": Scope.POOLS_READ}

    @extend_schema(operation_id="list_pool_kinds", responses=shapes.PoolKindPage)
    def get(self, request: WorkspaceRequest) -> Response:  # noqa: ARG002  the same for all
        return Response(
            {
                "items": [
                    {
                        "kind": kind.value,
                        "label": pool_kinds.KINDS[kind].label,
                        "description": pool_kinds.KINDS[kind].description,
                        "available": kind is not PoolKind.MANAGED or has_compute(),
                        "simulated": pool_kinds.KINDS[kind].simulated,
                        "schema": pool_kinds.KINDS[kind].schema,
                    }
                    for kind in PoolKind
                ]
            }
        )


class PoolDetail(WorkspaceView):
    """One pool."""

    scopes: ClassVar = {"PATCH": Scope.POOLS_WRITE}

    @extend_schema(
        operation_id="change_pool", request=shapes.PoolChange, responses=shapes.PoolOutput
    )
    def patch(self, request: WorkspaceRequest, pool_id: uuid.UUID) -> Response:
        form = shapes.PoolChange(data=request.data)
        form.is_valid(raise_exception=True)
        pool = services.change_pool(
            workspace_id=request.workspace.id,
            pool_id=pool_id,
            changes=form.validated_data,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_pool_bodies(request, [pool])[0])


def _pool_bodies(request: WorkspaceRequest, pools: list[Pool]) -> list[dict[str, object]]:
    workspace_id = request.workspace.id
    lanes = [list(pool.queues.all()) for pool in pools]
    queues = {body["id"]: body for body in queue_bodies(workspace_id, lanes)}
    limits = selectors.slots_by_key(
        workspace_id=workspace_id, kind=LimitKind.POOL, keys=[pool.id for pool in pools]
    )
    loads = selectors.load_of_pools(
        workspace_id=workspace_id, pool_ids=[pool.id for pool in pools], now=utc_now()
    )
    is_managed = {pool.id: pool.kind == PoolKind.MANAGED for pool in pools}
    managed = _report_on_managed(workspace_id) if any(is_managed.values()) else None
    return [
        {
            "id": pool.id,
            "name": pool.name,
            "kind": pool.kind,
            "paused": pool.paused,
            "concurrency_limit": limits.get(pool.id),
            "job_defaults": pool.job_defaults,
            "queues": [queues[queue.id] for queue in pool.queues.all()],
            "running": loads[pool.id].running,
            "queued": loads[pool.id].queued,
            "agents_online": loads[pool.id].agents_online,
            "managed": managed if is_managed[pool.id] else None,
            "may": access.may_body(request.actor, POOL_SCOPES, access.pool(pool.id)),
        }
        for pool in pools
    ]


def queue_bodies(
    workspace_id: uuid.UUID, pools: Sequence[Sequence[Queue]]
) -> list[dict[str, object]]:
    """Return the rows of all queues of these pools."""
    ids = [queue.id for queues in pools for queue in queues]
    queued = selectors.queued_by_queue(queue_ids=ids, now=utc_now())
    limits = selectors.slots_by_key(workspace_id=workspace_id, kind=LimitKind.QUEUE, keys=ids)
    return [
        {
            "id": queue.id,
            "name": queue.name,
            "priority": queue.priority,
            "is_default": queue == selectors.default_of(queues),
            "paused": queue.paused,
            "concurrency_limit": limits.get(queue.id),
            "queued": queued.get(queue.id, 0),
        }
        for queues in pools
        for queue in queues
    ]


def _report_on_managed(workspace_id: uuid.UUID) -> object:
    # Who executes them is a layer above: known by name only.
    return import_string(settings.MANAGED_POOL_REPORTS)(workspace_id=workspace_id, now=utc_now())


class PoolAgents(WorkspaceView):
    """Who takes runs from the pool, newest first."""

    scopes: ClassVar = {"GET": Scope.POOLS_READ}

    @extend_schema(
        operation_id="list_pool_agents", parameters=[PageQuery], responses=shapes.AgentPage
    )
    def get(self, request: WorkspaceRequest, pool_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        workspace_id, now = request.workspace.id, utc_now()
        selectors.get_pool(workspace_id=workspace_id, pool=str(pool_id))

        return Response(
            page_of(
                selectors.list_agents(workspace_id=workspace_id, pool_id=pool_id),
                request=request,
                order=("-created_at", "-id"),
                render=lambda agents: agent_bodies(workspace_id, agents, now),
            )
        )


def agent_bodies(
    workspace_id: uuid.UUID, agents: Sequence[Agent], now: datetime
) -> list[dict[str, object]]:
    """Return these agents as rows."""
    running = selectors.running_by_agent(
        workspace_id=workspace_id, agent_ids=[agent.id for agent in agents]
    )
    return [
        {
            "id": agent.id,
            "name": agent.name,
            "host": agent.host,
            "pid": agent.pid,
            "version": agent.version,
            "labels": agent.labels,
            "capacity": agent.capacity,
            "running": running.get(agent.id, 0),
            "last_seen_at": agent.last_seen_at,
            "online": agent.last_seen_at >= now - ONLINE_FOR,
            "draining": agent.draining_at is not None,
        }
        for agent in agents
    ]


class PoolHeartbeats(WorkspaceView):
    """An agent's sign of life for all its leases."""

    scopes: ClassVar = {"POST": Scope.LEASES_TAKE}
    in_transaction: ClassVar = False  # beats wait for each other

    @extend_schema(
        operation_id="heartbeat_pool",
        request=shapes.HeartbeatInput,
        responses=shapes.HeartbeatOutput,
    )
    def post(self, request: WorkspaceRequest, pool: str) -> Response:
        form = shapes.HeartbeatInput(data=request.data)
        form.is_valid(raise_exception=True)
        agent = AgentInput.info(form.validated_data["agent"])
        workspace_id = request.workspace.id
        leases = [HeldLease(**held) for held in form.validated_data["leases"]]
        services.refuse_other_pool(workspace_id=workspace_id, actor=request.actor, pool=pool)
        services.refuse_other_runs(
            workspace_id=workspace_id,
            actor=request.actor,
            run_ids=[held.run_id for held in leases],
        )
        found = services.find_agents_pool(workspace_id=workspace_id, pool=pool, runner=agent.runner)
        access.require(request.actor, Scope.LEASES_TAKE, access.pool(found.id))
        answer = services.hear_agent(
            services.Beat(
                workspace_id=workspace_id,
                pool_id=found.id,
                agent=agent,
                leases=leases,
                heeded=shapes.commands_of(form.validated_data["heeded"]),
                now=utc_now(),
            )
        )
        return Response(
            {"commands": answer.commands, "lost": answer.lost, "draining": answer.draining}
        )


class Overview(WorkspaceView):
    """Is everything all right?"""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="get_overview",
        parameters=[shapes.OverviewQuery],
        responses=shapes.OverviewOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        query = shapes.OverviewQuery.read(request)
        workspace_id, now = request.workspace.id, utc_now()
        since, until = query["since"], query["until"]
        if until - since > shapes.MAX_OVERVIEW:
            message = "At most 366 days."
            raise InvalidRequest("The range is too long.", fields={"from": [message]})
        histogram = runs.runs_histogram(
            workspace_id=workspace_id, filters=runs.RunFilters(), since=since, until=until
        )
        attention = runs.list_runs_needing_attention(
            workspace_id=workspace_id, since=since, until=until
        )
        health = runs.list_flow_health(workspace_id=workspace_id, since=since, until=until)
        next_at = flows.next_due_by_flow(
            workspace_id=workspace_id, flow_ids=[flow.flow_id for flow in health]
        )
        return Response(
            {
                "sentence": sentence(
                    flows=flows.count_flows(workspace_id=workspace_id),
                    needing=sum(flow.needs_somebody for flow in health),
                    late=runs.count_in_state(workspace_id=workspace_id, state=RunState.LATE),
                    running=runs.count_in_state(workspace_id=workspace_id, state=RunState.RUNNING),
                ),
                "window": {"from": since, "to": until},
                "counts": {kind.value: histogram.totals.get(kind, 0) for kind in StateType},
                "attention": [
                    wire.run_row(run) | {"reason": runs.reason_for_attention(run, now=now)}
                    for run in attention
                ],
                "histogram": wire.histogram_body(histogram),
                "flows": [
                    {
                        "flow": {"id": flow.flow_id, "name": flow.flow_name},
                        "deployment_id": flow.deployment_id,
                        "ticks": [
                            {
                                "id": tick.id,
                                "state_type": tick.state_type,
                                "duration_ms": tick.duration_ms,
                            }
                            for tick in flow.ticks
                        ],
                        "success_ratio": flow.success_ratio,
                        "p95_duration_ms": flow.p95_duration_ms,
                        "next_run_at": next_at.get(flow.flow_id),
                    }
                    for flow in health
                ],
                "checklist": {
                    "has_key": tenancy.list_api_keys(workspace_id=workspace_id).exists(),
                    "has_run": runs.has_run(workspace_id=workspace_id),
                    "has_deployment": flows.has_deployment(workspace_id=workspace_id),
                    "has_agent": selectors.has_agent(workspace_id=workspace_id),
                    "has_event": selectors.has_own_event(workspace_id=workspace_id, now=now),
                },
            }
        )
