"""Send an account's log on, entry by entry, to where its people want it too."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.core import outbound
from apps.core.errors import InvalidRequest
from apps.core.jobs import enqueue_or_leave
from apps.core.outbound import Outcome
from apps.tenancy import audit
from apps.tenancy.audit.record import SEND_AUDIT_TASK
from apps.tenancy.audit.wire import body_of
from apps.tenancy.enums import StreamState
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry, AuditStream, PendingAuditEntry
from apps.tenancy.selectors.audit import places_of
from apps.tenancy.selectors.forgotten import forget_names

logger = structlog.get_logger(__name__)
BATCH: Final = 100  # entries of one request
TAKES_AT_MOST: Final = timedelta(seconds=60)  # one attempt; whoever took it is lost then
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=1)
PAUSED_AFTER: Final = timedelta(hours=24)  # of nothing but failures
GONE: Final = 410
HANDED_OUT: Final = 100  # streams in one sweep
BATCHES: Final = 50  # of one job, so that a long backlog does not keep a worker from others


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one attempt sends. `until` tells it from every other attempt."""

    url: str
    secret: str
    until: datetime
    pending: list[uuid.UUID]
    body: bytes


@transaction.atomic
def set_audit_stream(
    *, account_id: uuid.UUID, url: str, secret: str | None, now: datetime
) -> AuditStream:
    """
    Send the log there from now on; a stream that was paused goes on, with what waited.

    Raises: InvalidRequest for an address that cannot be called, and without a secret at first.
    """
    if fault := outbound.find_url_fault(url):
        raise InvalidRequest("This address cannot be called.", fields={"url": [fault]})
    if secret and not secret.isascii():
        raise InvalidRequest("The secret cannot be used.", fields={"secret": ["ASCII only."]})
    stream = AuditStream.objects.select_for_update().filter(account_id=account_id).first()
    if stream is None and not secret:
        raise InvalidRequest("A secret is needed.", fields={"secret": ["Signs what is sent."]})
    told = {"url": outbound.place_of(url), "secret": secret or None}
    before = None
    if stream is None:
        stream = AuditStream(account_id=account_id, created_at=now)
    else:
        before = {"url": outbound.place_of(str(stream.url)), "state": stream.state}
        if not secret:
            told.pop("secret")
    stream.url = url
    stream.secret = secret or stream.secret
    stream.state = StreamState.ACTIVE
    stream.updated_at = stream.next_attempt_at = now
    stream.failures, stream.failing_since, stream.last_error = 0, None, ""
    stream.save()
    _record("audit.stream_set", account_id, before, told | {"state": StreamState.ACTIVE.value})
    enqueue_or_leave(SEND_AUDIT_TASK, account_id=str(account_id))
    return stream


@transaction.atomic
def drop_audit_stream(*, account_id: uuid.UUID) -> None:
    """Send the log nowhere any more; what waited is forgotten here, the log itself stands."""
    stream = AuditStream.objects.select_for_update().filter(account_id=account_id).first()
    if stream is None:
        return
    _record("audit.stream_removed", account_id, {"url": outbound.place_of(str(stream.url))}, None)
    stream.delete()
    PendingAuditEntry.objects.filter(account_id=account_id).delete()


def send_audit_entries(*, account_id: uuid.UUID, clock: Callable[[], datetime]) -> int:
    """
    Send what waits, a batch after the other, and return how many entries were taken.

    At least once and in order: a batch is forgotten only when the receiver said yes, and the next
    one waits for that. No transaction is open while the receiver takes its time.
    """
    sent = 0
    for _ in range(BATCHES):
        claim = _claim(account_id, clock())
        if claim is None:
            return sent
        now = clock()
        outcome = outbound.post(
            claim.url,
            content=claim.body,
            headers={
                "Headway-Signature": outbound.sign(claim.secret, claim.body, at=now),
                "Headway-Stream": "audit",
            },
        )
        if not _settle(account_id, claim, outcome, clock()):
            return sent
        sent += len(claim.pending)
    enqueue_or_leave(SEND_AUDIT_TASK, account_id=str(account_id))
    return sent


def hand_out_audit_streams(*, now: datetime) -> int:
    """Hand those streams to workers that have something to send and may; return how many."""
    waiting = PendingAuditEntry.objects.filter(account_id=OuterRef("account_id"))
    due = (
        AuditStream.objects.filter(state=StreamState.ACTIVE, next_attempt_at__lte=now)
        .filter(Exists(waiting))
        .order_by("next_attempt_at", "account_id")
    )
    found = list(due.values_list("account_id", flat=True)[:HANDED_OUT])
    for account_id in found:
        enqueue_or_leave(SEND_AUDIT_TASK, account_id=str(account_id))
    return len(found)


def _claim(account_id: uuid.UUID, now: datetime) -> _Claim | None:
    """Take the oldest entries for one attempt; None when there is nothing to do, or not by us."""
    with transaction.atomic(), account_scope(account_id):
        stream = (
            AuditStream.objects.select_for_update(skip_locked=True)
            .filter(account_id=account_id, state=StreamState.ACTIVE, next_attempt_at__lte=now)
            .first()
        )
        if stream is None:
            return None
        rows = PendingAuditEntry.objects.filter(account_id=account_id).order_by("id")[:BATCH]
        pending = {row.id: row.entry_id for row in rows}
        if not pending:
            return None
        entries = AuditEntry.objects.in_bulk(pending.values())
        ordered = [entries[entry_id] for entry_id in pending.values() if entry_id in entries]
        forget_names(ordered)
        places = places_of(ordered)
        body = orjson.dumps({"entries": [body_of(entry, places) for entry in ordered]})
        until = now + TAKES_AT_MOST
        AuditStream.objects.filter(pk=stream.pk).update(next_attempt_at=until)
        return _Claim(str(stream.url), str(stream.secret), until, list(pending), body)


def _settle(account_id: uuid.UUID, claim: _Claim, outcome: Outcome, now: datetime) -> bool:
    """Write down what became of it; return whether to go on at once."""
    with transaction.atomic(), account_scope(account_id):
        if outcome.ok:
            # Also when our time was over meanwhile: they were taken, whoever sends them again.
            PendingAuditEntry.objects.filter(account_id=account_id, id__in=claim.pending).delete()
        # Somebody else's by now: set anew by people, or taken up after our time.
        stream = (
            AuditStream.objects.select_for_update()
            .filter(account_id=account_id, next_attempt_at=claim.until)
            .first()
        )
        if stream is None:
            return False
        if outcome.ok:
            stream.last_sent_at = stream.next_attempt_at = now
            stream.failures, stream.failing_since, stream.last_error = 0, None, ""
        else:
            stream.failures += 1
            stream.failing_since = stream.failing_since or now
            stream.last_error = _words_of(outcome)
            stream.next_attempt_at = now + _wait(stream.failures, outcome)
            if outcome.status == GONE or now - stream.failing_since >= PAUSED_AFTER:
                stream.state = StreamState.PAUSED
                _record(
                    "audit.stream_paused",
                    account_id,
                    {"state": StreamState.ACTIVE.value},
                    {"state": StreamState.PAUSED.value, "error": stream.last_error},
                )
        stream.save()
    if not outcome.ok:
        logger.warning(
            "audit_stream.failed",
            account_id=str(account_id),
            status=outcome.status,
            error=outcome.error,
            failures=stream.failures,
            paused=stream.state == StreamState.PAUSED,
        )
    return outcome.ok


def _wait(failures: int, outcome: Outcome) -> timedelta:
    own = min(LONGEST_WAIT, FIRST_WAIT * (1 << min(failures - 1, 20)))
    asked = timedelta(seconds=outcome.retry_after_seconds or 0)
    return max(own, asked)


def _words_of(outcome: Outcome) -> str:
    what = f"HTTP {outcome.status}" if outcome.status is not None else str(outcome.error)
    return f"{what}: {outcome.detail}"[:400] if outcome.detail else what


def _record(
    action: str,
    account_id: uuid.UUID,
    before: audit.Change | None,
    after: audit.Change | None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="audit_stream", id=account_id),
        before=before,
        after=after,
        account_id=account_id,
    )
