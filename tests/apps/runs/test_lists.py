from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services as dispatch
from apps.dispatch.enums import PoolKind
from apps.runs import wire
from apps.runs.enums import RunState, StateType
from apps.runs.models import Run
from apps.runs.selectors import get_run, list_task_runs
from apps.runs.selectors.charts import reason_for_attention
from apps.tenancy.isolation import workspace_scope
from tests.apps.runs.test_task_runs import said, tell
from tests.factories.dispatch import local_run, make_deployment, report, running, start
from tests.factories.tenancy import actor_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(workspace):
    """One run in each of a few states, of two flows."""
    with workspace_scope(workspace.id):
        orders = make_deployment(workspace, flow_name="orders", tags=["daily"])
        users = make_deployment(workspace, flow_name="users")
        failed = report(
            running(orders, workspace),
            RunState.FAILED,
            workspace,
            error={"type": "ValueError", "message": "no rows"},
        ).run
        return {
            "failed": failed.id,
            "running": running(orders, workspace).id,
            "scheduled": start(users, tags=["extra"]).id,
            "local": local_run(workspace).id,
            "orders": orders,
            "users": users,
        }


def listed(api, query):
    response = api.get(f"runs?{query}")
    assert response.status_code == 200, response.content
    return {item["id"] for item in response.json()["items"]}


def test_filters_narrow_the_list(api, alice, world):
    client = api(alice)
    ids = {name: str(world[name]) for name in ("failed", "running", "scheduled", "local")}

    assert listed(client, "") == set(ids.values())
    assert listed(client, "state=FAILED") == {ids["failed"]}
    assert listed(client, "state=FAILED&state=SCHEDULED") == {ids["failed"], ids["scheduled"]}
    assert listed(client, "state_type=RUNNING") == {ids["running"], ids["local"]}
    assert listed(client, f"flow_id={world['orders'].flow_id}") == {ids["failed"], ids["running"]}
    assert listed(client, f"deployment_id={world['users'].id}") == {ids["scheduled"]}
    assert listed(client, f"pool_id={world['users'].pool_id}") == set(ids.values()) - {ids["local"]}
    assert listed(client, "tag=daily") == {ids["failed"], ids["running"]}
    assert listed(client, "source=LOCAL") == {ids["local"]}
    assert listed(client, "q=USER") == {ids["scheduled"]}
    assert listed(client, f"q={ids['failed']}") == {ids["failed"]}
    assert (
        listed(client, f"created_before={(utc_now() - timedelta(1)):%Y-%m-%dT%H:%M:%SZ}") == set()
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=DONE", "state.0"),
        ("flow_id=1", "flow_id"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("created_after=yesterday", "created_after"),
        ("colour=red", "colour"),
        ("cursor=%00", "cursor"),
        ("q=%00", "q"),
    ],
)
def test_a_bad_query_is_refused_by_field(api, alice, query, field):
    response = api(alice).get(f"runs?{query}")

    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [field]


def test_pages_are_complete_and_without_repeats(api, alice, workspace):
    with workspace_scope(workspace.id):
        made = {str(local_run(workspace).id) for _ in range(7)}
    client, seen, cursor = api(alice), [], ""

    while cursor is not None:
        page = client.get(f"runs?limit=3&cursor={cursor}" if cursor else "runs?limit=3").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert seen == sorted(made, reverse=True)


def test_the_list_takes_the_same_queries_for_one_as_for_many(api, alice, workspace, queries_of):
    with workspace_scope(workspace.id):
        for _ in range(10):
            local_run(workspace)
    client = api(alice)
    client.get("runs")  # the first visit is noted

    _, for_one = queries_of(lambda: client.get("runs?limit=1"))
    page, for_many = queries_of(lambda: client.get("runs").json())

    assert len(page["items"]) == 10
    assert for_one == for_many <= 12


def test_a_row_says_what_kind_of_pool_executes_it(api, alice, workspace):
    with workspace_scope(workspace.id):
        dispatch.create_pool(
            workspace_id=workspace.id, name="boxes", kind=PoolKind.DOCKER, now=utc_now()
        )
        image = {"kind": "image", "image": "acme/flows:1.4", "folder": "/app"}
        boxed = make_deployment(workspace, flow_name="b", pool="boxes", path="", code=image)
        start(make_deployment(workspace, flow_name="a"))
        start(boxed)
        local_run(workspace)

    rows = api(alice).get("runs").json()["items"]

    kinds = {row["flow"]["name"]: row["pool"] and row["pool"]["kind"] for row in rows}
    assert kinds == {"a": "PROCESS", "b": "DOCKER", "local": None}


def test_the_kinds_on_the_wire_are_those_of_pools():
    assert [kind for kind, _ in wire.POOL_KINDS] == [kind.value for kind in PoolKind]


def test_list_rows_carry_no_parameters(api, alice, world):
    row = api(alice).get("runs").json()["items"][0]

    assert not {"parameters", "error", "cause"} & row.keys()


def test_the_schema_says_what_the_functions_fill(in_workspace, alice):
    run = running(make_deployment(in_workspace), in_workspace)
    tell(run, said(run, uuid7(), 1, RunState.RUNNING))
    run = get_run(workspace_id=in_workspace.id, run_id=run.id)
    task_run = list_task_runs(run=run).get()

    body = wire.run_body(run, actor=actor_of(alice))

    assert wire.run_row(run).keys() == wire.RunRowOutput().fields.keys()
    assert body.keys() == wire.RunOutput().fields.keys()
    assert wire.run_tick(run).keys() == wire.RunTickOutput().fields.keys()
    assert wire.task_run_item(task_run).keys() == wire.TaskRunOutput().fields.keys()
    wire.RunOutput(body).data  # noqa: B018 - each value is of its declared kind


def test_what_may_be_done_depends_on_state_and_scopes(api, alice, bob, workspace, world):
    def may(who, name):
        return api(who, workspace).get(f"runs/{world[name]}").json()["may"]

    def allowed(who, name):
        return {what for what, is_allowed in may(who, name).items() if is_allowed}

    assert allowed(alice, "failed") == {"retry", "copy", "annotate"}
    going_on = {"cancel", "pause", "suspend"}
    assert allowed(alice, "running") == going_on | {"copy", "annotate"}
    assert allowed(alice, "local") - going_on == {"annotate"}
    assert allowed(bob, "failed") == set()
    assert allowed(bob, "running") == set()


def test_the_histogram_counts_by_type_with_empty_buckets(api, alice, world):
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    since = until - timedelta(hours=1)

    body = (
        api(alice)
        .get(f"runs/histogram?from={since:%Y-%m-%dT%H:%M:%SZ}&to={until:%Y-%m-%dT%H:%M:%SZ}")
        .json()
    )

    assert body["step_seconds"] == 60
    assert 60 <= len(body["buckets"]) <= 61
    totals = {}
    for bucket in body["buckets"]:
        for kind, count in bucket["counts"].items():
            totals[kind] = totals.get(kind, 0) + count
    assert totals == {"FAILED": 1, "RUNNING": 2, "SCHEDULED": 1}


@pytest.mark.parametrize(
    ("waits_on", "why"),
    [
        (None, "no agent of its pool has taken it."),
        (UUID(int=1), "kept back by a limit on how much goes on at once."),
    ],
    ids=["an agent", "a limit"],
)
def test_who_is_late_says_what_it_waits_for(waits_on, why):
    now = datetime.now(UTC)
    run = Run(state=RunState.LATE, scheduled_for=now - timedelta(minutes=14), waits_on=waits_on)

    assert reason_for_attention(run, now=now) == f"Due 14 min ago; {why}"


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (
            {"kind": "exit_code", "exit_code": 3, "detail": "3 rows"},
            "Ended with exit code 3. Its last line: 3 rows",
        ),
        ({"kind": "oom", "detail": "It used 9 MiB."}, "Out of memory. It used 9 MiB."),
        ({"kind": "evicted"}, "evicted"),
    ],
)
def test_last_words_are_not_given_for_a_reason(cause, reason):
    run = Run(state=RunState.CRASHED, cause=cause)

    assert reason_for_attention(run, now=datetime.now(UTC)) == reason


def test_the_overview_says_what_needs_somebody(api, alice, world):
    since, until = utc_now() - timedelta(hours=1), utc_now() + timedelta(minutes=1)
    window = f"from={since:%Y-%m-%dT%H:%M:%SZ}&to={until:%Y-%m-%dT%H:%M:%SZ}"

    body = api(alice).get(f"overview?{window}").json()

    assert body["sentence"] == "1 of 3 flows needs you; 2 runs are executing."
    assert body["counts"]["FAILED"] == 1
    assert set(body["counts"]) == set(StateType)
    assert [(item["id"], item["reason"]) for item in body["attention"]] == [
        (str(world["failed"]), "ValueError: no rows")
    ]
    orders = next(flow for flow in body["flows"] if flow["flow"]["name"] == "orders")
    assert [tick["id"] for tick in orders["ticks"]] == [str(world["failed"]), str(world["running"])]
    assert orders["success_ratio"] == 0
    assert body["checklist"]["has_run"] is True


def test_a_failure_that_was_made_good_needs_nobody(api, alice, workspace, world):
    with workspace_scope(workspace.id):
        good = running(world["orders"], workspace)
        report(good, RunState.COMPLETED, workspace)
    since, until = utc_now() - timedelta(hours=1), utc_now() + timedelta(minutes=1)

    body = (
        api(alice)
        .get(f"overview?from={since:%Y-%m-%dT%H:%M:%SZ}&to={until:%Y-%m-%dT%H:%M:%SZ}")
        .json()
    )

    assert body["attention"] == []
    assert "needs you" not in body["sentence"]


def test_the_flows_show_their_newest_run(api, alice, world):
    flows = {item["name"]: item["last_run"] for item in api(alice).get("flows").json()["items"]}

    assert flows["orders"]["id"] == str(world["running"])
    assert flows["users"]["id"] == str(world["scheduled"])


def test_the_estimate_is_the_median_of_successes(api, alice, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        for seconds in (10, 20, 90):
            done = running(deployment, workspace)
            ended = report(done, RunState.COMPLETED, workspace).run
            Run.objects.filter(id=done.id).update(
                ended_at=ended.started_at + timedelta(seconds=seconds)
            )
        asked = start(deployment)

    body = api(alice).get(f"runs/{asked.id}").json()

    assert body["estimated_duration_ms"] == 20_000
