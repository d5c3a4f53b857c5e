"""
Runs as they change.

Both streams look each second and are not woken: a NOTIFY with every move of a run would make all
commits of the database wait for one lock.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.clock import read_moment, utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.json import wire_time
from apps.core.http.live import live_view, look
from apps.core.http.sse import Message, sse_response
from apps.runs import selectors, wire
from apps.telemetry import selectors as telemetry
from apps.tenancy.actors import Actor
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import authenticate_workspace, while_allowed
from apps.tenancy.scopes import Scope

LOOK_EVERY_SECONDS = 1.0
# Then the reader comes again: what a stream remembers does not grow for ever.
STREAM_SECONDS = 600.0
# A transaction that was slow to commit shows rows with earlier times: look back, drop the known.
RUN_OVERLAP = timedelta(seconds=3)
LOG_OVERLAP = timedelta(seconds=10)
MAX_RUNS = 2_000  # a look
MAX_LINES = 1_000  # a look


@live_view("GET")
async def runs(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """Stream each change of a run of the workspace as `run`, a list row."""
    caller = await authenticate_workspace(request, workspace, Scope.RUNS_READ)
    return _answer(request, workspace, follow_runs(caller.workspace.id, since=_since(request)))


@live_view("GET")
async def run(request: HttpRequest, workspace: str, run_id: uuid.UUID) -> HttpResponseBase:
    """Stream one run: `run` as it changes, `log` lines, and `task_runs` when some changed."""
    caller = await authenticate_workspace(request, workspace, Scope.RUNS_READ)
    since = _since(request)
    watch = RunWatch(workspace_id=caller.workspace.id, run_id=run_id, since=since)
    # The first look is made before the answer begins, so that an unknown run is a 404.
    first = await look(watch.look, caller.actor)
    return _answer(request, workspace, follow_run(watch, caller.actor, first))


def _answer(
    request: HttpRequest, workspace: str, messages: AsyncIterator[Message]
) -> HttpResponseBase:
    return sse_response(while_allowed(request, workspace, Scope.RUNS_READ, messages))


async def follow_runs(workspace_id: uuid.UUID, *, since: datetime) -> AsyncIterator[Message]:
    """Yield runs as they change, until the stream's time is up."""
    known: dict[uuid.UUID, datetime] = {}
    ends_at = time.monotonic() + STREAM_SECONDS
    while time.monotonic() < ends_at:
        found = await look(_changed, workspace_id, since - RUN_OVERLAP)
        for changed_at, row in found:
            run_id = row["id"]
            assert isinstance(run_id, uuid.UUID)
            if known.get(run_id) != changed_at:
                known[run_id] = changed_at
                yield Message(event="run", data=row, cursor=wire_time(changed_at))
        if found:
            since = max(since, found[-1][0])
            if len(found) == MAX_RUNS:
                since += RUN_OVERLAP  # more than a look holds: go on behind them
        known = {key: at for key, at in known.items() if at >= since - RUN_OVERLAP}
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def follow_run(watch: RunWatch, actor: Actor, first: list[Message]) -> AsyncIterator[Message]:
    """Yield what is new about one run, until the stream's time is up."""
    messages = first
    ends_at = time.monotonic() + STREAM_SECONDS
    while time.monotonic() < ends_at:
        for message in messages:
            yield message
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        messages = await look(watch.look, actor)


@dataclass(slots=True, kw_only=True)
class RunWatch:
    """What a reader of one run has been told."""

    workspace_id: uuid.UUID
    run_id: uuid.UUID
    since: datetime  # of log lines
    changed_at: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    told: dict[uuid.UUID, datetime] = field(default_factory=dict)  # log lines

    def look(self, actor: Actor) -> list[Message]:
        """
        Return what is new since the last look.

        Raises: RunNotFound.
        """
        with workspace_scope(self.workspace_id):
            run = selectors.get_run(workspace_id=self.workspace_id, run_id=self.run_id)
            lines = telemetry.list_logs(workspace_id=self.workspace_id, run_id=self.run_id).filter(
                occurred_at__gte=self.since - LOG_OVERLAP
            )
            new_lines = list(
                lines.exclude(id__in=list(self.told)).order_by(*telemetry.OLDEST_FIRST)[:MAX_LINES]
            )
        messages = []
        if run.changed_at != self.changed_at:
            self.changed_at = run.changed_at
            messages.append(Message(event="run", data=wire.run_body(run, actor=actor)))
        counts = run.task_counts or {}
        if counts != self.counts:
            kinds = counts.keys() | self.counts.keys()
            deltas = [counts.get(kind, 0) - self.counts.get(kind, 0) for kind in kinds]
            changed = max(sum(each for each in deltas if each > 0), 1)
            self.counts = dict(counts)
            messages.append(Message(event="task_runs", data={"changed": changed, "counts": counts}))
        for line in new_lines:
            self.told[line.id] = line.occurred_at
            self.since = max(self.since, line.occurred_at)
            messages.append(
                Message(
                    event="log",
                    data=telemetry.log_item(line),
                    cursor=wire_time(line.occurred_at),
                )
            )
        edge = self.since - LOG_OVERLAP
        self.told = {line_id: at for line_id, at in self.told.items() if at >= edge}
        return messages


def _changed(workspace_id: uuid.UUID, since: datetime) -> list[tuple[datetime, dict[str, object]]]:
    with workspace_scope(workspace_id):
        found = selectors.list_changed_runs(workspace_id=workspace_id, since=since, limit=MAX_RUNS)
        return [(run.changed_at, wire.run_row(run)) for run in found]


def _since(request: HttpRequest) -> datetime:
    cursor = request.headers.get("Last-Event-ID") or request.GET.get("cursor")
    if not cursor:
        return utc_now()
    try:
        return read_moment(cursor)
    except ValueError as error:
        raise InvalidRequest(
            "The cursor is not one of ours.", fields={"cursor": ["Invalid."]}
        ) from error
