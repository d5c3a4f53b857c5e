"""Slots of limits: given back with their lease, and asked for by name from a run's own code."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.dispatch.enums import LimitKind
from apps.dispatch.errors import LimitNotFound, LimitTooSmall, TooManyLimits
from apps.dispatch.models import ConcurrencyLimit, ConcurrencySlot, Lease
from apps.dispatch.services.gate import lock_limits
from apps.runs import selectors as runs_now
from apps.runs import services as runs
from apps.runs.errors import StaleEpoch

WAITERS_KEPT = timedelta(seconds=45)  # without a word; a poll may wait 30 s
MAX_PROMISED = timedelta(hours=1)  # of a rate
ALL = 1_000_000
UNPARKED_AT_ONCE = 1_000
MAX_LIMITS = 1_000  # of a workspace

_DROP = "DELETE FROM dispatch_concurrencyslot WHERE lease_id = ANY(%s)"
# By the keys of what executes now, and by what runs are parked on: limits with nothing to settle,
# however many there are, are not even looked at.
_UNSETTLED = """
    SELECT one.workspace_id, one.id FROM dispatch_lease AS lease
    JOIN runs_run AS run ON run.id = lease.run_id AND run.queue_id IS NOT NULL
    CROSS JOIN LATERAL (
        VALUES ('POOL', run.pool_id::text), ('QUEUE', run.queue_id::text),
            ('DEPLOYMENT', run.deployment_id::text), ('FLOW', run.flow_id::text),
            ('BACKFILL', run.backfill_id::text)
        UNION ALL SELECT 'TAG', unnest(run.tags)) AS given(kind, key)
    JOIN dispatch_concurrencylimit AS one ON one.workspace_id = lease.workspace_id
        AND one.kind = given.kind AND one.key = given.key
    WHERE lease.ended_at IS NULL AND NOT EXISTS (
        SELECT FROM dispatch_concurrencyslot AS slot
        WHERE slot.limit_id = one.id AND slot.lease_id = lease.id)
    UNION
    SELECT one.workspace_id, one.id FROM dispatch_concurrencylimit AS one
    WHERE one.id = ANY(%(waited_for)s) AND one.slots > (
        SELECT coalesce(sum(slot.amount), 0) FROM dispatch_concurrencyslot AS slot
        WHERE slot.limit_id = one.id AND slot.granted_at IS NOT NULL)
"""
_KEEPING = """
    SELECT id FROM dispatch_concurrencylimit WHERE id = ANY(%(waited_for)s)
    UNION ALL
    SELECT id FROM flows_deployment WHERE id = ANY(%(waited_for)s) AND paused_at IS NOT NULL
"""
_UNCOUNTED = """
    SELECT lease.workspace_id, one.id, lease.id, run.id
    FROM dispatch_concurrencylimit AS one
    JOIN dispatch_lease AS lease ON lease.workspace_id = one.workspace_id
        AND lease.ended_at IS NULL
    JOIN runs_run AS run ON run.id = lease.run_id AND run.queue_id IS NOT NULL
    WHERE one.id = ANY(%s)
      AND CASE one.kind
        WHEN 'POOL' THEN run.pool_id::text = one.key
        WHEN 'QUEUE' THEN run.queue_id::text = one.key
        WHEN 'DEPLOYMENT' THEN run.deployment_id::text = one.key
        WHEN 'FLOW' THEN run.flow_id::text = one.key
        WHEN 'BACKFILL' THEN run.backfill_id::text = one.key
        WHEN 'TAG' THEN one.key = ANY(run.tags)
        ELSE false END
      AND NOT EXISTS (
        SELECT FROM dispatch_concurrencyslot AS slot
        WHERE slot.limit_id = one.id AND slot.lease_id = lease.id)
"""


def release_slots(
    *,
    lease_ids: Sequence[uuid.UUID],
    limit_ids: Collection[uuid.UUID],
    pool_ids: Collection[uuid.UUID],
) -> None:
    """
    Give back what ended leases of these pools held, and let those in who wait for it.

    The agents of the pools are woken too: a full pool or queue parks nobody.
    """
    if not limit_ids:
        return
    # Locked first: who is being parked on one of them at this moment is seen afterwards.
    lock_limits(limit_ids)
    with connection.cursor() as cursor:
        cursor.execute(_DROP, [list(lease_ids)])
    let_in(limit_ids)
    for pool_id in pool_ids:
        notify("pool", pool_id)


def let_in(limit_ids: Collection[uuid.UUID]) -> None:
    """Let as many runs and waiters in as these limits have room for."""
    for limit_id, room in lock_limits(limit_ids).items():
        if room > 0:
            runs.unpark_runs(waits_on=limit_id, most=room)
            notify("limit", limit_id)


def settle_limits(*, now: datetime) -> int:
    """
    Count leases that a limit has missed, and let runs go on whose limit has room or is gone, or
    whose deployment is not paused any more.

    Whoever takes or frees a slot does it by themselves; this is for what was granted while a limit
    was being made, and for what a kill cut short. Returns how much there was to do, a transaction
    for each workspace with something; at 1,000 or more there may be more. For loops.
    """
    waited_for = runs_now.waited_for()
    of_workspace: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_UNSETTLED, {"waited_for": list(waited_for)})
        for workspace_id, limit_id in cursor.fetchall():
            of_workspace[workspace_id].append(limit_id)
        cursor.execute(_KEEPING, {"waited_for": list(waited_for)})
        keeping = {id_ for (id_,) in cursor.fetchall()}
    settled = 0
    for limit_ids in of_workspace.values():
        with transaction.atomic():
            locked = lock_limits(limit_ids, skip_locked=True)
            settled += count_in(limit_ids=list(locked), now=now)
            for limit_id, room in lock_limits(locked).items():
                if room > 0:
                    settled += runs.unpark_runs(waits_on=limit_id, most=room)
    for gone in waited_for - keeping:
        settled += runs.unpark_runs(waits_on=gone, most=UNPARKED_AT_ONCE)
    ConcurrencySlot.objects.filter(granted_at=None, asked_at__lt=now - WAITERS_KEPT).delete()
    return settled


def count_in(*, limit_ids: Sequence[uuid.UUID], now: datetime) -> int:
    """
    Let active leases hold slots of limits that came after them; return how many did not.

    Only runs that a pool was asked to execute count: nobody asks us before starting one locally.
    The limits are locked by the caller.
    """
    if not limit_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_UNCOUNTED, [list(limit_ids)])
        uncounted = cursor.fetchall()
    ConcurrencySlot.objects.bulk_create(
        ConcurrencySlot(
            created_at=now,
            workspace_id=workspace_id,
            limit_id=limit_id,
            lease_id=lease_id,
            run_id=run_id,
            granted_at=now,
            asked_at=now,
        )
        for workspace_id, limit_id, lease_id, run_id in uncounted
    )
    return len(uncounted)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotAnswer:
    """What came of asking for slots: granted, or how many stand before one."""

    slot_id: uuid.UUID
    granted: bool
    position: int  # 1 is next; 0 when granted


@joined
def ask_for_slots(
    *,
    workspace_id: uuid.UUID,
    name: str,
    run_id: uuid.UUID,
    epoch: int,
    amount: int,
    slot_id: uuid.UUID,
    now: datetime,
    at_most: int | None = None,
) -> SlotAnswer:
    """
    Take `amount` slots of a named limit for a run under its lease, or stand in line for them.

    The caller chooses `slot_id` and asks again with it until it is granted; asking again is free.
    First come, first served; who has not asked for 45 s loses the place. `at_most` makes the limit
    when it is new, and changes one that code made; of one that a person set it changes nothing.
    Raises: LimitNotFound without `at_most` for a new name, LimitTooSmall, StaleEpoch.
    """
    lease = (
        Lease.objects.filter(workspace_id=workspace_id, run_id=run_id, epoch=epoch, ended_at=None)
        .values_list("id", flat=True)
        .first()
    )
    if lease is None:
        raise StaleEpoch("This lease is over.", run_id=str(run_id), epoch=epoch)
    limit = _named_limit(workspace_id, LimitKind.NAMED, name, at_most, now)
    assert limit.slots is not None
    # A limit of none lets nobody in for now; the others will never have as many.
    if 0 < limit.slots < amount:
        raise LimitTooSmall(
            f"The limit {name!r} has {limit.slots} slots; {amount} will never be free.",
            fields={"amount": [f"Must be at most {limit.slots}."]},
        )
    room = lock_limits([limit.id]).get(limit.id, 0)
    slots = ConcurrencySlot.objects.filter(id=slot_id)
    if not slots.exists():
        # An id that is taken, which its maker did not draw, may be anybody's: so it cannot be seen.
        ConcurrencySlot.objects.bulk_create(
            [
                ConcurrencySlot(
                    id=slot_id,
                    created_at=now,
                    workspace_id=workspace_id,
                    limit_id=limit.id,
                    lease_id=lease,
                    run_id=run_id,
                    amount=amount,
                    asked_at=now,
                )
            ],
            ignore_conflicts=True,
        )
    slot = slots.first()
    if slot is None or slot.lease_id != lease or slot.limit_id != limit.id:
        raise StaleEpoch("This slot is not of this lease.", run_id=str(run_id), epoch=epoch)
    if slot.granted_at is None:
        slot.asked_at = now
        slot.save(update_fields=["asked_at"])
        waiting = list(
            limit.held.filter(granted_at=None, asked_at__gt=now - WAITERS_KEPT)
            .order_by("created_at", "id")
            .values_list("id", "amount")
        )
        position = [id_ for id_, _ in waiting].index(slot.id)
        if sum(taken for _, taken in waiting[: position + 1]) > room:
            return SlotAnswer(slot_id=slot.id, granted=False, position=position + 1)
        slot.granted_at = now
        slot.save(update_fields=["granted_at"])
    return SlotAnswer(slot_id=slot.id, granted=True, position=0)


@joined
def give_slot_back(*, workspace_id: uuid.UUID, run_id: uuid.UUID, slot_id: uuid.UUID) -> None:
    """Give a slot back, or leave the line; one that is not there is back already."""
    # SECURITY: only what code asked for. A run's other slots are what holds it within the limits of
    # its pool, its deployment and its tags: they end with its lease.
    found = (
        ConcurrencySlot.objects.filter(
            workspace_id=workspace_id,
            run_id=run_id,
            id=slot_id,
            limit__kind=LimitKind.NAMED.value,
        )
        .values_list("limit_id", flat=True)
        .first()
    )
    if found is None:
        return
    lock_limits([found])
    ConcurrencySlot.objects.filter(id=slot_id).delete()
    let_in([found])


_PROMISE = """
    UPDATE dispatch_concurrencylimit
    SET free_at = greatest(free_at, %(now)s) + make_interval(secs => %(cost)s)
    WHERE id = %(id)s
      AND (free_at IS NULL OR free_at <= %(now)s + make_interval(secs => %(most)s))
    RETURNING free_at - make_interval(secs => %(cost)s)
"""


@joined
def promise_calls(
    *,
    workspace_id: uuid.UUID,
    name: str,
    amount: int,
    now: datetime,
    per_minute: int | None = None,
) -> timedelta | None:
    """
    Promise `amount` calls of a rate limit; return how long to wait before making them.

    Promises are kept in their order and spaced evenly, so that no minute has more than the rate
    and a burst waits instead of failing. None: an hour is promised already, nothing was taken;
    ask again later. `per_minute` makes or changes the limit as `at_most` does for slots.
    Raises: LimitNotFound, LimitTooSmall for more calls than an hour has.
    """
    limit = _named_limit(workspace_id, LimitKind.RATE, name, per_minute, now)
    assert limit.per_minute is not None
    cost = 60 / limit.per_minute * amount
    if cost > MAX_PROMISED.total_seconds():
        # Promised at once, they would keep everybody else waiting for as long.
        most = limit.per_minute * 60
        raise LimitTooSmall(
            f"The limit {name!r} has {limit.per_minute} calls a minute; ask for an hour's at most.",
            fields={"calls": [f"Must be at most {most}."]},
        )
    with connection.cursor() as cursor:
        cursor.execute(
            _PROMISE,
            {"now": now, "cost": cost, "most": MAX_PROMISED.total_seconds(), "id": limit.id},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    at: datetime = row[0]
    return max(at - now, timedelta(0))


def refuse_many_limits(workspace_id: uuid.UUID) -> None:
    """Raises: TooManyLimits."""
    if ConcurrencyLimit.objects.for_workspace(workspace_id).count() >= MAX_LIMITS:
        raise TooManyLimits(f"A workspace has at most {MAX_LIMITS} limits.", limit=MAX_LIMITS)


def _named_limit(
    workspace_id: uuid.UUID, kind: LimitKind, name: str, much: int | None, now: datetime
) -> ConcurrencyLimit:
    column = "per_minute" if kind is LimitKind.RATE else "slots"
    limits = ConcurrencyLimit.objects.for_workspace(workspace_id).filter(kind=kind.value, key=name)
    limit = limits.first()
    if limit is None and much is None:
        raise LimitNotFound(f"There is no limit {name!r}; say how much it is.", name=name)
    if limit is None:
        refuse_many_limits(workspace_id)
        ConcurrencyLimit.objects.bulk_create(
            [
                ConcurrencyLimit(
                    id=uuid7(),
                    workspace_id=workspace_id,
                    kind=kind.value,
                    key=name,
                    made_by_code=True,
                    created_at=now,
                    updated_at=now,
                    **{column: much},
                )
            ],
            ignore_conflicts=True,
        )
        limit = limits.get()
    elif much is not None and limit.made_by_code and getattr(limit, column) != much:
        # What the newest code says; a raise lets in who waits.
        setattr(limit, column, much)
        limit.updated_at = now
        limit.save(update_fields=[column, "updated_at"])
    return limit
