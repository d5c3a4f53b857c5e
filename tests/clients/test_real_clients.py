"""Clients as their users install them, against the server over HTTP: what they send is stored."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from apps.core.clock import utc_now
from apps.core.http.json import wire_time
from apps.core.ids import uuid7
from apps.costs.models import RunUsage
from apps.ingest.models import Refused
from apps.telemetry.models import Event, LogLine, MetricPoint, MetricSeries
from apps.tenancy.isolation import workspace_scope
from tests.clients import HERE, python_of
from tests.conftest import Api
from tests.factories.costs import count
from tests.factories.tenancy import make_key

# The first to ask for a client may have to wait until it is installed.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
SECONDS = 150  # of one client's process; dbt takes ten on a quiet machine


class Stage:
    """A server, a workspace with a run, and who sends to it."""

    def __init__(self, url: str, alice: Any, folder: Path, tell: Any) -> None:
        self.url, self.workspace, self.folder, self._tell = url, alice.workspace, folder, tell
        self.key = make_key(alice, role="AGENT")
        self.run_id = str(uuid7())
        report = {
            "run_id": self.run_id,
            "epoch": 1,
            "state": "RUNNING",
            "occurred_at": wire_time(utc_now()),
            "flow_name": "nightly",
        }
        answer = Api(self.key, self.workspace).post("ingest", {"runs": [report]})
        assert answer.json()["accepted"] == 1

    def start(self, command: list[str | Path], **more: str) -> str:
        """Run a client to its end and return what it printed."""
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            env={
                "PATH": os.defpath,
                "HOME": str(self.folder),
                "NO_PROXY": "*",
                "HEADWAY_URL": self.url,
                "HEADWAY_KEY": self.key,
                "HEADWAY_RUN_ID": self.run_id,
            }
            | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        print(done.stdout)
        assert done.returncode == 0, done.stdout[-4_000:]
        assert "Traceback" not in done.stdout
        return done.stdout

    def script(
        self, name: str, *words: str, python: str = "senders", **more: str
    ) -> list[dict[str, Any]]:
        """Run one of the scripts beside; return the JSON lines that it printed."""
        command = [python_of(python), HERE / "scripts" / name, *words]
        said = self.start(command, **more).splitlines()
        return [json.loads(line) for line in said if line.startswith("{")]

    def rows(self, model: Any, *order: str) -> list[Any]:
        with workspace_scope(self.workspace.id):
            return list(model.objects.for_workspace(self.workspace.id).order_by(*order))

    def events(self, source: str) -> list[Event]:
        return [each for each in self.rows(Event, "occurred_at", "id") if each.source == source]

    def values(self) -> dict[str, list[MetricPoint]]:
        with workspace_scope(self.workspace.id):
            names = dict(
                MetricSeries.objects.filter(workspace_id=self.workspace.id).values_list(
                    "id", "name"
                )
            )
        found: dict[str, list[MetricPoint]] = {}
        for point in self.rows(MetricPoint, "occurred_at", "id"):
            found.setdefault(names[point.series_id], []).append(point)
        return found

    def tell(self, client: str, sent: object, stored: object) -> None:
        """Say it at the end of the tests' output, and that nothing was refused."""
        assert self.rows(Refused, "id") == []
        self._tell("client", f"{client}: sent {sent}; stored {stored}")


@pytest.fixture
def stage(live_server, valkey, alice, tmp_path, record_property):
    return Stage(live_server.url, alice, tmp_path, record_property)


def names(events):
    return dict(sorted(Counter(event.name for event in events).items()))


def test_openlineage_python(stage):
    sent = stage.script("send_lineage.py")

    found = stage.events("openlineage")
    assert names(found) == {
        "openlineage.dataset": 1,
        "openlineage.job": 1,
        "openlineage.run.complete": 2,
        "openlineage.run.start": 2,
    }
    of_runs = [event for event in found if event.name.startswith("openlineage.run")]
    assert {str(event.run_id) for event in of_runs} == {stage.run_id}
    assert {each["role"] for event in of_runs for each in event.related} == {
        *("parent", "reads", "writes")
    }
    stage.tell("openlineage-python", [each["sent"] for each in sent], names(found))


def test_dbt(stage):
    project = stage.folder / "project"
    shutil.copytree(HERE / "dbt_project", project)
    dbt_ol = python_of("dbt").with_name("dbt-ol")

    done = subprocess.run(
        [str(dbt_ol), "build", "--project-dir", str(project), "--profiles-dir", str(project)],
        cwd=project,
        env={
            "PATH": f"{dbt_ol.parent}{os.pathsep}{os.defpath}",
            "HOME": str(stage.folder),
            "NO_PROXY": "*",
            "OPENLINEAGE_URL": stage.url,
            "OPENLINEAGE_API_KEY": stage.key,
            "OPENLINEAGE_NAMESPACE": "acme",
            "OPENLINEAGE_PARENT_ID": f"headway/nightly/{stage.run_id}",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    print(done.stdout)
    assert done.returncode == 1, done.stdout[-4_000:]  # one of its tests fails, as it should
    found = stage.events("openlineage")
    assert f"Emitted {len(found)} OpenLineage events" in done.stdout
    counted = names(found)
    assert counted["openlineage.run.start"] >= 3
    assert counted["openlineage.run.complete"] >= 2
    assert counted["openlineage.run.fail"] >= 1
    tables = {
        (each["role"], each["name"].rpartition(".")[2])
        for event in found
        for each in event.related
        if each["kind"] == "table"
    }
    assert {("reads", "orders"), ("writes", "customers"), ("writes", "orders")} <= tables
    assert stage.run_id in {str(event.run_id) for event in found}
    stage.tell("dbt-ol with dbt-core and dbt-duckdb", f"{len(found)} events", counted)


@pytest.mark.parametrize(
    ("encoding", "packing"), [("protobuf", "none"), ("protobuf", "gzip"), ("json", "none")]
)
def test_opentelemetry(stage, encoding, packing):
    sent = stage.script(
        "send_otel.py",
        encoding,
        OTEL_EXPORTER_OTLP_ENDPOINT=f"{stage.url}/otlp",
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{stage.key}",
        OTEL_EXPORTER_OTLP_COMPRESSION=packing,
    )

    spans = stage.events("otlp")
    assert names(spans) == {"llm.called": 1, "otel.span": 1, "query.executed": 1}
    by_name = {event.payload["name"]: event for event in spans}
    load, query = by_name["load"], by_name["query"]
    assert (load.payload["trace_id"], load.payload["span_id"]) == (
        sent[0]["trace_id"],
        sent[0]["span_id"],
    )
    assert query.payload["parent_span_id"] == load.payload["span_id"]
    assert query.payload["attributes"]["db.query.text"] == "select 1"
    assert by_name["ask"].payload["attributes"]["gen_ai.usage.input_tokens"] == 12
    assert {(event.resource_name, str(event.run_id)) for event in spans} == {
        (f"shop-{encoding}", stage.run_id)
    }

    values = stage.values()
    # The SDK sends running totals: what is stored adds up to what was counted.
    assert sum(point.value for point in values["orders"]) == 7
    assert sum(point.count for point in values["latency"]) == 200
    assert sum(point.count * point.value for point in values["sizes"]) == 2 * 5_050_000
    assert values["depth"][0].value == 7

    warning, error = stage.rows(LogLine, "occurred_at", "id")
    assert warning.message.startswith("order 17 is late")
    assert '"customer":"ann"' in warning.message
    assert "KeyError: 'lost'" in error.message
    assert {warning.level, error.level} == {30, 40}
    assert {str(warning.run_id), str(error.run_id)} == {stage.run_id}
    stage.tell(
        f"opentelemetry-sdk, {encoding}, packing {packing}",
        sent[1:],
        f"{names(spans)}, points of {sorted(values)}, 2 lines",
    )


def test_clients_of_language_models(stage):
    sent = stage.script(
        "call_models.py",
        python="models",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"{stage.url}/otlp",
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{stage.key}",
        TRACELOOP_TRACE_CONTENT="false",
    )

    calls = stage.events("otlp")
    assert names(calls) == {"llm.called": 5}
    assert {str(event.run_id) for event in calls} == {stage.run_id}
    with workspace_scope(stage.workspace.id):
        count(stage.workspace)
        usage = RunUsage.objects.filter(workspace_id=stage.workspace.id, kind="model")
        used = {(row.subject, row.unit): int(row.quantity) for row in usage}
    # Each token once: cached ones and those of reasoning are told among those of their side.
    assert used == {
        ("gpt-4o-mini-2024-07-18", "input_tokens"): 176 + 12 + 26,
        ("gpt-4o-mini-2024-07-18", "cache_read_tokens"): 1024 + 10,
        ("gpt-4o-mini-2024-07-18", "output_tokens"): 14 + 3 + 82,
        ("gpt-4o-mini-2024-07-18", "reasoning_tokens"): 16 + 5,
        ("text-embedding-3-small", "input_tokens"): 8,
        ("claude-opus-4-1", "input_tokens"): 100,
        ("claude-opus-4-1", "cache_read_tokens"): 50,
        ("claude-opus-4-1", "cache_creation_tokens"): 7,
        ("claude-opus-4-1", "output_tokens"): 20,
    }
    stage.tell("openai and anthropic, instrumented", sent, f"{names(calls)}, {len(used)} sums")


def test_cloudevents(stage):
    sent = stage.script("send_cloudevents.py")

    assert {each["status"] for each in sent} == {200}
    found = stage.events("cloudevents")
    assert [event.payload["data"] for event in found] == [{"number": 0}, {"number": 1}]
    assert {event.resource_name for event in found} == {"orders/17"}
    stage.tell("cloudevents", [each["sent"] for each in sent], names(found))


def test_prometheus_remote_writer(stage):
    stage.script("send_samples.py")

    values = stage.values()["jobs_total"]
    assert sorted(point.value for point in values) == [1.0, 1.0, 2.0, 2.0, 3.5, 3.5]
    stage.tell("prometheus-remote-writer", "6 samples", f"{len(values)} points of jobs_total")
