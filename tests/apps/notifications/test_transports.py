"""What arrives at real receivers: HTTP on a socket, and a mail server."""

import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime

import pytest

from apps.core.ids import uuid7
from apps.notifications.messages import Message, Parcel
from apps.notifications.transports import TRANSPORTS, BadConfigError
from apps.notifications.transports.email import EmailTransport
from apps.notifications.transports.slack import SlackTransport
from apps.notifications.transports.webhook import WebhookTransport
from tests.mailbox import mailbox
from tests.receivers import StagedNetwork, public, receiving, redirect_to

URL = "http://hooks.example.com/T0/s3cret"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def parcel(**changes):
    return Parcel(
        **{
            "id": uuid7(),
            "message": Message(subject="orders is late", body="Since 6:00.\nSee <b>there</b>."),
            "channel_name": "ops",
            "workspace_id": uuid7(),
            "sent_at": AT,
            "may_repeat": False,
        }
        | changes
    )


def test_a_webhook_is_signed_json_that_names_its_delivery():
    sent = parcel()
    with receiving() as receiver:
        transport = WebhookTransport(public(receiver))
        config = transport.read({"url": URL}, None)

        outcome = transport.send(config, sent)

    body = json.loads(receiver.body)
    moment = receiver.header("Headway-Signature").split(",")[0].removeprefix("t=")
    expected = hmac.new(
        config["secret"].encode(), f"{moment}.".encode() + receiver.body, hashlib.sha256
    ).hexdigest()
    assert outcome.ok
    assert receiver.header("Headway-Signature") == f"t={moment},v1={expected}"
    assert int(moment) == int(AT.timestamp())
    assert body["id"] == receiver.header("Headway-Delivery") == str(sent.id)
    assert (body["subject"], body["body"]) == ("orders is late", "Since 6:00.\nSee <b>there</b>.")
    assert body["may_repeat"] is False
    assert config["secret"].encode() not in receiver.requests[0]


def test_slack_gets_its_text():
    with receiving() as receiver:
        outcome = SlackTransport(public(receiver)).send({"url": URL}, parcel())

    assert outcome.ok
    assert json.loads(receiver.body) == {
        "text": "*orders is late*\nSince 6:00.\nSee &lt;b&gt;there&lt;/b&gt;."
    }


@pytest.mark.parametrize("kind", [SlackTransport, WebhookTransport])
@pytest.mark.parametrize(
    ("answers", "answer", "said"),
    [
        ([["10.0.0.7"]], None, "address_refused"),
        ([["169.254.169.254"]], None, "address_refused"),
        ([["::ffff:127.0.0.1"]], None, "address_refused"),
        ([["93.184.215.14", "127.0.0.1"]], None, "address_refused"),
        ([[]], None, "unresolvable"),
    ],
)
def test_a_receiver_inside_is_never_called(kind, answers, answer, said):
    with receiving() as receiver:
        network = StagedNetwork(answers=answers, receiver=receiver)
        transport = kind(network)

        outcome = transport.send(transport.read({"url": URL}, None), parcel())

    assert outcome.error == said
    assert receiver.connections == 0


@pytest.mark.parametrize("kind", [SlackTransport, WebhookTransport])
def test_a_redirect_to_inside_is_not_followed(kind):
    with receiving() as inside, receiving(redirect_to(f"http://127.0.0.1:{inside.port}/")) as out:
        transport = kind(public(out))

        outcome = transport.send(transport.read({"url": URL}, None), parcel())

    assert (outcome.ok, outcome.status, outcome.retryable) == (False, 302, False)
    assert inside.connections == 0


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("SLACK", {}, "url"),
        ("SLACK", {"url": 5}, "url"),
        ("SLACK", {"url": "http://127.0.0.1/"}, "url"),
        ("SLACK", {"url": "http://localhost/"}, "url"),
        ("SLACK", {"url": "http://[::1]/"}, "url"),
        ("SLACK", {"url": "http://2130706433/"}, "url"),
        ("SLACK", {"url": "http://169.254.169.254/latest/meta-data"}, "url"),
        ("SLACK", {"url": "https://user:word@hooks.example.com/"}, "url"),
        ("SLACK", {"url": "https://hooks.example.com:25/"}, "url"),
        ("SLACK", {"url": "ftp://hooks.example.com/"}, "url"),
        ("SLACK", {"url": URL, "token": "x"}, "token"),
        ("WEBHOOK", {"url": URL, "secret": "short"}, "secret"),
        ("WEBHOOK", {"url": URL, "secret": "ü" * 20}, "secret"),
        ("EMAIL", {}, "to"),
        ("EMAIL", {"to": []}, "to"),
        ("EMAIL", {"to": "a@b.example"}, "to"),
        ("EMAIL", {"to": ["a@b.example\nBcc: c@d.example"]}, "to"),
        ("EMAIL", {"to": ["not an address"]}, "to"),
        ("EMAIL", {"to": [f"a{n}@b.example" for n in range(21)]}, "to"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(kind, given, field):
    with pytest.raises(BadConfigError) as refusal:
        TRANSPORTS[kind].read(given, None)

    assert list(refusal.value.fields) == [field]


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        ("SLACK", {"url": URL}, {"url": "http://hooks.example.com/…"}),
        (
            "WEBHOOK",
            {"url": URL, "secret": "my-own-secret-is-long"},
            {"url": "http://hooks.example.com/…", "secret": "…"},
        ),
        ("EMAIL", {"to": ["Ann@b.example"]}, {"to": ["a…@b.example"]}),
    ],
)
def test_what_is_shown_holds_no_secret(kind, given, shown):
    transport = TRANSPORTS[kind]

    assert transport.mask(transport.read(given, None)) == shown


def test_a_webhooks_secret_stays_when_its_address_moves():
    transport = WebhookTransport()
    before = transport.read({"url": URL}, None)

    assert transport.read({"url": f"{URL}/new"}, before)["secret"] == before["secret"]
    assert transport.read({"url": URL}, None)["secret"] != before["secret"]


def test_mail_is_text_and_html_without_markup_of_others(unused_tcp_port_number):
    with mailbox(unused_tcp_port_number) as box:
        outcome = EmailTransport().send({"to": ["ann@b.example", "bo@b.example"]}, parcel())

    (mail,) = box.mails
    assert (outcome.ok, outcome.status) == (True, 250)
    assert box.recipients == [["ann@b.example", "bo@b.example"]]
    assert mail["Subject"] == "orders is late"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Since 6:00.\nSee <b>there</b>." in text.replace("\r\n", "\n")
    assert "&lt;b&gt;there&lt;/b&gt;" in html
    assert "<b>" not in html


def test_mail_that_may_be_a_repeat_says_so(unused_tcp_port_number):
    with mailbox(unused_tcp_port_number) as box:
        EmailTransport().send({"to": ["ann@b.example"]}, parcel(may_repeat=True))

    assert "may have reached you" in box.mails[0].get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("options", "status", "retryable"),
    [
        ({"answer": "451 later"}, 451, True),
        ({"answer": "554 never"}, 554, False),
        ({"refuse": "450 later"}, 450, True),
        ({"refuse": "550 nobody of this name"}, 550, False),
    ],
)
def test_a_mail_servers_later_is_retryable_and_its_never_is_not(
    unused_tcp_port_number, options, status, retryable
):
    with mailbox(unused_tcp_port_number, **options) as box:
        outcome = EmailTransport().send({"to": ["ann@b.example"]}, parcel())

    assert (outcome.ok, outcome.status, outcome.retryable) == (False, status, retryable)
    assert box.mails == []


def test_a_mail_server_that_is_away_or_silent_is_weather(unused_tcp_port_number, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port_number
    settings.EMAIL_TIMEOUT = 0.2

    away = EmailTransport().send({"to": ["ann@b.example"]}, parcel())
    with socket.create_server(("127.0.0.1", unused_tcp_port_number)):
        silent = EmailTransport().send({"to": ["ann@b.example"]}, parcel())

    assert (away.error, away.retryable) == ("unreachable", True)
    assert (silent.error, silent.retryable) == ("unreachable", True)
