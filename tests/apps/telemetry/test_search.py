"""What a search finds in the store, how far it looks, and that it says so."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec import Raw

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import selectors, services
from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.items import NewEvent, Relation, Resource, TelemetryBatch
from apps.telemetry.search.parse import parse
from apps.telemetry.search.terms import EVENT_FIELDS, text_is
from apps.telemetry.selectors import walk
from apps.telemetry.selectors.walk import Budget
from apps.telemetry.store.search import TookTooLongError, at_most
from apps.tenancy.isolation import workspace_scope

NOW = utc_now().replace(second=30, microsecond=0)
RUN_ID = UUID("01a1f000-0000-7000-8000-000000000001")
EVENT_ID = UUID("01a1f000-0000-7000-8000-000000000002")


def put(workspace, *events):
    with workspace_scope(workspace.id):
        outcome = services.store_batch(
            workspace_id=workspace.id, batch=TelemetryBatch(events=events), now=NOW
        )
    assert not outcome.rejected


def event(name, payload="{}", **changes):
    return NewEvent(
        **{"name": name, "occurred_at": NOW, "id": uuid7(), "payload": Raw(payload.encode())}
        | changes
    )


@pytest.fixture
def stack(workspace):
    """One event of each sort; its name says which."""
    put(
        workspace,
        event(
            "orders.loaded",
            '{"rows": 1200, "status": "ok", "by": {"team": "Core"}, "at": "2026-01-02"}',
            resource=Resource(kind="table", name="public.orders", namespace="postgres://db"),
            source="dbt",
        ),
        event(
            "orders.failed",
            '{"rows": 7, "status": "failed", "error": null, "tags": ["night", "eu"]}',
            resource=Resource(kind="table", name="public.orders", namespace="snowflake://x"),
            related=[
                Relation(role="reads", kind="table", name="raw"),
                Relation(role="executed_by", kind="user", name="ana"),
            ],
            run_id=RUN_ID,
            source="sdk",
        ),
        event(
            "users.seen",
            '{"rows": "7", "flag": true, "a.b": 1, "say": "it is 100% _late_ \\\\o/ \\"x\\""}',
            related=[
                Relation(role="reads", kind="user", name="ana"),
                Relation(role="on", kind="database", name="shop", namespace="pg"),
            ],
            id=EVENT_ID,
            source="sdk:agent",
        ),
    )
    return workspace


ALL = {"orders.loaded", "orders.failed", "users.seen"}


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("", ALL),
        ("name:orders.*", {"orders.loaded", "orders.failed"}),
        ("name:orders.", set()),
        ('name:"orders.*"', set()),
        ("name:orders.loaded,users.*", {"orders.loaded", "users.seen"}),
        ("-name:orders.*", {"users.seen"}),
        ("kind:table", {"orders.loaded", "orders.failed"}),
        ("-kind:table", {"users.seen"}),
        ("namespace:postgres://*", {"orders.loaded"}),
        ("resource:public.orders source:sdk", {"orders.failed"}),
        ("source:sdk*", {"orders.failed", "users.seen"}),
        ("role:reads", {"orders.failed", "users.seen"}),
        ("role:reads related:ana", {"users.seen"}),
        ("role:reads related.kind:table", {"orders.failed"}),
        ("related:ana", {"orders.failed", "users.seen"}),
        ("related.namespace:pg", {"users.seen"}),
        ("-related:ana", {"orders.loaded"}),
        ("related:ana -role:on", {"orders.failed"}),
        (f"run:{RUN_ID}", {"orders.failed"}),
        ("run:none", {"orders.loaded", "users.seen"}),
        (f"-run:{RUN_ID}", {"orders.loaded", "users.seen"}),
        (f"run:none,{RUN_ID}", ALL),
        (f"id:{EVENT_ID}", {"users.seen"}),
        ("task:none follows:none", ALL),
        ("payload.rows:1200", {"orders.loaded"}),
        ("payload.rows:1200.0", {"orders.loaded"}),
        ("payload.rows:1.2e3", {"orders.loaded"}),
        ("payload.rows:7", {"orders.failed", "users.seen"}),
        ("payload.rows:007", {"orders.failed"}),
        ('payload.rows:"7"', {"users.seen"}),
        ("payload.rows:>7", {"orders.loaded"}),
        ("payload.rows:>=7", {"orders.loaded", "orders.failed"}),
        ("payload.rows:<1200", {"orders.failed"}),
        ("payload.rows:<=-1", set()),
        ("payload.rows:!=7", {"orders.loaded"}),
        ("-payload.rows:7", {"orders.loaded"}),
        ("payload.status:failed,ok", {"orders.loaded", "orders.failed"}),
        ("payload.status:!=ok", {"orders.failed"}),
        ("-payload.status:ok", {"orders.failed", "users.seen"}),
        ("payload.status:fail*", {"orders.failed"}),
        ("payload.by.team:Core", {"orders.loaded"}),
        ("payload.by.team:core", set()),
        ("payload.by.team.x:Core", set()),
        ("payload.at:>2026-01-01", {"orders.loaded"}),
        ("payload.at:>2026-01-03", set()),
        ("payload.tags:eu", {"orders.failed"}),
        ("payload.tags:!=eu", set()),
        ("payload.flag:true", {"users.seen"}),
        ('payload.flag:"true"', set()),
        ("payload.error:exists", {"orders.failed"}),
        ("payload.error:null", {"orders.failed"}),
        ("-payload.rows:exists", set()),
        ("-payload.status:exists", {"users.seen"}),
        ('payload."a.b":1', {"users.seen"}),
        ("payload.a.b:exists", set()),
        ("LATE", {"users.seen"}),
        ("100% _late_", {"users.seen"}),
        ("1%_", set()),
        ("public orders", {"orders.loaded", "orders.failed"}),
        ("orders -failed", {"orders.loaded"}),
        ("name:orders.* payload.rows:>10 ok", {"orders.loaded"}),
    ],
)
def test_events_are_found(api, bob, stack, q, names):
    since = quote((NOW - timedelta(seconds=30)).isoformat())
    until = quote((NOW + timedelta(seconds=30)).isoformat())
    client = api(bob)

    found = client.get(f"events?q={quote(q)}").json()
    counted = client.get(f"events/histogram?from={since}&to={until}&q={quote(q)}").json()

    assert {item["name"] for item in found["items"]} == names
    assert found["searched_to"] is None
    assert {each["name"] for each in counted["names"]} == names
    assert counted["counted_from"] is None
    assert sum(bucket["count"] for bucket in counted["buckets"]) == len(names)


def test_what_cannot_be_read_is_refused_by_every_route(api, bob):
    since, until = quote((NOW - timedelta(hours=1)).isoformat()), quote(NOW.isoformat())

    for place in ("events?", f"events/histogram?from={since}&to={until}&"):
        error = api(bob).get(f"{place}q=late%20nam:x").json()["error"]

        assert error["code"] == "invalid_request"
        assert error["details"] == {"position": 5, "length": 3}
        assert "“nam”" in error["fields"]["q"][0]


@pytest.mark.parametrize(
    "query",
    ["q=%00", "q=" + "x" * 5_000, "from=0001-01-01T00:00:00Z", "nmae=x", "run_id=17", "name=%00"],
    ids=["nul", "long", "year 1", "unknown", "no id", "nul in a name"],
)
def test_bad_parameters_are_refused(api, bob, query):
    assert api(bob).get(f"events?{query}").status_code == 400


def spread(workspace, count):
    """Events a second apart, every tenth of them rare; newest last."""
    events = [
        event("rare" if step % 10 == 0 else "usual", occurred_at=NOW - timedelta(seconds=step))
        for step in range(count)
    ]
    put(workspace, *events)
    return events


RARE = (text_is("name", "rare"),)


def test_a_search_whose_time_is_up_says_how_far_it_looked(in_workspace):
    events = spread(in_workspace, 100)
    only = selectors.EventSearch(query=RARE)
    hurried = Budget(0, first_rows=25)

    def page(below=None):
        return selectors.search_events(
            workspace_id=in_workspace.id, only=only, below=below, limit=50, budget=hurried
        )

    first = page()
    assert [row.id for row in first.rows] == [events[step].id for step in (0, 10, 20)]
    assert first.back_to == events[24].occurred_at
    pages = [first]
    while pages[-1].below is not None:
        pages.append(page(pages[-1].below))
    found = [row.id for each in pages for row in each.rows]
    assert found == [each.id for each in events[::10]]
    assert pages[-1].back_to is None


def test_pages_have_no_gaps_however_the_parts_are_cut(in_workspace):
    events = spread(in_workspace, 95)
    only = selectors.EventSearch(query=RARE)
    seen, below = [], None
    while True:
        found = selectors.search_events(
            workspace_id=in_workspace.id,
            only=only,
            below=below,
            limit=3,
            budget=Budget(60, first_rows=7, most_rows=28),
        )
        assert found.back_to is None
        seen += [row.id for row in found.rows]
        below = found.below
        if below is None:
            break

    assert seen == [each.id for each in events[::10]]


def test_a_count_whose_time_is_up_says_from_when_it_counted(in_workspace):
    events = spread(in_workspace, 100)

    def count(budget):
        return selectors.event_histogram(
            workspace_id=in_workspace.id,
            since=NOW - timedelta(hours=1),
            until=NOW + timedelta(seconds=1),
            query=parse("-payload.x:exists", EVENT_FIELDS),
            budget=budget,
        )

    some, all_of_them = count(Budget(0, first_rows=40)), count(Budget(60, first_rows=40))

    assert some.counted_from == events[39].occurred_at
    assert sum(bucket.count for bucket in some.buckets) == 40
    assert all_of_them.counted_from is None
    assert sum(bucket.count for bucket in all_of_them.buckets) == 100


def test_a_statement_is_stopped_at_its_limit_and_the_transaction_goes_on(in_workspace):
    with connection.cursor() as cursor:
        with pytest.raises(TookTooLongError), at_most(0.05):
            cursor.execute("SELECT pg_sleep(30)")
        with at_most(30):
            pass
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_search_that_does_not_get_anywhere_is_refused(in_workspace, monkeypatch):
    spread(in_workspace, 10)
    monkeypatch.setattr(walk, "PATIENCE_SECONDS", 0.05)
    sleeps = walk.Walk(
        walk.Part(workspace_id=in_workspace.id), table=walk.search.EVENT, budget=Budget(1)
    )

    def read(part):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return True

    with pytest.raises(SearchTooSlow):
        sleeps.go(read)


def test_a_run_is_looked_for_from_when_it_was_made(in_workspace):
    run_id = uuid7()
    put(in_workspace, event("of the run", run_id=run_id))

    with CaptureQueriesContext(connection) as captured:
        found = selectors.search_events(
            workspace_id=in_workspace.id,
            only=selectors.EventSearch(query=parse(f"run:{run_id}", EVENT_FIELDS)),
            limit=10,
        )

    assert [row.name for row in found.rows] == ["of the run"]
    searched = [query["sql"] for query in captured if "telemetry_event" in query["sql"]]
    assert searched
    assert all("occurred_at >= " in sql for sql in searched)


@pytest.mark.parametrize("digits", [20, 30, 99, 150, 4_000])
def test_a_number_of_many_digits_stands_in_the_list(api, bob, workspace, digits):
    number = int("9" * digits)
    put(workspace, event("large", f'{{"n": {number}}}'))

    answer = api(bob).get("events")

    assert answer.status_code == 200
    shown = answer.json()["items"][0]["payload"]["n"]
    assert int(shown) == number
    assert isinstance(shown, str) == (digits > 99)
