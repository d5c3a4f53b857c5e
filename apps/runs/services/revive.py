"""Take back that a local run crashed, when its process is heard of again. Why: docs/adr/0007."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from apps.core.transactions import joined
from apps.runs.enums import CauseKind, RunState
from apps.runs.models import Run
from apps.runs.reports import AskedMove
from apps.runs.services.record import Move, record_moves, returning_runs
from apps.runs.state_machine import FINISHED

_REVIVE = """
    UPDATE runs_run AS run SET
        state = given.state, state_at = %(now)s, changed_at = %(now)s,
        ended_at = CASE WHEN given.is_end THEN greatest(given.occurred_at, run.started_at) END,
        error = given.error, cause = given.cause
    FROM unnest(%(ids)s::uuid[], %(epochs)s::int[], %(states)s::text[], %(ends)s::boolean[],
            %(times)s::timestamptz[], %(errors)s::jsonb[], %(causes)s::jsonb[])
        AS given(id, epoch, state, is_end, occurred_at, error, cause)
    WHERE run.id = given.id AND run.epoch = given.epoch AND run.workspace_id = %(workspace_id)s
      AND run.state = %(crashed)s AND run.deployment_id IS NULL
      AND run.cause ->> 'kind' = %(silence)s
    RETURNING run.*
"""


@joined
def revive_runs(
    *, workspace_id: uuid.UUID, heard: Sequence[AskedMove], now: datetime
) -> dict[uuid.UUID, Run]:
    """
    Let runs go on that were taken for crashed for their silence; return those that do, by id.

    Only what its own process started, and nobody else can execute. What the process says decides:
    an end is the run's end, at the time it gives; anything else means that it is RUNNING.
    """
    heard = [each for each in heard if each.epoch is not None and each.target != RunState.CRASHED]
    if not heard:
        return {}
    ends = [each.target in FINISHED for each in heard]
    states = [
        each.target if is_end else RunState.RUNNING
        for each, is_end in zip(heard, ends, strict=True)
    ]
    revived = returning_runs(
        _REVIVE,
        {
            "now": now,
            "ids": [each.run_id for each in heard],
            "epochs": [each.epoch for each in heard],
            "states": [state.value for state in states],
            "ends": ends,
            "times": [each.occurred_at for each in heard],
            "errors": [None if each.error is None else Jsonb(each.error) for each in heard],
            "causes": [None if each.cause is None else Jsonb(each.cause) for each in heard],
            "workspace_id": workspace_id,
            "crashed": RunState.CRASHED.value,
            "silence": CauseKind.LEASE_EXPIRED.value,
        },
    )
    record_moves(
        [
            Move(
                run=run,
                state=RunState(run.state),
                # When it became known: the order of the moves is that of what people could see.
                occurred_at=now,
                epoch=run.epoch,
                message="Its process was heard of again: it had not crashed.",
            )
            for run in revived
        ]
    )
    return {run.id: run for run in revived}
