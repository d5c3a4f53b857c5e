"""What happened around a run, over the real tables."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.runs import selectors
from apps.runs.around import Kind
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import make_deployment, running
from tests.factories.lineage import START as STORY_START
from tests.factories.lineage import build, party, store
from tests.factories.lineage import event as at_minute
from tests.factories.tenancy import join, make_custom_role
from tests.stores import each_store, forget_series, other_stores

__all__ = ["each_store", "forget_series", "other_stores"]
NS = "bigquery"


class STORY:
    """When the story of a test ends: after the runs that it makes, whose ids are of their time."""

    end = STORY_START


@pytest.fixture(autouse=True)
def _end():
    STORY.end = utc_now() + timedelta(minutes=5)


def store_told(workspace, events):
    store(workspace, events, now=STORY.end)


def before(minutes, name, table=None, **changes):
    """An event so many minutes before the run ended."""
    related = changes.pop("related", ())
    return at_minute(
        name,
        minute=(STORY.end - STORY_START).total_seconds() / 60 - minutes,
        resource=("table", NS, f"p.d.{table}") if table else None,
        related=related,
        **changes,
    )


def reads(table):
    return party("reads", "table", f"p.d.{table}", NS)


def ended(run, state="FAILED"):
    """Let the run have ended at STORY.end, as its events tell."""
    Run.objects.filter(id=run.id).update(
        state=state, ended_at=STORY.end, started_at=STORY.end - timedelta(hours=1)
    )
    return Run.objects.get(id=run.id)


@pytest.fixture
def broken(in_workspace):
    """A report that reads what a load makes; the load went wrong, and more happened."""
    load = make_deployment(in_workspace, name="load")
    mart = make_deployment(in_workspace, name="report")
    loading = running(load, in_workspace)
    reporting = running(mart, in_workspace)
    started = [
        at_minute(
            "headway.run.running",
            minute=(STORY.end - STORY_START).total_seconds() / 60 - 350,
            resource=("run", None, str(run.id)),
            related=[
                party("flow", "flow", str(run.flow_id)),
                party("deployment", "deployment", str(run.deployment_id)),
            ],
            run_id=run.id,
        )
        for run in (loading, reporting)
    ]
    schema = [{"name": "id", "type": "int"}, {"name": "day", "type": "date"}]
    store_told(
        in_workspace,
        [
            *started,
            before(
                200,
                "table.loaded",
                "orders",
                run_id=loading.id,
                payload={"rows": 100, "columns": schema},
            ),
            before(30, "table.loaded", "orders", payload={"rows": 3, "columns": schema[:1]}),
            before(
                20,
                "query.executed",
                run_id=reporting.id,
                related=[reads("orders")],
                payload={"text": "SELECT 1"},
            ),
            before(
                25,
                "query.executed",
                payload={
                    "text": "ALTER TABLE `p.d.orders` DROP COLUMN day",
                    "user": "jonas",
                    "dialect": "bigquery",
                },
            ),
            before(
                40,
                "query.executed",
                payload={
                    "text": "SELECT * FROM `p.d.orders`",
                    "user": "maria",
                    "dialect": "bigquery",
                },
            ),
            before(15, "warehouse.outage", payload={"message": "no slots"}),
            before(5, "coffee.made"),
            before(420, "warehouse.outage", payload={"message": "long ago"}),
        ],
    )
    build(in_workspace)
    Run.objects.filter(id=loading.id).update(
        state="FAILED",
        ended_at=STORY.end - timedelta(minutes=50),
        started_at=STORY.end - timedelta(hours=3),
    )
    return ended(reporting), loading, load


def test_a_statement_of_another_run_is_not_laid_to_somebody(broken, in_workspace):
    run, loading, _ = broken
    text = "TRUNCATE TABLE `p.d.orders`"
    payload = {"text": text, "user": "svc-load", "dialect": "bigquery"}
    store_told(in_workspace, [before(35, "query.executed", run_id=loading.id, payload=payload)])
    build(in_workspace)

    found = selectors.get_around(run=run, now=STORY.end)

    [told] = [item for item in found.items if item.title == text]
    assert told.why[:2] == ["another run’s TRUNCATE", "by svc-load"]
    assert told.run_id == loading.id


def test_the_likeliest_causes_come_first_each_with_its_reasons(broken):
    run, loading, _ = broken

    found = selectors.get_around(run=run, now=STORY.end)

    by_kind = {item.kind: item for item in reversed(found.items)}
    assert by_kind[Kind.SCHEMA].title == "Columns of p.d.orders changed: day was removed"
    assert "queries that worked before may fail" in by_kind[Kind.SCHEMA].why
    assert by_kind[Kind.RUN].run_id == loading.id
    assert by_kind[Kind.RUN].why[0] == "it failed"
    assert by_kind[Kind.QUERY].title.startswith("ALTER TABLE")
    assert by_kind[Kind.QUERY].why[:2] == ["somebody else’s ALTER", "by jonas"]
    assert by_kind[Kind.EVENT].title == "warehouse.outage (no slots)"
    assert found.items[0].kind is Kind.SCHEMA
    assert not any("coffee" in item.title or "SELECT" in item.title for item in found.items)
    assert not any("long ago" in item.title for item in found.items)
    assert {each.resource.label: each.distance for each in found.nearby}["p.d.orders"] == 0


def by_path(minutes, run_id=None, **facets):
    """An event of an engine that knows the table by its files, with its catalog's name beside."""
    called = {"namespace": NS, "name": "p.d.orders", "type": "TABLE"}
    made = {
        "namespace": "s3://lake",
        "name": "wh/orders",
        "facets": facets | {"symlinks": {"identifiers": [called]}},
    }
    return before(
        minutes,
        "openlineage.run.complete",
        related=[party("writes", "table", "wh/orders", "s3://lake")],
        payload={"outputs": [made]},
        source="openlineage",
        run_id=run_id,
    )


@pytest.mark.parametrize(
    ("change", "words"), [("DROP", "dropped"), ("RENAME", "renamed"), ("TRUNCATE", "emptied")]
)
def test_a_table_that_is_not_there_any_more_is_told(broken, in_workspace, change, words):
    run, _, _ = broken
    dropped = by_path(3, lifecycleStateChange={"lifecycleStateChange": change})
    kept = by_path(2, lifecycleStateChange={"lifecycleStateChange": "OVERWRITE"})
    store_told(in_workspace, [dropped, kept])
    build(in_workspace)

    first = selectors.get_around(run=run, now=STORY.end).items[0]

    assert (first.kind, first.title) == (Kind.SCHEMA, f"p.d.orders was {words}")
    assert "3 min before" in first.why


def test_what_a_run_did_to_its_table_itself_is_no_cause(broken, in_workspace):
    run, _, _ = broken
    emptied = by_path(3, run.id, lifecycleStateChange={"lifecycleStateChange": "TRUNCATE"})
    store_told(in_workspace, [emptied])
    build(in_workspace)

    found = selectors.get_around(run=run, now=STORY.end)

    assert not [each for each in found.items if "emptied" in each.title]


def test_a_renamed_table_is_told_to_those_who_read_it_by_the_name_before(broken, in_workspace):
    run, _, _ = broken
    renamed = {
        "namespace": NS,
        "name": "p.d.orders_old",
        "facets": {
            "lifecycleStateChange": {
                "lifecycleStateChange": "RENAME",
                "previousIdentifier": {"namespace": NS, "name": "p.d.orders"},
            }
        },
    }
    told = before(
        3,
        "openlineage.run.complete",
        related=[party("writes", "table", "p.d.orders_old", NS)],
        payload={"outputs": [renamed]},
        source="openlineage",
    )
    store_told(in_workspace, [told])
    build(in_workspace)

    first = selectors.get_around(run=run, now=STORY.end).items[0]

    assert (first.kind, first.title) == (Kind.SCHEMA, "p.d.orders was renamed")


def test_events_that_name_a_table_by_its_path_are_about_it(broken, in_workspace):
    run, _, _ = broken
    sighted = at_minute(
        "files.compacted",
        minute=(STORY.end - STORY_START).total_seconds() / 60 - 4,
        resource=("table", "s3://lake", "/wh/orders"),
    )
    store_told(in_workspace, [sighted])
    build(in_workspace)
    without = {each.event_name for each in selectors.get_around(run=run, now=STORY.end).items}
    store_told(in_workspace, [by_path(300)])
    build(in_workspace)

    found = {each.event_name for each in selectors.get_around(run=run, now=STORY.end).items}

    assert "files.compacted" in found - without


def _upstream(in_workspace, *, touches):
    """A report over what a load makes that began four hours before the time looked at."""
    STORY.end = utc_now() + timedelta(hours=10)
    load, mart = (make_deployment(in_workspace, name=name) for name in ("load", "report"))
    usual, loading, reporting = (running(each, in_workspace) for each in (load, load, mart))
    known = [
        at_minute(
            "headway.run.running",
            minute=0,
            resource=("run", None, str(run.id)),
            related=[party("deployment", "deployment", str(run.deployment_id))],
            run_id=run.id,
        )
        for run in (usual, loading, reporting)
    ]
    reading = before(
        20,
        "query.executed",
        run_id=reporting.id,
        related=[reads("orders")],
        payload={"text": "SELECT 1"},
    )
    loads = [before(500, "table.loaded", "orders", run_id=usual.id)]
    if touches:
        loads.append(before(45, "table.loaded", "orders", run_id=loading.id))
    store_told(in_workspace, [*known, reading, *loads])
    build(in_workspace)
    Run.objects.filter(id=loading.id).update(
        state="FAILED", ended_at=STORY.end - timedelta(minutes=30)
    )
    return ended(reporting), usual, loading


@pytest.mark.parametrize("touches", [True, False], ids=["wrote", "wrote nothing"])
def test_a_run_that_began_long_before_and_failed_now_is_told(in_workspace, touches):
    run, usual, loading = _upstream(in_workspace, touches=touches)

    found = selectors.get_around(run=run, now=STORY.end, hours=6)

    [item] = [item for item in found.items if item.kind is Kind.RUN]
    assert (item.run_id, item.why[:2]) == (loading.id, ["it failed", "30 min before"])
    assert usual.id not in {each.run_id for each in found.items}


def test_a_run_that_failed_afterwards_is_no_cause(in_workspace):
    run, _, loading = _upstream(in_workspace, touches=False)
    Run.objects.filter(id=loading.id).update(ended_at=STORY.end + timedelta(minutes=1))

    found = selectors.get_around(run=run, now=STORY.end, hours=6)

    assert not [item for item in found.items if item.kind is Kind.RUN]


def test_a_run_that_touched_nothing_yet_is_looked_at_by_habit(broken, in_workspace):
    run, _, _ = broken
    late = running(run.deployment, in_workspace)

    found = selectors.get_around(run=ended(late), now=STORY.end)

    assert found.by_habit
    assert Kind.SCHEMA in {item.kind for item in found.items}


def test_a_deploy_before_the_run_is_told(broken):
    run, _, _ = broken

    found = selectors.get_around(run=run, now=STORY.end)

    deploys = [item for item in found.items if item.kind is Kind.DEPLOY]
    assert [item.distance for item in deploys] == [0, 1]
    assert deploys[1].title == "Version 1 of load/load was deployed"


def test_a_value_that_is_not_as_usual_is_told(in_workspace):
    deployment = make_deployment(in_workspace)
    run = running(deployment, in_workspace)
    usual = [
        before(minutes, "table.loaded", "orders", payload={"rows": 1_000 + minutes % 7})
        for minutes in range(340, 60, -60)
    ]
    store_told(
        in_workspace,
        [
            *usual,
            before(2, "table.loaded", "orders", payload={"rows": 12}),
            before(
                1,
                "query.executed",
                run_id=run.id,
                related=[reads("orders")],
                payload={"text": "SELECT 1"},
            ),
        ],
    )
    build(in_workspace)

    found = selectors.get_around(run=ended(run), now=STORY.end, hours=1)

    [item] = [item for item in found.items if item.kind is Kind.METRIC]
    assert item.title == "Rows of p.d.orders"
    assert item.why[0].startswith("12 where 1,00")


def test_the_number_of_statements_is_bounded(broken, in_workspace):
    run, _, _ = broken
    with CaptureQueriesContext(connection) as few:
        selectors.get_around(run=run, now=STORY.end)
    store_told(
        in_workspace,
        [
            each
            for n in range(60)
            for each in (
                before(n + 1, "table.loaded", f"t{n}", payload={"rows": n}),
                before(
                    n + 1,
                    "query.executed",
                    run_id=run.id,
                    related=[reads(f"t{n}")],
                    payload={"text": "SELECT 1"},
                ),
            )
        ],
    )
    build(in_workspace)

    with CaptureQueriesContext(connection) as many:
        selectors.get_around(run=run, now=STORY.end)

    assert len(many) <= len(few) + 2


def test_the_routes(broken, api, alice):
    run, loading, _ = broken

    around = api(alice).get(f"runs/{run.id}/around?hours=6").json()
    impact = api(alice).get(f"runs/{loading.id}/impact").json()

    assert around["items"][0]["kind"] == "schema"
    assert around["items"][0]["score"] > around["items"][-1]["score"]
    assert around["by_habit"] is False
    reached = {(each["kind"], each["distance"]) for each in impact["affected"]}
    assert ("deployment", 1) in reached
    assert api(alice).get(f"runs/{run.id}/around?hours=0").status_code == 400
    assert api(alice).get(f"runs/{uuid.uuid4()}/around").status_code == 404


def test_who_may_not_see_events_does_not_see_them_here(broken, workspace, api):
    from apps.tenancy.models import RoleAssignment
    from apps.tenancy.scopes import Scope

    run, _, _ = broken
    role = make_custom_role(workspace, "Runs only", frozenset({Scope.RUNS_READ}))
    with workspace_scope(workspace.id):
        somebody = join("runs@acme.example", workspace, "VIEWER")
        RoleAssignment.objects.filter(user=somebody.user).update(role=None, custom_role=role)

    for path in ("around", "impact"):
        answer = api(somebody, workspace).get(f"runs/{run.id}/{path}")
        assert answer.status_code == 403
        assert answer.json()["error"]["details"]["scope"] == "telemetry:read"
