"""Log lines of a whole workspace: found, read around, taken away, measured."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import selectors, services
from apps.runs.selectors import logs
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewLogLine, TelemetryBatch
from apps.telemetry.selectors import Budget, LogSearch
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import local_run, make_deployment, start
from tests.factories.tenancy import make_key
from tests.isolation import as_worker
from tests.stores import each_store, forget_series, other_stores

__all__ = ["each_store", "forget_series", "other_stores"]

pytestmark = pytest.mark.django_db
NOW = utc_now().replace(second=30, microsecond=0)


def put(workspace, *lines):
    with workspace_scope(workspace.id):
        outcome = telemetry.store_batch(
            workspace_id=workspace.id, batch=TelemetryBatch(logs=lines), now=NOW
        )
    assert not outcome.rejected


def line(message, ago=0, **changes):
    return NewLogLine(
        **{
            "occurred_at": NOW - timedelta(seconds=ago),
            "id": uuid7(),
            "level": "INFO",
            "message": message,
        }
        | changes
    )


@pytest.fixture
def runs(workspace):
    """Two runs of one deployment and one of another, and what all of them and nobody wrote."""
    with workspace_scope(workspace.id):
        load = make_deployment(workspace, flow_name="load")
        clean = make_deployment(workspace, flow_name="clean")
        one, two, other = start(load), start(load), start(clean)
    put(
        workspace,
        line("loading flights", 40, run_id=one.id, logger="etl.load"),
        line("5% lost", 30, run_id=one.id, level="WARNING", logger="etl.check"),
        line("Loading planes", 20, run_id=two.id, logger="etl.load"),
        line("it broke: “late”", 10, run_id=two.id, level="ERROR", logger="etl"),
        line("cleaning", 5, run_id=other.id, level="DEBUG", logger="dust"),
        line("from outside", 0, logger="otel"),
    )
    return {"one": one, "two": two, "other": other, "load": load, "clean": clean}


def messages(answer):
    return [item["message"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["from outside", "cleaning", "it broke: “late”", "Loading planes", "5% lost"]),
        ("q=loading", ["Loading planes", "loading flights"]),
        ("q=loading%20-planes", ["loading flights"]),
        ("q=5%25", ["5% lost"]),
        ("q=%22it%20broke:%22", ["it broke: “late”"]),
        ("q=logger:etl.*", ["Loading planes", "5% lost", "loading flights"]),
        ("q=logger:etl", ["it broke: “late”"]),
        ("q=run:none", ["from outside"]),
        ("q=run:{one}", ["5% lost", "loading flights"]),
        ("q=-run:none%20-logger:etl*", ["cleaning"]),
        ("level=WARNING", ["it broke: “late”", "5% lost"]),
        ("run_id={two}", ["it broke: “late”", "Loading planes"]),
        ("run_id={two}&q=planes", ["Loading planes"]),
        ("deployment_id={load}", ["it broke: “late”", "Loading planes", "5% lost"]),
        ("deployment_id={load}&level=ERROR", ["it broke: “late”"]),
        ("deployment_id={clean}", ["cleaning"]),
        ("deployment_id=01900000-0000-7000-8000-000000000009", []),
    ],
)
def test_lines_are_found(api, bob, runs, query, found):
    ids = {name: thing.id for name, thing in runs.items()}

    answer = api(bob).get(f"logs?{query.format(**ids)}")

    assert (
        messages(answer)[:5] == found[:5] if not query else messages(answer)[: len(found)] == found
    )
    assert answer.json()["searched_to"] is None


def test_lines_name_their_runs(api, bob, runs):
    body = api(bob).get(f"logs?run_id={runs['one'].id}").json()

    assert body["runs"] == [
        {
            "id": str(runs["one"].id),
            "name": runs["one"].name,
            "flow": "load",
            "deployment_id": str(runs["load"].id),
            "deployment": "main",
        }
    ]


def test_lines_are_cut_by_time_and_paged(api, bob, workspace):
    put(workspace, *[line(str(step), ago=step // 2) for step in range(20)])
    since = quote((NOW - timedelta(seconds=7)).isoformat())
    until = quote((NOW - timedelta(seconds=2)).isoformat())
    seen, cursor = [], ""
    while True:
        answer = api(bob).get(f"logs?from={since}&to={until}&limit=3{cursor}")
        seen += [(item["occurred_at"], item["id"]) for item in answer.json()["items"]]
        if answer.json()["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json()['next_cursor']}"

    assert len(seen) == 10
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=nam:x", "q"),
        ("q=%00", "q"),
        ("level=LOUD", "level"),
        ("run_id=17", "run_id"),
        (f"run_id={uuid.UUID(int=5)}&deployment_id={uuid.UUID(int=5)}", "deployment_id"),
        ("from=0001-01-01T00:00:00Z", "from"),
        ("cursor=xyz", "cursor"),
        ("limit=0", "limit"),
        ("lvel=INFO", "lvel"),
    ],
)
@pytest.mark.parametrize("place", ["logs?", "logs/download?format=text&"])
def test_bad_parameters_are_named(api, bob, query, field, place):
    if field in {"cursor", "limit"} and "download" in place:
        field, query = "cursor", "cursor=x"
    answer = api(bob).get(f"{place}{query}")

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]


def test_a_search_whose_time_is_up_goes_on_where_it_stopped(workspace):
    put(workspace, *[line("rare" if step % 10 == 0 else "usual", ago=step) for step in range(60)])
    only = LogSearch(run_ids=None, level="INFO", query=())
    found, below = [], None
    with workspace_scope(workspace.id):
        while True:
            page = selectors.search_logs(
                workspace_id=workspace.id,
                only=only,
                below=below,
                limit=100,
                budget=Budget(0, first_rows=25),
            )
            found.append((len(page.rows), page.back_to))
            below = page.below
            if below is None:
                break

    assert found == [
        (25, NOW - timedelta(seconds=24)),
        (25, NOW - timedelta(seconds=49)),
        (10, None),
    ]


def test_of_very_many_runs_none_is_left_out(workspace, monkeypatch):
    monkeypatch.setattr(logs, "RUNS_LOOKED_AT", 2)
    hour = timedelta(hours=1)
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        made = [start(deployment, now=NOW - 12 * hour + number * hour) for number in range(7)]
        # The first goes on for long; the others end within their hour.
        for run in made[1:]:
            services.cancel_run(
                workspace_id=workspace.id, run_id=run.id, now=run.created_at + hour / 2
            )
    put(
        workspace,
        *[
            line(f"{number}", (NOW - run.created_at).total_seconds() - 60, run_id=run.id)
            for number, run in enumerate(made)
        ],
        line("still there", 60, run_id=made[0].id),
    )
    found, below, pages = [], None, 0
    with workspace_scope(workspace.id):
        while pages < 20:
            page = selectors.search_logs(
                workspace_id=workspace.id,
                only=LogSearch(),
                deployment_id=deployment.id,
                below=below,
                limit=100,
            )
            found += [row.message for row in page.rows]
            below, pages = page.below, pages + 1
            if below is None:
                break

    assert found == ["still there", "6", "5", "4", "3", "2", "1", "0"]
    assert 1 < pages < 7


def test_the_lines_around_one_are_of_its_run(api, bob, workspace, runs):
    run = runs["one"]
    put(
        workspace,
        *[line(f"step {step}", 100 - step, run_id=run.id) for step in range(20)],
        *[line(f"noise {step}", 100 - step, run_id=runs["other"].id) for step in range(20)],
    )
    wanted = next(
        item
        for item in api(bob).get("logs?q=%22step%207%22").json()["items"]
        if item["message"] == "step 7"
    )
    key = f"id={wanted['id']}&occurred_at={wanted['occurred_at']}"

    body = api(bob).get(f"logs/context?{key}&run_id={run.id}&before=3&after=2").json()

    assert [each["message"] for each in body["before"]] == ["step 4", "step 5", "step 6"]
    assert body["line"]["message"] == "step 7"
    assert [each["message"] for each in body["after"]] == ["step 8", "step 9"]
    assert api(bob).get(f"logs/context?{key}").status_code == 404
    assert api(bob).get(f"logs/context?{key}&run_id={run.id}&before=201").status_code == 400


@pytest.mark.parametrize(
    "query",
    ["", "id=17&occurred_at=x", "occurred_at=0001-01-01T00:00:00Z&id=" + str(uuid.UUID(int=3))],
    ids=["nothing", "neither", "year 1"],
)
def test_bad_keys_of_lines_are_refused(api, bob, query):
    assert api(bob).get(f"logs/context?{query}").status_code == 400


def test_what_is_found_is_downloaded(api, bob, runs):
    text = api(bob).get("logs/download?format=text&q=logger:etl*")
    lines = api(bob).get("logs/download?format=ndjson&level=WARNING")

    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert "attachment" in text["Content-Disposition"]
    shown = b"".join(text.streaming_content).decode().splitlines()
    at = (NOW - timedelta(seconds=10)).isoformat(timespec="milliseconds")
    assert shown[0] == f"{at} ERROR    etl it broke: “late”"
    assert len(shown) == 4
    items = [json.loads(each) for each in b"".join(lines.streaming_content).splitlines()]
    assert [item["message"] for item in items] == ["it broke: “late”", "5% lost"]
    assert items[0]["run_id"] == str(runs["two"].id)


def test_a_download_comes_in_pages(api, bob, workspace):
    put(workspace, *[line(str(step), ago=step) for step in range(4_100)])

    chunks = list(api(bob).get("logs/download?format=ndjson").streaming_content)

    assert [len(chunk.splitlines()) for chunk in chunks] == [2_000, 2_000, 100]


def test_the_volume_is_by_level_and_by_deployment(api, bob, workspace, runs):
    with as_worker():
        while telemetry.merge_pending_batches():
            pass
    with workspace_scope(workspace.id):
        alone = local_run(workspace)
    put(workspace, line("ä", 0, run_id=alone.id))
    since = quote((NOW - timedelta(minutes=30)).isoformat())
    until = quote((NOW + timedelta(minutes=1)).isoformat())

    body = api(bob).get(f"logs/volume?from={since}&to={until}").json()

    assert body["step_seconds"] == 60
    assert body["counted_from"] is None
    totals = {
        (each["flow"], each["deployment"]): (each["lines"], each["bytes"])
        for each in body["deployments"]
    }
    own = ["loading flights", "5% lost", "Loading planes", "it broke: “late”"]
    assert totals == {
        ("load", "main"): (4, sum(len(text.encode()) for text in own)),
        ("clean", "main"): (1, len("cleaning")),
        (None, None): (2, len("from outside") + 2),
    }
    assert [each["flow"] for each in body["deployments"]] == ["load", "clean", None]
    for each in body["deployments"]:
        assert sum(lines for lines, _ in each["buckets"]) == each["lines"]
        assert sum(size for _, size in each["buckets"]) == each["bytes"]
    levels = {each["level"]: sum(pair[0] for pair in each["buckets"]) for each in body["levels"]}
    assert levels == {"DEBUG": 1, "INFO": 3, "WARNING": 1, "ERROR": 1}


def test_a_volume_whose_time_is_up_says_from_when_it_counted(workspace):
    put(workspace, *[line("x", ago=step) for step in range(60)])
    with workspace_scope(workspace.id):
        found = selectors.log_volume_by_deployment(
            workspace_id=workspace.id,
            since=NOW - timedelta(hours=1),
            until=NOW + timedelta(seconds=1),
            budget=Budget(0, first_rows=25),
        )

    assert found.volume.counted_from == NOW - timedelta(seconds=24)
    assert found.deployments[0].total.lines == 25


@pytest.mark.parametrize("scope", ["runs:read", "telemetry:read"])
@pytest.mark.parametrize("place", ["logs", "logs/context", "logs/download", "logs/volume"])
def test_lines_are_for_who_may_see_runs_and_telemetry(api, alice, workspace, place, scope):
    key = make_key(alice, scopes=[scope])

    assert api(key, workspace).get(place).status_code == 403
