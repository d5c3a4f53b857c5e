"""
Send a message to a channel, once per source key.

A delivery is claimed in one transaction, sent outside of any, and recorded in another. Who dies in
between leaves the row SENDING: nobody can know whether the receiver has the message. For alerts a
message twice is better than none, but never in silence: the try after `SENDING_AT_MOST` says in
the message itself that it may be a repeat, and the row counts it.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import F

from apps.core.ids import uuid7
from apps.core.outbound import Outcome, failure
from apps.notifications import selectors
from apps.notifications.enums import ChannelKind, DeliveryState, Purpose
from apps.notifications.errors import TooManyTests
from apps.notifications.messages import Message, Parcel
from apps.notifications.models import Channel, Delivery
from apps.notifications.services.channels import lock_channels
from apps.notifications.transports import TRANSPORTS, Config
from apps.tenancy import selectors as tenancy
from apps.tenancy.isolation import workspace_scope

logger = structlog.get_logger(__name__)
# Longer than any transport can take, so that what is this old has lost its sender.
SENDING_AT_MOST = timedelta(minutes=5)
TESTS_PER_MINUTE = 5  # of a workspace
TEST_WINDOW = timedelta(minutes=1)
DROP_BATCH = 5_000
TEST_MESSAGE = Message(
    subject="Test message from Headway",
    body="If you can read this, the channel works.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """The right to send one delivery, for this try."""

    delivery_id: uuid.UUID
    attempt: int
    kind: str
    config: Config
    parcel: Parcel


def deliver(
    *,
    workspace_id: uuid.UUID,
    channel_id: uuid.UUID,
    message: Message,
    source_key: str,
    now: datetime,
) -> Outcome:
    """
    Send the message unless it was sent before under this source key; return what happened.

    Call it outside of any transaction: it talks to the network for up to a minute. Again with the
    same key: a delivered message, or one that can never be, answers with its stored outcome; a
    retryable failure is tried again; one that another process is sending is `in_progress`.
    Raises: ChannelNotFound.
    """
    return _deliver(workspace_id, channel_id, message, source_key, Purpose.MESSAGE, now)


def send_test(*, workspace_id: uuid.UUID, channel_id: uuid.UUID, now: datetime) -> Outcome:
    """
    Send a test message; return what happened.

    Raises: ChannelNotFound, TooManyTests.
    """
    return _deliver(workspace_id, channel_id, TEST_MESSAGE, f"test:{uuid7()}", Purpose.TEST, now)


def drop_old_deliveries(*, now: datetime) -> int:
    """Delete deliveries beyond each workspace's retention; return how many. For loops."""
    gone = 0
    for workspace_id, days in tenancy.list_retention_days().items():
        old = Delivery.objects.for_workspace(workspace_id).filter(
            created_at__lt=now - timedelta(days=days)
        )
        while True:
            deleted, _ = Delivery.objects.filter(pk__in=old.values("pk")[:DROP_BATCH]).delete()
            gone += deleted
            if deleted < DROP_BATCH:
                break
    return gone


def _deliver(
    workspace_id: uuid.UUID,
    channel_id: uuid.UUID,
    message: Message,
    source_key: str,
    purpose: Purpose,
    now: datetime,
) -> Outcome:
    began = time.monotonic()
    with workspace_scope(workspace_id):
        claim = _claim(workspace_id, channel_id, message.cleaned(), source_key, purpose, now)
    if isinstance(claim, Outcome):
        return claim
    if claim.kind == ChannelKind.EMAIL and not claim.config["to"]:
        outcome = failure("no_recipient", detail="None of the addresses is a member's any more.")
    else:
        outcome = TRANSPORTS[claim.kind].send(claim.config, claim.parcel)
    ended_at = now + timedelta(seconds=time.monotonic() - began)
    with workspace_scope(workspace_id):
        _record(claim, outcome, ended_at)
    return outcome


def _claim(
    workspace_id: uuid.UUID,
    channel_id: uuid.UUID,
    message: Message,
    source_key: str,
    purpose: Purpose,
    now: datetime,
) -> _Claim | Outcome:
    """Return the right to send, or what there is to say without sending."""
    channel = selectors.get_channel(workspace_id=workspace_id, channel_id=channel_id)
    if purpose == Purpose.TEST:
        _refuse_too_many_tests(workspace_id, now)
    delivery, is_new = Delivery.objects.select_for_update(of=("self",)).get_or_create(
        channel=channel,
        source_key=source_key,
        defaults={
            "workspace_id": workspace_id,
            "purpose": purpose,
            "subject": message.subject,
            "body": message.body,
            "state": DeliveryState.SENDING,
            "created_at": now,
            "started_at": now,
        },
    )
    if not is_new:
        if (said := _without_sending(delivery, now)) is not None:
            return said
        was_interrupted = delivery.state == DeliveryState.SENDING
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.SENDING,
            attempts=F("attempts") + 1,
            interrupted=F("interrupted") + int(was_interrupted),
            started_at=now,
            ended_at=None,
        )
        delivery.refresh_from_db(fields=["attempts", "interrupted"])
    return _Claim(
        delivery_id=delivery.id,
        attempt=delivery.attempts,
        kind=channel.kind,
        config=_config_for_now(channel),
        parcel=Parcel(
            id=delivery.id,
            # What was stored at first: a retry never says something else under the same key.
            message=Message(subject=delivery.subject, body=delivery.body),
            channel_name=channel.name,
            workspace_id=workspace_id,
            sent_at=now,
            may_repeat=delivery.interrupted > 0,
        ),
    )


def _without_sending(delivery: Delivery, now: datetime) -> Outcome | None:
    if delivery.state == DeliveryState.SENDING:
        if delivery.started_at <= now - SENDING_AT_MOST:
            return None
        return failure("in_progress", detail="Another process is sending it.", retryable=True)
    assert delivery.outcome is not None, "kept by a CHECK"
    outcome = Outcome.from_json(delivery.outcome)
    may_again = delivery.state == DeliveryState.FAILED and outcome.retryable
    return None if may_again else outcome


def _config_for_now(channel: Channel) -> Config:
    """Leave out who is no longer a member of the account since the channel was made."""
    config = channel.settings
    if channel.kind == ChannelKind.EMAIL:
        known = tenancy.list_confirmed_addresses(workspace_id=channel.workspace_id)
        config = config | {"to": [address for address in config["to"] if address in known]}
    return config


def _refuse_too_many_tests(workspace_id: uuid.UUID, now: datetime) -> None:
    lock_channels(workspace_id)
    tests = Delivery.objects.for_workspace(workspace_id).tests_since(now - TEST_WINDOW)
    times = list(tests.order_by("created_at").values_list("created_at", flat=True))
    if len(times) >= TESTS_PER_MINUTE:
        free_at = times[-TESTS_PER_MINUTE] + TEST_WINDOW
        raise TooManyTests(
            f"At most {TESTS_PER_MINUTE} test messages a minute.",
            retry_after_seconds=max(int((free_at - now).total_seconds()) + 1, 1),
        )


def _record(claim: _Claim, outcome: Outcome, ended_at: datetime) -> None:
    """Store the end of this try; a try that was given up for dead changes nothing any more."""
    state = DeliveryState.DELIVERED if outcome.ok else DeliveryState.FAILED
    Delivery.objects.filter(
        pk=claim.delivery_id, state=DeliveryState.SENDING, attempts=claim.attempt
    ).update(state=state, outcome=outcome.as_json(), ended_at=ended_at)
    say = logger.info if outcome.ok else logger.warning
    say(
        "delivery.ended",
        delivery_id=str(claim.delivery_id),
        kind=claim.kind,
        attempt=claim.attempt,
        state=state.value,
        status=outcome.status,
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )
