"""
Let due runs through as the limits of their workspace allow.

A run that meets a full limit is parked on it: out of the way of whoever claims next, so that a
claim costs the same however many wait. It comes back when the limit gets room (`slots`).

Locks, so that counting and taking never interleave and nobody waits in a circle: a claim picks its
runs (passing over those of others), then locks limits of pool and queue, then those of the runs
that it looks at first, each time in one order. Of later rounds it takes only locks that are free.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.ids import uuid7
from apps.dispatch.enums import LimitKind
from apps.dispatch.models import ConcurrencyLimit
from apps.runs import services as runs
from apps.runs.services import Claimant, DueRun

if TYPE_CHECKING:
    from apps.runs.models import Run

LOOKS = 8  # rounds of one claim, each over more runs; the next poll goes on from there
LOOK_AT_MOST = 500  # runs a round

Key = tuple[str, str]  # kind and key of a limit

_LOCK = """
    SELECT id, slots FROM dispatch_concurrencylimit WHERE id = ANY(%s)
    ORDER BY kind NOT IN ('POOL', 'QUEUE'), id FOR NO KEY UPDATE
"""
_USED = """
    SELECT limit_id, sum(amount) FROM dispatch_concurrencyslot
    WHERE limit_id = ANY(%s) AND granted_at IS NOT NULL GROUP BY limit_id
"""
_HOLD = """
    INSERT INTO dispatch_concurrencyslot
        (id, created_at, workspace_id, limit_id, lease_id, run_id, amount, granted_at, asked_at)
    SELECT given.id, %(now)s, lease.workspace_id, given.limit_id, lease.id, lease.run_id, 1,
        %(now)s, %(now)s
    FROM unnest(%(ids)s::uuid[], %(runs)s::uuid[], %(limits)s::uuid[])
        AS given(id, run_id, limit_id)
    JOIN dispatch_lease AS lease ON lease.run_id = given.run_id AND lease.ended_at IS NULL
"""


def lock_limits(
    limit_ids: Collection[uuid.UUID], *, skip_locked: bool = False
) -> dict[uuid.UUID, int]:
    """
    Lock these limits until the commit, in the one order; return how much room each has.

    Those that are gone, and with `skip_locked` those that somebody else holds, are left out.
    """
    if not limit_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + (" SKIP LOCKED" if skip_locked else ""), [list(limit_ids)])
        slots: dict[uuid.UUID, int] = dict(cursor.fetchall())
        # A statement of its own: it sees what those committed for whom the lock waited.
        cursor.execute(_USED, [list(slots)])
        used: dict[uuid.UUID, int] = dict(cursor.fetchall())
    return {id_: most - int(used.get(id_, 0)) for id_, most in slots.items()}


def has_run_limits(workspace_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these workspaces that limit what runs at once."""
    limits = ConcurrencyLimit.objects.of_runs().filter(workspace_id__in=list(workspace_ids))
    return set(limits.values_list("workspace_id", flat=True))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of one picked run: through, parked on a limit, or left as it is."""

    run: DueRun
    limits: Sequence[uuid.UUID]
    parked_on: uuid.UUID | None = None
    is_left: bool = False


class Gate:
    """The limits that a workspace has set for its runs, during one claim's transaction."""

    def __init__(self, workspace_id: uuid.UUID) -> None:
        limits = ConcurrencyLimit.objects.for_workspace(workspace_id).of_runs()
        self._limits: dict[Key, uuid.UUID] = {
            (kind, key): id_ for kind, key, id_ in limits.values_list("kind", "key", "id")
        }
        self._room: dict[uuid.UUID, int] = {}  # of those that we have locked
        self._through: dict[uuid.UUID, Sequence[uuid.UUID]] = {}  # run → limits
        self._locked_once = False

    def lock_lanes(self, *, pool_id: uuid.UUID, queue_ids: Iterable[uuid.UUID]) -> None:
        """Lock the limits of a pool and its queues, before any run is picked."""
        keys = [(LimitKind.POOL.value, str(pool_id))]
        keys += [(LimitKind.QUEUE.value, str(queue_id)) for queue_id in queue_ids]
        self._room |= lock_limits([self._limits[key] for key in keys if key in self._limits])

    def claim(
        self,
        *,
        pool_id: uuid.UUID,
        queue_id: uuid.UUID,
        limit: int,
        claimant: Claimant,
        now: datetime,
    ) -> list[Run]:
        """
        Claim up to `limit` runs of the queue that no limit keeps back, and park the others.

        Call `hold` once their leases are granted.
        """
        lanes = self._found(
            [(LimitKind.POOL.value, str(pool_id)), (LimitKind.QUEUE.value, str(queue_id))]
        )
        claimed: list[Run] = []
        left: list[uuid.UUID] = []  # picked, and neither taken nor parked
        for look in range(LOOKS):
            most = min([limit - len(claimed), *(self._room.get(lane, 0) for lane in lanes)])
            if most <= 0:
                break
            due = runs.pick_due_runs(
                queue_id=queue_id, limit=min(most * 4**look, LOOK_AT_MOST), now=now, but=left
            )
            if not due:
                break
            verdicts = self._judge(due, lanes=lanes, most=most)
            claimed += runs.take_runs(
                run_ids=[each.run.id for each in verdicts if _is_through(each)],
                claimant=claimant,
                now=now,
            )
            self._park([each for each in verdicts if each.parked_on is not None])
            left += [each.run.id for each in verdicts if each.is_left]
        return claimed

    def hold(self, *, now: datetime) -> None:
        """Let the leases of what was claimed hold their slots."""
        held = [(run, limit) for run, limits in self._through.items() for limit in limits]
        if not held:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                _HOLD,
                {
                    "now": now,
                    "ids": [uuid7() for _ in held],
                    "runs": [run for run, _ in held],
                    "limits": [limit for _, limit in held],
                },
            )

    def _judge(
        self, due: Sequence[DueRun], *, lanes: Sequence[uuid.UUID], most: int
    ) -> list[_Verdict]:
        """Decide on picked runs in their order; take what the `most` first ones need."""
        own = {run.id: self._found(_keys_of(run)) for run in due if not run.is_paused}
        self._lock({limit for limits in own.values() for limit in limits})
        verdicts = []
        through = 0
        for run in due:
            if run.is_paused:
                verdicts.append(_Verdict(run, (), parked_on=run.deployment_id))
                continue
            limits = own[run.id]
            full = next((one for one in limits if self._room.get(one, 1) <= 0), None)
            if any(one not in self._room for one in limits):
                verdicts.append(_Verdict(run, limits, is_left=True))
            elif full is not None:
                verdicts.append(_Verdict(run, limits, parked_on=full))
            elif through == most:
                verdicts.append(_Verdict(run, limits, is_left=True))
            else:
                through += 1
                self._through[run.id] = [*lanes, *limits]
                for one in self._through[run.id]:
                    self._room[one] -= 1
                verdicts.append(_Verdict(run, limits))
        return verdicts

    def _lock(self, wanted: set[uuid.UUID]) -> None:
        missing = wanted - self._room.keys()
        if not missing:
            return
        found = lock_limits(missing, skip_locked=self._locked_once)
        if not self._locked_once:
            # Somebody took these away since we looked; they keep nothing back.
            gone = missing - found.keys()
            self._limits = {key: id_ for key, id_ in self._limits.items() if id_ not in gone}
            found |= dict.fromkeys(gone, 2**31)
        self._locked_once = True
        self._room |= found

    def _park(self, verdicts: Sequence[_Verdict]) -> None:
        waits = {each.run.id: each.parked_on for each in verdicts if each.parked_on is not None}
        runs.park_runs(waits=waits)
        # Such a run may have come back for the room of another of its limits, which it now leaves
        # to the next one that waits there.
        others: dict[uuid.UUID, int] = defaultdict(int)
        for each in verdicts:
            for one in each.limits:
                if one != each.parked_on and self._room.get(one, 0) > 0:
                    others[one] += 1
        for one, count in others.items():
            runs.unpark_runs(waits_on=one, most=min(count, self._room[one]))

    def _found(self, keys: Iterable[Key]) -> list[uuid.UUID]:
        return [self._limits[key] for key in keys if key in self._limits]


def _is_through(verdict: _Verdict) -> bool:
    return verdict.parked_on is None and not verdict.is_left


def _keys_of(run: DueRun) -> list[Key]:
    keys = [(LimitKind.FLOW.value, str(run.flow_id))]
    if run.deployment_id is not None:
        keys.append((LimitKind.DEPLOYMENT.value, str(run.deployment_id)))
    if run.backfill_id is not None:
        keys.append((LimitKind.BACKFILL.value, str(run.backfill_id)))
    return keys + [(LimitKind.TAG.value, tag) for tag in dict.fromkeys(run.tags)]
