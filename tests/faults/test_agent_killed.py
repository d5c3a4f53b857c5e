"""The agent is killed with -9: its run is CRASHED with a cause within 30 s, and nothing goes on."""

import textwrap
import time

import psutil
import pytest

from tests.stack import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

FLOW = """
    import os, pathlib, time
    from headway import flow

    @flow
    def sleeper() -> None:
        pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
        while True:
            time.sleep(0.1)
"""


def test_a_killed_agents_run_is_crashed_within_30_seconds(stack, flow_file):
    flow_file.write_text(textwrap.dedent(FLOW))
    with stack.api() as api:
        deployed = api.put(
            "deployments",
            json={
                "flow_name": "sleeper",
                "name": "faulty",
                "entrypoint": "flows.py:sleeper",
                "path": str(flow_file.parent),
                "pool": "default",
            },
        )
        assert deployed.status_code in {200, 201}, deployed.text
        run_id = api.post(f"deployments/{deployed.json()['id']}/runs", json={}).json()["id"]
        wait_until("the run to run", lambda: stack.run(run_id)["state"] == "RUNNING", seconds=30)
        pid = int(wait_until("its process", lambda: _read(flow_file.with_name("pid"))))

        agent = stack.find("agent")
        agent.kill()
        killed_at = time.monotonic()

        run = wait_until(
            "the run to be crashed",
            lambda: (r := stack.run(run_id))["state"] == "CRASHED" and r,
            seconds=45,
        )
        # 30 s of silence, counted from the last heartbeat before the kill, and the janitor's look.
        assert time.monotonic() - killed_at <= 40
        assert run["cause"]["kind"] in {"agent_lost", "lease_expired"}
        wait_until("the run's process to end", lambda: not psutil.pid_exists(pid), seconds=15)


def test_cancel_reaches_the_process(stack, flow_file):
    flow_file.write_text(textwrap.dedent(FLOW))
    with stack.api() as api:
        deployed = api.put(
            "deployments",
            json={
                "flow_name": "sleeper",
                "name": "cancelled",
                "entrypoint": "flows.py:sleeper",
                "path": str(flow_file.parent),
                "pool": "default",
            },
        ).json()
        run_id = api.post(f"deployments/{deployed['id']}/runs", json={}).json()["id"]
        wait_until("the run to run", lambda: stack.run(run_id)["state"] == "RUNNING", seconds=45)
        pid = int(wait_until("its process", lambda: _read(flow_file.with_name("pid"))))

        assert api.post(f"runs/{run_id}/cancellation").json()["state"] == "CANCELLING"

        wait_until(
            "the run to be cancelled",
            lambda: stack.run(run_id)["state"] == "CANCELLED",
            seconds=30,
        )
        wait_until("the run's process to end", lambda: not psutil.pid_exists(pid), seconds=15)


def _read(path):
    return path.read_text() if path.exists() else None
