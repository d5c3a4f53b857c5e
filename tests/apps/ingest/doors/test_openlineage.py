"""`POST /api/v1/lineage`: what OpenLineage's events become, and what is refused."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7

pytestmark = pytest.mark.django_db
PATH = "/api/v1/lineage"
NOW = utc_now()
JOB = {"namespace": "warehouse", "name": "daily.orders"}


def stamp(**ago):
    return (NOW - timedelta(**ago)).isoformat().replace("+00:00", "Z")


def run_event(event_type="COMPLETE", **changes):
    return {
        "eventType": event_type,
        "eventTime": stamp(seconds=5),
        "run": {"runId": str(uuid.uuid4()), "facets": {}},
        "job": JOB,
        "inputs": [{"namespace": "duckdb:///w", "name": "main.raw"}],
        "outputs": [{"namespace": "duckdb:///w", "name": "main.orders", "facets": {}}],
        "producer": "somebody",
        "schemaURL": "RunEvent",
    } | changes


def parent_facet(run_id, root_id=None):
    facet = {"run": {"runId": str(run_id)}, "job": {"namespace": "warehouse", "name": "nightly"}}
    if root_id:
        facet["root"] = {"run": {"runId": str(root_id)}, "job": {"namespace": "w", "name": "root"}}
    return {"parent": facet}


@pytest.fixture
def run_id(api, agent_key, workspace):
    """A run of the workspace."""
    run_id = str(uuid7())
    report = {
        "run_id": run_id,
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": stamp(seconds=9),
        "flow_name": "dbt",
    }
    assert api(agent_key, workspace).post("ingest", {"runs": [report]}).json()["accepted"] == 1
    return run_id


def lineage_events(sender):
    return [event for event in sender.events() if event.source == "openlineage"]


def test_an_event_of_a_run_becomes_an_event_of_its_job(sender):
    sent = run_event()

    answer = sender.send(PATH, sent)

    assert (answer.status_code, answer.json()["accepted"]) == (201, 1)
    (event,) = sender.events()
    assert event.name == "openlineage.run.complete"
    assert event.occurred_at == NOW - timedelta(seconds=5)
    assert (event.resource_kind, event.resource_namespace, event.resource_name) == (
        "job",
        "warehouse",
        "daily.orders",
    )
    assert event.related == [
        {"role": "reads", "kind": "table", "namespace": "duckdb:///w", "name": "main.raw"},
        {"role": "writes", "kind": "table", "namespace": "duckdb:///w", "name": "main.orders"},
    ]
    assert event.payload == sent
    assert event.run_id is None


@pytest.mark.parametrize(
    ("event_type", "name"),
    [
        ("START", "start"),
        ("RUNNING", "running"),
        ("fail", "fail"),
        ("ABORT", "abort"),
        (None, "other"),
    ],
)
def test_the_type_is_in_the_name(sender, event_type, name):
    sender.send(PATH, run_event(event_type))

    assert [event.name for event in sender.events()] == [f"openlineage.run.{name}"]


def test_events_of_jobs_and_datasets_need_no_run(sender):
    job = {"eventTime": stamp(), "job": JOB, "inputs": [{"namespace": "n", "name": "t"}]}
    dataset = {"eventTime": stamp(), "dataset": {"namespace": "n", "name": "t", "facets": {}}}

    assert {sender.send(PATH, each).status_code for each in (job, dataset)} == {201}

    assert {(event.name, event.resource_kind) for event in sender.events()} == {
        ("openlineage.job", "job"),
        ("openlineage.dataset", "table"),
    }


@pytest.mark.parametrize("where", ["itself", "parent", "root"])
def test_an_event_belongs_to_the_run_that_it_names(sender, run_id, where):
    facets = {
        "itself": {},
        "parent": parent_facet(run_id),
        "root": parent_facet(uuid.uuid4(), root_id=run_id),
    }[where]
    own = run_id if where == "itself" else str(uuid.uuid4())

    sender.send(PATH, run_event(run={"runId": own, "facets": facets}))

    (event,) = lineage_events(sender)
    assert str(event.run_id) == run_id
    parents = [each["name"] for each in event.related if each["role"] == "parent"]
    assert parents == ([] if where == "itself" else ["nightly"])


def test_a_run_of_somebody_else_is_no_run(sender, rival_sender, run_id):
    rival_sender.send(PATH, run_event(run={"runId": run_id}))

    (event,) = lineage_events(rival_sender)
    assert event.run_id is None


def test_the_end_may_come_before_the_start_and_twice(sender):
    run = {"runId": str(uuid.uuid4())}
    end = run_event("COMPLETE", run=run)
    start = run_event("START", run=run, eventTime=stamp(seconds=50))

    answers = [sender.send(PATH, each).json() for each in (end, start, end)]

    assert [each["accepted"] for each in answers] == [1, 1, 0]
    assert answers[2]["duplicates"] == 1
    assert [event.name.rpartition(".")[2] for event in sender.events()] == ["start", "complete"]


def test_packed_bodies_and_lists_are_taken(sender):
    body = json.dumps([run_event("START"), run_event("COMPLETE")]).encode()

    answer = sender.send_packed(PATH, body, "application/json")

    assert (answer.status_code, answer.json()["accepted"]) == (201, 2)


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_the_key_stands_where_the_client_puts_it(sender, header):
    from base64 import b64encode

    from django.test import Client

    basic = "Basic " + b64encode(f"anybody:{sender.key}".encode()).decode()
    value = sender.key if header == "X-API-Key" else basic

    answer = Client().post(
        PATH, json.dumps(run_event()), content_type="application/json", headers={header: value}
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("path", [PATH, f"{PATH}/batch"])
def test_lists_are_taken_at_both_addresses(sender, path):
    answer = sender.send(path, [run_event(), run_event("START")])

    assert (answer.status_code, answer.json()["accepted"]) == (201, 2)
    assert sorted(event.name for event in lineage_events(sender)) == [
        "openlineage.run.complete",
        "openlineage.run.start",
    ]


def test_what_is_bad_is_refused_by_its_place_and_the_rest_is_kept(sender):
    bad = [
        run_event(eventTime="yesterday"),
        run_event("FINISHED"),
        run_event(job={"namespace": "n", "name": ""}),
        {"eventTime": stamp()},
        17,
        run_event(eventTime=stamp(days=4_000)),
        run_event(eventTime=(NOW + timedelta(hours=2)).isoformat()),
    ]

    answer = sender.send(PATH, [*bad, run_event()])

    assert answer.status_code == 201
    assert answer.json()["accepted"] == 1
    rejected = answer.json()["rejected"]
    assert {each["index"]: (each["code"], each["field"]) for each in rejected} == {
        0: ("invalid_item", "eventTime"),
        1: ("invalid_item", "eventType"),
        2: ("invalid_item", "job.name"),
        3: ("invalid_item", None),
        4: ("invalid_item", None),
        5: ("too_old", "occurred_at"),
        6: ("in_future", "occurred_at"),
    }
    assert sender.refused() == {
        ("openlineage", "invalid_item"): 5,
        ("openlineage", "too_old"): 1,
        ("openlineage", "in_future"): 1,
    }
    assert len(sender.events()) == 1


def test_a_single_event_that_is_bad_is_an_error(sender):
    answer = sender.send(PATH, run_event(eventTime="2026-01-01T00:00:00"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_taken")
    assert answer.json()["error"]["details"]["rejected"][0]["field"] == "eventTime"
    assert sender.has_nothing()


def test_facets_that_do_not_fit_are_left_out_and_named(sender):
    plan = {"_producer": "p", "plan": "x" * 90_000}
    sent = run_event(run={"runId": str(uuid.uuid4()), "facets": {"spark.plan": plan, "small": {}}})

    assert sender.send(PATH, sent).status_code == 201

    (event,) = sender.events()
    assert event.payload["run"]["facets"] == {"small": {}}
    assert event.payload["_headway"] == {"left_out": ["run.facets.spark.plan"]}


def test_an_event_that_is_too_large_without_them_is_refused(sender):
    answer = sender.send(PATH, run_event(producer="x" * 90_000))

    assert answer.json()["error"]["details"]["rejected"][0]["code"] == "too_large"
    assert sender.has_nothing()


def test_more_tables_than_an_event_may_name_stand_in_its_payload(sender):
    tables = [{"namespace": "n", "name": f"t{number}"} for number in range(130)]
    run = {"runId": str(uuid.uuid4()), "facets": parent_facet(uuid.uuid4())}

    sender.send(PATH, run_event(inputs=tables, run=run))

    (event,) = sender.events()
    assert len(event.related) == 100
    assert event.related[0]["role"] == "parent"
    assert len(event.payload["inputs"]) == 130


def test_an_event_that_is_longer_than_any_plan_is_refused_and_the_others_stay(sender):
    many = [{"namespace": "n", "name": "t"}] * 300_000

    answer = sender.send_packed(
        PATH, json.dumps([run_event(inputs=many), run_event()]).encode(), "application/json"
    )

    assert answer.status_code == 201
    assert [(each["index"], each["code"]) for each in answer.json()["rejected"]] == [
        (0, "too_large")
    ]
    assert len(lineage_events(sender)) == 1


def test_over_the_limit_it_says_503_and_when_to_come_back(sender, valkey):
    """Not 429: OpenLineage's clients lose what that refuses."""
    from apps.tenancy.isolation import workspace_scope
    from apps.tenancy.models import WorkspaceLimits

    with workspace_scope(sender.workspace.id):
        WorkspaceLimits.objects.filter(workspace_id=sender.workspace.id).update(events_per_minute=3)

    answers = [sender.send(PATH, run_event()) for _ in range(5)]

    assert [each.status_code for each in answers] == [201, 201, 201, 503, 503]
    assert answers[-1].json()["error"]["code"] == "come_back"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert len(lineage_events(sender)) == 3
    assert sender.refused() == {}
