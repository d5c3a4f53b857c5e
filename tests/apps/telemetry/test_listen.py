"""What ingest leaves for those who hear events: exactly what was stored, however slowly."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from msgspec import Raw

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import keys, selectors, services
from apps.telemetry.enums import Consumer
from apps.telemetry.items import NewEvent, NewPoint, Relation, Resource, TelemetryBatch, Transition
from apps.telemetry.models import Event, Listener, PendingBatch, RunTransition
from apps.telemetry.selectors import EventScan
from apps.tenancy.isolation import workspace_scope
from tests.isolation import as_worker

NOW = utc_now()
HEARD = Consumer.AUTOMATIONS


def event(name="query.finished", **changes):
    return NewEvent(**{"name": name, "occurred_at": NOW, "id": uuid7()} | changes)


def put(workspace, *events):
    with workspace_scope(workspace.id):
        return services.store_batch(
            workspace_id=workspace.id, batch=TelemetryBatch(events=events), now=NOW
        )


def listen(workspace):
    with workspace_scope(workspace.id):
        services.listen(workspace_id=workspace.id, consumer=HEARD)


def waiting(workspace):
    return PendingBatch.objects.for_consumer(HEARD).filter(workspace_id=workspace.id)


def take(workspace, limit=5_000):
    """Claim and release; return the ids of the events, batch by batch, and whether it was all."""
    with as_worker(), transaction.atomic():
        claim = services.claim_event_batches(consumer=HEARD, workspace_id=workspace.id, limit=limit)
        services.release(batch_ids=[batch.id for batch in claim.batches])
    return [[each.id for each in batch.events] for batch in claim.batches], claim.is_all


def test_nothing_is_left_where_nobody_listens(in_workspace):
    put(in_workspace, event())

    assert not waiting(in_workspace).exists()
    with as_worker():
        assert selectors.workspaces_waiting(consumer=HEARD) == []


def test_a_listener_gets_what_was_new_and_only_that(in_workspace):
    listen(in_workspace)
    listen(in_workspace)
    first, second = event(), event(occurred_at=NOW - timedelta(days=3))
    put(in_workspace, first)

    put(in_workspace, first, second)
    put(in_workspace, first, second)

    assert take(in_workspace) == ([[first.id], [second.id]], True)
    assert take(in_workspace) == ([], True)


def test_points_and_what_automations_say_leave_nothing(in_workspace):
    listen(in_workspace)
    services.store_batch(
        workspace_id=in_workspace.id,
        batch=TelemetryBatch(points=[NewPoint(name="rows", occurred_at=NOW, value=1.0)]),
        now=NOW,
    )

    put(in_workspace, event("headway.automation.fired"))

    assert not waiting(in_workspace).exists()


def test_what_headway_says_itself_is_heard(in_workspace):
    listen(in_workspace)
    said = event("headway.run.failed")

    services.emit(workspace_id=in_workspace.id, events=[said], now=NOW)

    assert take(in_workspace) == ([[said.id]], True)


def test_workspaces_are_heard_apart(in_workspace, rival_workspace):
    listen(in_workspace)
    mine, theirs = event(), event()
    put(in_workspace, mine)
    put(rival_workspace, theirs)

    with as_worker():
        assert selectors.workspaces_waiting(consumer=HEARD) == [in_workspace.id]
    assert take(rival_workspace) == ([], True)
    assert take(in_workspace) == ([[mine.id]], True)


def test_each_waiting_workspace_is_named_once(in_workspace, rival_workspace):
    for place in (in_workspace, rival_workspace, in_workspace, in_workspace):
        listen(place)
        put(place, event())

    with as_worker():
        found = selectors.workspaces_waiting(consumer=HEARD)

    assert sorted(found) == sorted([in_workspace.id, rival_workspace.id])


def test_unlisten_takes_back_what_waits(in_workspace):
    listen(in_workspace)
    put(in_workspace, event())

    services.unlisten(workspace_id=in_workspace.id, consumer=HEARD)
    put(in_workspace, event())

    assert not Listener.objects.exists()
    assert not waiting(in_workspace).exists()
    assert PendingBatch.objects.for_consumer(Consumer.ROLLUP).count() == 2


def test_a_claim_stops_at_its_limit_but_takes_one_batch_at_least(in_workspace):
    listen(in_workspace)
    batches = [[event() for _ in range(size)] for size in (5, 2, 2)]
    for batch in batches:
        put(in_workspace, *batch)
    ids = [sorted(one.id for one in batch) for batch in batches]

    assert take(in_workspace, limit=4) == ([ids[0]], False)
    assert take(in_workspace, limit=4) == (ids[1:], True)


def test_claimed_events_carry_everything(in_workspace):
    listen(in_workspace)
    sent = event(
        resource=Resource(kind="table", name="orders", namespace="warehouse"),
        related=[Relation(role="input", kind="table", name="raw")],
        payload=Raw(b'{"rows": 12, "ratio": 1.0, "deep": {"list": [true, null]}}'),
        run_id=uuid7(),
        task_run_id=uuid7(),
        follows=uuid7(),
        source="sdk",
    )
    put(in_workspace, sent)

    with as_worker(), transaction.atomic():
        claim = services.claim_event_batches(consumer=HEARD, workspace_id=in_workspace.id, limit=10)
    (got,) = claim.batches[0].events

    assert got.key == (sent.occurred_at, sent.id)
    assert (got.resource_kind, got.resource_namespace, got.resource_name) == (
        "table",
        "warehouse",
        "orders",
    )
    assert got.related == [{"role": "input", "kind": "table", "name": "raw"}]
    assert got.payload == {"rows": 12, "ratio": 1.0, "deep": {"list": [True, None]}}
    assert (got.run_id, got.task_run_id, got.follows) == (
        sent.run_id,
        sent.task_run_id,
        sent.follows,
    )
    assert (got.source, got.received_at) == ("sdk", NOW)


def test_a_claim_that_is_not_committed_leaves_everything(in_workspace):
    listen(in_workspace)
    sent = event()
    put(in_workspace, sent)

    with as_worker(), transaction.atomic():
        claim = services.claim_event_batches(consumer=HEARD, workspace_id=in_workspace.id, limit=10)
        services.release(batch_ids=[batch.id for batch in claim.batches])
        transaction.set_rollback(True)

    assert take(in_workspace) == ([[sent.id]], True)


def test_keys_survive_packing():
    packed = [(NOW + timedelta(microseconds=step), uuid7()) for step in (-1, 0, 1)]

    assert keys.unpack(b"".join(keys.pack(packed))) == packed


def test_scan_reads_in_order_of_time_page_by_page(in_workspace):
    minutes = [3, 1, 2, 9]
    sent = [event(f"t.{n}", occurred_at=NOW - timedelta(minutes=n)) for n in minutes]
    put(in_workspace, *sent, event("other"))
    only = EventScan(since=NOW - timedelta(minutes=3), until=NOW, names=["t.*"])

    first = selectors.scan_events(workspace_id=in_workspace.id, only=only, limit=2)
    rest = selectors.scan_events(
        workspace_id=in_workspace.id, only=only, after=first[-1].key, limit=9
    )

    assert [each.name for each in [*first, *rest]] == ["t.3", "t.2", "t.1"]


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ({"names": ["a", "b.*"]}, ["a", "b.c"]),
        ({"names": ["a"], "resource_names": ["x"]}, ["a"]),
        ({"resource_names": ["y"]}, ["b.c"]),
        ({"names": []}, []),
        ({}, ["a", "b.c", "c"]),
    ],
)
def test_scan_narrows_by_name_and_resource(in_workspace, only, found):
    put(
        in_workspace,
        event("a", resource=Resource(kind="table", name="x")),
        event("b.c", resource=Resource(kind="table", name="y")),
        event("c"),
    )

    events = selectors.scan_events(
        workspace_id=in_workspace.id, only=EventScan(since=NOW, until=NOW, **only), limit=9
    )

    assert sorted(each.name for each in events) == found


@pytest.mark.django_db(transaction=True)
def test_small_batches_in_one_round_trip_are_heard(alice):
    listen(alice.workspace)
    sent = event()

    outcome = services.store_fresh(
        workspace_id=alice.workspace.id,
        batch=TelemetryBatch(events=[sent]),
        now=NOW,
        retention_days=30,
    )

    assert outcome is not None
    assert take(alice.workspace) == ([[sent.id]], True)


@pytest.mark.django_db(transaction=True)
def test_a_slow_transaction_is_heard_when_it_commits(alice):
    """Its row has the smaller id, and a cursor over ids would have passed it."""
    workspace = alice.workspace
    put(workspace, event())  # who writes the first row of a part keeps the others waiting
    listen(workspace)
    slow, quick = event(), event()
    stored, may_commit = threading.Event(), threading.Event()

    def write_slowly():
        with workspace_scope(workspace.id):
            services.store_batch(
                workspace_id=workspace.id, batch=TelemetryBatch(events=[slow]), now=NOW
            )
            stored.set()
            may_commit.wait(20)
        connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert stored.wait(20)
    put(workspace, quick)

    assert take(workspace) == ([[quick.id]], True)
    may_commit.set()
    writer.join(20)
    assert take(workspace) == ([[slow.id]], True)


@pytest.mark.django_db(transaction=True)
def test_a_listener_is_woken_and_nobody_else(alice, mallory):
    parameters = connection.get_connection_params()
    wanted = {"dbname", "user", "host", "port"}
    link = psycopg.connect(
        **{name: value for name, value in parameters.items() if name in wanted}, autocommit=True
    )
    with link:
        link.execute("LISTEN headway_automations")
        listen(alice.workspace)
        put(mallory.workspace, event())
        assert list(link.notifies(timeout=0.05)) == []

        put(alice.workspace, event())

        assert len(list(link.notifies(timeout=60, stop_after=1))) == 1


@pytest.mark.django_db(transaction=True)
def test_what_one_claims_another_passes_over(alice):
    workspace = alice.workspace
    listen(workspace)
    put(workspace, event())
    found = []

    def claim_meanwhile():
        with as_worker(), transaction.atomic():
            found.append(
                services.claim_event_batches(
                    consumer=HEARD, workspace_id=workspace.id, limit=10
                ).batches
            )
        connection.close()

    with as_worker(), transaction.atomic():
        claim = services.claim_event_batches(consumer=HEARD, workspace_id=workspace.id, limit=10)
        other = threading.Thread(target=claim_meanwhile)
        other.start()
        other.join(20)

    assert len(claim.batches) == 1
    assert found == [[]]


@pytest.mark.parametrize("count", [1, 3, 40])  # one message, and beyond what one takes
def test_what_was_told_before_is_left_once(workspace, count):
    listen(workspace)
    run_id = uuid7()
    moves = [
        Transition(run_id=run_id, state="RUNNING", occurred_at=NOW, epoch=n, id=uuid7())
        for n in range(count)
    ]
    events = [event(name="headway.run.running") for _ in moves]
    one_more = event(name="headway.run.completed")

    def tell(*said):
        with workspace_scope(workspace.id):
            services.record_told(workspace_id=workspace.id, transitions=moves, events=said, now=NOW)

    tell(*events)
    tell(*events)
    tell(*events, one_more)

    batches, _ = take(workspace)
    told = sorted([*(each.id for each in events), one_more.id])
    assert sorted(id_ for batch in batches for id_ in batch) == told
    with workspace_scope(workspace.id):
        assert RunTransition.objects.for_workspace(workspace.id).count() == count
        assert Event.objects.for_workspace(workspace.id).count() == count + 1


@pytest.mark.parametrize("count", [1, 40])  # by single rows, and by COPY
def test_what_is_told_of_many_workspaces_is_each_ones_own(workspace, rival_workspace, count):
    listen(workspace)
    run_id = uuid7()
    told = {
        of.id: (
            [
                Transition(run_id=run_id, state="RUNNING", occurred_at=NOW, epoch=n, id=uuid7())
                for n in range(count)
            ],
            [event(name="headway.run.running") for _ in range(count)],
        )
        for of in (workspace, rival_workspace)
    }

    with as_worker(), transaction.atomic():
        for _ in range(2):
            services.record_told_in_many(told=told, now=NOW)

    batches, _ = take(workspace)
    assert sorted(id_ for batch in batches for id_ in batch) == sorted(
        each.id for each in told[workspace.id][1]
    )
    for of in (workspace, rival_workspace):
        with workspace_scope(of.id):
            events = Event.objects.for_workspace(of.id).values_list("id", flat=True)
            assert sorted(events) == sorted(each.id for each in told[of.id][1])
            assert RunTransition.objects.for_workspace(of.id).count() == count
