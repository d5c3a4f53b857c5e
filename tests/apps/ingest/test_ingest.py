"""The native front door, through HTTP: what is taken, what is refused, and how."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import timedelta
from uuid import uuid4

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs.models import Run, TaskRun
from apps.telemetry import selectors as telemetry
from apps.telemetry.models import Event, LogLine, MetricPoint, PendingBatch
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.scopes import Scope
from tests.factories.tenancy import make_key

NOW = utc_now()


def stamp(**ago):
    return (NOW - timedelta(**ago)).isoformat().replace("+00:00", "Z")


def event(**changes):
    return {"name": "query.finished", "occurred_at": stamp(), "id": str(uuid7())} | changes


@pytest.fixture
def sender(api, agent_key, workspace):
    """A client with an agent's key."""
    return api(agent_key, workspace)


def send_bytes(sender, body, path="ingest", **headers):
    return sender.client.generic(
        "POST",
        f"{sender.workspace_url}/{path}",
        body,
        content_type=headers.pop("content_type", "application/json"),
        headers=sender.headers | headers,
    )


def count(model, workspace):
    with workspace_scope(workspace.id):
        return model.objects.for_workspace(workspace.id).count()


def nothing_is_stored(workspace):
    with workspace_scope(workspace.id):
        return not PendingBatch.objects.exists() and not any(
            model.objects.for_workspace(workspace.id).exists()
            for model in (Event, LogLine, MetricPoint, Run)
        )


def test_one_batch_of_everything(sender, workspace):
    run_id, task_run_id = str(uuid7()), str(uuid7())

    response = sender.post(
        "ingest",
        {
            "runs": [
                {
                    "run_id": run_id,
                    "epoch": 1,
                    "state": "RUNNING",
                    "occurred_at": stamp(seconds=9),
                    "flow_name": "load flights",
                    "name": "calm-otter",
                    "parameters": {"day": "2013-01-01"},
                    "tags": ["nightly"],
                    "holder": "laptop:17",
                },
                {
                    "run_id": run_id,
                    "epoch": 1,
                    "state": "COMPLETED",
                    "occurred_at": stamp(seconds=1),
                },
            ],
            "task_runs": [
                {
                    "task_run_id": task_run_id,
                    "run_id": run_id,
                    "epoch": 1,
                    "sequence": 1,
                    "state": "COMPLETED",
                    "occurred_at": stamp(seconds=2),
                    "started_at": stamp(seconds=8),
                    "task_name": "extract",
                    "name": "extract-0",
                    "attempt": 1,
                }
            ],
            "logs": [
                {
                    "occurred_at": stamp(seconds=5),
                    "run_id": run_id,
                    "level": "WARNING",
                    "logger": "flow",
                    "message": "late plane",
                }
            ],
            "events": [event(run_id=run_id, resource={"kind": "table", "name": "flights"})],
            "points": [
                {
                    "name": "rows_loaded",
                    "occurred_at": stamp(seconds=3),
                    "value": 842,
                    "labels": {"table": "flights"},
                    "run_id": run_id,
                }
            ],
            "heartbeats": [],
        },
    )

    assert response.status_code == 200
    assert response.json() == {
        "accepted": 6,
        "duplicates": 0,
        "rejected": [],
        "commands": [],
        "lost": [],
    }
    with workspace_scope(workspace.id):
        run = Run.objects.get()
        assert (run.state, run.name, run.parameters) == (
            "COMPLETED",
            "calm-otter",
            {"day": "2013-01-01"},
        )
        assert TaskRun.objects.get().state == "COMPLETED"
        names = set(Event.objects.for_workspace(workspace.id).values_list("name", flat=True))
        assert names == {"query.finished", "headway.run.running", "headway.run.completed"}
        [line] = telemetry.list_logs(workspace_id=workspace.id, run_id=run.id)
        assert telemetry.log_item(line)["message"] == "late plane"
        moves = telemetry.list_transitions(workspace_id=workspace.id, run_id=run.id)
        assert [move.state for move in moves.order_by("id")] == ["RUNNING", "COMPLETED"]


def test_the_same_batch_again_is_all_duplicates(sender, workspace):
    run_id = str(uuid7())
    batch = {
        "runs": [
            {
                "run_id": run_id,
                "epoch": 1,
                "state": "RUNNING",
                "occurred_at": stamp(seconds=9),
                "flow_name": "load",
            }
        ],
        "task_runs": [
            {
                "task_run_id": str(uuid7()),
                "run_id": run_id,
                "epoch": 1,
                "sequence": 1,
                "state": "RUNNING",
                "occurred_at": stamp(seconds=2),
                "task_name": "extract",
                "name": "extract-0",
                "attempt": 1,
            }
        ],
        "logs": [{"occurred_at": stamp(), "level": "INFO", "message": "hello"}],
        "events": [event(id=None)],
        "points": [{"name": "n", "occurred_at": stamp(), "value": 1.5}],
    }
    first = sender.post("ingest", batch).json()

    again = sender.post("ingest", batch).json()

    assert first["accepted"] == 5
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 5, [])


@pytest.mark.parametrize(
    ("kind", "bad", "field"),
    [
        ("events", {"occurred_at": stamp()}, "name"),
        ("events", event(nme="typo"), "nme"),
        ("events", event(occurred_at="yesterday"), "occurred_at"),
        ("events", event(occurred_at="2026-01-01T00:00:00"), "occurred_at"),
        ("events", event(resource={"kind": "table"}), "resource.name"),
        ("events", event(payload=[1]), "payload"),
        ("events", "not an object", None),
        ("events", None, None),
        ("points", {"name": "n", "occurred_at": stamp(), "value": "3"}, "value"),
        ("points", {"name": "n", "occurred_at": stamp(), "value": 1, "labels": {"a": 1}}, "labels"),
        (
            "points",
            {
                "name": "n",
                "occurred_at": stamp(),
                "value": 1,
                "labels": {str(n): "" for n in range(21)},
            },
            "labels",
        ),
        ("points", {"name": "x", "occurred_at": stamp(), "value": 1.1e150}, "value"),
        ("points", {"name": "x", "occurred_at": stamp(), "value": -1.7e308}, "value"),
        ("logs", {"occurred_at": stamp(), "level": "LOUD", "message": "x"}, "level"),
        ("runs", {"run_id": "17", "epoch": 1, "state": "RUNNING"}, "run_id"),
        ("task_runs", {"run_id": str(uuid7())}, "task_run_id"),
        ("heartbeats", {"run_id": str(uuid7()), "epoch": -1}, "epoch"),
    ],
)
def test_a_bad_item_is_refused_by_its_index_and_the_rest_is_kept(
    sender, workspace, kind, bad, field
):
    batch = {"events": [event(), event()]}
    if kind == "events":
        batch["events"].insert(1, bad)
        index = 1
    else:
        batch[kind] = [bad]
        index = 0

    answer = sender.post("ingest", batch).json()

    assert answer["accepted"] == 2
    [refusal] = answer["rejected"]
    assert (refusal["kind"], refusal["index"], refusal["code"]) == (kind, index, "invalid_item")
    assert (refusal["field"] or "").split("[")[0] == (field or "")
    assert refusal["message"]
    assert count(Event, workspace) == 2


def test_indexes_stay_right_when_both_kinds_of_refusal_meet(sender):
    old = event(occurred_at="1926-01-01T00:00:00Z")
    early = event(occurred_at=(NOW + timedelta(hours=1)).isoformat())

    answer = sender.post("ingest", {"events": [old, {"bad": 1}, event(), early]}).json()

    found = sorted((refusal["index"], refusal["code"]) for refusal in answer["rejected"])
    assert found == [(0, "too_old"), (1, "invalid_item"), (3, "in_future")]
    assert answer["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b" ", 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b'"x"', 400, "invalid_request"),
        (b"[]", 400, "invalid_request"),
        (b'{"evnts": []}', 400, "invalid_request"),
        (b'{"events": {}}', 400, "invalid_request"),
        (b'{"events": [{"name": "a", "occurred_at": nan}]}', 400, "invalid_request"),
        # Wrong in its form before it is wrong as JSON.
        (b'{"events": [{"name": 5}, {"name" 1}]}', 400, "invalid_request"),
        (b'[{"name": 5}, {"name" 1}]', 400, "invalid_request"),
        (b'{"events": [' + b"[" * 5_000 + b"]" * 5_000 + b"]}", 400, "invalid_request"),
        (b'{"events": [{"name": "\xff"}]}', 400, "invalid_request"),
        (b'{"events": [' + b",".join([b"{}"] * 5_001) + b"]}", 413, "batch_too_large"),
        (b" " * (5 * 1024 * 1024 + 1), 413, "batch_too_large"),
        (b" " * (6 * 1024 * 1024 + 1), 413, "batch_too_large"),
    ],
)
@pytest.mark.parametrize("path", ["ingest", "events"])
def test_a_body_that_is_no_batch_is_refused_whole(sender, workspace, body, status, code, path):
    if body == b"[]" and path == "events":
        pytest.skip("An empty list of events is one.")

    response = send_bytes(sender, body, path)

    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert nothing_is_stored(workspace)


def test_gzip_is_read(sender, workspace):
    body = gzip.compress(json.dumps({"events": [event() for _ in range(50)]}).encode())

    response = send_bytes(sender, body, content_encoding="gzip")

    assert response.json()["accepted"] == 50
    assert count(Event, workspace) == 50


def test_gzip_in_several_members_is_read(sender):
    text = json.dumps({"events": [event()]}).encode()
    body = gzip.compress(text[:20]) + gzip.compress(text[20:])

    assert send_bytes(sender, body, content_encoding="gzip").json()["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (gzip.compress(b" " * 51 * 1024 * 1024), "gzip", 413, "batch_too_large"),
        (gzip.compress(b" " * 26 * 1024 * 1024) * 2, "gzip", 413, "batch_too_large"),
        (b"{}", "gzip", 400, "invalid_request"),
        (gzip.compress(b'{"events": []}')[:-9], "gzip", 400, "invalid_request"),
        (zlib.compress(b"{}"), "deflate", 415, "unsupported_media"),
        (b"{}", "br", 415, "unsupported_media"),
    ],
    ids=["bomb", "bomb in two members", "not gzip", "cut gzip", "deflate", "brotli"],
)
def test_bombs_and_broken_packing_are_refused(sender, workspace, body, encoding, status, code):
    response = send_bytes(sender, body, content_encoding=encoding)

    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert nothing_is_stored(workspace)


def test_other_content_types_are_refused(sender):
    response = send_bytes(sender, b"a=1", content_type="application/x-www-form-urlencoded")

    assert response.status_code == 415
    assert response.json()["error"]["code"] == "unsupported_media"


@pytest.mark.parametrize("secret", ["hw_wrong", "", "hw_" + "a" * 49])
def test_a_wrong_key_stores_nothing(api, workspace, secret):
    response = api(secret, workspace).post("ingest", {"events": [event()]})

    assert response.status_code == 401
    assert nothing_is_stored(workspace)


def test_a_key_of_another_workspace_is_told_nothing(api, workspace, mallory):
    rival = api(make_key(mallory, role="AGENT"), workspace)

    response = rival.post("ingest", {"events": [event()]})

    assert response.status_code == 404
    assert nothing_is_stored(workspace)


def test_no_key_and_no_session_is_unauthenticated(client, workspace):
    response = client.post(
        f"/api/v1/workspaces/{workspace.slug}/ingest", b"{}", content_type="application/json"
    )

    assert response.status_code == 401


@pytest.mark.parametrize(
    ("scope", "batch", "status"),
    [
        (Scope.TELEMETRY_WRITE, {"events": [event()]}, 200),
        (Scope.TELEMETRY_WRITE, {"heartbeats": [{"run_id": str(uuid7()), "epoch": 1}]}, 403),
        (Scope.RUNS_REPORT, {"heartbeats": [{"run_id": str(uuid7()), "epoch": 1}]}, 200),
        (Scope.RUNS_REPORT, {"events": [event()]}, 403),
        (Scope.TELEMETRY_READ, {"events": [event()]}, 403),
    ],
)
def test_each_kind_needs_its_scope(api, alice, workspace, scope, batch, status):
    sender = api(make_key(alice, scopes=[scope]), workspace)

    assert sender.post("ingest", batch).status_code == status


def test_an_owner_may_send_from_the_browser_and_a_viewer_may_not(api, alice, bob):
    assert api(alice).post("ingest", {"events": [event()]}).json()["accepted"] == 1
    assert api(bob).post("ingest", {"events": [event()]}).status_code == 403


def test_reports_of_unknown_runs_are_refused(sender):
    report = {"run_id": str(uuid7()), "epoch": 1, "state": "RUNNING", "occurred_at": stamp()}
    task = report | {
        "task_run_id": str(uuid7()),
        "sequence": 1,
        "task_name": "t",
        "name": "t-0",
        "attempt": 1,
    }

    answer = sender.post("ingest", {"runs": [report], "task_runs": [task]}).json()

    assert [(r["kind"], r["code"]) for r in answer["rejected"]] == [
        ("runs", "unknown_run"),
        ("task_runs", "unknown_run"),
    ]


@pytest.mark.parametrize(
    ("task_run_id", "code"),
    [
        (str(uuid4()), "invalid_item"),
        (str(uuid7(utc_now() + timedelta(hours=1))), "in_future"),
        ("ffffffff-ffff-7fff-bfff-ffffffffffff", "in_future"),
        ("00000000-0000-7000-8000-000000000000", "too_old"),
    ],
    ids=["no time", "to come", "the end of time", "before all time"],
)
def test_a_task_run_is_refused_whose_id_says_no_time_to_keep_it_at(
    sender, workspace, task_run_id, code
):
    run_id, kept = str(uuid7()), str(uuid7())
    start = {
        "run_id": run_id,
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": stamp(seconds=5),
        "flow_name": "load",
    }
    task = {
        "run_id": run_id,
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": stamp(),
        "task_name": "extract",
        "name": "extract-0",
        "attempt": 1,
    }

    answer = sender.post(
        "ingest",
        {
            "runs": [start],
            "task_runs": [
                task | {"task_run_id": task_run_id, "sequence": 1},
                task | {"task_run_id": kept, "sequence": 2},
            ],
        },
    ).json()

    [refusal] = answer["rejected"]
    assert answer["accepted"] == 2
    assert (refusal["kind"], refusal["index"]) == ("task_runs", 0)
    assert (refusal["code"], refusal["field"]) == (code, "task_run_id")
    with workspace_scope(workspace.id):
        assert [str(row.id) for row in TaskRun.objects.all()] == [kept]


@pytest.mark.parametrize(
    "run_id", ["ffffffff-ffff-7fff-bfff-ffffffffffff", "00000000-0000-7000-8000-000000000000"]
)
def test_what_belongs_to_a_run_with_an_odd_id_is_found(sender, api, alice, run_id):
    sender.post(
        "ingest",
        {
            "runs": [
                {
                    "run_id": run_id,
                    "epoch": 1,
                    "state": "RUNNING",
                    "occurred_at": stamp(seconds=5),
                    "flow_name": "load",
                }
            ],
            "logs": [{"occurred_at": stamp(), "run_id": run_id, "level": "INFO", "message": "hi"}],
            "events": [event(name="row.loaded", run_id=run_id)],
        },
    )

    lines = api(alice).get(f"runs/{run_id}/logs").json()["items"]
    events = api(alice).get(f"events?run_id={run_id}&name=row.loaded").json()["items"]

    assert [line["message"] for line in lines] == ["hi"]
    assert [item["run_id"] for item in events] == [run_id]


def test_a_rivals_run_cannot_be_reported(sender, api, mallory, rival_workspace):
    run_id = str(uuid7())
    start = {
        "run_id": run_id,
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": stamp(seconds=5),
        "flow_name": "theirs",
    }
    api(make_key(mallory, role="AGENT"), rival_workspace).post("ingest", {"runs": [start]})

    answer = sender.post("ingest", {"runs": [start | {"state": "FAILED"}]}).json()

    assert [refusal["code"] for refusal in answer["rejected"]] == ["unknown_run"]
    with workspace_scope(rival_workspace.id):
        assert Run.objects.get().state == "RUNNING"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parameters": [1]}, "parameters"),
        ({"parameters": {"a": "x" * 70_000}}, "parameters"),
    ],
)
def test_parameters_that_cannot_be_kept_are_refused(sender, workspace, changes, field):
    start = {
        "run_id": str(uuid7()),
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": stamp(),
        "flow_name": "load",
    }

    answer = sender.post("ingest", {"runs": [start | changes]}).json()

    assert [(r["code"], r["field"]) for r in answer["rejected"]] == [("invalid_item", field)]
    with workspace_scope(workspace.id):
        assert not Run.objects.exists()


def test_nul_characters_do_not_harm(sender, workspace):
    answer = sender.post(
        "ingest",
        {
            "logs": [{"occurred_at": stamp(), "level": "INFO", "message": "a\x00b"}],
            "events": [event(payload={"a\x00": "b\x00"}, resource={"kind": "k", "name": "n\x00"})],
        },
    ).json()

    assert answer["accepted"] == 2
    with workspace_scope(workspace.id):
        assert LogLine.objects.for_workspace(workspace.id).get().message == "a\ufffdb"


def test_a_plain_list_of_events(sender, workspace):
    assert sender.post("events", [event(), event()]).json()["accepted"] == 2
    assert sender.post("events", {"events": [event()]}).json()["accepted"] == 1
    assert sender.post("events", []).json()["accepted"] == 0
    mixed = sender.post("events", [event(), {"name": 3}]).json()
    assert (mixed["accepted"], mixed["rejected"][0]["index"]) == (1, 1)
    assert count(Event, workspace) == 4


def test_the_list_of_events_takes_nothing_else(sender, workspace):
    logs = [{"occurred_at": stamp(), "level": "INFO", "message": "x"}]

    response = sender.post("events", {"events": [event()], "logs": logs})

    assert response.status_code == 400
    assert nothing_is_stored(workspace)


def test_the_front_door_is_one_transaction(
    sender, workspace, django_assert_max_num_queries, agent_key
):
    sender.post("events", [event()])  # the key is remembered now

    with django_assert_max_num_queries(6):
        response = sender.post("events", [event() for _ in range(500)])

    assert response.json()["accepted"] == 500
