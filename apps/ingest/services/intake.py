"""Bring a request's items into the database: which transaction, with whom, and what if repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from django.db import DatabaseError, connection
from msgspec import Struct

from apps.core.clock import utc_now
from apps.ingest.decode import Decoded
from apps.ingest.gather import Gatherer
from apps.ingest.services.accept import Answer, accept_batch
from apps.telemetry import services as telemetry
from apps.telemetry.items import Refusal, TelemetryBatch
from apps.telemetry.services import Repeated, RowsAreThereError
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.isolation import workspace_scope

logger = structlog.get_logger(__name__)

SMALL: Final = 10  # items; more are worth a transaction of their own


class Sent(Struct, kw_only=True):
    """One request whose sender may send all that is in it."""

    workspace: WorkspaceRef
    actor: Actor
    decoded: Decoded

    @property
    def is_small(self) -> bool:
        """Whether it may share a transaction: a few items, and none that moves a run."""
        batch = self.decoded.batch
        return self.decoded.count <= SMALL and not (
            batch.runs or batch.task_runs or batch.heartbeats
        )


def take_in(*, workspace: WorkspaceRef, actor: Actor, decoded: Decoded) -> Answer:
    """
    Apply a batch in a transaction of its own, or in one with others that came at the same time.

    Returns after the commit. Must be called outside of a transaction.
    """
    sent = Sent(workspace=workspace, actor=actor, decoded=decoded)
    if sent.is_small:
        return _gatherer.submit(workspace.id, sent)
    return _alone(sent)


def _alone(sent: Sent) -> Answer:
    if sent.is_small and (answers := _at_once([sent])) is not None:
        return answers[0]
    # Only in a test's transaction can there be one; breaking that would break the test.
    first = Repeated.SAVEPOINT if connection.in_atomic_block else Repeated.RAISE
    try:
        return _accept(sent, first)
    except RowsAreThereError:
        return _accept(sent, Repeated.STAGE)


def _accept(sent: Sent, repeated: Repeated) -> Answer:
    with workspace_scope(sent.workspace.id):
        return accept_batch(
            workspace=sent.workspace,
            actor=sent.actor,
            decoded=sent.decoded,
            now=utc_now(),
            repeated=repeated,
        )


def _together(requests: Sequence[Sent]) -> list[Answer] | None:
    try:
        return _at_once(requests)
    except DatabaseError as error:
        # One of them may be the cause; the others must not suffer for it.
        logger.warning("ingest.gathered_batch_failed", requests=len(requests), error=str(error))
        return None


def _at_once(requests: Sequence[Sent]) -> list[Answer] | None:
    """Store requests of one workspace in one round trip; None when something is there already."""
    if connection.in_atomic_block:
        return None
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
    return None if outcome is None else _answers(requests, outcome.rejected)


def _answers(requests: Sequence[Sent], rejected: Sequence[Refusal]) -> list[Answer]:
    """Give each request the refusals that are its own."""
    owner: dict[tuple[str, int], tuple[int, int]] = {}
    offsets: dict[str, int] = {"events": 0, "logs": 0, "points": 0}
    for number, sent in enumerate(requests):
        for kind, offset in offsets.items():
            length = len(getattr(sent.decoded.batch, kind))
            for index in range(length):
                owner[kind, offset + index] = (number, index)
            offsets[kind] = offset + length
    answers = [
        Answer(
            accepted=sum(len(getattr(sent.decoded.batch, kind)) for kind in offsets),
            rejected=list(sent.decoded.refusals),
        )
        for sent in requests
    ]
    for refusal in rejected:
        number, index = owner[refusal.kind, refusal.index]
        refusal.index = requests[number].decoded.place(refusal.kind, index)
        answers[number].accepted -= 1
        answers[number].rejected.append(refusal)
    return answers


_gatherer: Gatherer[Sent, Answer] = Gatherer(alone=_alone, together=_together)
