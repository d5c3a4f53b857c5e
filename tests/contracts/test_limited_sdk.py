"""The SDK in processes of its own against the real server over HTTP, with a limit in force."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from apps.core.clock import utc_now
from apps.runs.models import Run
from apps.telemetry.models import Event
from apps.tenancy import key_cache, services
from apps.tenancy.actors import PlanLimits
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import make_key

SDK = Path(__file__).resolve().parents[2] / "sdk" / "src"
FLOW = """
    from headway import emit_event, flow, task

    @task
    def step(n):
        for m in range(100):
            emit_event("row.seen", payload={"n": 100 * n + m})

    @flow
    def main():
        for n in range(10):
            step(n)

    main()
    print("flow finished")
"""


@pytest.mark.django_db(transaction=True)
def test_a_flow_of_more_events_than_a_minute_allows_loses_none(
    live_server, valkey, alice, tmp_path
):
    _limit(alice, 900)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(SDK),
        "HEADWAY_API_URL": live_server.url,
        "HEADWAY_API_KEY": make_key(alice, role="DEVELOPER"),
        "HEADWAY_WORKSPACE": alice.workspace.slug,
        "HEADWAY_SPOOL_DIR": str(tmp_path / "spool"),
        "NO_PROXY": "*",
    }
    file = tmp_path / "flows.py"
    file.write_text(textwrap.dedent(FLOW))

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    began = time.monotonic()
    flow = python(str(file))
    assert (flow.returncode, "flow finished" in flow.stdout) == (0, True), flow.stderr
    assert time.monotonic() - began < 20  # as long as a busy machine takes, not a limit
    assert "takes no more events" in flow.stderr
    with workspace_scope(alice.workspace.id):
        assert Run.objects.get().state == "COMPLETED"
    some = len(_seen(alice))
    assert 900 <= some < 1_000

    give_up_at = time.monotonic() + 60
    while python("-m", "headway", "flush").returncode != 0:
        assert time.monotonic() < give_up_at

    assert sorted(_seen(alice)) == list(range(1_000))
    assert not list((tmp_path / "spool").rglob("*.segment"))
    with workspace_scope(alice.workspace.id):
        told = Event.objects.for_workspace(alice.workspace.id).filter(name="headway.ingest.limited")
        assert told.count() == 1


def _limit(person, per_minute):
    services.set_limits(
        account_id=person.workspace.account_id,
        limits=PlanLimits(events_per_minute=per_minute),
        hold=None,
    )
    key_cache.forget_all()


def _seen(person) -> list[int]:
    with workspace_scope(person.workspace.id):
        rows = Event.objects.for_workspace(person.workspace.id).filter(
            name="row.seen", occurred_at__lte=utc_now()
        )
        return [row.payload["n"] for row in rows]
