"""The lease long poll, in the live process."""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError

from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.exception_handler import handle_exception
from apps.core.http.json import dumps
from apps.core.http.live import live_view, look
from apps.core.wakeups import subscribe
from apps.dispatch import selectors, services
from apps.dispatch.api.serializers import AgentInput, LeaseRequestInput
from apps.dispatch.protocol import AgentInfo, LeaseAnswer
from apps.dispatch.waiting import door_of
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import authenticate_workspace
from apps.tenancy.scopes import Scope


@live_view("POST")
async def pool_leases(request: HttpRequest, workspace: str, pool: str) -> HttpResponseBase:
    """Answer as soon as there are leases or commands, at the latest when the wait is up."""
    caller = await authenticate_workspace(request, workspace, Scope.LEASES_TAKE)
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"Malformed JSON: {error}") from error
    form = LeaseRequestInput(data=body)
    try:
        form.is_valid(raise_exception=True)
    except ValidationError as error:
        refusal = handle_exception(error, {"request": None})
        assert refusal is not None
        return HttpResponse(dumps(refusal.data), status=400, content_type="application/json")
    given = form.validated_data
    answer = await _lease(
        caller.workspace,
        pool,
        AgentInput.info(given["agent"]),
        limit=given["limit"],
        wait_seconds=given["wait_seconds"],
    )
    return HttpResponse(dumps(asdict(answer)), content_type="application/json")


async def _lease(
    workspace: WorkspaceRef, pool: str, agent: AgentInfo, *, limit: int, wait_seconds: float
) -> LeaseAnswer:
    ends_at = time.monotonic() + wait_seconds
    pool_id = await look(_greet, workspace, pool, agent)

    async def ask() -> LeaseAnswer:
        return await look(_take, workspace, pool_id, agent, limit)

    # The agent's own channel is for commands; subscribed before the look, so that none is missed.
    async with subscribe("agent", agent.id) as told:
        answer = await ask()
        seconds = ends_at - time.monotonic()
        if answer.is_empty and seconds > 0:
            door = door_of(pool_id)
            answer = (
                await door.wait(ask, told=told, wants_runs=limit > 0, seconds=seconds) or answer
            )
    return answer


def _greet(workspace: WorkspaceRef, pool: str, agent: AgentInfo) -> uuid.UUID:
    with workspace_scope(workspace.id):
        found = services.resolve_pool(workspace_id=workspace.id, pool=pool)
        services.greet_agent(workspace_id=workspace.id, pool=found, agent=agent, now=utc_now())
        return found.id


def _take(workspace: WorkspaceRef, pool_id: uuid.UUID, agent: AgentInfo, limit: int) -> LeaseAnswer:
    with workspace_scope(workspace.id):
        if limit == 0:
            return LeaseAnswer(
                leases=[],
                commands=selectors.list_commands_for_agent(
                    workspace_id=workspace.id, agent_id=agent.id
                ),
            )
        return services.lease_next_runs(
            workspace_id=workspace.id,
            pool_id=pool_id,
            agent=agent,
            limit=limit,
            max_concurrent_runs=workspace.limits.max_concurrent_runs,
            now=utc_now(),
        )
