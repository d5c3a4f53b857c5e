"""The lease long poll, in the live process."""

from __future__ import annotations

import uuid
from typing import NamedTuple

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
from apps.dispatch import services
from apps.dispatch.api.serializers import AgentInput, LeaseRequestInput, commands_of
from apps.dispatch.protocol import AgentInfo, Command, LeaseAnswer
from apps.dispatch.waiting import door_of
from apps.tenancy import access
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import LiveActor, ask_again, authenticate_workspace
from apps.tenancy.scopes import Scope


@live_view("POST")
async def pool_leases(request: HttpRequest, workspace: str, pool: str) -> HttpResponseBase:
    """Answer as soon as there are leases or commands, at the latest when the wait is up."""
    caller = await authenticate_workspace(request, workspace, Scope.LEASES_TAKE)
    try:
        given = _read(request.body)
    except ValidationError as error:
        refusal = handle_exception(error, {"request": None})
        assert refusal is not None
        return HttpResponse(dumps(refusal.data), status=400, content_type="application/json")
    if caller.actor.pool and caller.actor.pool != pool:  # else there is nothing to ask
        await look(_refuse_other_pool, caller, pool)
    answer = await _lease(
        request,
        caller,
        workspace,
        pool,
        given.agent,
        limit=given.limit,
        heeded=given.heeded,
        wait_seconds=given.wait_seconds,
    )
    return HttpResponse(dumps(answer), content_type="application/json")


class _Poll(NamedTuple):
    agent: AgentInfo
    limit: int
    heeded: list[Command]
    wait_seconds: float


# PERF: an agent says the same with each of its polls, and to look through it costs more than to
# grant a lease.
_MAX_POLLS, _MAX_POLL_BYTES = 5_000, 2_000
_polls: dict[bytes, _Poll] = {}


def _read(body: bytes) -> _Poll:
    """Raises: InvalidRequest, ValidationError."""
    if (known := _polls.get(body)) is not None:
        return known
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"Malformed JSON: {error}") from error
    form = LeaseRequestInput(data=said)
    form.is_valid(raise_exception=True)
    given = form.validated_data
    poll = _Poll(
        agent=AgentInput.info(given["agent"]),
        limit=given["limit"],
        heeded=commands_of(given["heeded"]),
        wait_seconds=given["wait_seconds"],
    )
    if len(_polls) >= _MAX_POLLS:
        _polls.clear()
    if len(body) <= _MAX_POLL_BYTES:
        _polls[body] = poll
    return poll


async def _lease(
    request: HttpRequest,
    caller: LiveActor,
    named: str,
    pool: str,
    agent: AgentInfo,
    *,
    limit: int,
    heeded: list[Command],
    wait_seconds: float,
) -> LeaseAnswer:
    known = services.recall_agents_pool(workspace_id=caller.workspace.id, pool=pool)
    if known is None:
        known = await look(_find_pool, caller.workspace.id, pool, agent.runner)
    services.refuse_other_runner(pool=pool, kind=known.kind, runner=agent.runner)
    pool_id = known.id
    is_greeted = False

    async def ask() -> LeaseAnswer:
        nonlocal is_greeted
        # Its key may have been revoked while the agent waited, or the pool closed to it.
        await ask_again(request, caller, named, Scope.LEASES_TAKE)
        access.require(caller.actor, Scope.LEASES_TAKE, access.pool(pool_id))
        greets, is_greeted = not is_greeted, True
        return await look(_take, caller.workspace, pool_id, agent, limit, heeded, greets=greets)

    if wait_seconds == 0:
        return await ask()
    # The agent's own channel is for commands.
    async with subscribe("agent", agent.id) as told:
        told.set()  # the first look is the door's, too: none comes between it and the waiting
        door = door_of(pool_id)
        most = min(limit, services.MAX_GRANTS)
        answer = await door.wait(ask, told=told, most_runs=most, seconds=wait_seconds)
    return answer or LeaseAnswer(leases=[], commands=[])


def _refuse_other_pool(caller: LiveActor, pool: str) -> None:
    services.refuse_other_pool(workspace_id=caller.workspace.id, actor=caller.actor, pool=pool)


def _find_pool(workspace_id: uuid.UUID, pool: str, runner: str) -> services.AgentsPool:
    return services.find_agents_pool(workspace_id=workspace_id, pool=pool, runner=runner)


def _take(
    workspace: WorkspaceRef,
    pool_id: uuid.UUID,
    agent: AgentInfo,
    limit: int,
    heeded: list[Command],
    *,
    greets: bool,
) -> LeaseAnswer:
    now = utc_now()
    with workspace_scope(workspace.id):
        if greets:
            services.greet_agent(workspace_id=workspace.id, pool_id=pool_id, agent=agent, now=now)
        return services.lease_next_runs(
            workspace_id=workspace.id,
            pool_id=pool_id,
            agent=agent,
            limit=limit,
            max_concurrent_runs=workspace.limits.max_concurrent_runs,
            now=now,
            heeded=heeded,
        )
