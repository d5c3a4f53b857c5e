"""Events as Airflow's OpenLineage provider shapes them: of a DAG's run, and of its tasks'."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.tenancy.isolation import workspace_scope
from tests.factories.lineage import build, edges

pytestmark = pytest.mark.django_db
PATH = "/api/v1/lineage"
NOW = utc_now()
NAMESPACE = "airflow-prod"
PRODUCER = "https://github.com/apache/airflow/tree/providers-openlineage/2.20.0"
SPEC = "https://openlineage.io/spec/facets"
DB = "postgres://db.acme.example:5432"
DAG_RUN, TASK_RUN = (str(uuid.uuid4()) for _ in range(2))


def facet(name, /, **said):
    return {name: {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/1-0-0/{name}.json"} | said}


def job(name, kind, **facets):
    what = facet("jobType", processingType="BATCH", integration="AIRFLOW", jobType=kind)
    return {"namespace": NAMESPACE, "name": name, "facets": what | facets}


def event(kind, minute, run_id, of, run_facets, **more):
    return {
        "eventType": kind,
        "eventTime": (NOW - timedelta(minutes=10 - minute)).isoformat(),
        "producer": PRODUCER,
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run_id, "facets": run_facets},
        "job": of,
        "inputs": [],
        "outputs": [],
    } | more


def of_a_dag():
    """Return what one run of a DAG of one task sends, in the order in which it happens."""
    dag = job("sales", "DAG", **facet("ownership", owners=[{"name": "data-team", "type": ""}]))
    load = job(
        "sales.load_daily",
        "TASK",
        **facet("sql", query="INSERT INTO daily SELECT * FROM orders"),
        **facet("ownership", owners=[{"name": "jane@acme.example", "type": ""}]),
    )
    about_dag = {
        **facet("nominalTime", nominalStartTime=NOW.isoformat()),
        **facet("airflowDagRun", dag={"dag_id": "sales"}, dagRun={"run_id": "scheduled__1"}),
        **facet("processing_engine", name="Airflow", version="3.0.2"),
    }
    the_dag = {"run": {"runId": DAG_RUN}, "job": {"namespace": NAMESPACE, "name": "sales"}}
    about_task = {
        **facet("parent", **the_dag, root=the_dag),
        **facet("airflow", task={"task_id": "load_daily"}, taskInstance={"try_number": 1}),
        **facet("unknownSourceAttribute", unknownItems=[{"name": "x", "properties": {}}]),
    }
    reads = {"namespace": DB, "name": "shop.public.orders", "facets": {}}
    writes = {"namespace": DB, "name": "shop.public.daily", "facets": {}}
    return [
        event("START", 0, DAG_RUN, dag, about_dag),
        event("START", 1, TASK_RUN, load, about_task),
        event("COMPLETE", 3, TASK_RUN, load, about_task, inputs=[reads], outputs=[writes]),
        event("COMPLETE", 4, DAG_RUN, dag, about_dag),
    ]


@pytest.mark.parametrize("seed", [None, 1, 2], ids=["in order", "mixed", "mixed otherwise"])
def test_a_run_of_a_dag_in_any_order_one_event_a_request(sender, seed):
    sent = of_a_dag()
    if seed is not None:
        random.Random(seed).shuffle(sent)

    answers = [sender.send(PATH, each) for each in (*sent, sent[0])]

    assert [each.status_code for each in answers] == [201] * 5
    assert answers[-1].json()["duplicates"] == 1
    assert [(each.name, each.resource_name) for each in sender.events()] == [
        ("openlineage.run.start", "sales"),
        ("openlineage.run.start", "sales.load_daily"),
        ("openlineage.run.complete", "sales.load_daily"),
        ("openlineage.run.complete", "sales"),
    ]
    assert {each.run_id for each in sender.events()} == {None}  # a run of theirs, not of ours
    assert sender.refused() == {}


def test_the_world_knows_the_task_by_its_dag_its_tables_and_its_owner(sender):
    for each in of_a_dag():
        sender.send(PATH, each)

    with workspace_scope(sender.workspace.id):
        build(sender.workspace)
        found = {edge for edge in edges(sender.workspace) if "query:" not in edge[0]}

    assert found >= {
        ("job:sales.load_daily", "part_of", "job:sales"),
        ("job:sales.load_daily", "reads", "table:shop.public.orders"),
        ("job:sales.load_daily", "writes", "table:shop.public.daily"),
        ("job:sales.load_daily", "owned_by", "user:jane@acme.example"),
        ("job:sales", "owned_by", "user:data-team"),
    }
