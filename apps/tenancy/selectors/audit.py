"""Reads of the log: newest first, narrowed, as fast in ten million entries as in ten."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from apps.core.addresses import find_address
from apps.core.clock import read_moment
from apps.core.errors import InvalidRequest, NotFound
from apps.core.http.pagination import decode_cursor, encode_cursor
from apps.core.outbound import place_of
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry, AuditStream, PendingAuditEntry, Workspace
from apps.tenancy.selectors.forgotten import forget_names
from apps.tenancy.slugs import as_uuid

# PERF: entries of one index that one look reads for what no index finds (texts, second filters).
# A look that finds less than a page says where the next one is to go on.
LOOK = 5_000
LOOKS = 2  # for one page
COUNTED = 10_000  # entries that wait; more are not counted
EXPORTED_AT_ONCE = 1_000
ORDER = ("-occurred_at", "-id")

_END = Value("\n")  # what is asked for goes over no end of a name

Position = tuple[datetime, uuid.UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What the log is narrowed to; None and empty: not."""

    since: datetime | None = None
    until: datetime | None = None
    actor_id: uuid.UUID | None = None  # also what keys did on their behalf
    action: str = ""  # or how it begins
    object_kind: str = ""
    object_id: str = ""
    workspace_id: uuid.UUID | None = None
    text: str = ""  # somewhere in the names, the object's id or the address


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workspace as entries name it."""

    id: uuid.UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    entries: list[AuditEntry]
    next_cursor: str | None
    places: dict[uuid.UUID, Place]


def list_audit_entries(
    *, account_id: uuid.UUID, wanted: AuditFilter, cursor: str | None, limit: int
) -> AuditPage:
    """
    Return a page of the account's log; the caller is in the scope of the account or a workspace.

    A page may hold less than `limit` although more follow: see LOOK. Names of people who had
    themselves deleted are not in it.
    """
    position = _read(cursor) if cursor else None
    branches, rest = _plan(account_id, wanted)
    entries: list[AuditEntry] = []
    for _ in range(LOOKS):
        found, position = _look(branches, rest, position, limit - len(entries))
        entries += found
        if position is None or len(entries) >= limit:
            break
    changed = forget_names(entries)
    if wanted.text:
        # SECURITY: who asks for the name of somebody who is gone must not find by it what they did.
        entries = [e for e in entries if e.id not in changed or _says(e, wanted.text)]
    return AuditPage(
        entries=entries,
        next_cursor=encode_cursor([position[0].isoformat(), str(position[1])])
        if position
        else None,
        places=places_of(entries),
    )


def export_audit_entries(*, account_id: uuid.UUID, wanted: AuditFilter) -> Iterator[AuditPage]:
    """Give all pages of the log, each read in a short transaction of its own."""
    cursor: str | None = None
    while True:
        with account_scope(account_id):
            page = list_audit_entries(
                account_id=account_id, wanted=wanted, cursor=cursor, limit=EXPORTED_AT_ONCE
            )
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def places_of(entries: Sequence[AuditEntry]) -> dict[uuid.UUID, Place]:
    """Return the workspaces that the entries are of; those that are gone are left out."""
    ids = {entry.workspace_id for entry in entries if entry.workspace_id}
    rows = Workspace.objects.filter(id__in=ids).values_list("id", "slug", "name") if ids else []
    return {found: Place(id=found, slug=slug, name=name) for found, slug, name in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What is shown of an account's stream."""

    url: str
    state: str
    last_error: str | None
    failing_since: datetime | None
    last_sent_at: datetime | None
    next_attempt_at: datetime | None
    pending: int
    lag_seconds: int


def get_audit_stream(*, account_id: uuid.UUID, now: datetime) -> StreamFacts:
    """
    Return how the account's stream is; its address masked, for more than a place may be secret.

    Raises: NotFound.
    """
    stream = AuditStream.objects.filter(account_id=account_id).first()
    if stream is None:
        raise NotFound("The log is sent nowhere.")
    waiting = PendingAuditEntry.objects.filter(account_id=account_id).order_by("id")
    oldest = waiting.values_list("created_at", flat=True).first()
    return StreamFacts(
        url=f"{place_of(str(stream.url))}/…",
        state=stream.state,
        last_error=stream.last_error or None,
        failing_since=stream.failing_since,
        last_sent_at=stream.last_sent_at,
        next_attempt_at=stream.next_attempt_at if stream.failures else None,
        pending=waiting[:COUNTED].count(),
        lag_seconds=max(0, int((now - oldest).total_seconds())) if oldest else 0,
    )


def _plan(account_id: uuid.UUID, wanted: AuditFilter) -> tuple[list[QuerySet[AuditEntry]], Q]:
    """
    Return the walks along one index each that together hold what is wanted, and what is left.

    What is left is looked for entry by entry, in looks of bounded size.
    """
    # PERF: one text to look through, not four.
    names = Concat("object_name", _END, "actor_name", _END, "on_behalf_of_name", _END, "action")
    entries = AuditEntry.objects.filter(account_id=account_id).alias(names=names)
    if wanted.since:
        entries = entries.filter(occurred_at__gte=wanted.since)
    if wanted.until:
        entries = entries.filter(occurred_at__lt=wanted.until)
    # An id is an object's: an index knows where it stands.
    named_id = as_uuid(wanted.text)
    of_actor = [Q(actor_id=wanted.actor_id), Q(on_behalf_of_id=wanted.actor_id)]
    conditions: list[tuple[bool, list[Q]]] = [
        (bool(wanted.object_id), [Q(object_id=wanted.object_id)]),
        (named_id is not None, [Q(object_id=str(named_id))]),
        (wanted.actor_id is not None, of_actor),
        (bool(wanted.action), _actions(account_id, wanted.action) if wanted.action else []),
        (bool(wanted.object_kind), [Q(object_kind=wanted.object_kind)]),
        (wanted.workspace_id is not None, [Q(workspace_id=wanted.workspace_id)]),
    ]
    asked = [branches for is_asked, branches in conditions if is_asked]
    if any(not branches for branches in asked):
        return [], Q()
    rest = Q()
    for branches in asked[1:]:
        rest &= reduce(or_, branches)
    if wanted.text and named_id is None:
        rest &= _mentions(wanted.text)
    return [entries.filter(branch) for branch in (asked[0] if asked else [Q()])], rest


def _mentions(text: str) -> Q:
    found = Q(names__icontains=text) | Q(object_id=text) | Q(request_id=text)
    if (address := find_address(text)) is not None:
        found |= Q(address=str(address))
    return found


def _says(entry: AuditEntry, text: str) -> bool:
    names = (entry.object_name, entry.actor_name, entry.on_behalf_of_name, entry.action)
    address = find_address(text)
    return (
        any(text.lower() in name.lower() for name in names)
        or text in {entry.object_id, entry.request_id}
        or (address is not None and entry.address == str(address))
    )


def _actions(account_id: uuid.UUID, prefix: str) -> list[Q]:
    """Return the actions of the log that begin so; each is one jump along the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE seen AS (
                (SELECT action FROM tenancy_auditentry WHERE account_id = %(account)s
                 ORDER BY action LIMIT 1)
                UNION ALL
                SELECT (SELECT action FROM tenancy_auditentry
                        WHERE account_id = %(account)s AND action > seen.action
                        ORDER BY action LIMIT 1)
                FROM seen WHERE seen.action IS NOT NULL
            )
            SELECT action FROM seen WHERE action IS NOT NULL
            """,
            {"account": account_id},
        )
        found = [action for (action,) in cursor.fetchall()]
    return [Q(action=action) for action in found if action.startswith(prefix)]


def _look(
    branches: list[QuerySet[AuditEntry]], rest: Q, position: Position | None, limit: int
) -> tuple[list[AuditEntry], Position | None]:
    """Return up to `limit` entries beyond the position, and where to go on, if anywhere."""
    if not branches:
        return [], None
    if position is not None:
        branches = [branch.filter(_beyond(position)) for branch in branches]
    floor = None
    if rest:
        floor = max(filter(None, map(_end_of_look, branches)), default=None)
        branches = [branch.filter(rest) for branch in branches]
        if floor is not None:
            branches = [branch.filter(_down_to(floor)) for branch in branches]
    parts = [branch.order_by(*ORDER)[: limit + 1] for branch in branches]
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    rows = sorted(found, key=lambda row: (row.occurred_at, row.id), reverse=True)
    if len(rows) > limit:
        last = rows[limit - 1]
        return rows[:limit], (last.occurred_at, last.id)
    return rows, floor


def _end_of_look(branch: QuerySet[AuditEntry]) -> Position | None:
    """Return the last entry of one look's reach; None when the branch ends before."""
    return branch.order_by(*ORDER).values_list("occurred_at", "id")[LOOK : LOOK + 1].first()


def _beyond(position: Position) -> Q:
    moment, entry_id = position
    return Q(occurred_at__lte=moment) & (
        Q(occurred_at__lt=moment) | Q(occurred_at=moment, id__lt=entry_id)
    )


def _down_to(position: Position) -> Q:
    moment, entry_id = position
    return Q(occurred_at__gte=moment) & (
        Q(occurred_at__gt=moment) | Q(occurred_at=moment, id__gte=entry_id)
    )


def _read(cursor: str) -> Position:
    moment, entry_id = decode_cursor(cursor, size=2)
    try:
        return read_moment(str(moment)), uuid.UUID(str(entry_id))
    except ValueError:
        raise InvalidRequest(
            "The cursor is not one of ours.", fields={"cursor": ["Invalid."]}
        ) from None
