import gzip
import re
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs.enums import RunState
from apps.tenancy.isolation import workspace_scope
from tests.apps.runs.test_task_runs import said, tell
from tests.factories.dispatch import local_run

pytestmark = pytest.mark.django_db

S = RunState


@pytest.fixture
def run(workspace):
    """A run with four task runs that depend on each other, one of them not started."""
    at = utc_now() - timedelta(minutes=1)
    with workspace_scope(workspace.id):
        run = local_run(workspace, now=at)
        a, b, c, d = (uuid7(at + timedelta(seconds=n)) for n in range(4))
        second = timedelta(seconds=1)
        tell(
            run,
            said(
                run, c, 1, S.RUNNING, occurred_at=at + 3 * second, depends_on=[a, b], name='c "1"'
            ),
            said(
                run, a, 2, S.COMPLETED, started_at=at, occurred_at=at + second, task_name="extract"
            ),
            said(run, b, 3, S.FAILED, started_at=at + second, occurred_at=at + 2 * second),
            said(run, d, 4, S.PENDING, depends_on=[c]),
        )
    run.tasks = [str(each) for each in (a, b, c, d)]
    return run


def test_the_columns_are_in_the_order_of_the_ids(api, alice, run):
    body = api(alice).get(f"runs/{run.id}/timeline").json()

    rows = body["rows"]
    assert rows["id"] == run.tasks
    assert [body["task_names"][index] for index in rows["task"]] == [
        "extract",
        "load",
        "load",
        "load",
    ]
    assert rows["name"][2] == 'c "1"'
    assert [body["states"][index] for index in rows["state"]] == [
        "COMPLETED",
        "FAILED",
        "RUNNING",
        "PENDING",
    ]
    assert rows["start_ms"] == [0, 1000, 3000, None]
    assert rows["end_ms"] == [1000, 2000, None, None]
    assert rows["depends_on"] == [[], [], [0, 1], [2]]
    assert body["depends_on_outside"] == []
    assert (body["total"], body["epoch"], body["next_cursor"]) == (4, 1, None)


def test_pages_join_without_a_gap(api, alice, run):
    first = api(alice).get(f"runs/{run.id}/timeline?max_rows=2").json()
    second = (
        api(alice).get(f"runs/{run.id}/timeline?max_rows=2&cursor={first['next_cursor']}").json()
    )
    last = (
        api(alice).get(f"runs/{run.id}/timeline?max_rows=2&cursor={second['next_cursor']}").json()
    )

    assert first["rows"]["id"] + second["rows"]["id"] == run.tasks
    assert (last["rows"]["id"], last["next_cursor"]) == ([], None)
    assert first["depends_on_outside"] == []
    assert second["rows"]["depends_on"] == [[], [0]]
    assert second["depends_on_outside"] == [[0, run.tasks[0]], [0, run.tasks[1]]]


def test_a_page_costs_what_it_holds(api, alice, workspace):
    with workspace_scope(workspace.id):
        run = local_run(workspace)
        tell(run, *[said(run, uuid7(), n, S.RUNNING) for n in range(3_000)])
    cursor = api(alice).get(f"runs/{run.id}/timeline?max_rows=2500").json()["next_cursor"]

    with CaptureQueriesContext(connection) as queries:
        api(alice).get(f"runs/{run.id}/timeline?max_rows=50&cursor={cursor}")

    (query,) = [each["sql"] for each in queries if "depends_on" in each["sql"]]
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")  # as it was asked
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
        plan = orjson.dumps(cursor.fetchone()[0]).decode()
    assert '"Node Type":"Sort"' not in plan
    read = [int(n) for n in re.findall(r'"Actual Rows":(\d+)', plan)]
    assert max(read) == 50


def test_a_run_without_task_runs_has_empty_columns(api, alice, workspace):
    with workspace_scope(workspace.id):
        run = local_run(workspace)

    body = api(alice).get(f"runs/{run.id}/timeline").json()

    assert body["total"] == 0
    assert body["rows"] == {
        "id": [],
        "task": [],
        "name": [],
        "state": [],
        "start_ms": [],
        "end_ms": [],
        "depends_on": None,
    }


def test_a_large_answer_is_compressed_for_who_reads_gzip(api, alice, workspace):
    with workspace_scope(workspace.id):
        run = local_run(workspace)
        tell(run, *[said(run, uuid7(), n, S.RUNNING) for n in range(500)])

    response = api(alice).get(f"runs/{run.id}/timeline", Accept_Encoding="gzip, br")

    assert response["Content-Encoding"] == "gzip"
    assert len(orjson.loads(gzip.decompress(response.content))["rows"]["id"]) == 500


@pytest.mark.parametrize("cursor", ["zz", "WyJhIiwiYiJd", "WzEsIngiXQ", "WzEwMDAwMDAwMDAwLCJ4Il0"])
def test_a_foreign_cursor_is_refused(api, alice, run, cursor):
    response = api(alice).get(f"runs/{run.id}/timeline?cursor={cursor}")

    assert response.status_code == 400
