"""Bring a request's items into the database: which transaction, with whom, and what if repeated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final, NamedTuple

import structlog
from django.db import DatabaseError, connection

from apps.core.clock import utc_now
from apps.core.gather import Gatherer
from apps.ingest.decode import Decoded
from apps.ingest.envelope import IngestBatch, RunReport, TaskRunReport
from apps.ingest.services.accept import Answer, Joined, Sent, accept_batches
from apps.ingest.services.admit import Admission, admit
from apps.ingest.services.own_items import keep_items_of_pool, keep_own_items
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, Refusal, TelemetryBatch
from apps.telemetry.services import Repeated, RowsAreThereError
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.isolation import workspace_scope

logger = structlog.get_logger(__name__)

SMALL: Final = 10  # items; more are worth a transaction of their own


class Taken(NamedTuple):
    """What became of a request's items."""

    answer: Answer
    admission: Admission
    differing: Sequence[Refusal]  # duplicates that say something else than what is there


def take_in(*, workspace: WorkspaceRef, actor: Actor, decoded: Decoded) -> Taken:
    """
    Apply a batch in a transaction of its own, or in one with others that came at the same time.

    Returns after the commit. What is over the workspace's limits is refused by its index. Must be
    called outside of a transaction.
    """
    if actor.run is not None:
        decoded = keep_own_items(workspace_id=workspace.id, run=actor.run, decoded=decoded)
    elif actor.pool:
        decoded = keep_items_of_pool(workspace_id=workspace.id, pool=actor.pool, decoded=decoded)
    _tell_times_in_utc(decoded.batch)
    sent = Sent(workspace=workspace, actor=actor, decoded=decoded)
    moves_runs = _moves_runs(sent)
    if decoded.count > SMALL:
        answer = (_alone if moves_runs else _items_alone)(sent)
    else:
        answer = (_reports if moves_runs else _items).submit(workspace.id, sent)
    assert sent.admission is not None
    return Taken(answer, sent.admission, sent.differing)


def _tell_times_in_utc(batch: IngestBatch) -> None:
    """ISO 8601 has offsets of up to a day, and Postgres reads none of sixteen hours or more."""
    timed: Iterable[RunReport | TaskRunReport | NewLogLine | NewEvent | NewPoint] = chain(
        batch.runs, batch.task_runs, batch.logs, batch.events, batch.points
    )
    for item in timed:
        if item.occurred_at.tzinfo is not UTC:
            item.occurred_at = _in_utc(item.occurred_at)
    for task in batch.task_runs:
        if task.started_at is not None:
            task.started_at = _in_utc(task.started_at)


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at  # at an end of the calendar: it is refused for its age


def _moves_runs(sent: Sent) -> bool:
    batch = sent.decoded.batch
    return bool(batch.runs or batch.task_runs or batch.heartbeats)


def _alone(sent: Sent) -> Answer:
    # Only in a test's transaction can there be one; breaking that would break the test.
    first = Repeated.SAVEPOINT if connection.in_atomic_block else Repeated.RAISE
    try:
        return _accept([sent], first)[0]
    except RowsAreThereError:
        return _accept([sent], Repeated.STAGE)[0]


def _items_alone(sent: Sent) -> Answer:
    try:
        answers = _at_once([sent])
    except RowsAreThereError:
        return _accept([sent], Repeated.STAGE)[0]
    return _alone(sent) if answers is None else answers[0]


def _admit(requests: Sequence[Sent]) -> None:
    # Once each: who was admitted together and is then stored alone has paid already.
    new = [sent for sent in requests if sent.admission is None]
    if not new:
        return
    admissions = admit(
        workspace=new[0].workspace, requests=[sent.decoded for sent in new], now=utc_now()
    )
    for sent, admission in zip(new, admissions, strict=True):
        sent.admission = admission


def _accept(requests: Sequence[Sent], repeated: Repeated) -> list[Answer]:
    _admit(requests)
    with workspace_scope(requests[0].workspace.id):
        return accept_batches(requests=requests, now=utc_now(), repeated=repeated)


def _reports_together(requests: Sequence[Sent]) -> list[Answer] | None:
    try:
        return _accept(requests, Repeated.RAISE)
    except RowsAreThereError:
        return None
    except DatabaseError as error:
        # One of them may be the cause; the others must not suffer for it.
        logger.warning("ingest.gathered_batch_failed", requests=len(requests), error=str(error))
        return None


def _items_together(requests: Sequence[Sent]) -> list[Answer] | None:
    try:
        return _at_once(requests)
    except RowsAreThereError:
        return None
    except DatabaseError as error:
        # One of them may be the cause; the others must not suffer for it.
        logger.warning("ingest.gathered_batch_failed", requests=len(requests), error=str(error))
        return None


def _at_once(requests: Sequence[Sent]) -> list[Answer] | None:
    """
    Store requests of one workspace by one message to the server; None when that cannot be.

    Raises: RowsAreThereError, with nothing stored.
    """
    if connection.in_atomic_block:
        return None
    _admit(requests)
    workspace = requests[0].workspace
    outcome = telemetry.store_fresh(
        workspace_id=workspace.id,
        batch=TelemetryBatch(
            events=[item for sent in requests for item in sent.decoded.batch.events],
            logs=[item for sent in requests for item in sent.decoded.batch.logs],
            points=[item for sent in requests for item in sent.decoded.batch.points],
        ),
        now=utc_now(),
        retention_days=workspace.limits.retention_days,
    )
    if outcome is None:
        return None
    items = Joined(requests)
    items.settle_fresh(outcome)
    return items.answers


_items: Gatherer[Sent, Answer] = Gatherer(alone=_items_alone, together=_items_together)
# Apart, so that what is stored in one round trip does not wait for what takes ten.
_reports: Gatherer[Sent, Answer] = Gatherer(alone=_alone, together=_reports_together)
