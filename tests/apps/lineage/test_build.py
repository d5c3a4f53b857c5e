"""What events tell, put together: the same world whatever the order."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.ids import uuid7
from apps.lineage import services
from apps.lineage.models import Reading, Relation, Resource, SchemaVersion, Touch
from apps.lineage.selectors import resources as reads
from apps.telemetry.enums import Consumer
from apps.telemetry.models import PendingBatch
from apps.tenancy.isolation import workspace_scope
from tests.factories.lineage import (
    START,
    build,
    dump,
    edges,
    event,
    party,
    resource_id,
    run_begins,
    store,
)
from tests.isolation import as_worker, rolled_back

DB = "postgres://db.acme.example:5432"


def test_a_query_by_its_text_alone(in_workspace):
    store(
        in_workspace,
        [
            event(
                payload={
                    "text": "INSERT INTO daily SELECT day, count(*) FROM sales.orders GROUP BY 1",
                    "user": "Maria@acme.example",
                    "database": "shop",
                    "dialect": "postgresql",
                },
                related=[party("on", "database", "shop", DB)],
            )
        ],
    )

    build(in_workspace)

    found = {edge for edge in edges(in_workspace) if not edge[0].startswith("query:")}
    assert found == {
        ("user:maria@acme.example", "reads", "table:shop.sales.orders"),
        ("user:maria@acme.example", "writes", "table:shop.public.daily"),
        ("table:shop.public.daily", "depends_on", "table:shop.sales.orders"),
        ("table:shop.public.daily", "part_of", "database:shop"),
        ("table:shop.sales.orders", "part_of", "database:shop"),
    }
    query = Resource.objects.for_workspace(in_workspace.id).get(kind="query")
    assert query.label.startswith("INSERT INTO daily SELECT day")


def test_tables_that_were_named_are_not_looked_for_in_the_text(in_workspace):
    store(
        in_workspace,
        [
            event(
                payload={"text": "CALL refresh()", "user": "etl"},
                related=[
                    party("reads", "table", "shop.public.orders", DB),
                    party("writes", "table", "shop.public.daily", DB),
                ],
            )
        ],
    )

    build(in_workspace)

    assert ("table:shop.public.daily", "depends_on", "table:shop.public.orders") in edges(
        in_workspace
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {  # before 2025
            "db.system": "postgresql",
            "db.name": "shop",
            "db.statement": "SELECT * FROM orders",
            "db.user": "app",
            "net.peer.name": "DB.acme.example",
            "net.peer.port": 5432,
        },
        {  # since
            "db.system.name": "postgresql",
            "db.namespace": "shop|public",
            "db.query.text": "SELECT * FROM orders",
            "server.address": "db.acme.example",
            "server.port": "5432",
            "db.operation.name": "SELECT",
        },
    ],
    ids=["old", "new"],
)
def test_spans_with_attributes_of_databases(in_workspace, attributes):
    span = event(
        resource=("service", "shop", "checkout"),
        payload={"name": "SELECT shop", "attributes": attributes},
        source="otlp",
    )
    store(in_workspace, [span])

    build(in_workspace)

    assert ("service:checkout", "reads", "table:shop.public.orders") in edges(in_workspace)
    table = Resource.objects.get(id=resource_id(in_workspace, "table", DB, "shop.public.orders"))
    assert table.namespace == "postgres://db.acme.example"


def lineage(job, inputs, outputs, minute=0, run_id=None, **job_facets):
    """An event as the OpenLineage door stores it."""
    return event(
        "openlineage.run.complete",
        minute=minute,
        resource=("job", "dbt", job),
        related=[
            *(party("reads", "table", each["name"], each["namespace"]) for each in inputs),
            *(party("writes", "table", each["name"], each["namespace"]) for each in outputs),
        ],
        payload={
            "eventType": "COMPLETE",
            "job": {"namespace": "dbt", "name": job, "facets": job_facets},
            "inputs": inputs,
            "outputs": outputs,
        },
        run_id=run_id,
        source="openlineage",
    )


RAW = {
    "namespace": DB,
    "name": "shop.raw.orders",
    "facets": {"schema": {"fields": [{"name": "id", "type": "int"}]}},
    "inputFacets": {
        "dataQualityMetrics": {"rowCount": 120},
        "dataQualityAssertions": {
            "assertions": [{"assertion": "not_null", "column": "id", "success": False}]
        },
    },
}
MART = {
    "namespace": DB,
    "name": "shop.mart.daily",
    "facets": {
        "schema": {"fields": [{"name": "n", "type": "int"}, {"name": "day", "type": "date"}]},
        "ownership": {"owners": [{"name": "user:maria@acme.example", "type": "OWNER"}]},
        "columnLineage": {
            "fields": {
                "n": {"inputFields": [{"namespace": DB, "name": "shop.raw.orders", "field": "id"}]}
            }
        },
    },
    "outputFacets": {"outputStatistics": {"rowCount": 7, "size": 512}},
}


def test_openlineage_facets(in_workspace):
    store(
        in_workspace,
        [
            lineage(
                "build.daily",
                [RAW],
                [MART],
                sql={"query": "insert into mart.daily select count(*) from raw.orders"},
            )
        ],
    )

    build(in_workspace)

    assert edges(in_workspace) >= {
        ("job:build.daily", "reads", "table:shop.raw.orders"),
        ("job:build.daily", "writes", "table:shop.mart.daily"),
        ("table:shop.mart.daily", "owned_by", "user:maria@acme.example"),
        ("column:shop.mart.daily#n", "depends_on", "column:shop.raw.orders#id"),
        ("column:shop.mart.daily#n", "part_of", "table:shop.mart.daily"),
    }
    daily = resource_id(in_workspace, "table", DB, "shop.mart.daily")
    raw = resource_id(in_workspace, "table", DB, "shop.raw.orders")
    readings = Reading.objects.values_list("resource_id", "measure", "value")
    assert set(readings) == {
        (raw, "rows", 120.0),
        (daily, "rows_written", 7.0),
        (daily, "bytes_written", 512.0),
    }
    assert reads.facets_of(workspace_id=in_workspace.id, resource_ids=[raw])["checks"].value == [
        {"assertion": "not_null", "column": "id", "ok": False}
    ]
    (version,) = SchemaVersion.objects.filter(resource_id=daily)
    assert [column["name"] for column in version.columns] == ["n", "day"]


def test_openlineage_tells_of_wide_tables(in_workspace):
    fields = [{"name": f"c{number}", "type": "int"} for number in range(600)]
    wide = {"namespace": DB, "name": "shop.mart.wide", "facets": {"schema": {"fields": fields}}}
    store(in_workspace, [lineage("m", [], [wide])])

    build(in_workspace)

    version = SchemaVersion.objects.get(workspace_id=in_workspace.id)
    assert [column["name"] for column in version.columns] == [f"c{n}" for n in range(500)]


def symlinked(path, called, **facets):
    """A dataset as Spark names it: by its path, with the catalog's name beside it."""
    return {
        "namespace": "s3://lake",
        "name": path,
        "facets": facets
        | {
            "symlinks": {
                "identifiers": [
                    {"namespace": "ignored", "name": "ignored", "type": "OTHER"},
                    {"namespace": "hive://meta:10000", "name": called, "type": "TABLE"},
                ]
            }
        },
    }


def test_what_is_named_by_its_path_is_the_table_that_its_catalog_calls_so(in_workspace):
    run_id = uuid7()
    orders = symlinked("/warehouse/raw/orders", "raw.Orders")
    daily = symlinked(
        "warehouse/mart/daily",
        "mart.daily",
        schema={"fields": [{"name": "n", "type": "long"}]},
        columnLineage={
            "fields": {
                "n": {
                    "inputFields": [
                        {"namespace": "s3a://lake", "name": "warehouse/raw/orders", "field": "id"}
                    ]
                }
            }
        },
    )
    plain = {"namespace": "s3://lake", "name": "landing/orders.csv"}
    asked = event(
        payload={
            "text": "SELECT * FROM raw.orders",
            "user": "maria",
            "dialect": "hive",
            "database": "raw",
        },
        related=[party("on", "database", "raw", "hive://meta")],
    )
    store(in_workspace, [lineage("spark.daily", [orders, plain], [daily], 1, run_id), asked])

    build(in_workspace)

    assert edges(in_workspace) >= {
        ("job:spark.daily", "reads", "table:raw.orders"),
        ("job:spark.daily", "reads", "table:landing/orders.csv"),
        ("job:spark.daily", "writes", "table:mart.daily"),
        ("column:mart.daily#n", "depends_on", "column:raw.orders#id"),
        ("user:maria", "reads", "table:raw.orders"),
    }
    tables = Resource.objects.filter(workspace_id=in_workspace.id, kind="table")
    assert set(tables.values_list("namespace", "name")) == {
        ("hive://meta", "raw.orders"),
        ("hive://meta", "mart.daily"),
        ("s3://lake", "landing/orders.csv"),
    }
    table = resource_id(in_workspace, "table", "hive://meta", "mart.daily")
    said = reads.facets_of(workspace_id=in_workspace.id, resource_ids=[table])
    assert said["location"].value == {"namespace": "s3://lake", "name": "warehouse/mart/daily"}
    assert SchemaVersion.objects.filter(resource_id=table).count() == 1
    touched = Touch.objects.filter(run_id=run_id, role="writes").values_list("resource_id")
    assert [id_ for (id_,) in touched] == [table]


def test_a_dataset_event_of_a_path_is_of_the_table(in_workspace):
    told = symlinked("warehouse/mart/daily", "mart.daily")
    location = {"identifiers": [{"namespace": "gs://lake", "name": "/x/", "type": "LOCATION"}]}
    other = {"namespace": DB, "name": "shop.mart.x", "facets": {"symlinks": location}}
    store(
        in_workspace,
        [
            event(
                "openlineage.dataset",
                resource=("table", each["namespace"], each["name"]),
                payload={"dataset": each},
                source="openlineage",
            )
            for each in (told, other, {"namespace": "n", "name": "odd", "facets": {"symlinks": 3}})
        ],
    )

    build(in_workspace)

    assert set(Resource.objects.values_list("name", flat=True)) == {
        "mart.daily",
        "shop.mart.x",
        "odd",
    }
    stored_at = resource_id(in_workspace, "table", DB, "shop.mart.x")
    said = reads.facets_of(workspace_id=in_workspace.id, resource_ids=[stored_at])
    assert said["location"].value == {"namespace": "gs://lake", "name": "x"}


def test_what_a_run_touched_is_its_deployments_whichever_was_told_first(in_workspace):
    first, second, third = uuid7(), uuid7(), uuid7()
    deployment, flow = uuid.uuid4(), uuid.uuid4()
    table = ("table", DB, "shop.public.orders")
    loaded = [
        event("table.loaded", minute=n, resource=table, payload={"rows": 10 + n}, run_id=run_id)
        for n, run_id in enumerate([first, second, third])
    ]

    store(in_workspace, [loaded[0], run_begins(second, deployment, flow, 0)])
    build(in_workspace)
    store(in_workspace, [run_begins(first, deployment, flow, 0), loaded[1]])
    build(in_workspace)
    store(in_workspace, [run_begins(third, deployment, flow, 0), loaded[2]])
    build(in_workspace)

    (row,) = Relation.objects.filter(
        role="writes", from_id=resource_id(in_workspace, "deployment", None, str(deployment))
    )
    assert row.to_id == resource_id(in_workspace, *table)
    assert row.count == 3
    assert (row.first_seen, row.last_seen) == (START, START + timedelta(minutes=2))
    assert {(each.count, each.counted) for each in Touch.objects.all()} == {(1, 1)}


def test_a_batch_that_is_given_back_counts_once(in_workspace):
    store(in_workspace, [event(payload={"text": "SELECT * FROM orders", "user": "x"})])
    with as_worker(), rolled_back():
        services.build_world(workspace_id=in_workspace.id)
    assert not Resource.objects.exists()

    build(in_workspace)

    assert set(Resource.objects.values_list("count", flat=True)) == {1}
    assert not PendingBatch.objects.for_consumer(Consumer.LINEAGE).exists()


def test_the_number_of_statements_does_not_hang_on_the_number_of_events(in_workspace):
    def statements(count):
        batch = [
            lineage(f"job{n}", [RAW | {"name": f"shop.raw.t{n}"}], [MART], run_id=uuid7())
            for n in range(count)
        ]
        store(in_workspace, batch)
        with CaptureQueriesContext(connection) as captured, as_worker():
            services.build_world(workspace_id=in_workspace.id)
        return len(captured)

    assert statements(1) == statements(150)


def test_what_tells_nothing_leaves_nothing(in_workspace):
    store(
        in_workspace,
        [
            event("deploy.finished", payload={"rows": 1}),
            event("headway.automation.fired", resource=("automation", None, "x")),
            event("headway.run.scheduled", resource=("run", None, "x"), run_id=uuid7()),
        ],
    )

    assert not PendingBatch.objects.for_consumer(Consumer.LINEAGE).exists()


def test_nobody_sees_another_workspaces_world(in_workspace, rival_workspace):
    store(in_workspace, [event(payload={"text": "SELECT * FROM secrets", "user": "alice"})])
    build(in_workspace)

    with workspace_scope(rival_workspace.id):
        seen = [model.objects.count() for model in (Resource, Relation)]

    assert seen == [0, 0]
    assert Resource.objects.count() == 3


RUNS = [uuid7(START + timedelta(seconds=n)) for n in range(3)]
OWNER, FLOW = uuid.uuid4(), uuid.uuid4()
TABLES = ["orders", "sales.orders", "SALES.Orders", "daily"]


@st.composite
def stories(draw):
    """Some events of each kind, with times and runs that meet."""
    told = []
    for number in range(draw(st.integers(1, 8))):
        minute, run_id = draw(st.integers(0, 200)), draw(st.sampled_from([None, *RUNS]))
        table, other = draw(st.sampled_from(TABLES)), draw(st.sampled_from(TABLES))
        kind = draw(st.sampled_from(["query", "loaded", "lineage", "run"]))
        if kind == "query":
            told.append(
                event(
                    minute=minute,
                    run_id=run_id,
                    payload={
                        "text": f"INSERT INTO {table} SELECT {number} FROM {other}",
                        "user": draw(st.sampled_from(["a", "b"])),
                        "dialect": "postgres",
                    },
                )
            )
        elif kind == "loaded":
            told.append(
                event(
                    "table.loaded",
                    minute=minute,
                    run_id=run_id,
                    resource=("table", DB, table),
                    payload={"rows": number},
                )
            )
        elif kind == "lineage":
            columns = [{"name": f"c{draw(st.integers(0, 2))}", "type": "int"}]
            made = MART | {"facets": MART["facets"] | {"schema": {"fields": columns}}}
            told.append(lineage(f"job {other}", [RAW], [made], minute, run_id))
        else:
            told.append(run_begins(run_id or RUNS[0], OWNER, FLOW, minute))
    return told


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories(), data=st.data())
def test_any_order_of_the_same_events_gives_the_same_world(in_workspace, story, data):
    with rolled_back():
        store(in_workspace, story)
        build(in_workspace)
        expected = dump(in_workspace)

    shuffled = data.draw(st.permutations(story))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(story) - 1, 1)), max_size=3)))
    with rolled_back():
        for first, last in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
            if shuffled[first:last]:
                store(in_workspace, shuffled[first:last])
                if data.draw(st.booleans()):
                    build(in_workspace, limit=1)
        build(in_workspace, limit=1)
        assert dump(in_workspace) == expected


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_workspaces_and_count_once(workspace, rival_workspace):
    for place in (workspace, rival_workspace):
        with workspace_scope(place.id):
            store(place, [event(payload={"text": "SELECT * FROM orders", "user": "x"})])

    with as_worker():
        waiting = services.workspaces_with_work()
        with transaction.atomic():
            first = services.build_world(workspace_id=waiting[0])
        second = services.build_world(workspace_id=waiting[1])
        left = services.workspaces_with_work()

    assert sorted(waiting) == sorted([workspace.id, rival_workspace.id])
    assert (first.events, second.events, left) == (1, 1, [])


def test_a_namespace_with_a_percent_encoded_nul_holds_up_nothing(in_workspace):
    store(
        in_workspace,
        [
            event(
                "table.loaded",
                resource=("table", "postgres://db/%00", "orders"),
                related=[party("reads", " ", "nothing"), party("reads", "table", "customers", DB)],
            )
        ],
    )

    build(in_workspace)

    names = Resource.objects.values_list("kind", "name")
    assert set(names) == {("table", "\ufffd.public.orders"), ("table", "public.customers")}


def test_an_event_that_cannot_be_told_is_left_out_and_holds_up_nothing(in_workspace):
    store(in_workspace, [loaded("orders")])
    build(in_workspace)
    # One more does not fit: what the database says of it, it says of the whole statement.
    Resource.objects.filter(name="public.orders").update(count=2**63 - 1)
    for names in (("a", "b", "orders", "c"), ("d",)):
        store(in_workspace, [loaded(name, minute=5) for name in names])

    build(in_workspace)

    found = dict(Resource.objects.values_list("name", "count"))
    assert found == {f"public.{name}": 1 for name in "abcd"} | {"public.orders": 2**63 - 1}
    assert not PendingBatch.objects.for_consumer(Consumer.LINEAGE).exists()


def loaded(name, minute=0):
    return event("table.loaded", minute=minute, resource=("table", DB, name))
