"""Once per source key, whoever dies when."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.outbound import Outcome
from apps.notifications import services
from apps.notifications.errors import ChannelNotFound
from apps.notifications.models import Delivery
from apps.notifications.services import Message
from apps.notifications.transports import TRANSPORTS
from apps.tenancy.isolation import workspace_scope
from tests.factories.notifications import confirm, make_channel
from tests.factories.tenancy import join
from tests.mailbox import mailbox
from tests.receivers import receiving

pytestmark = pytest.mark.django_db
MESSAGE = Message(subject="orders is late", body="Since 6:00.")


def deliver(channel, key="firing:1", message=MESSAGE, now=None):
    return services.deliver(
        workspace_id=channel.workspace_id,
        channel_id=channel.id,
        message=message,
        source_key=key,
        now=now or utc_now(),
    )


def only_delivery(channel):
    with workspace_scope(channel.workspace_id):
        return Delivery.objects.get(channel=channel)


@pytest.fixture
def receiver(settings):
    with receiving() as receiver:
        settings.OUTBOUND_ALLOWED_HOSTS = {receiver.place}
        yield receiver


@pytest.fixture
def channel(workspace, receiver):
    return make_channel(workspace, url=f"http://{receiver.place}/in")


def answer(status):
    return f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_message_is_sent_once_per_source_key(channel, receiver):
    first, again, other = deliver(channel), deliver(channel), deliver(channel, key="firing:2")

    assert first.ok
    assert again.as_json() == first.as_json()
    assert other.ok
    assert len(receiver.requests) == 2


def test_a_retryable_failure_is_tried_again_with_what_was_stored_first(channel, receiver):
    receiver.answer = answer(503)
    failed = deliver(channel)
    receiver.answer = answer(200)

    later = deliver(channel, message=Message(subject="other", body="other"))

    delivery = only_delivery(channel)
    assert (failed.ok, failed.retryable, later.ok) == (False, True, True)
    assert json.loads(receiver.body)["subject"] == "orders is late"
    assert json.loads(receiver.body)["may_repeat"] is False
    assert (delivery.state, delivery.attempts, delivery.interrupted) == ("DELIVERED", 2, 0)


def test_what_can_never_be_delivered_is_not_tried_again(channel, receiver):
    receiver.answer = answer(410)

    outcomes = {deliver(channel).status, deliver(channel).status}

    assert outcomes == {410}
    assert len(receiver.requests) == 1
    assert only_delivery(channel).state == "FAILED"


class Dying:
    """A transport whose process is killed after the message has left."""

    def __init__(self, real):
        self.real = real

    def send(self, config, parcel):
        self.real.send(config, parcel)
        raise SystemExit("killed")


def test_who_dies_while_sending_leaves_it_to_be_repeated_but_not_in_silence(
    channel, receiver, monkeypatch
):
    now = utc_now()
    with monkeypatch.context() as patch:
        patch.setitem(TRANSPORTS, "WEBHOOK", Dying(TRANSPORTS["WEBHOOK"]))
        with pytest.raises(SystemExit):
            deliver(channel, now=now)

    too_early = deliver(channel, now=now + timedelta(minutes=4))
    in_time = deliver(channel, now=now + timedelta(minutes=6))

    told = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in receiver.requests]
    delivery = only_delivery(channel)
    assert (too_early.error, too_early.retryable) == ("in_progress", True)
    assert in_time.ok
    assert [each["may_repeat"] for each in told] == [False, True]
    assert len({each["id"] for each in told}) == 1
    assert (delivery.state, delivery.attempts, delivery.interrupted) == ("DELIVERED", 2, 1)


def test_a_sender_given_up_for_dead_changes_nothing_any_more(channel, monkeypatch):
    """It was merely very slow, and ends after another one has taken over and delivered."""
    now = utc_now()
    real = TRANSPORTS["WEBHOOK"]

    class Slow:
        def send(self, config, parcel):
            monkeypatch.setitem(TRANSPORTS, "WEBHOOK", real)
            assert deliver(channel, now=now + timedelta(minutes=6)).ok
            return Outcome(status=500, error=None, retryable=True)

    monkeypatch.setitem(TRANSPORTS, "WEBHOOK", Slow())
    deliver(channel, now=now)

    delivery = only_delivery(channel)
    assert (delivery.state, delivery.outcome["status"]) == ("DELIVERED", 200)


@pytest.mark.django_db(transaction=True)
def test_of_senders_at_the_same_moment_one_sends(channel, receiver):
    ready = threading.Barrier(6)

    def run():
        try:
            ready.wait()
            return deliver(channel)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        outcomes = [future.result() for future in [pool.submit(run) for _ in range(6)]]

    assert len(receiver.requests) == 1
    assert sum(outcome.ok for outcome in outcomes) >= 1
    assert {outcome.error for outcome in outcomes} <= {None, "in_progress"}


def test_nothing_is_open_while_the_receiver_takes_its_time(channel, receiver, monkeypatch):
    seen = []
    real = TRANSPORTS["WEBHOOK"]

    class Watching:
        def send(self, config, parcel):
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('app.workspace', true)")
                seen.append(cursor.fetchone()[0])
            return real.send(config, parcel)

    monkeypatch.setitem(TRANSPORTS, "WEBHOOK", Watching())
    deliver(channel)

    assert seen in ([""], [None])


def test_a_rivals_channel_does_not_exist(channel, rival_workspace, receiver):
    with pytest.raises(ChannelNotFound):
        services.deliver(
            workspace_id=rival_workspace.id,
            channel_id=channel.id,
            message=MESSAGE,
            source_key="x",
            now=utc_now(),
        )

    assert receiver.connections == 0


def test_mail_goes_to_members_only_even_when_they_left_since(
    workspace, alice, unused_tcp_port_number
):
    carol = join("carol@acme.example", workspace, "VIEWER")
    channel = make_channel(workspace, "EMAIL", to=[confirm(alice), confirm(carol)])

    with mailbox(unused_tcp_port_number) as box:
        deliver(channel, key="1")
        carol.user.is_active = False
        carol.user.save()
        deliver(channel, key="2")
        alice.user.is_active = False
        alice.user.save()
        nobody = deliver(channel, key="3")

    assert box.recipients == [[alice.user.email, carol.user.email], [alice.user.email]]
    assert (nobody.error, nobody.retryable) == ("no_recipient", False)


def test_old_deliveries_go_with_the_retention(workspace, rival_workspace, channel, as_worker):
    now = utc_now()
    rivals = make_channel(rival_workspace, url="https://h.example.com/")
    for each, days in ((channel, 0), (channel, 40), (rivals, 40)):
        with workspace_scope(each.workspace_id):
            Delivery.objects.create(
                workspace_id=each.workspace_id,
                channel=each,
                source_key=f"{days}",
                purpose="MESSAGE",
                subject="s",
                body="b",
                state="SENDING",
                created_at=now - timedelta(days=days),
                started_at=now,
            )

    with as_worker():
        gone = services.drop_old_deliveries(now=now)
        left = list(Delivery.objects.values_list("source_key", flat=True))

    assert gone == 2
    assert left == ["0"]
