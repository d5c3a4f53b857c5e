"""Channels through their routes: who may, what is refused, and that no secret comes out."""

import json
import logging

import pytest

from apps.notifications.models import Channel, Delivery
from apps.notifications.services.channels import MAX_CHANNELS
from apps.tenancy.isolation import workspace_scope
from tests.factories.notifications import confirm, make_channel
from tests.factories.tenancy import join, make_key
from tests.receivers import receiving

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/T0/s3cret"
WEBHOOK = {"name": "ops", "kind": "WEBHOOK", "config": {"url": URL}}


def count(workspace):
    with workspace_scope(workspace.id):
        return Channel.objects.count()


def test_a_webhooks_drawn_secret_is_shown_once_and_its_address_never(api, alice):
    made = api(alice).post("channels", WEBHOOK)

    channel = made.json()
    path = f"channels/{channel['id']}"
    shown = api(alice).get(path)
    listed = api(alice).get("channels")
    renamed = api(alice).patch(path, {"name": "on call"})
    moved = api(alice).patch(path, {"config": {"url": f"{URL}-2"}})

    assert made.status_code == 201
    assert channel["secret"].startswith("whsec_")
    assert channel["config"] == {"url": "https://hooks.example.com/…", "secret": "…"}
    assert channel["created_by"]["email"] == alice.user.email
    assert channel["last_delivery"] is None
    assert renamed.json()["name"] == "on call"
    assert listed.json()["items"][0]["id"] == channel["id"]
    for answer in (made, shown, listed, renamed, moved):
        assert b"s3cret" not in answer.content
    for answer in (shown, listed, renamed, moved):
        assert channel["secret"] not in answer.content.decode()


def test_slack_and_mail_have_no_secret_to_show(api, alice):
    slack = {"name": "slack", "kind": "SLACK", "config": {"url": URL}}
    mail = {"name": "mail", "kind": "EMAIL", "config": {"to": [confirm(alice)]}}

    answers = [api(alice).post("channels", each).json() for each in (slack, mail)]

    assert [each["secret"] for each in answers] == [None, None]
    assert [each["config"] for each in answers] == [
        {"url": "https://hooks.example.com/…"},
        {"to": ["a…@acme.example"]},
    ]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"kind": "PIGEON"}, ["kind"]),
        ({"kind": "APPRISE"}, ["kind"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 121}, ["name"]),
        ({"config": {"url": "http://127.0.0.1/"}}, ["config.url"]),
        ({"config": {"url": "http://169.254.169.254/"}}, ["config.url"]),
        ({"config": {"url": URL, "other": 1}}, ["config.other"]),
        ({"config": "x"}, ["config"]),
        ({"colour": "red"}, ["colour"]),
        ({"kind": "EMAIL", "config": {"to": ["stranger@else.example"]}}, ["config.to"]),
    ],
)
def test_a_bad_channel_is_refused_by_field(api, alice, workspace, change, fields):
    answer = api(alice).post("channels", WEBHOOK | change)

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == fields
    assert count(workspace) == 0


def test_mail_to_an_unconfirmed_address_of_a_member_is_refused(api, alice):
    mail = {"name": "mail", "kind": "EMAIL", "config": {"to": [alice.user.email]}}

    refused = api(alice).post("channels", mail)
    confirm(alice)
    taken = api(alice).post("channels", mail)

    assert (refused.status_code, taken.status_code) == (400, 201)


def test_names_are_unique_within_the_workspace(api, alice, mallory, workspace):
    first = api(alice).post("channels", WEBHOOK)
    twin = api(alice).post("channels", WEBHOOK)
    rivals = api(mallory).post("channels", WEBHOOK)

    assert [first.status_code, twin.status_code, rivals.status_code] == [201, 400, 201]
    assert list(twin.json()["error"]["fields"]) == ["name"]
    assert count(workspace) == 1


def test_a_workspace_has_so_many_channels_and_no_more(api, alice, workspace):
    with workspace_scope(workspace.id):
        Channel.objects.bulk_create(
            Channel(workspace_id=workspace.id, name=f"c{n}", kind="SLACK", config="{}")
            for n in range(MAX_CHANNELS)
        )

    answer = api(alice).post("channels", WEBHOOK)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "channel_limit"
    assert answer.json()["error"]["details"] == {"limit": MAX_CHANNELS}
    assert count(workspace) == MAX_CHANNELS


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [("DEVELOPER", True, True), ("RUNNER", True, False), ("VIEWER", True, False)],
)
def test_roles(api, workspace, role, reads, writes):
    person = api(join("p@acme.example", workspace, role))
    channel = make_channel(workspace)

    read = person.get(f"channels/{channel.id}").status_code
    write = person.patch(f"channels/{channel.id}", {"name": "mine"}).status_code

    assert (read == 200, write == 200) == (reads, writes)
    assert {read, write} <= {200, 403}


def test_an_agents_key_sees_no_channels(api, agent_key, workspace):
    assert api(agent_key, workspace).get("channels").status_code == 403


def test_deleting_takes_the_deliveries_along(api, alice, workspace, settings):
    with receiving() as receiver:
        settings.OUTBOUND_ALLOWED_HOSTS = {receiver.place}
        channel = make_channel(workspace, url=f"http://{receiver.place}/")
        api(alice).post(f"channels/{channel.id}/tests")

    gone = api(alice).delete(f"channels/{channel.id}")

    assert gone.status_code == 204
    assert api(alice).get(f"channels/{channel.id}").status_code == 404
    with workspace_scope(workspace.id):
        assert not Delivery.objects.exists()


def test_a_test_message_says_what_happened(api, alice, workspace, settings):
    with receiving() as receiver:
        settings.OUTBOUND_ALLOWED_HOSTS = {receiver.place}
        channel = make_channel(workspace, url=f"http://{receiver.place}/in/s3cret")

        good = api(alice).post(f"channels/{channel.id}/tests")
        receiver.answer = b"HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nwrong"
        bad = api(alice).post(f"channels/{channel.id}/tests")

    assert (good.status_code, bad.status_code) == (200, 200)
    assert good.json() | {"duration_ms": 0} == {
        "ok": True,
        "status": 200,
        "error": None,
        "retryable": False,
        "detail": "",
        "retry_after_seconds": None,
        "duration_ms": 0,
    }
    assert (bad.json()["ok"], bad.json()["status"], bad.json()["detail"]) == (False, 403, "wrong")
    assert json.loads(receiver.body)["subject"] == "Test message from Headway"
    sent = api(alice).get(f"channels/{channel.id}/deliveries").json()["items"]
    assert [(each["purpose"], each["state"]) for each in sent] == [
        ("TEST", "FAILED"),
        ("TEST", "DELIVERED"),
    ]
    assert "body" not in sent[0]
    assert sent[0]["source"] != sent[1]["source"]
    last = api(alice).get("channels").json()["items"][0]["last_delivery"]
    assert last == sent[0]


def test_a_test_never_reaches_inside_by_a_name(api, alice, workspace):
    """`localhost.localdomain`-like names pass the form; the address they lead to does not."""
    with receiving() as receiver:
        # Allowed when it was saved, and no longer when it is called.
        channel = make_channel(workspace, url="https://hooks.example.com/")
        with workspace_scope(workspace.id):
            url = json.dumps({"url": f"http://127.0.0.1:{receiver.port}/", "secret": "x" * 20})
            Channel.objects.filter(pk=channel.pk).update(config=url)

        answer = api(alice).post(f"channels/{channel.id}/tests")

    assert answer.json()["error"] in {"address_refused", "bad_url"}
    assert receiver.connections == 0


def test_tests_are_limited(api, alice, workspace, settings):
    with receiving() as receiver:
        settings.OUTBOUND_ALLOWED_HOSTS = {receiver.place}
        channel = make_channel(workspace, url=f"http://{receiver.place}/")
        path = f"channels/{channel.id}/tests"

        codes = [api(alice).post(path).status_code for _ in range(5)]
        sixth = api(alice).post(path)

    assert codes == [200] * 5
    assert sixth.status_code == 429
    assert sixth.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(sixth["Retry-After"]) <= 61
    assert len(receiver.requests) == 5


def test_no_secret_gets_into_the_log(api, alice, settings, caplog, workspace):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel("WARNING")  # as `core.logging.configure` does
    with receiving() as receiver:
        settings.OUTBOUND_ALLOWED_HOSTS = {receiver.place}
        body = {"url": f"http://{receiver.place}/T0/s3cret", "secret": "very-s3cret-for-signing"}
        made = api(alice).post("channels", WEBHOOK | {"config": body}).json()
        api(alice).post(f"channels/{made['id']}/tests")
        receiver.answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
        api(alice).post(f"channels/{made['id']}/tests")

    said = caplog.text + repr([record.__dict__ for record in caplog.records])
    assert len(receiver.requests) == 2
    assert "s3cret" not in said


def test_the_client_that_tells_addresses_is_silenced():
    from apps.core.logging import configure

    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("httpx2").level)
    try:
        logging.getLogger("httpx2").setLevel("NOTSET")
        configure(level="INFO", renderer="json")

        assert not logging.getLogger("httpx2").isEnabledFor(logging.INFO)
        assert not logging.getLogger("httpcore2.connection").isEnabledFor(logging.DEBUG)
    finally:
        root.handlers[:], level, client = before[0], before[1], before[2]
        root.setLevel(level)
        logging.getLogger("httpx2").setLevel(client)


def test_lists_cost_the_same_however_many_there_are(api, alice, workspace, queries_of):
    make_channel(workspace, name="1")
    client = api(alice)
    client.get("channels")
    _, few = queries_of(lambda: client.get("channels"))
    for number in range(2, 12):
        make_channel(workspace, name=str(number))

    answer, many = queries_of(lambda: client.get("channels"))

    assert len(answer.json()["items"]) == 11
    assert many == few


def test_pages_go_on_where_they_ended(api, alice, workspace):
    for number in range(5):
        make_channel(workspace, name=str(number))

    first = api(alice).get("channels?limit=3").json()
    second = api(alice).get(f"channels?limit=3&cursor={first['next_cursor']}").json()

    assert [item["name"] for item in first["items"] + second["items"]] == list("43210")
    assert second["next_cursor"] is None


def test_a_key_with_the_scope_makes_channels(api, alice, workspace):
    key = make_key(alice, scopes=["channels:write"])

    assert api(key, workspace).post("channels", WEBHOOK).status_code == 201
    assert api(key, workspace).get("channels").status_code == 403
