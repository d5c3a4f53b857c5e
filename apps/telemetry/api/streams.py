"""
The live tail of events.

It looks twice a second and is not woken: a NOTIFY in each ingest transaction would make all commits
of the database wait for one lock.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from datetime import datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.clock import read_moment, utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.live import live_view, look
from apps.core.http.pagination import decode_cursor, encode_cursor
from apps.core.http.sse import Message, sse_response
from apps.telemetry import limits, selectors
from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.search.parse import parse
from apps.telemetry.search.terms import EVENT_FIELDS, Query, text_is
from apps.telemetry.tail import LOOKED_AT, Key, News, Tail
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import authenticate_workspace, while_allowed
from apps.tenancy.scopes import Scope

LOOK_EVERY_SECONDS = 0.5
# A look that the database does not answer in this time is given up: readers share few threads.
LOOK_SECONDS = 0.5
# After one that was given up: whoever cannot keep up shall not keep the database busy, too.
REST_SECONDS = 2.0
# Then the reader comes again: what a stream remembers does not grow for ever.
STREAM_SECONDS = 600.0

Look = tuple[News, list[tuple[Key, dict[str, object]]]]


@live_view("GET")
async def events(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """
    Stream events as they come in: `event`.

    `sampled` when there were too many to show, `behind` when a look took too long to see them all.
    """
    caller = await authenticate_workspace(request, workspace, Scope.TELEMETRY_READ)
    query = _query_of(request)
    cursor = request.headers.get("Last-Event-ID") or request.GET.get("cursor")
    after = _time_of(cursor) if cursor else None
    workspace_id, tail = caller.workspace.id, Tail(now=utc_now(), after=after)
    # The first look takes stock before the answer begins: whoever reads the list once the stream
    # is open lacks nothing between the two.
    first = await look(_look, workspace_id, query, tail)
    return sse_response(
        while_allowed(
            request,
            workspace,
            Scope.TELEMETRY_READ,
            follow(workspace_id, query=query, tail=tail, first=first),
        )
    )


async def follow(
    workspace_id: uuid.UUID, *, query: Query, tail: Tail, first: Look
) -> AsyncIterator[Message]:
    """Yield what is new with each look, until the stream's time is up."""
    news, items = first
    ends_at = time.monotonic() + STREAM_SECONDS
    while time.monotonic() < ends_at:
        for (at, event_id), item in items:
            cursor = encode_cursor([at.isoformat(), str(event_id)])
            yield Message(event="event", data=item, cursor=cursor)
        if news.total > len(news.shown):
            yield Message(event="sampled", data={"shown": len(news.shown), "total": news.total})
        if news.behind is not None:
            yield Message(event="behind", data={"looks_back_seconds": news.behind.total_seconds()})
        is_given_up = news.behind is not None and not news.total
        await asyncio.sleep(REST_SECONDS if is_given_up else LOOK_EVERY_SECONDS)
        news, items = await look(_look, workspace_id, query, tail)


def _look(workspace_id: uuid.UUID, query: Query, tail: Tail) -> Look:
    now = utc_now()
    with workspace_scope(workspace_id):
        try:
            found = selectors.list_event_keys(
                workspace_id=workspace_id,
                only=selectors.EventSearch(query=query, since=tail.since(now)),
                limit=LOOKED_AT,
                seconds=LOOK_SECONDS,
            )
        except SearchTooSlow:
            return tail.miss(now=now), []
        news = tail.look(found, now=now, is_whole=len(found) < LOOKED_AT)
        rows = selectors.get_events(workspace_id=workspace_id, keys=news.shown)
    return news, [((row.occurred_at, row.id), selectors.event_item(row)) for row in rows]


def _query_of(request: HttpRequest) -> Query:
    name, q = request.GET.get("name", ""), request.GET.get("q", "")
    if len(name) > limits.NAME_LENGTH + 1 or "\x00" in name:
        raise InvalidRequest("The name is not one of an event.", fields={"name": ["Invalid."]})
    return (*([text_is("name", name)] if name else []), *parse(q, EVENT_FIELDS))


def _time_of(cursor: str) -> datetime:
    at, _ = decode_cursor(cursor, size=2)
    try:
        return read_moment(str(at))
    except ValueError as error:
        raise InvalidRequest(
            "The cursor is not one of ours.", fields={"cursor": ["Invalid."]}
        ) from error
