"""A newcomer's first quarter of an hour: from the sign-up to a flow that an agent runs."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import Shell, confirm_address, create_key, sign_up
from tests.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

FLOW = """
    import pathlib
    import time
    from typing import Literal

    from headway import emit_event, flow, get_logger, metric, task

    here = pathlib.Path(__file__).parent

    @task
    def weigh(parcel: int) -> float:
        kilograms = 1.5 * parcel
        get_logger().info("parcel %d weighs %.1f kg", parcel, kilograms)
        metric("weight", kilograms, unit="kg")
        emit_event(
            "parcel.weighed",
            resource={"kind": "parcel", "name": f"P-{parcel}"},
            payload={"kilograms": kilograms},
        )
        return kilograms

    @flow
    def weigh_parcels(parcels: int = 3, then: Literal["end", "wait", "break"] = "end") -> float:
        \"\"\"Weigh what the morning's van brought.\"\"\"
        total = sum(weigh(n) for n in range(1, parcels + 1))
        if then == "break":
            raise RuntimeError("The scale broke.")
        while then == "wait" and not (here / "go").exists():
            time.sleep(0.05)
        print(f"all weighed: {total} kg")
        return total
"""


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Shell:
    (tmp_path / "parcels.py").write_text(textwrap.dedent(FLOW))
    return Shell(stack, tmp_path)


def test_from_sign_up_to_a_run_with_its_events_and_metrics(
    page: Page, stack: Stack, shell: Shell
) -> None:
    sign_up(page, "ada@example.com")
    confirm_address(page, lambda: stack.said_after("ada@example.com"))
    secret = create_key(page, "laptop")

    assert "Logged in" in shell.headway("login", "--url", stack.url, "--key", secret)
    shell.headway("deploy", "parcels.py:weigh_parcels", "--name", "by-hand")
    with shell.agent():
        open_deployment(page)
        start_run(page, parcels=4, then="wait")
        see_live_logs(page, shell)
        see_tasks(page)
        see_events_and_metrics(page)
        cancel_a_run(page, shell)
        retry_a_failed_run(page)

    assert "weigh-parcels" in shell.headway("runs")


def open_deployment(page: Page) -> None:
    page.get_by_role("link", name="Deployments").click()
    page.get_by_role("link", name="by-hand").first.click()
    expect(page.get_by_role("heading", name="by-hand")).to_be_visible()


def start_run(page: Page, *, parcels: int, then: str) -> None:
    """From the deployment's page to the run's."""
    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("parcels").fill(str(parcels))
    dialog.get_by_label("then").click()
    page.get_by_role("option", name=then).click()
    dialog.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f-]{36}"))


def see_live_logs(page: Page, shell: Shell) -> None:
    page.get_by_role("tab", name="Logs").click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("parcel 4 weighs 6.0 kg")
    expect(page.get_by_role("main")).to_contain_text("Running")
    expect(log).not_to_contain_text("all weighed")

    (shell.home / "go").touch()

    expect(log).to_contain_text("all weighed: 15.0 kg")
    expect(page.get_by_role("main")).to_contain_text("Completed")


def see_tasks(page: Page) -> None:
    page.get_by_role("tab", name="Timeline").click()
    table = page.get_by_role("table")
    expect(table).to_contain_text("weigh")
    expect(table).to_contain_text("4")


def see_events_and_metrics(page: Page) -> None:
    page.get_by_role("link", name="Events").click()
    expect(page.get_by_text("parcel.weighed").first).to_be_visible()
    expect(page.get_by_text("P-4").first).to_be_visible()
    page.get_by_role("link", name="Metrics").click()
    expect(page.get_by_text("weight").first).to_be_visible()


def cancel_a_run(page: Page, shell: Shell) -> None:
    (shell.home / "go").unlink()
    open_deployment(page)
    start_run(page, parcels=1, then="wait")
    expect(page.get_by_role("main")).to_contain_text("Running")
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.get_by_role("main")).to_contain_text("Cancelled")


def retry_a_failed_run(page: Page) -> None:
    open_deployment(page)
    start_run(page, parcels=1, then="break")
    expect(page.get_by_role("main")).to_contain_text("The scale broke.")
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry run").click()
    attempt = page.get_by_role("term").filter(has_text="Attempt").locator("+ dd")
    expect(attempt).to_have_text("2")
