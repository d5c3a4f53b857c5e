"""Bodies as the services send and sign them: what becomes of them, of repeats and of forgeries."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from apps.core import outbound
from apps.core.clock import utc_now

pytestmark = pytest.mark.django_db
SECRET = "a secret of theirs"


def hex_of(secret, signed):
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def wire(body):
    return body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()


def ago(**delta):
    return (utc_now() - timedelta(**delta)).replace(microsecond=0)


def iso(at):
    return at.isoformat().replace("+00:00", "Z")


def github(body, *, secret=SECRET, event="push", **_):
    data = wire(body)
    return data, {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": f"sha256={hex_of(secret, data)}",
    }


def stripe(body, *, secret=SECRET, at=None, **_):
    data, at = wire(body), int(at or time.time())
    return data, {"Stripe-Signature": f"t={at},v1={hex_of(secret, b'%d.' % at + data)},v0=abc"}


def slack(body, *, secret=SECRET, at=None, **_):
    data, at = wire(body), int(at or time.time())
    return data, {
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={hex_of(secret, b'v0:%d:' % at + data)}",
    }


def dbt(body, *, secret=SECRET, **_):
    data = wire(body)
    return data, {"Authorization": hex_of(secret, data)}


def eventbridge(body, *, secret=SECRET, **_):
    return wire(body), {"X-Api-Key": secret}


def plain(body, *, secret=SECRET, **_):
    data = wire(body)
    return data, {"X-Signature": hex_of(secret, data), "X-Delivery-Id": "d-1"}


def standard(body, *, secret=SECRET, at=None, **_):
    data, at = wire(body), int(at or time.time())
    signed = b"msg_1.%d." % at + data
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return data, {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }


def own(body, *, secret=SECRET, at=None, **_):
    data = wire(body)
    moment = datetime.fromtimestamp(at, UTC) if at else utc_now()
    return data, {"Headway-Signature": outbound.sign(secret, data, at=moment)}


PUSHED = ago(minutes=2)
PUSH = {
    "ref": "refs/heads/main",
    "repository": {"full_name": "acme/warehouse", "pushed_at": int(PUSHED.timestamp())},
    "sender": {"login": "alice"},
    "commits": [{"id": "abc", "message": "Load orders – again"}],
}
CREATED = ago(minutes=3)
INVOICE = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.paid",
    "created": int(CREATED.timestamp()),
    "data": {"object": {"id": "in_1", "object": "invoice", "customer": "cus_1"}},
}
MESSAGE = {
    "token": "verification-token",
    "team_id": "T1",
    "type": "event_callback",
    "event_id": "Ev1",
    "event_time": int(CREATED.timestamp()),
    "event": {"type": "message", "subtype": "bot_message", "channel": "C1", "user": "U1"},
}
FINISHED = {
    "accountId": 1,
    "eventId": "wev_1",
    "timestamp": iso(ago(minutes=1)),
    "eventType": "job.run.completed",
    "data": {
        "jobName": "Daily job",
        "runId": "12345",
        "environmentName": "Production",
        "projectName": "Warehouse",
        "runStartedAt": iso(ago(minutes=9)),
        "runFinishedAt": iso(CREATED),
    },
}
OBJECT = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "time": iso(CREATED),
    "resources": ["arn:aws:s3:::acme-lake"],
    "detail": {
        "bucket": {"name": "acme-lake"},
        "object": {"key": "orders/a b+c.parquet", "size": 5},
        "requester": "123456789012",
    },
}
ANY = {"status": "done", "rows": 3}

# preset, how it signs, a body, the event's name, when, about what
CASES = {
    "github": ("GITHUB", github, PUSH, "github.push", PUSHED, "repository acme/warehouse"),
    "stripe": ("STRIPE", stripe, INVOICE, "stripe.invoice.paid", CREATED, "invoice in_1"),
    "slack": ("SLACK", slack, MESSAGE, "slack.message.bot_message", CREATED, "channel C1"),
    "dbt": ("DBT_CLOUD", dbt, FINISHED, "dbt.job.run.completed", CREATED, "job Daily job"),
    "eventbridge": (
        *("EVENTBRIDGE", eventbridge, OBJECT, "s3.object_created", CREATED),
        "file orders/a b+c.parquet",
    ),
    "generic": ("GENERIC", plain, ANY, "webhook.received", None, "webhook generic"),
    "standard": ("GENERIC", standard, ANY, "webhook.received", None, "webhook generic"),
    "own": ("GENERIC", own, ANY, "webhook.received", None, "webhook generic"),
}
EACH = pytest.mark.parametrize("case", CASES)
TIMED = pytest.mark.parametrize("case", ["stripe", "slack", "standard", "own"])


@EACH
def test_a_delivery_becomes_an_event(make_hook, case):
    preset, sign, body, name, at, about = CASES[case]
    hook = make_hook(preset, secret=SECRET)

    answer = hook.deliver(*sign(body))

    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    (event,) = hook.events()
    assert (event.name, f"{event.resource_kind} {event.resource_name}") == (name, about)
    assert event.source == "webhook"
    assert at is None or event.occurred_at == at
    assert event.payload == {key: value for key, value in body.items() if key != "token"}
    now = hook.now()
    assert (now["received_count"], now["refused_count"]) == (1, 0)
    assert now["last_received_at"] is not None


@EACH
def test_a_repeated_delivery_is_a_duplicate(make_hook, case):
    preset, sign, body, *_ = CASES[case]
    hook = make_hook(preset, secret=SECRET)
    data, headers = sign(body)
    hook.deliver(data, headers)

    answer = hook.deliver(data, headers)

    assert answer.json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert len(hook.events()) == 1


FORGERIES = [
    (case, how)
    for case in CASES
    for how in ("another secret", "another body", "no signature")
    if (case, how) != ("eventbridge", "another body")  # its key stands beside the body
]


@pytest.mark.parametrize(("case", "how"), FORGERIES)
def test_a_forged_delivery_is_refused(make_hook, case, how):
    preset, sign, body, *_ = CASES[case]
    hook = make_hook(preset, secret=SECRET)
    data, headers = sign(body, secret="not the secret" if how == "another secret" else SECRET)
    if how == "another body":
        data = data.replace(b":", b": ", 1)
    if how == "no signature":
        headers = {name: value for name, value in headers.items() if name == "X-GitHub-Event"}

    answer = hook.deliver(data, headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "bad_signature"
    assert hook.has_nothing()
    assert hook.refused() == {("webhook", "bad_signature"): 1}
    now = hook.now()
    assert (now["received_count"], now["refused_count"]) == (0, 1)


@TIMED
@pytest.mark.parametrize("minutes", [-6, 6], ids=["long ago", "yet to come"])
def test_a_signature_of_another_time_is_refused(make_hook, case, minutes):
    preset, sign, body, *_ = CASES[case]
    hook = make_hook(preset, secret=SECRET)

    answer = hook.deliver(*sign(body, at=time.time() + minutes * 60))

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "stale_delivery")
    assert hook.has_nothing()
    assert hook.refused() == {("webhook", "stale_delivery"): 1}


@TIMED
def test_one_of_some_minutes_ago_is_not(make_hook, case):
    preset, sign, body, *_ = CASES[case]
    hook = make_hook(preset, secret=SECRET)

    assert hook.deliver(*sign(body, at=time.time() - 280)).status_code == 200


def test_a_body_repeated_under_another_id_is_one_event(make_hook):
    """GitHub signs the body and not the delivery's id."""
    hook = make_hook("GITHUB", secret=SECRET)
    data, headers = github({"zen": "Keep it logically awesome."}, event="ping")
    hook.deliver(data, headers)

    answer = hook.deliver(data, headers | {"X-GitHub-Delivery": "another"})

    assert answer.json()["duplicates"] == 1


def test_github_may_send_forms(make_hook):
    hook = make_hook("GITHUB", secret=SECRET)
    data = urlencode({"payload": json.dumps(PUSH)}).encode()
    headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={hex_of(SECRET, data)}"}

    answer = hook.deliver(data, headers, "application/x-www-form-urlencoded")

    assert answer.json()["accepted"] == 1
    assert hook.events()[0].payload["ref"] == "refs/heads/main"


def test_the_end_of_a_workflow_run_follows_its_beginning(make_hook):
    hook = make_hook("GITHUB", secret=SECRET)
    run = {
        "id": 7,
        "run_attempt": 1,
        "name": "Nightly",
        "run_started_at": iso(ago(minutes=8)),
        "updated_at": iso(ago(minutes=7)),
    }
    about = {"repository": {"full_name": "acme/warehouse"}, "sender": {"login": "alice"}}
    for action, more in (("requested", {}), ("completed", {"updated_at": iso(ago(minutes=1))})):
        body = about | {"action": action, "workflow_run": run | more}
        assert hook.deliver(*github(body, event="workflow_run")).json()["accepted"] == 1

    began, ended = hook.events()

    assert (began.name, ended.name) == (
        "github.workflow_run.requested",
        "github.workflow_run.completed",
    )
    assert (began.follows, ended.follows) == (None, began.id)
    assert (ended.resource_kind, ended.resource_name) == ("job", "Nightly")
    assert ended.resource_namespace == "github.com/acme/warehouse"


def test_the_end_of_a_dbt_run_follows_its_beginning(make_hook):
    hook = make_hook("DBT_CLOUD", secret=SECRET)
    began = FINISHED["data"] | {"runFinishedAt": None}
    started = FINISHED | {"eventType": "job.run.started", "eventId": "wev_0", "data": began}

    assert hook.deliver(*dbt(started)).json()["accepted"] == 1
    assert hook.deliver(*dbt(FINISHED)).json()["accepted"] == 1

    first, second = hook.events()
    assert (first.name, second.follows) == ("dbt.job.run.started", first.id)


def test_slack_asks_whether_the_address_is_ours(make_hook):
    hook = make_hook("SLACK", secret=SECRET)
    body = {"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}

    answer = hook.deliver(*slack(body))
    forged = hook.deliver(*slack(body, secret="not the secret"))

    assert (answer.status_code, answer.content) == (200, b"3eZbrw1aB")
    assert forged.status_code == 401
    assert hook.has_nothing()


def test_github_and_eventbridge_get_a_secret_when_none_is_given(make_hook):
    hook = make_hook("GITHUB")

    assert len(hook.secret) > 30
    assert hook.deliver(*github(PUSH, secret=hook.secret)).status_code == 200
    assert "secret" not in hook.now()


def test_without_a_secret_whoever_knows_the_address_may_send(make_hook):
    hook = make_hook("GENERIC")

    assert hook.deliver(ANY).json()["accepted"] == 1
    assert hook.deliver(ANY).json()["accepted"] == 1  # nothing says that it is the same
    assert hook.deliver(ANY, {"X-Request-Id": "one"}).json()["accepted"] == 1
    assert hook.deliver(ANY, {"X-Request-Id": "one"}).json()["duplicates"] == 1


def test_what_is_larger_than_a_payload_loses_its_largest_parts(make_hook):
    hook = make_hook("GITHUB", secret=SECRET)
    commits = [{"message": "x" * 1_000} for _ in range(100)]

    assert hook.deliver(*github(PUSH | {"commits": commits})).json()["accepted"] == 1

    (event,) = hook.events()
    assert "commits" not in event.payload
    assert event.payload["_headway"] == {"left_out": ["commits"]}
    assert event.payload["ref"] == "refs/heads/main"


@pytest.mark.parametrize(
    ("preset", "sign", "body", "field"),
    [
        ("STRIPE", stripe, INVOICE | {"created": "soon"}, "created"),
        ("STRIPE", stripe, INVOICE | {"created": 10**30}, "created"),
        ("STRIPE", stripe, INVOICE | {"id": None}, "id"),
        ("SLACK", slack, MESSAGE | {"event_time": [1]}, "event_time"),
        ("DBT_CLOUD", dbt, FINISHED | {"data": []}, "data.runId"),
        ("DBT_CLOUD", dbt, FINISHED | {"timestamp": "2026-02-30"}, "timestamp"),
        ("EVENTBRIDGE", eventbridge, OBJECT | {"detail": "x"}, "detail.bucket.name"),
        ("EVENTBRIDGE", eventbridge, OBJECT | {"time": "0001-01-01T00:00:00+23:59"}, "time"),
    ],
    ids=[
        *("no time", "a huge time", "no id", "a list for a time", "no run", "no day", "no bucket"),
        "before all time",
    ],
)
def test_what_lacks_something_is_refused_by_its_field(make_hook, preset, sign, body, field):
    hook = make_hook(preset, secret=SECRET)

    answer = hook.deliver(*sign(body))

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["details"]["rejected"][0]["field"]) == ("nothing_taken", field)
    assert hook.has_nothing()
    assert hook.refused() == {("webhook", "invalid_item"): 1}
