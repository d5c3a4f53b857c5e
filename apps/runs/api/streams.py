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
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.clock import read_moment, utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.json import wire_time
from apps.core.http.live import live_view, look
from apps.core.http.sse import Message, sse_response
from apps.core.told import Told
from apps.runs import selectors, wire
from apps.telemetry import selectors as telemetry
from apps.tenancy.actors import Actor
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import LiveActor, authenticate_workspace, while_allowed
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.telemetry.models import LogLine

LOOK_EVERY_SECONDS = 1.0
# Then the reader comes again: what a stream remembers does not grow for ever.
STREAM_SECONDS = 600.0
# A finished run's last lines may come after its end: from the agent that read them, or late.
SETTLE_SECONDS = 10.0
# A transaction that is slow to commit shows rows with earlier times, and so does a slow sender.
RUN_OVERLAP = timedelta(seconds=30)
LOG_OVERLAP = timedelta(seconds=10)
KEPT_LINES = 1_000  # the newest ones, between which a late line is found however old it is
MAX_RUNS = 2_000  # a look
MAX_LINES = 1_000  # a look
# The page that the reader has was read a moment ago, or longer: begin with what it may lack.
FIRST_RUNS = 500
FIRST_LINES = MAX_LINES


@live_view("GET")
async def runs(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """Stream each change of a run of the workspace as `run`, a list row; begin with the newest."""
    caller = await authenticate_workspace(request, workspace, Scope.RUNS_READ)
    watch = RunsWatch(workspace_id=caller.workspace.id, after=_after(request))
    return _answer(request, workspace, caller, follow_runs(watch))


@live_view("GET")
async def run(request: HttpRequest, workspace: str, run_id: uuid.UUID) -> HttpResponseBase:
    """
    Stream one run: `log` lines, `task_runs` when some changed, `run` as it changes, then `end`.

    It begins with the newest lines and the run as it is. What was logged before the run changed is
    told before the change. After the end of the run the stream waits for lines that come late;
    `end` says that it need not be opened again.
    """
    caller = await authenticate_workspace(request, workspace, Scope.RUNS_READ)
    watch = RunWatch(workspace_id=caller.workspace.id, run_id=run_id, after=_after(request))
    # The first look is made before the answer begins, so that an unknown run is a 404.
    first = await look(watch.look, caller.actor)
    return _answer(request, workspace, caller, follow_run(watch, caller, first))


def _answer(
    request: HttpRequest, workspace: str, caller: LiveActor, messages: AsyncIterator[Message]
) -> HttpResponseBase:
    return sse_response(while_allowed(request, workspace, Scope.RUNS_READ, messages, caller))


async def follow_runs(watch: RunsWatch) -> AsyncIterator[Message]:
    """Yield runs as they change, until the stream's time is up."""
    ends_at = time.monotonic() + STREAM_SECONDS
    while time.monotonic() < ends_at:
        for message in await look(watch.look):
            yield message
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def follow_run(
    watch: RunWatch, caller: LiveActor, first: list[Message]
) -> AsyncIterator[Message]:
    """Yield what is new about one run, until all is told or the stream's time is up."""
    messages = first
    ends_at = time.monotonic() + STREAM_SECONDS
    while time.monotonic() < ends_at:
        for message in messages:
            yield message
        if watch.is_over:
            yield Message(event="end", data={})
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        messages = await look(watch.look, caller.actor)


class RunsWatch:
    """What a reader of a workspace's runs has been told."""

    def __init__(self, *, workspace_id: uuid.UUID, after: datetime | None) -> None:
        """`after` is the last change that a returning reader heard of."""
        self._workspace_id = workspace_id
        self._told = Told(edge=(after or utc_now()) - RUN_OVERLAP, overlap=RUN_OVERLAP)
        self._is_first = after is None

    def look(self) -> list[Message]:
        """Return what changed since the last look."""
        told, now = self._told, utc_now()
        assert told.edge is not None  # it was there from the start
        with workspace_scope(self._workspace_id):
            if self._is_first:
                self._is_first = False
                changes = selectors.list_newest_changes(
                    workspace_id=self._workspace_id, since=told.edge, limit=FIRST_RUNS
                )
                if len(changes) == FIRST_RUNS:
                    told.edge = changes[-1][0]
            else:
                changes = selectors.list_changes(
                    workspace_id=self._workspace_id, since=told.edge, limit=told.room(MAX_RUNS)
                )
            fresh = told.take(changes, now=now)
            rows = selectors.list_rows(
                workspace_id=self._workspace_id, run_ids=[run_id for _, run_id in fresh]
            )
        told.take([(run.changed_at, run.id) for run in rows], now=now)  # some changed once more
        return [
            Message(event="run", data=wire.run_row(run), cursor=wire_time(run.changed_at))
            for run in rows
        ]


class RunWatch:
    """What a reader of one run has been told."""

    def __init__(
        self, *, workspace_id: uuid.UUID, run_id: uuid.UUID, after: datetime | None
    ) -> None:
        """`after` is the time of the last line that a returning reader has."""
        self.is_over = False  # the run ended, and nothing came for a while
        self._workspace_id = workspace_id
        self._run_id = run_id
        self._told = Told(edge=after and after - LOG_OVERLAP, overlap=LOG_OVERLAP, kept=KEPT_LINES)
        self._is_first = after is None
        self._changed_at: datetime | None = None
        self._counts: dict[str, int] = {}
        self._settled_at = 0.0

    def look(self, actor: Actor) -> list[Message]:
        """
        Return what is new since the last look.

        Raises: RunNotFound.
        """
        now = utc_now()
        with workspace_scope(self._workspace_id):
            # The run first: lines that are stored with its end are then read with it or before.
            run = selectors.get_run(workspace_id=self._workspace_id, run_id=self._run_id)
            lines = self._new_lines(now)
        messages = [
            Message(
                event="log",
                data=telemetry.log_item(line),
                cursor=wire_time(min(line.occurred_at, now)),
            )
            for line in lines
        ]
        counts = run.task_counts or {}
        if counts != self._counts:
            kinds = counts.keys() | self._counts.keys()
            deltas = [counts.get(kind, 0) - self._counts.get(kind, 0) for kind in kinds]
            changed = max(sum(each for each in deltas if each > 0), 1)
            self._counts = dict(counts)
            messages.append(Message(event="task_runs", data={"changed": changed, "counts": counts}))
        if run.changed_at != self._changed_at:
            self._changed_at = run.changed_at
            messages.append(Message(event="run", data=wire.run_body(run, actor=actor)))
        if messages or not run.is_finished:
            self._settled_at = time.monotonic() + SETTLE_SECONDS
        else:
            self.is_over = time.monotonic() >= self._settled_at
        return messages

    def _new_lines(self, now: datetime) -> list[LogLine]:
        told = self._told
        where = {"workspace_id": self._workspace_id, "run_id": self._run_id}
        if self._is_first:
            self._is_first = False
            keys = telemetry.list_newest_log_keys(**where, limit=FIRST_LINES)
            if len(keys) == FIRST_LINES:
                told.edge = keys[-1][0]
        else:
            keys = telemetry.list_log_keys(**where, since=told.edge, limit=told.room(MAX_LINES))
        return telemetry.get_log_lines(**where, keys=told.take(keys, now=now))


def _after(request: HttpRequest) -> datetime | None:
    cursor = request.headers.get("Last-Event-ID") or request.GET.get("cursor")
    if not cursor:
        return None
    try:
        return read_moment(cursor)
    except ValueError as error:
        raise InvalidRequest(
            "The cursor is not one of ours.", fields={"cursor": ["Invalid."]}
        ) from error
