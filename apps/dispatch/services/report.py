"""What executors say of their runs: the state moves and the lease ends in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.transactions import joined
from apps.dispatch.enums import LeaseEnd
from apps.dispatch.services.lease import grant, reopen
from apps.dispatch.services.pools import is_managed
from apps.dispatch.services.slots import release_slots
from apps.flows import selectors as flows
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.errors import RunNotFound
from apps.runs.services import (
    EXECUTING,
    RETRIED_BY_POLICY,
    AskedMove,
    LocalRun,
    Moved,
    MoveResult,
)
from apps.tenancy import services as tenancy
from apps.tenancy.actors import RunRef

if TYPE_CHECKING:
    from apps.runs.models import Run


@joined
def report_run(*, workspace_id: uuid.UUID, report: AskedMove, now: datetime) -> Moved:
    """
    Apply one report as `report_runs` does.

    Raises: RunNotFound, ReportInFuture.
    """
    (moved,) = report_runs(workspace_id=workspace_id, reports=[report], now=now)
    if moved is None:
        raise RunNotFound("There is no such run.", run_id=str(report.run_id))
    return moved


@joined
def report_runs(
    *, workspace_id: uuid.UUID, reports: Sequence[AskedMove], now: datetime
) -> list[Moved | None]:
    """
    Apply executors' reports; where one ends an execution, its lease and slot end with it.

    A failed attempt of a deployment with retries left goes on to AWAITING_RETRY at once.
    A local run that was taken for crashed, and reports, gets its lease back.
    The results, in the reports' order, say what became of each; None: there is no such run. Stale
    and overtaken ones are kept as evidence.
    Raises: ReportInFuture.
    """
    results: list[Moved | None] = [None] * len(reports)
    for places in _rounds(reports):
        moves = [reports[place] for place in places]
        moved = runs.transition_runs(workspace_id=workspace_id, moves=moves, now=now)
        ended = [
            each.run
            for each in moved
            if each is not None
            and each.result is MoveResult.APPLIED
            and each.run.state not in EXECUTING
        ]
        end_leases(ended=ended, by=LeaseEnd.REPORTED, now=now)
        for suspended in [run for run in ended if run.state == RunState.SUSPENDED]:
            runs.note_suspended(run=suspended, now=now)
        cancelled = [run.id for run in ended if run.state == RunState.CANCELLED]
        if cancelled:
            runs.cancel_subruns(workspace_id=workspace_id, run_ids=cancelled, now=now)
        going_on = [each.run for each in moved if each is not None and each.is_revived]
        reopen(revived=[run for run in going_on if run.state in EXECUTING], now=now)
        following = {run.id: retry_by_policy(run=run, now=now) for run in ended}
        for place, each in zip(places, moved, strict=True):
            run = None if each is None else following.get(each.run.id)
            results[place] = each if run is None else Moved(run=run, result=MoveResult.APPLIED)
    return results


def _rounds(reports: Sequence[AskedMove]) -> Iterator[list[int]]:
    """Yield the reports' places so that each round has one of a run, and a run's are in order."""
    left = list(range(len(reports)))
    while left:
        taken: set[uuid.UUID] = set()
        later = []
        this = []
        for place in left:
            if reports[place].run_id in taken:
                later.append(place)
            else:
                taken.add(reports[place].run_id)
                this.append(place)
        yield this
        left = later


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStart:
    """A run that a process has started by itself, and who that process is."""

    run: LocalRun
    holder: str


@joined
def adopt_local_runs(
    *, workspace_id: uuid.UUID, started: Sequence[LocalStart], now: datetime
) -> dict[uuid.UUID, bool]:
    """
    Take over runs that processes started by themselves, with the leases in their hands.

    Returns for each run whether it was new; ids that another workspace has are left out. A new one
    is RUNNING from its `occurred_at`; a report of its end goes through `report_runs`.
    """
    holders = {each.run.run_id: each.holder for each in reversed(started)}
    adopted = runs.adopt_runs(
        workspace_id=workspace_id, started=[each.run for each in started], now=now
    )
    new = [run for run, is_new in adopted.values() if is_new]
    grant(claimed=new, agent_id=None, holders=[holders[run.id] for run in new], now=now)
    return {run_id: is_new for run_id, (_, is_new) in adopted.items()}


_END = """
    WITH ended AS (
        UPDATE dispatch_lease SET ended_at = %s, ended_by = %s
        WHERE run_id = ANY(%s) AND ended_at IS NULL RETURNING id),
    silent AS (DELETE FROM dispatch_leasebeat USING ended WHERE lease_id = ended.id)
    SELECT slot.lease_id, slot.limit_id FROM dispatch_concurrencyslot AS slot
    JOIN ended ON ended.id = slot.lease_id
"""


def end_leases(*, ended: Sequence[Run], by: LeaseEnd, now: datetime) -> None:
    """End the runs' active leases, and with them their slots and soon the keys of managed runs."""
    if not ended:
        return
    with connection.cursor() as cursor:
        cursor.execute(_END, [now, by.value, [run.id for run in ended]])
        held = cursor.fetchall()
    release_slots(
        lease_ids=list({lease_id for lease_id, _ in held}),
        limit_ids={limit_id for _, limit_id in held},
        pool_ids={run.pool_id for run in ended if run.pool_id is not None},
    )
    managed = [run for run in ended if run.pool_id is not None and is_managed(run.pool_id)]
    if managed:
        tenancy.end_run_keys(
            runs=[RunRef(run_id=run.id, epoch=run.epoch) for run in managed], now=now
        )


def retry_by_policy(*, run: Run, now: datetime) -> Run | None:
    """
    Queue the next attempt when the deployment grants one; return the run as it is then.

    A run in quarantine is tried again by people only.
    """
    if run.state not in RETRIED_BY_POLICY or run.deployment_id is None or run.queue_id is None:
        return None
    if run.is_quarantined:
        return None
    deployment = flows.list_deployments_by_id(
        workspace_id=run.workspace_id, deployment_ids=[run.deployment_id]
    ).first()
    # A retry that a person asked for after the last one counts as an attempt too.
    if deployment is None or run.attempt > deployment.retries:
        return None
    delay = timedelta(seconds=deployment.retry_delay_seconds)
    return runs.queue_attempt(run=run, scheduled_for=now + delay, now=now)
