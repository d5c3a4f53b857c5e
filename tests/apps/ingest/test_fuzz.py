"""
Mutated bodies at the native door and of query logs, and native histograms: never a failure of ours.

As many as at the other doors: two hundred, or `HEADWAY_FUZZ`.
"""

from __future__ import annotations

import json
import random
from collections import Counter

import cramjam
import pytest
from django.test import Client

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from tests.apps.ingest import test_query_log
from tests.apps.ingest.doors import test_native_histograms
from tests.apps.ingest.doors.conftest import Sender
from tests.apps.ingest.doors.otlp_bodies import JSON, PROTOBUF
from tests.apps.ingest.doors.test_fuzz import FINE, MANY, SEED, mutated, told
from tests.factories.tenancy import make_key

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(max(180, MANY // 10)),
]


def native():
    """Return a batch with an item of each kind, of a run that it introduces."""
    now, run_id, task_run_id = utc_now().isoformat(), str(uuid7()), str(uuid7())
    error = {"type": "ValueError", "message": "no", "traceback": "Traceback …"}
    run = {"run_id": run_id, "epoch": 1, "occurred_at": now, "flow_name": "load"}
    task_run = {
        "task_run_id": task_run_id,
        "run_id": run_id,
        "epoch": 1,
        "sequence": 1,
        "state": "FAILED",
        "occurred_at": now,
        "task_name": "read",
        "name": "read-0",
        "started_at": now,
        "map_index": 0,
        "depends_on": [str(uuid7())],
        "error": error,
    }
    event = {
        "id": str(uuid7()),
        "name": "query.finished",
        "occurred_at": now,
        "resource": {"kind": "table", "name": "orders", "namespace": "postgres://db/shop"},
        "related": [{"role": "by", "kind": "user", "name": "ada"}],
        "payload": {"rows": 12, "sql": "select 1", "part": [0.5, None, True, "é\u2028"]},
        "run_id": run_id,
        "follows": str(uuid7()),
        "source": "sdk",
    }
    point = {"name": "rows", "occurred_at": now, "value": 1.5, "labels": {"a": "b"}, "unit": "1"}
    return {
        "runs": [
            run | {"state": "RUNNING", "parameters": {"day": "2026-11-22"}, "tags": ["nightly"]},
            run
            | {"state": "FAILED", "error": error, "cause": {"kind": "signal", "signal": "SIGKILL"}},
        ],
        "task_runs": [task_run],
        "logs": [
            {
                "run_id": run_id,
                "task_run_id": task_run_id,
                "occurred_at": now,
                "level": 20,
                "message": "loaded",
                "logger": "etl",
            }
        ],
        "events": [event],
        "points": [point, point | {"run_id": run_id}],
        "heartbeats": [{"run_id": run_id, "epoch": 1}],
    }


def bodies(base):
    """Yield (path, content type, headers, how it is packed, a body that is fine)."""
    batch = native()
    yield f"{base}/ingest", JSON, {}, None, json.dumps(batch).encode()
    yield f"{base}/events", JSON, {}, None, json.dumps(batch["events"] * 2).encode()
    for kind in batch:
        yield f"{base}/ingest", JSON, {}, None, json.dumps({kind: batch[kind]}).encode()
    for preset, (row, _) in test_query_log.EXPORTS.items():
        path = f"{base}/query-log?preset={preset}"
        yield path, "text/csv", {}, None, test_query_log.as_csv(row, row).encode()
        lines = f"{json.dumps(row)}\n{json.dumps(row)}\n"
        yield path, "application/x-ndjson", {}, None, lines.encode()
    for more in ({}, {"reset_hint": 3}, {"schema": -53, "custom_values": [0.5, 1.0, 2.0]}):
        histogram = test_native_histograms.histogram(5, **more)
        body = test_native_histograms.packed(histogram)
        packing = {"Content-Encoding": "snappy"}
        yield "/api/v1/prometheus/write", PROTOBUF, packing, cramjam.snappy.compress_raw, body


def test_no_body_is_a_failure_of_ours(alice, workspace, record_property):
    sender = Sender(workspace, make_key(alice, role="AGENT"))
    chance = random.Random(SEED)
    doors = list(bodies(f"/api/v1/workspaces/{workspace.slug}"))
    client = Client(raise_request_exception=False)
    wrong = []
    answers: Counter[int] = Counter()
    for number in range(MANY):
        path, content_type, headers, pack, body = doors[number % len(doors)]
        sent = mutated(chance, body)
        answer = client.generic(
            "POST",
            path,
            sent if pack is None else bytes(pack(sent)),
            content_type=content_type,
            headers={"Authorization": f"Bearer {sender.key}"} | headers,
        )
        answers[answer.status_code] += 1
        if answer.status_code not in FINE:
            wrong.append((number, path, content_type, answer.status_code, sent[:300]))
            if len(wrong) == 10:
                break

    record_property("fuzz", told("the native door, of query logs and of histograms", answers))
    assert wrong == []
    taken = sum(count for status, count in answers.items() if status < 300)
    assert taken > MANY // 20
