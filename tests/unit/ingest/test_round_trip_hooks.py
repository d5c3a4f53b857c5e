"""Deliveries that are more than a document: signed by a certificate, or read by a template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.outbound import Outcome
from apps.ingest.decode import Decoded
from apps.ingest.hooks import sns
from apps.ingest.hooks.decode import decode
from apps.ingest.hooks.port import Delivery, Hook
from tests.apps.ingest.hooks import test_presets as senders
from tests.apps.ingest.hooks.test_sns import (
    CERTIFICATE,
    HOST,
    TOPIC,
    Signer,
    new_signer,
    notification,
    record,
)
from tests.unit.ingest.generated import documents, moments, names, objects, round_trip, texts

FIRST_SEEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def amazon() -> Iterator[Signer]:
    sns.forget_certificates()
    yield new_signer(HOST)
    sns.forget_certificates()


def delivered(
    hook: dict[str, Any],
    body: bytes,
    headers: dict[str, str],
    *,
    content_type: str = "application/json",
    pem: bytes = b"",
) -> Decoded:
    def fetch(url: str) -> Outcome:
        assert url == CERTIFICATE
        return Outcome(status=200, error=None, retryable=False, answer=pem)

    decoded, reply = decode(
        Delivery(
            hook=Hook(id=UUID(int=7), name="hook", **hook),
            body=body,
            content_type=content_type,
            headers={name.lower(): value for name, value in headers.items()},
            now=senders.utc_now(),
            first_seen=lambda _: FIRST_SEEN,
            fetch=fetch,
        )
    )
    assert (decoded.refusals, reply) == ([], None)
    return decoded


def of_sns(amazon: Signer, message: dict[str, Any]) -> Decoded:
    sent = json.dumps(amazon.sign(message)).encode()
    hook = {"preset": "SNS", "topic_arn": TOPIC}
    return delivered(hook, sent, {}, content_type="text/plain", pem=amazon.pem)


records = st.tuples(names, names, moments, st.sampled_from(["ObjectCreated", "ObjectRemoved"]))


@round_trip
@given(meant=st.lists(records, min_size=1, max_size=4), number=st.uuids())
def test_records_of_s3_are_the_events_that_were_meant(amazon, meant, number):
    sent = [
        record(
            eventName=f"{kind}:Put",
            eventTime=at.isoformat(),
            s3={"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}},
        )
        for bucket, key, at, kind in meant
    ]

    events = of_sns(amazon, notification({"Records": sent}, MessageId=str(number))).batch.events

    words = {"ObjectCreated": "s3.object_created", "ObjectRemoved": "s3.object_deleted"}
    assert [
        (each.name, each.occurred_at, each.resource.namespace, each.resource.name)
        for each in events
    ] == [(words[kind], at, f"s3://{bucket}", key) for bucket, key, at, kind in meant]
    assert [json.loads(bytes(each.payload)) for each in events] == sent
    assert len({each.id for each in events}) == len(meant)


@pytest.mark.parametrize("version", ["1", "2"])
@round_trip
@given(message=st.one_of(texts(1), objects.map(json.dumps)), subject=st.none() | names, at=moments)
def test_a_notification_is_the_event_that_was_meant(amazon, version, message, subject, at):
    sent = notification(message, Timestamp=at.isoformat(), SignatureVersion=version)

    (found,) = of_sns(amazon, sent | ({} if subject is None else {"Subject": subject})).batch.events

    assert (found.name, found.occurred_at) == ("sns.notification", at)
    assert (found.resource.kind, found.resource.name) == ("topic", TOPIC)
    payload = json.loads(bytes(found.payload))
    assert (payload["topic"], payload["subject"]) == (TOPIC, subject)
    said = payload["message"]
    assert said == message or said == json.loads(message)


ROWS = """[{% for each in body.rows %}
  {"name": {{ each.name | tojson }}, "occurred_at": {{ each.at | tojson }},
   "resource": {"kind": "order", "name": {{ each.about | tojson }}},
   "payload": {"of": {{ headers["x-shop"] | tojson }}, "value": {{ each.value | tojson }}}}
  {%- if not loop.last %},{% endif %}
{% endfor %}]"""
rows = st.lists(
    st.fixed_dictionaries(
        {"name": names, "at": moments.map(datetime.isoformat), "about": names, "value": documents()}
    ),
    max_size=4,
)


@pytest.mark.parametrize("sign", ["plain", "standard", "own"])
@round_trip
@given(meant=rows)
def test_what_a_template_writes_with_tojson_is_what_was_meant(sign, meant):
    hook = {"preset": "CUSTOM", "secret": senders.SECRET, "template": ROWS}
    body, headers = getattr(senders, sign)({"rows": meant})

    decoded = delivered(hook, body, headers | {"X-Shop": "berlin"})

    assert [
        {
            "name": each.name,
            "at": each.occurred_at.isoformat(),
            "about": each.resource.name,
            "value": json.loads(bytes(each.payload))["value"],
        }
        for each in decoded.batch.events
    ] == meant
    assert len({each.id for each in decoded.batch.events}) == len(meant)
    assert all(json.loads(bytes(each.payload))["of"] == "berlin" for each in decoded.batch.events)


WHOLE = '{"name": "any", "payload": {"sent": {{ body | tojson }}}}'


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
@round_trip
@given(body=texts(1), again=st.booleans())
def test_a_text_in_a_template_breaks_no_json(content_type, body, again):
    data = body.encode() if content_type == "text/plain" else json.dumps(body).encode()
    hook = {"preset": "CUSTOM", "template": WHOLE}

    (found,) = delivered(hook, data, {"X-Delivery-Id": "1"}, content_type=content_type).batch.events

    assert json.loads(bytes(found.payload)) == {"sent": body}
    assert found.occurred_at == FIRST_SEEN  # it says no time, so it happened as it first came
    if again:
        twice = delivered(hook, data, {"X-Delivery-Id": "1"}, content_type=content_type)
        assert twice.batch.events[0].id == found.id
