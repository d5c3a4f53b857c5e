"""`concurrency` and `rate_limit` of the SDK, in processes of their own, against the real server."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest

from apps.dispatch.models import ConcurrencyLimit, ConcurrencySlot
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import make_key

SDK = Path(__file__).resolve().parents[2] / "sdk" / "src"
PATIENCE_SECONDS = 120
FLOW = """
    import asyncio, json, sys, time
    from headway import concurrency, flow, rate_limit

    @flow
    def work():
        spans, calls = [], []
        for _ in range(3):
            with concurrency("warehouse", 1):
                began = time.time()
                time.sleep(0.05)
                spans.append((began, time.time()))
            rate_limit("api", per_minute=120)
            calls.append(time.time())
        return {"spans": spans, "calls": calls}

    @flow
    async def work_async():
        async with concurrency("warehouse", 1):
            began = time.time()
            await asyncio.sleep(0.05)
            return {"spans": [(began, time.time())], "calls": []}

    told = asyncio.run(work_async()) if sys.argv[1:] else work()
    print(json.dumps(told))
"""


@pytest.mark.django_db(transaction=True)
def test_processes_take_turns_and_space_their_calls(live_server, alice, tmp_path):
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

    started = [
        subprocess.Popen(
            [sys.executable, str(file), *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for arguments in ([], [], ["async"])
    ]
    told = []
    for process in started:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, err
        told.append(json.loads(out.splitlines()[-1]))

    spans = sorted(span for each in told for span in each["spans"])
    assert len(spans) == 7
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    calls = sorted(call for each in told for call in each["calls"])
    # Promised half a second apart; how late each process then wakes is the machine's matter.
    assert calls[-1] - calls[0] >= 0.5 * (len(calls) - 1) - 0.1
    with workspace_scope(alice.workspace.id):
        assert not ConcurrencySlot.objects.exists()
        limits = ConcurrencyLimit.objects.values_list("kind", "key", "slots", "per_minute")
        assert set(limits) == {("NAMED", "warehouse", 1, None), ("RATE", "api", None, 120)}
        assert set(Run.objects.values_list("state", flat=True)) == {"COMPLETED"}
