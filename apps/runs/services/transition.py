"""Move runs from one state to another: one conditional UPDATE decides every race."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from psycopg.types.json import Jsonb

from apps.core.transactions import joined
from apps.runs.enums import RunState
from apps.runs.errors import ReportInFuture, RunNotFound
from apps.runs.models import Run
from apps.runs.reports import AskedMove, CauseInfo, ErrorInfo, Moved, MoveResult
from apps.runs.services.record import Move, record_evidence, record_moves, returning_runs
from apps.runs.services.revive import revive_runs
from apps.runs.services.task_runs import close_task_runs
from apps.runs.services.withdraw import withdraw_approvals
from apps.runs.state_machine import FINISHED, UNFINISHED, UNSTARTED, sources_of

MAX_AHEAD = timedelta(minutes=10)
STARTING = frozenset({RunState.RUNNING, RunState.RETRYING})
ANY_STATE = frozenset(RunState)
QUARANTINED_AFTER = 3  # starts in a row that crashed before any code of the run's began

_CLOSES_TASK_RUNS = {
    RunState.CRASHED: RunState.CRASHED,
    RunState.CANCELLED: RunState.CANCELLED,
    RunState.TIMED_OUT: RunState.CANCELLED,
}

_LOCK = """
    SELECT FROM runs_run WHERE workspace_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""


@joined
def lock_runs(*, workspace_id: uuid.UUID, run_ids: set[uuid.UUID]) -> None:
    """
    Take the rows of these runs until the commit, always in the same order.

    For callers that move several: two of them with runs in common wait for each other in a line
    and never in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [workspace_id, sorted(run_ids)])


@joined
def transition_runs(
    *, workspace_id: uuid.UUID, moves: Sequence[AskedMove], now: datetime
) -> list[Moved | None]:
    """
    Apply what executors report of different runs; return what became of each, in their order.

    None means that there is no such run. One UPDATE a target, one INSERT of traces for all. A local
    run that was taken for crashed goes on; see `revive_runs`.
    Raises: ReportInFuture.
    """
    assert len({asked.run_id for asked in moves}) == len(moves), "one move a run at a time"
    _refuse_future(moves, now)
    by_target: dict[RunState, list[AskedMove]] = defaultdict(list)
    for asked in moves:
        by_target[asked.target].append(asked)
    moved: dict[uuid.UUID, Run] = {}
    for target, those in by_target.items():
        # No executor begins another attempt of what has ended: that is the server's decision.
        moved |= _move(
            workspace_id=workspace_id, target=target, moves=those, now=now, only_from=UNFINISHED
        )
    _leave_traces(moved, moves)
    others = [asked for asked in moves if asked.run_id not in moved]
    revived = revive_runs(workspace_id=workspace_id, heard=others, now=now)
    for asked in others:
        run = revived.get(asked.run_id)
        if run is not None and run.state != asked.target:
            further = _move(workspace_id=workspace_id, target=asked.target, moves=[asked], now=now)
            _leave_traces(further, [asked])
            revived |= further
    moved |= revived
    explained = _explain(workspace_id, [asked for asked in others if asked.run_id not in moved])
    return [
        Moved(
            run=moved[asked.run_id],
            result=MoveResult.APPLIED,
            is_revived=asked.run_id in revived,
        )
        if asked.run_id in moved
        else explained.get(asked.run_id)
        for asked in moves
    ]


@joined
def transition_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    target: RunState,
    occurred_at: datetime,
    now: datetime,
    epoch: int | None = None,
    message: str = "",
    error: ErrorInfo | None = None,
    cause: CauseInfo | None = None,
    bump_epoch: bool = False,
    scheduled_for: datetime | None = None,
    only_from: frozenset[RunState] = ANY_STATE,
    is_crashed_start: bool = False,
) -> Moved:
    """
    Move a run to `target` if its state and epoch allow; say what became of the request.

    `epoch` is the reporter's; None is the server's own decision. `bump_epoch` fences the executor
    off in the same step. `scheduled_for` is the next attempt's time when `target` waits.
    `only_from` narrows the legal sources to those on which the caller's decision rests.
    `is_crashed_start` counts one more start that came to nothing, although the run goes on waiting.
    Out-of-order and repeated reports never move a run backwards: they end as DUPLICATE or as
    SUPERSEDED, the latter kept as evidence.
    Raises: RunNotFound, ReportInFuture.
    """
    asked = AskedMove(
        run_id=run_id,
        target=target,
        occurred_at=occurred_at,
        epoch=epoch,
        message=message,
        error=error,
        cause=cause,
    )
    _refuse_future([asked], now)
    moved = _move(
        workspace_id=workspace_id,
        target=target,
        moves=[asked],
        now=now,
        bump_epoch=bump_epoch,
        scheduled_for=scheduled_for,
        only_from=only_from,
        is_crashed_start=is_crashed_start,
    )
    if not moved:
        explained = _explain(workspace_id, [asked]).get(run_id)
        if explained is None:
            raise RunNotFound("There is no such run.", run_id=str(run_id))
        return explained
    # The transition belongs to the epoch in which it happened, not to the one it opens.
    _leave_traces(moved, [asked], epoch_ahead=int(bump_epoch))
    return Moved(run=moved[run_id], result=MoveResult.APPLIED)


def move_runs(
    *,
    workspace_id: uuid.UUID,
    moves: Sequence[AskedMove],
    only_from: frozenset[RunState],
    now: datetime,
) -> list[Run]:
    """Move those of different runs that may move, all to one state, and return them."""
    if not moves:
        return []
    moved = _move(
        workspace_id=workspace_id,
        target=moves[0].target,
        moves=moves,
        now=now,
        only_from=only_from,
    )
    _leave_traces(moved, moves)
    return list(moved.values())


def _refuse_future(moves: Sequence[AskedMove], now: datetime) -> None:
    if any(asked.occurred_at > now + MAX_AHEAD for asked in moves):
        raise ReportInFuture(
            "The report's time lies in the future; check the reporter's clock.",
            fields={"occurred_at": ["Must not be more than 10 minutes ahead."]},
        )


def _leave_traces(
    moved: dict[uuid.UUID, Run], asked: Sequence[AskedMove], epoch_ahead: int = 0
) -> None:
    traces = []
    for each in asked:
        run = moved.get(each.run_id)
        if run is None:
            continue
        if each.target in _CLOSES_TASK_RUNS:
            close_task_runs(run=run, state=_CLOSES_TASK_RUNS[each.target], at=each.occurred_at)
        traces.append(
            Move(
                run=run,
                state=each.target,
                occurred_at=each.occurred_at,
                epoch=run.epoch - epoch_ahead,
                message=each.message,
            )
        )
    record_moves(traces)
    ended = [run.id for run in moved.values() if run.is_finished]
    if ended:
        withdraw_approvals(run_ids=ended)


_GIVEN = """
    unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::jsonb[], %s::jsonb[])
        AS given(id, epoch, occurred_at, error, cause)
"""


# A run that crashes before its code begins will do so again: one that did it so often in a row is
# quarantined, and nothing tries it again but people.
_CRASHED_STARTS = "CASE WHEN run.started_at IS NULL THEN run.crashed_starts + 1 ELSE 0 END"
_CAUSE_OF_CRASH = f"""
    CASE WHEN run.started_at IS NULL AND run.crashed_starts + 1 >= {QUARANTINED_AFTER}
    THEN coalesce(given.cause, '{{}}') || jsonb_build_object(
        'kind', 'quarantined',
        'detail', left(concat_ws(': ',
            'Crashed ' || run.crashed_starts + 1 || ' times in a row before its code began. Last',
            given.cause ->> 'kind', given.cause ->> 'detail'), 2000))
    ELSE given.cause END
"""


def _move(
    *,
    workspace_id: uuid.UUID,
    target: RunState,
    moves: Sequence[AskedMove],
    now: datetime,
    bump_epoch: bool = False,
    scheduled_for: datetime | None = None,
    only_from: frozenset[RunState] = ANY_STATE,
    is_crashed_start: bool = False,
) -> dict[uuid.UUID, Run]:
    """Move those runs that may move to `target` and return them as they are now, by their ids."""
    sets = {"state": "%s", "state_at": "given.occurred_at", "changed_at": "%s"}
    values: list[object] = [target.value, now]
    if bump_epoch:
        sets["epoch"] = "run.epoch + 1"
    if target in UNSTARTED:
        sets |= {"started_at": "NULL", "ended_at": "NULL"}
    elif target in STARTING:
        sets |= {"started_at": "coalesce(run.started_at, given.occurred_at)"}
        sets |= {"error": "NULL", "cause": "NULL", "crashed_starts": "0"}
    elif target in FINISHED:
        sets |= {"ended_at": "greatest(given.occurred_at, run.started_at)"}
        sets |= {"error": "given.error", "cause": "given.cause"}
        if target is RunState.COMPLETED:
            sets["started_at"] = "coalesce(run.started_at, given.occurred_at)"
    if target is RunState.CRASHED:
        sets |= {"cause": _CAUSE_OF_CRASH, "crashed_starts": _CRASHED_STARTS}
    elif is_crashed_start:
        sets["crashed_starts"] = "run.crashed_starts + 1"
    if target is RunState.AWAITING_RETRY:
        sets |= {"attempt": "run.attempt + 1", "resumes": "NULL"}
    if scheduled_for is not None:
        sets["scheduled_for"] = "%s"
        values.append(scheduled_for)
    assignments = ", ".join(f"{column} = {value}" for column, value in sets.items())
    # Columns and conditions are constants of this module; values are parameters.
    statement = (
        f"UPDATE runs_run AS run SET {assignments} FROM {_GIVEN}"  # noqa: S608
        " WHERE run.id = given.id AND run.workspace_id = %s AND run.state = ANY(%s)"
        " AND run.epoch = coalesce(given.epoch, run.epoch) RETURNING run.*"
    )
    given = [
        [asked.run_id for asked in moves],
        [asked.epoch for asked in moves],
        [asked.occurred_at for asked in moves],
        [None if asked.error is None else Jsonb(asked.error) for asked in moves],
        [None if asked.cause is None else Jsonb(asked.cause) for asked in moves],
    ]
    sources = sorted(sources_of(target) & only_from)
    return {
        run.id: run for run in returning_runs(statement, [*values, *given, workspace_id, sources])
    }


def _explain(workspace_id: uuid.UUID, moves: Sequence[AskedMove]) -> dict[uuid.UUID, Moved]:
    """Say why the UPDATE did not find these runs as asked, and keep what is evidence."""
    if not moves:
        return {}
    wanted = Run.objects.for_workspace(workspace_id).filter(id__in=[each.run_id for each in moves])
    runs = {run.id: run for run in wanted}
    explained: dict[uuid.UUID, Moved] = {}
    for asked in moves:
        run = runs.get(asked.run_id)
        if run is not None:
            explained[run.id] = moved = _judge(run, asked)
            if moved.result is MoveResult.SUPERSEDED and asked.epoch is not None:
                record_evidence(
                    run=run,
                    state=asked.target,
                    occurred_at=asked.occurred_at,
                    epoch=asked.epoch,
                )
    return explained


def _judge(run: Run, asked: AskedMove) -> Moved:
    if asked.epoch is not None and asked.epoch != run.epoch:
        return Moved(run=run, result=MoveResult.SUPERSEDED, is_stale=True)
    if run.state == asked.target:
        return Moved(run=run, result=MoveResult.DUPLICATE)
    if asked.epoch is not None and (
        asked.occurred_at <= run.state_at
        # Whoever starts while a cancellation is under way has not heard of it yet.
        or (run.state == RunState.CANCELLING and asked.target not in FINISHED)
    ):
        return Moved(run=run, result=MoveResult.SUPERSEDED)
    return Moved(run=run, result=MoveResult.ILLEGAL)
