"""What the world lets go of, and what it keeps."""

from __future__ import annotations

import uuid
from datetime import timedelta

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.exports.services import erase as erasure
from apps.lineage import services
from apps.lineage.models import KnownRun, Reading, Relation, Resource, SchemaSighting, Touch
from tests.factories.lineage import build, event, party, resource_id, run_begins, store
from tests.isolation import as_worker

TABLE = ("table", "bigquery", "p.d.orders")
LOAD = {"rows": 1, "columns": [{"name": "id", "type": "int"}]}


def furnish(workspace):
    run_id = uuid7()
    store(
        workspace,
        [
            run_begins(run_id, uuid.uuid4(), uuid.uuid4(), 0),
            event("table.loaded", resource=TABLE, payload=LOAD, run_id=run_id),
            event(payload={"text": "SELECT 1 FROM d.t", "user": "x", "dialect": "bigquery"}),
            event("note", resource=TABLE, related=[party("owner", "user", "maria")]),
        ],
    )
    build(workspace)


def test_what_is_young_is_kept(in_workspace):
    furnish(in_workspace)

    with as_worker():
        assert services.drop_old(now=utc_now() + timedelta(days=80)) == 0


def test_queries_and_runs_go_before_tables_and_relations(in_workspace):
    furnish(in_workspace)
    assert SchemaSighting.objects.count() == 1

    with as_worker():
        services.drop_old(now=utc_now() + timedelta(days=120))

    assert not Touch.objects.exists()
    assert not KnownRun.objects.exists()
    assert not Resource.objects.filter(kind="query").exists()
    assert Reading.objects.count() == 1
    table = resource_id(in_workspace, *TABLE)
    assert set(Relation.objects.filter(to_id=table).values_list("role", flat=True)) == {"writes"}


def test_in_the_end_all_goes_but_what_people_joined(in_workspace):
    furnish(in_workspace)
    other = ("table", "bigquery", "p.d.orders_old")
    store(in_workspace, [event("note", resource=other)])
    build(in_workspace)
    services.make_alias(
        workspace_id=in_workspace.id,
        alias_id=resource_id(in_workspace, *other),
        target_id=resource_id(in_workspace, *TABLE),
        created_by=None,
        now=utc_now(),
    )

    with as_worker():
        services.drop_old(now=utc_now() + timedelta(days=500))

    assert set(Resource.objects.values_list("name", flat=True)) == {TABLE[2], other[2]}
    assert not Relation.objects.exists()
    assert not SchemaSighting.objects.exists()


def test_a_deleted_workspace_leaves_no_world(in_workspace, rival_workspace):
    furnish(in_workspace)

    with as_worker():
        while services.erase_workspace(workspace_id=in_workspace.id, limit=3):
            pass
        models = (Resource, Relation, Touch, KnownRun, SchemaSighting)
        left = sum(model.objects.count() for model in models)

    assert left == 0
    assert services.erase_workspace in erasure._STEPS
