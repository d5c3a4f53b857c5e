"""What happens to senders over their limits: never anything to runs, never a loss unsaid."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.http import rate_classes
from apps.core.ids import uuid7
from apps.runs.models import Run, TaskRun
from apps.telemetry.models import Event, LogLine, MetricPoint
from apps.tenancy import key_cache, services
from apps.tenancy.actors import PlanLimits
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import make_key

NOW = utc_now()


def stamp(seconds=0):
    return (NOW - timedelta(seconds=seconds)).isoformat()


def events(count):
    return [{"name": "e", "occurred_at": stamp(), "id": str(uuid7())} for _ in range(count)]


def points(count):
    return [
        {"name": "rows", "occurred_at": stamp(), "value": n, "id": str(uuid7())}
        for n in range(count)
    ]


def lines(*messages):
    return [
        {"occurred_at": stamp(), "level": "INFO", "message": message, "id": str(uuid7())}
        for message in messages
    ]


def run_of_one_task():
    run_id = str(uuid7())
    about = {"run_id": run_id, "epoch": 1}
    return {
        "runs": [
            about | {"state": "RUNNING", "occurred_at": stamp(9), "flow_name": "load"},
            about | {"state": "COMPLETED", "occurred_at": stamp(1)},
        ],
        "task_runs": [
            about
            | {
                "task_run_id": str(uuid7()),
                "sequence": 1,
                "state": "COMPLETED",
                "started_at": stamp(8),
                "occurred_at": stamp(2),
                "task_name": "step",
                "name": "step-1",
            }
        ],
        "heartbeats": [about],
    }


def limit(workspace, per_minute):
    services.set_limits(
        account_id=workspace.account_id,
        limits=PlanLimits(events_per_minute=per_minute),
        hold=None,
    )
    key_cache.forget_all()


def stored(model, workspace, **only):
    with workspace_scope(workspace.id):
        return model.objects.for_workspace(workspace.id).filter(**only).count()


def limited_events(api, alice):
    found = api(alice).get("events?name=headway.ingest.limited").json()["items"]
    return [each["payload"] for each in found]


@pytest.fixture
def sender(api, agent_key, workspace, valkey):
    return api(agent_key, workspace)


def test_without_a_limit_nobody_is_asked(sender, workspace, settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    response = sender.post("events", events(3))

    assert response.json()["accepted"] == 3
    assert response["Headway-Rate-Class"] == "events"
    assert "RateLimit-Limit" not in response
    assert not rate_classes._ask_again_at


def test_headers_say_how_much_is_left(sender, workspace):
    limit(workspace, 100)

    response = sender.post("events", events(30))

    headers = {name: response[name] for name in response.headers if "ate" in name}
    assert headers["RateLimit-Limit"] == "100"
    assert headers["RateLimit-Remaining"] == "70"
    assert headers["RateLimit-Reset"] == "18"
    assert headers["Headway-Rate-Class"] == "events"
    assert "Retry-After" not in response


def test_of_a_batch_larger_than_the_limit_the_first_come_in_and_the_rest_later(sender, workspace):
    limit(workspace, 40)
    batch = events(100)

    first = sender.post("events", batch)

    answer = first.json()
    assert (first.status_code, answer["accepted"], len(answer["rejected"])) == (200, 40, 60)
    assert answer["rejected"][0] == {
        "kind": "events",
        "index": 40,
        "code": "rate_limited",
        "message": "Over the events that the workspace may send; send it again later.",
        "field": None,
        "retryable": True,
    }
    assert first["Retry-After"] == "60"
    assert first["RateLimit-Remaining"] == "0"
    assert stored(Event, workspace, name="e") == 40

    second = sender.post("events", batch[40:])
    assert second.status_code == 429
    error = second.json()["error"]
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert error["details"] == {"rate_class": "events", "limit": 40, "retry_after_seconds": 60}
    assert (second["Retry-After"], second["Headway-Rate-Class"]) == ("60", "events")
    assert stored(Event, workspace, name="e") == 40


def test_over_the_limit_runs_go_on(sender, workspace):
    limit(workspace, 10)
    sender.post("events", events(10))

    batch = run_of_one_task() | {"events": events(2), "points": points(3), "logs": lines("a")}
    response = sender.post("ingest", batch)

    answer = response.json()
    assert response.status_code == 200
    assert answer["accepted"] == 5
    assert [(each["kind"], each["index"], each["code"]) for each in answer["rejected"]] == [
        ("events", 0, "rate_limited"),
        ("events", 1, "rate_limited"),
        ("points", 0, "rate_limited"),
        ("points", 1, "rate_limited"),
        ("points", 2, "rate_limited"),
    ]
    assert (response["Headway-Rate-Class"], response["Retry-After"]) == ("events", "12")
    with workspace_scope(workspace.id):
        assert Run.objects.get().state == "COMPLETED"
        assert TaskRun.objects.get().state == "COMPLETED"
    assert stored(LogLine, workspace) == 1


def test_what_only_says_how_runs_go_asks_nobody(sender, workspace, settings):
    limit(workspace, 1)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    response = sender.post("ingest", run_of_one_task())

    assert response.json()["rejected"] == []
    assert response["Headway-Rate-Class"] == "state"
    assert not rate_classes._ask_again_at


def test_points_leave_the_last_tenth_to_events(sender, workspace):
    limit(workspace, 50)

    first = sender.post("ingest", {"points": points(60)})
    second = sender.post("ingest", {"events": events(8), "points": points(1)}).json()

    assert (first.status_code, first.json()["accepted"]) == (200, 45)
    assert first["Headway-Rate-Class"] == "metrics"
    assert [(each["kind"], each["index"]) for each in second["rejected"]] == [
        ("events", 5),
        ("events", 6),
        ("events", 7),
        ("points", 0),
    ]
    assert stored(MetricPoint, workspace) == 45


def test_logs_are_counted_in_bytes(sender, workspace, settings):
    settings.RATE_LIMIT_LOG_BYTES_PER_MINUTE = 100

    first = sender.post("ingest", {"logs": lines("x" * 40, "ä" * 20, "y" * 50, "z")})
    second = sender.post("ingest", {"logs": lines("z")})

    # The third line comes in whole although only 20 bytes are left: it is owed.
    assert [each["index"] for each in first.json()["rejected"]] == [3]
    assert first["Headway-Rate-Class"] == "logs"
    assert second.json()["rejected"][0]["message"].startswith("Over the logs")
    assert int(second["Retry-After"]) == 19  # 30 owed and one: 31 at 100 a minute
    assert stored(LogLine, workspace) == 3


def test_a_line_larger_than_the_whole_bucket_comes_in(sender, settings):
    settings.RATE_LIMIT_LOG_BYTES_PER_MINUTE = 100

    response = sender.post("ingest", {"logs": lines("x" * 5_000)})

    assert response.json()["accepted"] == 1


def test_indexes_are_those_of_the_request_when_some_items_are_bad(sender, workspace):
    limit(workspace, 2)
    good = events(4)

    answer = sender.post("events", [good[0], {"bad": 1}, good[1], good[2], 7, good[3]]).json()

    assert answer["accepted"] == 2
    assert sorted((each["index"], each["code"]) for each in answer["rejected"]) == [
        (1, "invalid_item"),
        (3, "rate_limited"),
        (4, "invalid_item"),
        (5, "rate_limited"),
    ]


def test_without_valkey_everything_comes_in(sender, workspace, settings):
    limit(workspace, 1)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    response = sender.post("events", events(20))

    assert (response.status_code, response.json()["accepted"]) == (200, 20)
    assert "RateLimit-Limit" not in response


def test_who_is_limited_is_told_by_an_event(sender, api, alice, workspace):
    limit(workspace, 5)

    for _ in range(3):
        sender.post("ingest", {"events": events(9), "points": points(2)})

    assert sorted(limited_events(api, alice), key=lambda payload: payload["class"]) == [
        {"class": "events", "refused": 4, "unit": "items", "limit_per_minute": 5},
        {"class": "metrics", "refused": 2, "unit": "items", "limit_per_minute": 5},
    ]


def test_a_browser_is_limited_like_a_key(api, alice, workspace, valkey):
    limit(workspace, 3)

    response = api(alice).post("events", events(4))

    assert response.json()["accepted"] == 3
    assert stored(Event, workspace, name="e") == 3


def test_reads_are_limited_when_the_deployment_says_so(api, alice, bob, valkey, settings):
    settings.RATE_LIMIT_QUERIES_PER_MINUTE = 2
    query = {"queries": [{"name": "rows", "aggregate": "avg"}], "from": stamp(60), "to": stamp()}

    first = api(alice).get("runs")
    second = api(bob).post("metrics/query", query)
    third = api(alice).get("events")

    assert [each.status_code for each in (first, second, third)] == [200, 200, 429]
    assert first["RateLimit-Remaining"] == "1"
    assert first["Headway-Rate-Class"] == "queries"
    assert third.json()["error"]["details"]["rate_class"] == "queries"
    assert (third["Retry-After"], third["RateLimit-Limit"]) == ("30", "2")


def test_writes_and_reports_are_no_queries(sender, api, alice, workspace, settings):
    settings.RATE_LIMIT_QUERIES_PER_MINUTE = 1
    assert api(alice).get("runs").status_code == 200

    assert api(alice).patch(sender.workspace_url, {"name": "Acme"}).status_code == 200
    assert sender.post("ingest", run_of_one_task()).status_code == 200
    assert sender.post("events", events(1)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_senders_whose_requests_are_gathered_keep_their_own_verdicts(api, alice, valkey):
    limit(alice.workspace, 40)
    key = make_key(alice, role="AGENT")

    def send(count):
        try:
            return api(key, alice.workspace).post("ingest", {"events": events(count)}).json()
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        sizes = [1 + n % 3 for n in range(60)]
        answers = list(pool.map(send, sizes))

    for size, answer in zip(sizes, answers, strict=True):
        assert answer["accepted"] + len(answer["rejected"]) == size
        places = [each["index"] for each in answer["rejected"]]
        assert places == list(range(answer["accepted"], size))
        assert {each["code"] for each in answer["rejected"]} <= {"rate_limited"}
    accepted = sum(answer["accepted"] for answer in answers)
    assert accepted == stored(Event, alice.workspace, name="e")
    assert 40 <= accepted <= 60  # what came in while they sent fills again
    assert len(limited_events(api, alice)) == 1
