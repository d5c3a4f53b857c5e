"""Take in what a door has decoded: link it to runs, store it, count what was refused."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection
from typing import Final

from apps.core.clock import utc_now
from apps.ingest.decode import Decoded
from apps.ingest.services.accept import Answer
from apps.ingest.services.admit import Admission
from apps.ingest.services.intake import take_in
from apps.ingest.services.refused import count_refused_items
from apps.ingest.services.schema_checks import check_events, count_misfits
from apps.runs import selectors as runs
from apps.telemetry.items import Refusal
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.isolation import workspace_scope

_MAX_MET: Final = 50_000
_UNKNOWN_SECONDS: Final = 1.0
# Run → until when that is believed. A run that exists keeps existing; one that does not may be
# there in a moment, and jobs of other schedulers, which never will be, send thousands of events.
_met: dict[tuple[uuid.UUID, uuid.UUID], float] = {}


def take_in_at(
    *, door: str, workspace: WorkspaceRef, actor: Actor, decoded: Decoded, whole: bool = False
) -> tuple[Answer, Admission]:
    """
    Apply what came through a door, and count what it refused for good, and what it took for a
    duplicate though it says something else.

    `whole`: over a rate limit nothing of it is taken, for senders that then repeat all of it.
    Returns after the commit; must be called outside of a transaction.
    """
    decoded.whole = whole
    claimed: set[int] = set()
    if decoded.claims:
        claimed = {decoded.place("events", index) for index in decoded.claims}
        _link_runs(workspace.id, decoded)
    checked = check_events(workspace_id=workspace.id, decoded=decoded)
    answer, admission, differing = take_in(workspace=workspace, actor=actor, decoded=decoded)
    noted = [*checked.warnings, *(each for each in differing if _is_told(each, decoded, claimed))]
    if answer.rejected or noted:
        count_refused_items(
            workspace_id=workspace.id,
            door=door,
            refusals=[*answer.rejected, *noted],
            decoded=decoded,
            now=utc_now(),
        )
        count_misfits(workspace_id=workspace.id, checked=checked, now=utc_now())
    return answer, admission


def _is_told(differs: Refusal, decoded: Decoded, claimed: Collection[int]) -> bool:
    """Return whether it is the sender who says of one id now this, now that."""
    if differs.index in decoded.retold:
        return False
    # Whose the event is was looked up: the run may not have been there when it first came.
    return not (differs.field == "run_id" and differs.index in claimed)


def _link_runs(workspace_id: uuid.UUID, decoded: Decoded) -> None:
    """Give each event the first of the runs that it may belong to that exists."""
    claimed = {run_id for claims in decoded.claims.values() for run_id in claims}
    own = _existing(workspace_id, claimed)
    for index, claims in decoded.claims.items():
        decoded.batch.events[index].run_id = next((each for each in claims if each in own), None)


def _existing(workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    now = time.monotonic()
    asked = {run_id for run_id in run_ids if abs(_met.get((workspace_id, run_id), 0.0)) <= now}
    own = {run_id for run_id in run_ids if _met.get((workspace_id, run_id), 0.0) > now}
    if not asked:
        return own
    with workspace_scope(workspace_id):
        known = runs.known_run_ids(workspace_id=workspace_id, run_ids=asked)
    if len(_met) > _MAX_MET:
        _met.clear()
    for run_id in asked:
        # Below zero: until then it is believed that there is none.
        until = float("inf") if run_id in known else -(now + _UNKNOWN_SECONDS)
        _met[workspace_id, run_id] = until
    return own | known.keys()
