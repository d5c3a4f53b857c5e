"""
SNS: messages signed with RSA by a certificate of Amazon's, and the confirmation of a subscription.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html

SECURITY: the webhook names its topic, and only that topic's messages are looked at further. The
certificate and the address of the confirmation are fetched from SNS of the topic's own region, by
the client that leaves the public internet nowhere, and from nowhere else.
"""

from __future__ import annotations

import re
import threading
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from apps.core.errors import InvalidRequest
from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.errors import BadSignature, ComeBack, WrongTopic
from apps.ingest.hooks import aws, port
from apps.ingest.hooks.port import JSON, Delivery, Fetch, Reply

logger = structlog.get_logger(__name__)

# SNS says text/plain of what is JSON.
MEDIA: frozenset[str] = JSON | {"text/plain"}
TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{5,30}):\d{12}:[\w.-]{1,256}", re.A)
NOTIFICATION: Final = "Notification"
_SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_HASHES: Final[Mapping[str, type[hashes.SHA1] | type[hashes.SHA256]]] = {
    "1": hashes.SHA1,
    "2": hashes.SHA256,
}
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem", re.A)
_MAX_CERTIFICATES: Final = 50
_AGAIN_SECONDS: Final = 10.0  # after a certificate that could not be had

_lock = threading.Lock()
_certificates: dict[str, x509.Certificate] = {}
_failed_at: dict[str, float] = {}  # topic → when its certificate could not be had, monotonic


def forget_certificates() -> None:
    with _lock:
        _certificates.clear()
        _failed_at.clear()


def verify(delivery: Delivery) -> None:
    """Raises: also WrongTopic, and ComeBack when Amazon's certificate cannot be had now."""
    message = _message(delivery)
    if message["TopicArn"] != delivery.hook.topic_arn:
        raise WrongTopic("The webhook is for another topic.", topic=str(message["TopicArn"])[:300])
    hash_type = _HASHES.get(str(message.get("SignatureVersion")))
    if hash_type is None:
        raise BadSignature("Only signatures of versions 1 and 2 are known.")
    try:
        signature = b64decode(str(message.get("Signature", "")), validate=True)
    except (Base64Error, ValueError) as error:
        raise BadSignature("The signature is not base64.") from error
    key = _key_of(delivery, str(message.get("SigningCertURL", "")))
    try:
        key.verify(signature, string_to_sign(message), padding.PKCS1v15(), hash_type())
    except InvalidSignature as error:
        raise BadSignature("The signature is not Amazon's.") from error


def read(delivery: Delivery, found: Collector) -> Reply | None:
    message = _message(delivery)
    if message["Type"] == "SubscriptionConfirmation":
        _confirm(delivery, message)
        return Reply()
    if message["Type"] != NOTIFICATION:
        return Reply()  # somebody has ended the subscription
    try:
        aws.read_message(delivery, message, found)
    except ItemRefused as refused:
        found.refuse(refused)
    return None


def string_to_sign(message: Mapping[str, Any]) -> bytes:
    """Return what the signature is over: names and values of some of the fields, line by line."""
    lines = []
    for name in _SIGNED[message["Type"]]:
        if name in message and message[name] is not None:
            lines += [name, str(message[name])]
    return "".join(f"{line}\n" for line in lines).encode(errors="replace")


def _message(delivery: Delivery) -> dict[str, Any]:
    if delivery.header("x-amz-sns-rawdelivery").lower() == "true":
        raise InvalidRequest("Turn raw message delivery off: raw messages are not signed.")
    message = port.object_of(delivery)
    for name in ("Type", "TopicArn"):
        if not isinstance(message.get(name), str):
            raise InvalidRequest("This is no message of SNS.", fields={name: ["Expected a text."]})
    if message["Type"] not in _SIGNED:
        raise InvalidRequest("This is no message of SNS.", fields={"Type": ["Unknown."]})
    return message


def _confirm(delivery: Delivery, message: Mapping[str, Any]) -> None:
    url = str(message.get("SubscribeURL", ""))
    asked = parse_qs(urlsplit(url).query) if _is_of_sns(url, delivery.hook.topic_arn) else {}
    if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [
        delivery.hook.topic_arn
    ]:
        raise InvalidRequest(
            "The confirmation does not lead to SNS of the topic's region.",
            fields={"SubscribeURL": ["Expected the address of ConfirmSubscription."]},
        )
    outcome = delivery.fetch(url)
    if not outcome.ok:
        logger.warning("webhook.confirmation_failed", error=outcome.error, status=outcome.status)
        raise ComeBack("SNS could not be reached to confirm the subscription.")


def _key_of(delivery: Delivery, url: str) -> RSAPublicKey:
    topic = delivery.hook.topic_arn
    if not (_is_of_sns(url, topic) and _CERTIFICATE_PATH.fullmatch(urlsplit(url).path)):
        raise BadSignature("The certificate is not one of SNS of the topic's region.")
    certificate = _certificates.get(url) or _fetched(delivery.fetch, url, topic)
    if not _is_valid(certificate, delivery.now):
        raise BadSignature("The certificate is out of date.")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise BadSignature("The certificate is not of RSA.")
    return key


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _fetched(fetch: Fetch, url: str, topic: str) -> x509.Certificate:
    # SECURITY: whoever knows the address could have us ask Amazon again and again.
    if time.monotonic() - _failed_at.get(topic, float("-inf")) < _AGAIN_SECONDS:
        raise ComeBack("Amazon's certificate could not be had.", retry_after_seconds=10)
    outcome = fetch(url)
    certificate = _read(outcome.answer) if outcome.ok else None
    if certificate is None:
        with _lock:
            if len(_failed_at) > _MAX_CERTIFICATES:
                _failed_at.clear()
            _failed_at[topic] = time.monotonic()
        logger.warning("webhook.certificate_failed", error=outcome.error, status=outcome.status)
        raise ComeBack("Amazon's certificate could not be had.", retry_after_seconds=10)
    with _lock:
        if len(_certificates) >= _MAX_CERTIFICATES:
            _certificates.clear()
        _certificates[url] = certificate
    return certificate


def _read(pem: bytes) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None


def _is_of_sns(url: str, topic: str) -> bool:
    """Whether the address is HTTPS at SNS of the region that the topic is in."""
    named = TOPIC.fullmatch(topic)
    if named is None:
        return False
    try:
        parts = urlsplit(url)
        port_given = parts.port
    except ValueError:
        return False
    tail = "amazonaws.com.cn" if named[1] == "aws-cn" else "amazonaws.com"
    return (
        parts.scheme == "https"
        and parts.netloc == f"sns.{named[2]}.{tail}"
        and port_given is None
        and not parts.fragment
    )
