"""The server goes away in the middle of a flow: the flow finishes, its records arrive once."""

import textwrap

import pytest

from tests.faults.conftest import output_of, start_flow
from tests.stack import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

FLOW = """
    import pathlib, sys, time
    from headway import emit_event, flow, metric, task

    here = pathlib.Path(__file__).parent

    @task
    def step(n: int) -> int:
        emit_event("step.done", payload={"n": n})
        metric("steps", n)
        print(f"step {n}")
        return n

    @flow(name=sys.argv[1])
    def main() -> int:
        for n in range(20):
            step(n)
        (here / "halfway").touch()
        while not (here / "go").exists():
            time.sleep(0.05)
        for n in range(20, 40):
            step(n)
        return 40

    main()
    print("flow finished")
"""


@pytest.mark.parametrize("comes_back", ["while the flow runs", "after the flow ended"])
def test_a_flow_outlives_the_server(stack, flow_file, comes_back):
    flow_file.write_text(textwrap.dedent(FLOW))
    name = f"long way, server back {comes_back}"
    running = start_flow(stack, flow_file, name)
    wait_until("the flow to be halfway", (flow_file.parent / "halfway").exists)

    stack.kill()
    if comes_back == "while the flow runs":
        stack.start()
    (flow_file.parent / "go").touch()
    status = running.wait(timeout=90)
    output = output_of(flow_file).read_text()
    assert status == 0, output
    assert "flow finished" in output
    if comes_back == "after the flow ended":
        stack.start()
        # Whatever runs next on that machine takes the leftovers along.
        other = flow_file.with_name("other.py")
        other.write_text("from headway import flow\n@flow\ndef tiny():\n    pass\ntiny()\n")
        assert start_flow(stack, other).wait(timeout=60) == 0

    with stack.api() as api:
        run = wait_until(
            "the run to be completed",
            lambda: next(
                (
                    run
                    for run in api.get("runs", params={"q": name}).json()["items"]
                    if run["state"] == "COMPLETED"
                ),
                None,
            ),
            seconds=60,
        )
        run_id = run["id"]
        wait_until(
            "all task runs",
            lambda: len(_all(api, f"runs/{run_id}/task-runs")) == 40,
            seconds=30,
        )
        events = _all(api, "events", name="step.done", run_id=run_id)
        logs = [line["message"] for line in _all(api, f"runs/{run_id}/logs")]
        # Metrics are read from rollups, which follow the points by a second; but not before the
        # loops of a stack that was killed run again, which answers requests sooner than that.
        wait_until("the steps' points", lambda: _count_of_steps(api, run_id) >= 40, seconds=60)
        assert _count_of_steps(api, run_id) == 40
        transitions = api.get(f"runs/{run_id}/transitions").json()["items"]
        assert sorted(event["payload"]["n"] for event in events) == list(range(40))
        assert [m for m in logs if m.startswith("step ")] == [f"step {n}" for n in range(40)]
        assert [t["state"] for t in transitions if not t["superseded"]][-1] == "COMPLETED"
        assert not [t for t in transitions if t["state"] == "CRASHED"]


def _count_of_steps(api, run_id):
    metrics = api.get(f"runs/{run_id}/metrics").json()["items"]
    return sum(metric["count"] for metric in metrics if metric["name"] == "steps")


def _all(api, path, **params):
    items, cursor = [], None
    while True:
        page = api.get(
            path, params=params | {"limit": 500} | ({"cursor": cursor} if cursor else {})
        )
        assert page.status_code == 200, page.text
        body = page.json()
        items += body["items"]
        cursor = body.get("next_cursor")
        if not cursor:
            return items
