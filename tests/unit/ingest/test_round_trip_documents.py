"""Doors of JSON: what their own libraries, or services, send is what we would store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st
from openlineage.client import event_v2 as lineage
from openlineage.client.facet_v2 import parent_run
from openlineage.client.serde import Serde

from apps.ingest.decode import decode_batch
from apps.ingest.doors import cloudevents, openlineage
from apps.ingest.hooks.decode import decode as decode_delivery
from apps.ingest.hooks.port import Delivery, Hook
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, Relation, Resource
from tests.apps.ingest.hooks import test_presets as senders
from tests.unit.ingest.generated import (
    documents,
    finite,
    moments,
    names,
    objects,
    round_trip,
    texts,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
datasets = st.lists(st.tuples(names, names), max_size=4)


@round_trip
@given(
    job=st.tuples(names, names),
    state=st.sampled_from(list(lineage.RunState)),
    at=moments,
    run_id=st.uuids(),
    parent=st.none() | st.tuples(st.uuids(), names, names),
    reads=datasets,
    writes=datasets,
)
def test_an_openlineage_event_is_the_one_that_was_meant(
    job, state, at, run_id, parent, reads, writes
):
    facets: dict[str, Any] = {}
    if parent is not None:
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=str(parent[0])),
            job=parent_run.Job(namespace=parent[1], name=parent[2]),
        )
    event = lineage.RunEvent(
        eventType=state,
        eventTime=at.isoformat(),
        run=lineage.Run(runId=str(run_id), facets=facets),
        job=lineage.Job(namespace=job[0], name=job[1]),
        inputs=[lineage.InputDataset(namespace=place, name=name) for place, name in reads],
        outputs=[lineage.OutputDataset(namespace=place, name=name) for place, name in writes],
    )
    sent = Serde.to_json(event)

    decoded = openlineage.decode(sent.encode())

    assert decoded.refusals == []
    (found,) = decoded.batch.events
    assert (found.name, found.occurred_at) == (f"openlineage.run.{state.value.lower()}", at)
    assert found.resource == Resource(kind="job", namespace=job[0], name=job[1])
    of_parent = [] if parent is None else [("parent", "job", parent[1], parent[2])]
    assert [(each.role, each.kind, each.namespace, each.name) for each in found.related] == [
        *of_parent,
        *(("reads", "table", *each) for each in reads),
        *(("writes", "table", *each) for each in writes),
    ]
    assert decoded.claims == {0: [run_id, *([] if parent is None else [parent[0]])]}
    assert json.loads(bytes(found.payload)) == json.loads(sent)


# Headers hold what HTTP lets them; the library percent-encodes the rest.
events = st.fixed_dictionaries(
    {"id": names, "source": names, "type": names, "time": moments},
    optional={"subject": names, "headwayrunid": st.uuids().map(str)},
)


def cloud_event(about: dict[str, Any], data: Any) -> CloudEvent:
    fixed = {"specversion": "1.0", "datacontenttype": "application/json"}
    return CloudEvent(attributes={**fixed, **about}, data=data)


def said_of(found: NewEvent) -> tuple[dict[str, Any], Any]:
    payload = msgspec.json.decode(found.payload)
    return payload["cloudevent"], payload.get("data")


@pytest.mark.parametrize("mode", ["binary", "structured", "batched"])
@round_trip
@given(about=events, data=objects)
def test_a_cloudevent_is_the_one_that_was_meant(mode, about, data):
    event = cloud_event(about, data)
    pack = to_binary_event if mode == "binary" else to_structured_event
    message = pack(event, JSONFormat())
    headers = {name.lower(): value for name, value in message.headers.items()}
    body, content_type = message.body, headers["content-type"]
    if mode == "batched":  # the library has none: a list of what it makes
        body, content_type = b"[" + body + b"," + body + b"]", cloudevents.BATCH

    decoded = cloudevents.decode(body, content_type=content_type, headers=headers, now=NOW)

    assert decoded.refusals == []
    found = decoded.batch.events[0]
    assert len(decoded.batch.events) == (2 if mode == "batched" else 1)
    assert (found.name, found.occurred_at) == (about["type"], about["time"])
    subject = about.get("subject")
    assert (found.resource and found.resource.name) == subject
    run_id = about.get("headwayrunid")
    assert found.run_id == (run_id and UUID(run_id))
    attributes, stored = said_of(found)
    assert stored == data
    at = datetime.fromisoformat(attributes.pop("time"))
    assert at == about["time"]
    assert attributes == {
        name: value
        for name, value in {
            **about,
            "specversion": "1.0",
            "datacontenttype": "application/json",
        }.items()
        if name != "time"
    }
    assert found.id == decoded.batch.events[-1].id


resources = st.builds(Resource, kind=names, name=names, namespace=st.none() | texts())
relations = st.builds(Relation, role=names, kind=names, name=names, namespace=st.none() | texts())
raw_objects = objects.map(lambda found: msgspec.Raw(msgspec.json.encode(found)))
batches = st.fixed_dictionaries(
    {
        "events": st.lists(
            st.builds(
                NewEvent,
                name=names,
                occurred_at=moments,
                id=st.none() | st.uuids(),
                resource=st.none() | resources,
                related=st.lists(relations, max_size=3),
                payload=raw_objects,
                run_id=st.none() | st.uuids(),
                source=st.none() | texts(),
            ),
            max_size=3,
        ),
        "logs": st.lists(
            st.builds(
                NewLogLine,
                occurred_at=moments,
                level=st.sampled_from(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
                message=texts(),
                logger=st.none() | texts(),
            ),
            max_size=3,
        ),
        "points": st.lists(
            st.builds(
                NewPoint,
                name=names,
                occurred_at=moments,
                value=finite,
                labels=st.dictionaries(names, texts(), max_size=3),
                unit=st.none() | texts(),
            ),
            max_size=3,
        ),
    }
)


@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "UTF-8"])
@round_trip
@given(batch=batches)
def test_a_native_batch_is_the_one_that_was_meant(ascii_only, batch):
    sent = json.dumps(
        msgspec.to_builtins(json.loads(msgspec.json.encode(batch))), ensure_ascii=ascii_only
    )

    decoded = decode_batch(sent.encode())

    assert decoded.refusals == []
    for kind, meant in batch.items():
        found = getattr(decoded.batch, kind)
        assert [json.loads(msgspec.json.encode(each)) for each in found] == [
            json.loads(msgspec.json.encode(each)) for each in meant
        ]


def delivered(preset: str, body: Any, sign: Any, **more: Any) -> NewEvent:
    data, headers = sign(body, **more)
    hook = Hook(id=UUID(int=7), name="hook", preset=preset, secret=senders.SECRET)
    delivery = Delivery(
        hook=hook,
        body=data,
        content_type="application/json",
        headers={name.lower(): value for name, value in headers.items()},
        now=senders.utc_now(),
        first_seen=lambda _: NOW,
        fetch=lambda *_, **__: pytest.fail("nothing is fetched"),
    )
    decoded, reply = decode_delivery(delivery)
    assert (decoded.refusals, reply) == ([], None)
    (event,) = decoded.batch.events
    return event


def seconds(at: datetime) -> int:
    return int(at.timestamp())


@round_trip
@given(rest=objects, who=names, repository=names, at=moments)
def test_a_delivery_of_github_is_the_event_that_was_meant(rest, who, repository, at):
    body = rest | {
        "repository": {"full_name": repository, "pushed_at": seconds(at)},
        "sender": {"login": who},
    }
    body.pop("action", None)

    found = delivered("GITHUB", body, senders.github)

    assert (found.name, seconds(found.occurred_at)) == ("github.push", seconds(at))
    assert (found.resource.kind, found.resource.name) == ("repository", repository)
    assert [(each.role, each.name) for each in found.related] == [("executed_by", who)]
    assert json.loads(bytes(found.payload)) == body


@round_trip
@given(rest=objects, kind=names, about=names, customer=st.none() | names, key=names, at=moments)
def test_a_delivery_of_stripe_is_the_event_that_was_meant(rest, kind, about, customer, key, at):
    thing = {"id": about, "object": "invoice", "customer": customer}
    body = rest | {"id": key, "type": kind, "created": seconds(at), "data": {"object": thing}}

    found = delivered("STRIPE", body, senders.stripe)

    assert (found.name, seconds(found.occurred_at)) == (f"stripe.{kind}", seconds(at))
    assert (found.resource.kind, found.resource.name) == ("invoice", about)
    assert [each.name for each in found.related] == ([] if customer is None else [customer])
    assert json.loads(bytes(found.payload)) == body


@round_trip
@given(rest=objects, channel=names, user=names, key=names, at=moments)
def test_a_delivery_of_slack_is_the_event_that_was_meant(rest, channel, user, key, at):
    inner = {"type": "message", "channel": channel, "user": user}
    body = rest | {
        "type": "event_callback",
        "event_id": key,
        "event_time": seconds(at),
        "event": inner,
    }
    body["team_id"] = "T1"

    found = delivered("SLACK", body, senders.slack)

    assert (found.name, seconds(found.occurred_at)) == ("slack.message", seconds(at))
    assert (found.resource.kind, found.resource.name) == ("channel", channel)
    assert [each.name for each in found.related] == [user]
    body.pop("token", None)
    assert json.loads(bytes(found.payload)) == body


@round_trip
@given(rest=objects, job=names, run=st.integers(1, 1 << 60), at=moments)
def test_a_delivery_of_dbt_is_the_event_that_was_meant(rest, job, run, at):
    facts = {"jobName": job, "runId": str(run), "projectName": "Warehouse"}
    facts |= {
        "runStartedAt": (at - timedelta(minutes=5)).isoformat(),
        "runFinishedAt": at.isoformat(),
    }
    body = rest | {
        "accountId": 1,
        "eventType": "job.run.completed",
        "timestamp": at.isoformat(),
        "data": facts,
    }

    found = delivered("DBT_CLOUD", body, senders.dbt)

    assert (found.name, found.occurred_at) == ("dbt.job.run.completed", at)
    assert (found.resource.kind, found.resource.name) == ("job", job)
    assert found.follows is not None
    assert json.loads(bytes(found.payload)) == body


@round_trip
@given(rest=objects, bucket=names, key=names, number=st.uuids(), at=moments)
def test_an_event_of_eventbridge_is_the_one_that_was_meant(rest, bucket, key, number, at):
    body = rest | {
        "id": str(number),
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": at.isoformat(),
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    }

    found = delivered("EVENTBRIDGE", body, senders.eventbridge)

    assert (found.name, found.occurred_at) == ("s3.object_created", at)
    assert (found.resource.name, found.resource.namespace) == (key, f"s3://{bucket}")
    assert json.loads(bytes(found.payload)) == body


@pytest.mark.parametrize("sign", ["plain", "standard", "own"])
@round_trip
@given(body=documents())
def test_any_json_is_the_event_that_was_meant(sign, body):
    found = delivered("GENERIC", body, getattr(senders, sign))

    assert found.name == "webhook.received"
    assert json.loads(bytes(found.payload)) == (body if isinstance(body, dict) else {"body": body})
