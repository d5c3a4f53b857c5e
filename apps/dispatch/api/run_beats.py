"""The heartbeat of one run's executor that waits for commands, in the live process."""

from __future__ import annotations

import time
import uuid

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError

from apps.core.errors import InvalidRequest
from apps.core.http.exception_handler import handle_exception
from apps.core.http.json import dumps
from apps.core.http.live import live_view, look
from apps.core.wakeups import subscribe
from apps.dispatch.api.serializers import RunListenInput
from apps.dispatch.api.views import beat_of_run
from apps.dispatch.protocol import HeartbeatAnswer
from apps.tenancy.actors import Actor
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import LiveActor, ask_again, authenticate_workspace
from apps.tenancy.scopes import Scope

LOOK_EVERY_SECONDS = 8.0  # each look is a beat, too; a missed wake costs as much


@live_view("POST")
async def run_heartbeat(
    request: HttpRequest, workspace: str, run_id: uuid.UUID
) -> HttpResponseBase:
    """Answer as soon as there is something to do, at the latest when the wait is up."""
    caller = await authenticate_workspace(request, workspace, Scope.RUNS_REPORT, run_id=run_id)
    try:
        form = RunListenInput(data=orjson.loads(request.body))
        form.is_valid(raise_exception=True)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"Malformed JSON: {error}") from error
    except ValidationError as error:
        refusal = handle_exception(error, {"request": None})
        assert refusal is not None
        return HttpResponse(dumps(refusal.data), status=400, content_type="application/json")
    given = form.validated_data
    ends_at = time.monotonic() + given["wait_seconds"]
    async with subscribe("run", run_id) as told:
        while True:
            answer = await look(_beat, caller, run_id, given["epoch"], given.get("heeded"))
            left = ends_at - time.monotonic()
            if answer.commands or answer.lost or left <= 0:
                break
            await told.wait(min(left, LOOK_EVERY_SECONDS))
            # Its key may have been revoked while it waited.
            await ask_again(request, caller, workspace, Scope.RUNS_REPORT, run_id=run_id)
    body = {"commands": answer.commands, "lost": answer.lost, "live_url": settings.LIVE_URL}
    return HttpResponse(dumps(body), content_type="application/json")


def _beat(caller: LiveActor, run_id: uuid.UUID, epoch: int, heeded: str | None) -> HeartbeatAnswer:
    actor: Actor = caller.actor
    with workspace_scope(caller.workspace.id):
        return beat_of_run(caller.workspace.id, actor, run_id, epoch, heeded)
