"""Columns that went and came back, on the page of a table and around what failed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from importlib import import_module
from random import Random

import pytest
from django.db import connection

from apps.lineage import selectors
from apps.lineage.models import SchemaSighting, SchemaVersion
from apps.lineage.schemas import changes_of
from apps.lineage.selectors import schemas
from apps.lineage.selectors.schemas import schema_of
from apps.tenancy.isolation import workspace_scope
from tests.databases import OWNER, connected_to
from tests.factories.lineage import START, build, event, resource_id, store

TABLE = ("table", "postgres://db", "shop.public.orders")
ID, DAY = {"name": "id", "type": "int"}, {"name": "day", "type": "date"}
BOTH, ONE = [ID, DAY], [ID]
FIRST = START - timedelta(days=7)
KNOWN = import_module("apps.lineage.migrations.0003_schema_sightings").KNOWN


def loaded(columns, day, resource=TABLE, hour=0):
    minute = (day - 7) * 24 * 60 + hour * 60
    return event(
        "table.loaded", resource=resource, payload={"rows": 1, "columns": columns}, minute=minute
    )


def put_back_in(workspace):
    """A column was dropped on the second day, put back on the fourth, dropped again."""
    told = [(0, BOTH), (1, BOTH), (2, ONE), (3, ONE), (4, BOTH), (6, ONE)]
    store(workspace, [loaded(columns, day) for day, columns in told])
    build(workspace)
    return resource_id(workspace, *TABLE)


@pytest.fixture
def put_back(in_workspace):
    return put_back_in(in_workspace)


def test_a_page_tells_of_each_turn(put_back, in_workspace):
    page = selectors.get_resource_page(workspace_id=in_workspace.id, resource_id=put_back)

    changes = [((each.at - FIRST).days, each.added, each.removed) for each in page.schema.changes]
    assert changes == [(6, [], ["day"]), (4, ["day"], []), (2, [], ["day"])]
    assert page.schema.columns == ONE


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [(0, 7, {2, 4, 6}), (5, 7, {6}), (3, 5, {4}), (5, 5.5, set()), (1.5, 2, {2})],
)
def test_what_changed_in_a_time_knows_what_was_before(put_back, in_workspace, since, until, days):
    found = selectors.schema_changes(
        workspace_id=in_workspace.id,
        resource_ids=[put_back],
        since=FIRST + timedelta(days=since),
        until=FIRST + timedelta(days=until),
    )

    assert {(id_, (change.at - FIRST).days) for id_, change in found} == {
        (put_back, day) for day in days
    }


def test_a_time_tells_what_all_days_would(in_workspace):
    random, hashes = Random(6), ("A", "B", "C")
    begin = FIRST.replace(hour=0)
    tables = [uuid.uuid4() for _ in range(40)]
    columns = {each: [{"name": each, "type": "int"}] for each in hashes}
    with_times = {"first_seen": begin, "last_seen": START}
    for table in tables:
        for each in hashes:
            SchemaVersion.objects.create(
                workspace_id=in_workspace.id, resource_id=table, hash=each, columns=columns[each],
                count=1, **with_times,
            )  # fmt: skip
        for day in random.sample(range(10), 6):
            for each in random.sample(hashes, random.choice((1, 1, 2, 3))):
                at = begin + timedelta(days=day, hours=random.randrange(24))
                SchemaSighting.objects.create(
                    workspace_id=in_workspace.id, resource_id=table, hash=each, day=at.date(),
                    first_seen=at, last_seen=at,
                )  # fmt: skip

    for since in range(10):
        until = timedelta(days=since + random.choice((0.25, 1, 3)))
        between = {"since": begin + timedelta(days=since), "until": begin + until}
        found = selectors.schema_changes(
            workspace_id=in_workspace.id, resource_ids=tables, **between
        )
        for table in tables:
            seen = SchemaSighting.objects.filter(
                resource_id=table, first_seen__lte=between["until"]
            )
            assert [change for id_, change in found if id_ == table] == [
                change for change in changes_of(seen, columns) if change.at >= between["since"]
            ]


def test_all_days_are_read_only_of_tables_that_were_seen_otherwise(
    in_workspace, django_assert_num_queries
):
    # Two engines that see the table each day, and each in its own way.
    told = [loaded(columns, day) for day in range(7) for columns in (BOTH, ONE)]
    store(in_workspace, told)
    build(in_workspace)
    table = resource_id(in_workspace, *TABLE)
    between = {"since": FIRST + timedelta(days=5), "until": START}

    with django_assert_num_queries(2) as asked:
        found = selectors.schema_changes(
            workspace_id=in_workspace.id, resource_ids=[table], **between
        )

    assert found == []
    assert not any("DENSE_RANK" in query["sql"] for query in asked.captured_queries)


def test_of_ever_other_columns_the_last_sets_are_looked_at(in_workspace, monkeypatch):
    monkeypatch.setattr(schemas, "VERSIONS", 3)
    sets = [[ID, {"name": f"c{number}", "type": "int"}] for number in range(9)]
    store(
        in_workspace,
        [loaded(columns, day, hour=day) for day in range(2) for columns in sets]
        + [loaded(columns, 3, hour=place) for place, columns in enumerate(sets[:3])],
    )
    build(in_workspace)

    schema = schema_of(
        workspace_id=in_workspace.id, resource_ids=[resource_id(in_workspace, *TABLE)]
    )

    assert schema.columns == sets[2]
    # Of the three, which were first seen at one moment; the six others say nothing.
    assert len(schema.changes) == 2
    assert {tuple(each.added) for each in schema.changes} <= {("c0",), ("c1",), ("c2",)}


def test_a_table_under_two_names_tells_one_story(put_back, in_workspace):
    other = ("table", "postgres://db", "shop.public.orders_view")
    told = [(0, BOTH), (2, ONE), (3, ONE), (4, BOTH), (6, ONE)]
    store(in_workspace, [loaded(columns, day, other, hour=1) for day, columns in told])
    build(in_workspace)

    schema = schema_of(
        workspace_id=in_workspace.id,
        resource_ids=[put_back, resource_id(in_workspace, *other)],
    )

    assert [(each.at - FIRST).days for each in schema.changes] == [6, 4, 2]


@pytest.mark.django_db(transaction=True)
def test_what_was_known_before_is_taken_over(workspace):
    with workspace_scope(workspace.id):
        put_back_in(workspace)
        SchemaSighting.objects.filter(workspace_id=workspace.id).delete()

    with connected_to(str(connection.settings_dict["NAME"]), OWNER), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE lineage_schemasighting NO FORCE ROW LEVEL SECURITY")
        cursor.execute(KNOWN)
        cursor.execute("ALTER TABLE lineage_schemasighting FORCE ROW LEVEL SECURITY")

    with workspace_scope(workspace.id):
        versions = list(SchemaVersion.objects.filter(workspace_id=workspace.id))
        known = list(SchemaSighting.objects.filter(workspace_id=workspace.id))
    assert {(each.hash, each.first_seen) for each in known} == {
        (each.hash, at) for each in versions for at in (each.first_seen, each.last_seen)
    }
