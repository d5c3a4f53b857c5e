"""What becomes of a run that is made while those before it of its deployment still go on."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.ids import uuid7
from apps.dispatch.enums import LimitKind
from apps.dispatch.models import ConcurrencyLimit
from apps.flows.enums import Overlap
from apps.runs import selectors as run_selectors
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.errors import RunNotCancellable
from apps.runs.services import NewRun

if TYPE_CHECKING:
    from apps.runs.models import Run

Policies = Mapping[uuid.UUID, Overlap]  # by deployment


def skip_overlapping(*, new: Sequence[NewRun], policies: Policies, now: datetime) -> list[NewRun]:
    """
    Return the runs to make; those that find no room, where such are skipped, with the reason.

    Whoever makes runs of such a deployment takes turns until the commit: two at once would both
    see room for one.
    """
    wanted = {each.deployment_id for each in new if each.deployment_id is not None}
    _take_turns([id_ for id_ in wanted if policies[id_] in {Overlap.SKIP, Overlap.CANCEL_RUNNING}])
    skipping = [id_ for id_ in wanted if policies[id_] is Overlap.SKIP]
    if not skipping:
        return list(new)
    room = slots_of_deployments(deployment_ids=skipping)
    going: dict[uuid.UUID, list[str]] = defaultdict(list)
    for run in run_selectors.list_going_runs(deployment_ids=skipping, now=now):
        if run.deployment_id is not None:
            going[run.deployment_id].append(run.name)
    settled = []
    for each in new:
        if each.deployment_id is None or policies[each.deployment_id] is not Overlap.SKIP:
            settled.append(each)
            continue
        before = going[each.deployment_id]
        run_id = each.run_id or uuid7()
        named = replace(each, run_id=run_id, name=each.name or runs.run_name(run_id))
        if len(before) >= max(room.get(each.deployment_id, 1), 1):
            reason = f"Skipped: {before[0]} has not ended."
            settled.append(replace(named, skipped_reason=reason, held_reason=""))
        else:
            before.append(named.name)
            settled.append(named)
    return settled


def cancel_overlapped(*, made: Sequence[Run], policies: Policies, now: datetime) -> None:
    """Cancel what goes on before the newest of the runs just made, where the newest one counts."""
    newest: dict[uuid.UUID, Run] = {}
    for run in made:
        # A run that may not start yet takes nobody's place.
        if (
            run.state == RunState.SCHEDULED
            and run.deployment_id is not None
            and policies[run.deployment_id] is Overlap.CANCEL_RUNNING
        ):
            newest[run.deployment_id] = run
    if not newest:
        return
    for run in run_selectors.list_going_runs(deployment_ids=newest.keys(), now=now):
        assert run.deployment_id is not None
        by = newest[run.deployment_id]
        if run.id == by.id:
            continue
        with suppress(RunNotCancellable):  # it ended meanwhile, or is stopping already
            runs.cancel_run(
                workspace_id=run.workspace_id,
                run_id=run.id,
                now=now,
                by=f"{by.name}, which came after it",
            )


def slots_of_deployments(*, deployment_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return how many runs of each of the deployments may go on at once, of those with a limit."""
    found = ConcurrencyLimit.objects.filter(
        kind=LimitKind.DEPLOYMENT.value, key__in=[str(id_) for id_ in deployment_ids]
    )
    return {
        uuid.UUID(key): slots
        for key, slots in found.values_list("key", "slots")
        if slots is not None
    }


def _take_turns(deployment_ids: Collection[uuid.UUID]) -> None:
    # Not the deployments' rows: who edits one takes its row first and its schedules then, and who
    # makes due runs holds schedules.
    for deployment_id in sorted(deployment_ids):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"overlap:{deployment_id}"],
            )
