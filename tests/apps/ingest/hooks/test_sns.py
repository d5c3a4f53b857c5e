"""Messages of SNS, signed by a certificate that a stage of Amazon's serves."""

from __future__ import annotations

import json
import ssl
import sys
from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client
from django.urls import path

from apps.core import outbound
from apps.core.clock import utc_now
from apps.ingest.api.hooks import HookDoor
from apps.ingest.hooks import aws, sns
from tests.apps.ingest.hooks.test_presets import CREATED, OBJECT, iso
from tests.receivers import PUBLIC, StagedNetwork, public, receiving

pytestmark = pytest.mark.django_db
TOPIC = "arn:aws:sns:eu-central-1:123456789012:lake"
HOST = "sns.eu-central-1.amazonaws.com"
CERTIFICATE = f"https://{HOST}/SimpleNotificationService-0123456789abcdef.pem"
SUBSCRIBE = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"


@dataclass
class Signer:
    """A key, and the certificate that tells of it."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, message: dict[str, Any]) -> dict[str, Any]:
        version = message.get("SignatureVersion", "2")
        kind = hashes.SHA256() if version == "2" else hashes.SHA1()
        signed = self.key.sign(sns.string_to_sign(message), padding.PKCS1v15(), kind)
        return {
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **message,
            "Signature": b64encode(signed).decode(),
        }


def new_signer(host: str, *, days: int = 10) -> Signer:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=20))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Signer(key, certificate)


@pytest.fixture(scope="module")
def amazon():
    return new_signer(HOST)


@dataclass
class Stage:
    """What the door reaches when it calls Amazon, and what it asked there."""

    receiver: Any
    network: StagedNetwork

    @property
    def asked(self) -> list[str]:
        return [request.split(b" ")[1].decode() for request in self.receiver.requests]


@pytest.fixture
def stage(amazon, settings, tmp_path):
    """Amazon on loopback, behind TLS that the door's client trusts, under its own name."""
    chain = tmp_path / "chain.pem"
    chain.write_bytes(
        amazon.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + amazon.pem
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(chain)
    trusting = ssl.create_default_context(cadata=amazon.pem.decode())
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(amazon.pem) + amazon.pem
    with receiving(answer, served) as receiver:
        network = public(receiver)
        staged = partial(outbound.get, network=network, tls=trusting)
        urls = ModuleType("staged_urls")
        urls.urlpatterns = [
            path("hooks/<str:token>", HookDoor.as_view(fetch=staged)),
            *__import__("apps.config.urls", fromlist=["urlpatterns"]).urlpatterns,
        ]
        urls.handler404 = "apps.core.http.exception_handler.handle_404"
        sys.modules["staged_urls"] = urls
        settings.ROOT_URLCONF = "staged_urls"
        sns.forget_certificates()
        yield Stage(receiver, network)
        del sys.modules["staged_urls"]
    sns.forget_certificates()


@pytest.fixture
def hook(make_hook, stage):
    return make_hook("SNS", topic_arn=TOPIC)


def notification(message: Any, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": iso(CREATED),
    } | more


def confirmation(**more: Any) -> dict[str, Any]:
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "abc",
        "TopicArn": TOPIC,
        "Message": "You have chosen to subscribe to the topic.",
        "SubscribeURL": SUBSCRIBE,
        "Timestamp": iso(CREATED),
    } | more


def record(**more: Any) -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventTime": iso(CREATED),
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:alice"},
        "s3": {"bucket": {"name": "acme-lake"}, "object": {"key": "a%2Fb+c.csv", "size": 3}},
    } | more


def deliver(hook, message):
    return hook.deliver(message, {}, "text/plain; charset=UTF-8")


@pytest.mark.parametrize("version", ["1", "2"])
def test_records_of_s3_become_events(hook, amazon, stage, version):
    removed = record(eventName="ObjectRemoved:Delete")
    sent = notification({"Records": [record(), removed]}, SignatureVersion=version, Subject="S3")

    answer = deliver(hook, amazon.sign(sent))

    assert answer.json()["accepted"] == 2
    events = {event.name: event for event in hook.events()}
    assert set(events) == {"s3.object_created", "s3.object_deleted"}
    created = events["s3.object_created"]
    assert (created.resource_kind, created.resource_namespace) == ("file", "s3://acme-lake")
    assert created.resource_name == "a/b c.csv"
    assert created.related == [
        {"role": "executed_by", "kind": "user", "name": "AWS:alice", "namespace": "aws"}
    ]
    assert stage.asked == ["/SimpleNotificationService-0123456789abcdef.pem"]


@pytest.mark.parametrize("message", ["", None, [1]], ids=["empty", "none", "a list"])
def test_a_notification_of_nothing_is_refused_with_its_sample(hook, amazon, stage, message):
    answer = deliver(hook, amazon.sign(notification("x") | {"Message": message}))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_taken")
    assert hook.events() == []


def test_more_records_than_a_notification_can_hold_are_refused_and_not_cut(hook, amazon):
    records = [record()] * (aws.MOST_RECORDS + 1)

    answer = deliver(hook, amazon.sign(notification({"Records": records})))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_taken")
    assert hook.events() == []
    assert hook.refused() == {("webhook", "invalid_item"): 1}


def test_a_repeated_message_is_a_duplicate_and_the_certificate_remembered(hook, amazon, stage):
    sent = amazon.sign(notification({"Records": [record()]}))
    deliver(hook, sent)

    assert deliver(hook, sent).json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert len(stage.asked) == 1


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (OBJECT, "s3.object_created"),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, "s3.test"),
        ("a text", "sns.notification"),
        ({"any": "thing"}, "sns.notification"),
    ],
    ids=["eventbridge", "test", "text", "json"],
)
def test_other_messages_become_events_too(hook, amazon, message, name):
    assert deliver(hook, amazon.sign(notification(message))).json()["accepted"] == 1

    assert [event.name for event in hook.events()] == [name]


def test_one_bad_record_is_refused_and_the_others_stay(hook, amazon):
    records = [record(), record(eventTime="never"), "x", record(eventName="ObjectAcl:Put")]

    answer = deliver(hook, amazon.sign(notification({"Records": records})))

    assert answer.json()["accepted"] == 2
    assert [each["index"] for each in answer.json()["rejected"]] == [1, 2]
    assert hook.refused() == {("webhook", "invalid_item"): 2}


def test_a_subscription_is_confirmed_where_it_belongs(hook, amazon, stage):
    answer = deliver(hook, amazon.sign(confirmation()))

    assert (answer.status_code, answer.content) == (200, b"")
    assert stage.asked[-1] == SUBSCRIBE.removeprefix(f"https://{HOST}")
    assert set(stage.network.resolved) == {HOST}
    assert set(stage.network.dialled) == {PUBLIC}
    assert hook.has_nothing()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription",
        SUBSCRIBE.replace("https", "http"),
        SUBSCRIBE.replace("amazonaws.com", "amazonaws.com.evil.example"),
        SUBSCRIBE.replace("sns.eu", "sns.evil.example/sns.eu"),
        SUBSCRIBE.replace("eu-central-1.", "us-east-1.", 1),
        SUBSCRIBE.replace("https://", "https://evil@"),
        SUBSCRIBE.replace(".com/", ".com:8443/"),
        SUBSCRIBE.replace("ConfirmSubscription", "DeleteTopic"),
        SUBSCRIBE.replace("lake", "another"),
        "http://169.254.169.254/latest/meta-data",
        "",
    ],
    ids=[
        *("elsewhere", "plain", "longer host", "host as path", "another region", "a user"),
        *("a port", "another action", "another topic", "metadata", "none"),
    ],
)
def test_a_confirmation_leads_nowhere_else(hook, amazon, stage, url):
    """Signed as it should be: somebody's own topic could be made to say this."""
    answer = deliver(hook, amazon.sign(confirmation(SubscribeURL=url)))

    assert answer.status_code == 400
    assert stage.asked == ["/SimpleNotificationService-0123456789abcdef.pem"]


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE.replace("https", "http"),
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        CERTIFICATE.replace("amazonaws.com", "amazonaws.com.evil.example"),
        CERTIFICATE.replace("eu-central-1", "us-east-1"),
        f"https://{HOST}/acme-bucket/SimpleNotificationService-0123.pem",
        f"https://{HOST}\\@evil.example/SimpleNotificationService-0123.pem",
        "",
    ],
    ids=["plain", "elsewhere", "longer host", "another region", "a path", "backslash", "none"],
)
def test_certificates_are_amazons(hook, amazon, stage, url):
    sent = amazon.sign(notification("x")) | {"SigningCertURL": url}

    answer = deliver(hook, sent)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_signature")
    assert stage.asked == []
    assert hook.has_nothing()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Message": "another"}, "bad_signature"),
        ({"Timestamp": "2026-01-01T00:00:00Z"}, "bad_signature"),
        ({"Signature": "!"}, "bad_signature"),
        ({"Signature": ""}, "bad_signature"),
        ({"SignatureVersion": "3"}, "bad_signature"),
        ({"TopicArn": TOPIC.replace("lake", "another")}, "wrong_topic"),
        ({"TopicArn": None}, "invalid_request"),
        ({"Type": "Unheard"}, "invalid_request"),
    ],
    ids=[
        *("message", "time", "no base64", "empty", "version", "topic", "no topic", "type"),
    ],
)
def test_what_was_changed_is_refused(hook, amazon, change, code):
    answer = deliver(hook, amazon.sign(notification("x")) | change)

    assert answer.json()["error"]["code"] == code
    assert hook.has_nothing()
    assert hook.refused() == {("webhook", code): 1}


def test_signed_by_somebody_else_it_is_refused(hook):
    answer = deliver(hook, new_signer(HOST).sign(notification("x")))

    assert answer.json()["error"]["code"] == "bad_signature"


def test_raw_messages_are_refused_with_a_hint(hook):
    answer = hook.deliver({"Records": []}, {"x-amz-sns-rawdelivery": "true"}, "text/plain")

    assert answer.status_code == 400
    assert "raw message delivery" in answer.json()["error"]["message"]


def test_while_amazon_is_away_the_sender_comes_again_and_is_not_asked_for_each(hook, amazon, stage):
    stage.network.receiver = None

    answers = [deliver(hook, amazon.sign(notification("x"))) for _ in range(3)]

    assert {each.status_code for each in answers} == {503}
    assert all(each.headers["Retry-After"] for each in answers)
    assert stage.network.resolved == [HOST]
    assert hook.refused() == {}
    assert hook.has_nothing()


def test_the_address_of_sns_takes_no_anonymous_json(hook):
    answer = Client().post(hook.path, b"{}", content_type="application/json")

    assert answer.status_code == 400
