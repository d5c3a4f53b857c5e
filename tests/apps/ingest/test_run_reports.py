"""Reports of runs: many in a request, many requests in a transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch.models import Lease
from apps.ingest.decode import decode_batch
from apps.ingest.services import Sent, accept_batches
from apps.runs import services as runs
from apps.runs.models import Run
from apps.telemetry.models import Event
from apps.telemetry.services import RowsAreThereError
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import make_key

NOW = utc_now()


def stamp(**ago):
    return (NOW - timedelta(**ago)).isoformat()


def report(state="RUNNING", run_id=None, **changes):
    return {
        "run_id": str(run_id or uuid7()),
        "epoch": 1,
        "state": state,
        "occurred_at": stamp(),
        "flow_name": "etl",
        "holder": "host-1:7",
    } | changes


@pytest.fixture
def sender(api, agent_key, workspace):
    return api(agent_key, workspace)


@pytest.fixture
def sent(alice, workspace):
    """Make requests as they are after decoding, each from another person."""
    from apps.core.http.json import dumps
    from apps.tenancy.actors import Actor
    from apps.tenancy.enums import ActorKind

    def make(name, **batch):
        actor = Actor(kind=ActorKind.API_KEY, id=uuid7(), name=name, email=None, user_id=None)
        return Sent(workspace=workspace, actor=actor, decoded=decode_batch(dumps(batch)))

    return make


def test_a_request_of_many_runs_costs_as_many_statements_as_one_of_a_few(sender, workspace):
    sender.post("ingest", {"runs": [report()]})  # the flow is known from here on

    def statements(count):
        ids = [uuid7() for _ in range(count)]
        started = [report(run_id=id_) for id_ in ids]
        ended = [report("COMPLETED", run_id=id_) for id_ in ids]
        with CaptureQueriesContext(connection) as queries:
            answer = sender.post("ingest", {"runs": started + ended}).json()
        assert (answer["accepted"], answer["rejected"]) == (2 * count, [])
        with workspace_scope(workspace.id):
            done = Run.objects.filter(id__in=ids, state="COMPLETED", created_by__isnull=False)
            assert done.count() == count
            assert Lease.objects.filter(run_id__in=ids, ended_at=None).count() == 0
        return len(queries)

    assert statements(300) <= statements(20)


def test_several_reports_of_one_run_are_applied_in_their_order(sender, workspace):
    run_id = uuid7()
    states = ["RUNNING", "PAUSED", "RUNNING", "COMPLETED"]
    batch = [
        report(state, run_id=run_id, occurred_at=stamp(seconds=9 - n))
        for n, state in enumerate(states)
    ]

    answer = sender.post("ingest", {"runs": [*batch, report()]}).json()

    assert (answer["accepted"], answer["rejected"]) == (5, [])
    names = [f"headway.run.{state.lower()}" for state in states]
    with workspace_scope(workspace.id):
        assert Run.objects.get(id=run_id).state == "COMPLETED"
        told = Event.objects.for_workspace(workspace.id).filter(run_id=run_id)
        assert list(told.order_by("occurred_at").values_list("name", flat=True)) == names


def test_each_of_a_mixed_batch_is_told_what_became_of_it(sender, workspace):
    known, ended = uuid7(), uuid7()
    sender.post("ingest", {"runs": [report(run_id=known), report(run_id=ended)]})
    sender.post("ingest", {"runs": [report("COMPLETED", run_id=ended)]})

    answer = sender.post(
        "ingest",
        {
            "runs": [
                report("COMPLETED", run_id=known),
                report("COMPLETED", run_id=ended),  # again
                report("FAILED", run_id=ended, occurred_at=(NOW + timedelta(1 / 1440)).isoformat()),
                report("COMPLETED", flow_name=None),  # of nobody
                report("FAILED"),  # new, and over already
                report(parameters=[1]),
                report(epoch=0, run_id=known),  # of an older executor: evidence
            ]
        },
    ).json()

    refused = {each["index"]: each["code"] for each in answer["rejected"]}
    assert refused == {2: "illegal_transition", 3: "unknown_run", 5: "invalid_item"}
    assert (answer["accepted"], answer["duplicates"]) == (3, 1)
    with workspace_scope(workspace.id):
        assert Run.objects.filter(state="FAILED").count() == 1


def test_requests_that_share_a_transaction_are_answered_apart(sent, in_workspace):
    mine, theirs, stopping = uuid7(), uuid7(), uuid7()
    accept_batches(requests=[sent("early", runs=[report(run_id=stopping)])], now=utc_now())
    runs.cancel_run(workspace_id=in_workspace.id, run_id=stopping, now=utc_now())
    event = {"name": "e", "occurred_at": stamp(), "id": str(uuid7())}
    beat = {"run_id": str(stopping), "epoch": 1}
    requests = [
        sent("ann", runs=[report(run_id=mine)], events=[event, event | {"name": ""}]),
        sent("ben", runs=[report("FAILED", flow_name=None), report(run_id=theirs)]),
        sent("cat", heartbeats=[beat], events=[event | {"occurred_at": "1926-01-01T00:00:00Z"}]),
    ]

    ann, ben, cat = accept_batches(requests=requests, now=utc_now())

    assert [(each.accepted, each.duplicates) for each in (ann, ben, cat)] == [
        (2, 0),
        (1, 0),
        (1, 0),
    ]
    codes = [[(r.kind, r.index, r.code) for r in each.rejected] for each in (ann, ben, cat)]
    assert codes == [
        [("events", 1, "invalid_item")],
        [("runs", 0, "unknown_run")],
        [("events", 0, "too_old")],
    ]
    assert [len(each.commands) for each in (ann, ben, cat)] == [0, 0, 1]
    makers = {run.id: run.created_by["name"] for run in Run.objects.all()}
    assert (makers[mine], makers[theirs]) == ("ann", "ben")


def test_a_repeated_event_makes_requests_go_apart(sent, in_workspace):
    event = {"name": "e", "occurred_at": stamp(), "id": str(uuid7())}
    accept_batches(requests=[sent("early", events=[event])], now=utc_now())

    with pytest.raises(RowsAreThereError):
        accept_batches(
            requests=[sent("ann", runs=[report()], events=[event]), sent("ben", runs=[report()])],
            now=utc_now(),
        )


@pytest.mark.django_db(transaction=True)
def test_reports_of_many_senders_at_once(api, alice):
    key = make_key(alice, role="AGENT")
    repeated = {"name": "e", "occurred_at": stamp(), "id": str(uuid7())}
    ids = [uuid7() for _ in range(48)]

    def send(batch):
        try:
            return api(key, alice.workspace).post("ingest", batch).json()
        finally:
            connection.close()

    def at_once(batches):
        with ThreadPoolExecutor(12) as pool:
            return list(pool.map(send, batches))

    started = at_once([{"runs": [report(run_id=id_)], "events": [repeated]} for id_ in ids])
    # Each names two runs, in either order: two such transactions must not wait in a circle.
    pairs = [(ids[n], ids[(n + 1) % len(ids)]) for n in range(len(ids))]
    ended = at_once(
        [
            {"runs": [report("COMPLETED", run_id=id_) for id_ in (pair if n % 2 else pair[::-1])]}
            for n, pair in enumerate(pairs)
        ]
    )

    assert sum(each["accepted"] for each in started) == len(ids) + 1
    assert sum(each["duplicates"] for each in started) == len(ids) - 1
    assert sum(each["accepted"] for each in ended) == len(ids)
    assert sum(each["duplicates"] for each in ended) == len(ids)
    with workspace_scope(alice.workspace.id):
        assert Run.objects.filter(state="COMPLETED").count() == len(ids)
        told = Event.objects.for_workspace(alice.workspace.id)
        assert told.filter(name="headway.run.completed").count() == len(ids)
