"""The log sent on: signed, in order, at least once, and paused when nobody takes it."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.identity import services as identity
from apps.tenancy import audit, services
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry, AuditStream, PendingAuditEntry
from apps.tenancy.services import audit_streams as under_test
from tests.isolation import as_worker
from tests.receivers import receiving

pytestmark = pytest.mark.django_db
SECRET = "a secret of some length"


class Clock:
    """The time, which passes when it is told to."""

    def __init__(self):
        self.now = utc_now()

    def __call__(self):
        return self.now

    def pass_by(self, **much):
        self.now += timedelta(**much)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def stream(workspace):
    return f"/api/v1/account/{workspace.account_id}/audit/stream"


@pytest.fixture
def receiver(settings):
    with receiving() as found:
        settings.OUTBOUND_ALLOWED_HOSTS = [found.place]
        yield found


@pytest.fixture
def streaming(api, alice, stream, receiver):
    body = {"url": f"http://{receiver.place}/hook/s3cret", "secret": SECRET}
    answer = api(alice).put(stream, body)
    assert answer.status_code == 200
    return answer.json()


def change(workspace, name="thing"):
    audit.record(
        action="thing.changed",
        target=audit.Object(kind="thing", id=name, name=name),
        after={"name": name},
        workspace_id=workspace.id,
    )


def send(workspace, clock):
    return services.send_audit_entries(account_id=workspace.account_id, clock=clock)


def row(workspace):
    with account_scope(workspace.account_id):
        return AuditStream.objects.get()


def waiting(workspace):
    with account_scope(workspace.account_id):
        return PendingAuditEntry.objects.count()


def sent_by(request):
    return json.loads(request.partition(b"\r\n\r\n")[2])["entries"]


def test_it_is_set_shown_masked_and_removed(api, alice, stream, streaming, receiver, workspace):
    client = api(alice)
    assert (streaming["state"], streaming["last_error"]) == ("ACTIVE", None)
    assert streaming["url"] == f"http://{receiver.place}/…"
    assert SECRET not in client.get(stream).content.decode()

    assert client.delete(stream).status_code == 204

    assert client.get(stream).status_code == 404
    assert waiting(workspace) == 0
    with account_scope(workspace.account_id):
        everything = str(list(AuditEntry.objects.values()))
    assert "s3cret" not in everything
    assert SECRET not in everything
    assert "audit.stream_removed" in everything


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://hooks.example.com/x"}, "secret"),
        ({"url": "https://hooks.example.com/x", "secret": "short"}, "secret"),
        ({"url": "https://hooks.example.com/x", "secret": "ä" * 20}, "secret"),
        ({"url": "http://127.0.0.1/x", "secret": SECRET}, "url"),
        ({"url": "ftp://example.com", "secret": SECRET}, "url"),
    ],
)
def test_what_cannot_work_is_refused(api, alice, stream, workspace, body, field):
    answer = api(alice).put(stream, body)

    assert list(answer.json()["error"]["fields"]) == [field]
    with account_scope(workspace.account_id):
        assert not AuditStream.objects.exists()


def test_entries_arrive_signed_in_order_once(streaming, workspace, receiver, clock):
    assert send(workspace, clock) == 1  # that it was set
    for number in range(5):
        change(workspace, f"t{number}")

    assert send(workspace, clock) == 5
    assert send(workspace, clock) == 0

    assert [each["object"]["id"] for each in sent_by(receiver.requests[-1])] == [
        f"t{number}" for number in range(5)
    ]
    stamp, _, given = receiver.header("Headway-Signature").partition(",v1=")
    signed = stamp.removeprefix("t=").encode() + b"." + receiver.body
    assert given == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert receiver.header("Headway-Stream") == "audit"
    assert waiting(workspace) == 0


def test_names_of_who_deleted_themselves_meanwhile_are_not_sent(
    streaming, workspace, bob, receiver, clock
):
    send(workspace, clock)
    audit.record(
        action="thing.changed",
        target=audit.Object(kind="member", id="m", name="Bob", person_id=bob.user.id),
        after={"owner": audit.person(bob.user.id, "Bob")},
        workspace_id=workspace.id,
    )
    identity.erase_person(user_id=bob.user.id, now=utc_now())

    assert send(workspace, clock) == 1

    [entry] = sent_by(receiver.requests[-1])
    assert entry["object"]["name"] == entry["after"]["owner"]["name"] == "deleted user"


def test_a_long_backlog_goes_in_batches(streaming, workspace, receiver, clock, monkeypatch):
    monkeypatch.setattr(under_test, "BATCH", 2)
    for number in range(4):
        change(workspace, f"t{number}")

    assert send(workspace, clock) == 5

    names = [each["object"]["id"] for request in receiver.requests for each in sent_by(request)]
    assert names[1:] == ["t0", "t1", "t2", "t3"]
    assert [len(sent_by(request)) for request in receiver.requests] == [2, 2, 1]


def test_without_a_stream_nothing_waits(workspace):
    change(workspace)

    assert waiting(workspace) == 0


def test_a_change_that_is_taken_back_is_not_sent(streaming, workspace, receiver, clock):
    send(workspace, clock)
    count = len(receiver.requests)

    with pytest.raises(ZeroDivisionError):
        _change_and_fail(workspace)

    assert send(workspace, clock) == 0
    assert len(receiver.requests) == count


def _change_and_fail(workspace):
    from django.db import transaction

    with transaction.atomic():
        change(workspace)
        raise ZeroDivisionError


def test_what_was_refused_is_sent_again_later_and_in_order(streaming, workspace, receiver, clock):
    change(workspace, "first")
    receiver.answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
    assert send(workspace, clock) == 0
    found = row(workspace)
    assert (found.failures, found.last_error) == (1, "HTTP 503: busy")
    change(workspace, "second")
    assert send(workspace, clock) == 0  # not before its time
    assert len(receiver.requests) == 1

    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    clock.pass_by(seconds=6)
    assert send(workspace, clock) == 3

    assert [each["object"]["id"] for each in sent_by(receiver.requests[-1])][1:] == [
        "first",
        "second",
    ]
    found = row(workspace)
    assert (found.failures, found.last_error, found.failing_since) == (0, "", None)


def test_waits_double_up_to_an_hour_and_mind_the_receiver(streaming, workspace, receiver, clock):
    receiver.answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    waits = []
    for _ in range(12):
        send(workspace, clock)
        waits.append((row(workspace).next_attempt_at - clock.now).total_seconds())
        clock.now = row(workspace).next_attempt_at
    assert waits == [*(5 * 2**step for step in range(10)), 3600, 3600]

    receiver.answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    send(workspace, clock)
    assert row(workspace).next_attempt_at - clock.now == timedelta(hours=1)


def test_after_a_day_of_failures_it_is_paused_until_set_again(
    api, alice, stream, streaming, workspace, receiver, clock
):
    receiver.answer = b"HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\nwhose"
    send(workspace, clock)
    clock.pass_by(hours=24)
    send(workspace, clock)

    shown = api(alice).get(stream).json()
    assert (shown["state"], shown["last_error"]) == ("PAUSED", "HTTP 401: whose")
    assert shown["pending"] >= 1
    clock.pass_by(days=2)
    with as_worker():
        assert services.hand_out_audit_streams(now=clock.now) == 0
    asked = len(receiver.requests)
    assert send(workspace, clock) == 0
    assert len(receiver.requests) == asked

    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    again = api(alice).put(stream, {"url": f"http://{receiver.place}/hook"})
    assert (again.json()["state"], again.json()["last_error"]) == ("ACTIVE", None)
    assert send(workspace, clock) > 0
    assert waiting(workspace) == 0
    with account_scope(workspace.account_id):
        assert AuditEntry.objects.filter(action="audit.stream_paused").count() == 1


def test_a_receiver_that_is_gone_is_not_asked_again(streaming, workspace, receiver, clock):
    receiver.answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"

    send(workspace, clock)

    assert row(workspace).state == "PAUSED"


def test_two_workers_do_not_send_the_same(streaming, workspace, receiver, clock):
    with account_scope(workspace.account_id):
        first = under_test._claim(workspace.account_id, clock.now)
    second = under_test._claim(workspace.account_id, clock.now)

    assert first is not None
    assert second is None


def test_what_a_lost_worker_had_is_sent_again(streaming, workspace, receiver, clock):
    assert under_test._claim(workspace.account_id, clock.now) is not None
    with as_worker():
        assert services.hand_out_audit_streams(now=clock.now) == 0

    clock.pass_by(seconds=61)

    with as_worker():
        assert services.hand_out_audit_streams(now=clock.now) == 1
    assert send(workspace, clock) == 1


def test_streams_are_the_accounts_own(api, mallory, alice, stream, streaming, rival_workspace):
    own = f"/api/v1/account/{rival_workspace.account_id}/audit/stream"

    assert api(mallory).get(stream).status_code == 404
    assert api(mallory).get(own).status_code == 404
    change(rival_workspace)
    assert waiting(rival_workspace) == 0
