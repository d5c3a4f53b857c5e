"""Who keeps a deployment going: when it starts, what it promises, and what its runs are told."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.steps import Shell, confirm_address, create_key, sign_up
from tests.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

FLOW = """
    import pathlib
    import time
    from dataclasses import dataclass

    from headway import ask, flow

    here = pathlib.Path(__file__).parent

    @dataclass
    class Window:
        rows: int

    @flow
    def load(table: str = "orders", watched: bool = False) -> str:
        while not (here / "go").exists():
            time.sleep(0.05)
        if not watched:
            return table
        said = ask(f"Load {table}?", form=Window)
        return f"{said.values.rows} rows" if said else "nothing"
"""


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Shell:
    (tmp_path / "loads.py").write_text(textwrap.dedent(FLOW))
    return Shell(stack, tmp_path)


def test_a_deployment_is_scheduled_watched_steered_and_filled_in(
    page: Page, stack: Stack, shell: Shell
) -> None:
    sign_up(page, "edith@example.com")
    confirm_address(page, lambda: stack.said_after("edith@example.com"))
    secret = create_key(page, "laptop")
    shell.headway("login", "--url", stack.url, "--key", secret)
    shell.headway("deploy", "loads.py:load", "--name", "nightly")

    open_deployment(page)
    schedule_it(page)
    pause_its_schedule(page)
    promise_something(page)
    with shell.agent(), ended(shell):
        start_watched_run(page)
        pause_and_resume(page)
        answer_its_question(page, shell)
        (shell.home / "go").unlink()
        fill_in(page)
        cancel_the_rest(page)


@contextmanager
def ended(shell: Shell) -> Iterator[None]:
    """Let what executes end, else the agent would wait for it, and hide what went wrong."""
    try:
        yield
    finally:
        (shell.home / "go").touch()


def open_deployment(page: Page) -> None:
    page.get_by_role("link", name="Deployments").click()
    page.get_by_role("link", name="nightly").first.click()
    expect(page.get_by_role("heading", name="nightly")).to_be_visible()


def schedule_it(page: Page) -> None:
    """Twenty times stand beside the form before anything is saved, by the clock of the zone."""
    page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Cron line").fill("30 6 * * 1-5")
    dialog.get_by_label("Time zone").first.fill("Europe/Berlin")
    page.get_by_role("option", name="Europe/Berlin").click()
    preview = dialog.get_by_role("region", name="Next times")
    expect(preview).to_contain_text("The next 20 times.")
    expect(preview.get_by_role("columnheader", name="Europe/Berlin")).to_be_visible()
    expect(preview.get_by_text("06:30").first).to_be_visible()
    dialog.get_by_role("button", name="Add schedule").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("main")).to_contain_text("30 6 * * 1-5")


def pause_its_schedule(page: Page) -> None:
    switch = page.get_by_role("switch", name=re.compile("^Schedule .* active$"))
    expect(switch).to_be_checked()
    switch.press("Space")
    expect(switch).not_to_be_checked()
    page.reload()
    expect(switch).not_to_be_checked()


def promise_something(page: Page) -> None:
    page.get_by_role("tab", name="Service levels").click()
    page.get_by_role("button", name="Add a service level").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Must last less than").check()
    dialog.get_by_label("At most", exact=True).fill("20")
    dialog.get_by_role("button", name="Add service level").click()
    levels = page.get_by_role("list", name="Service levels")
    expect(levels).to_contain_text("Must last less than 20h")
    expect(levels).to_contain_text("Never broken")


def start_watched_run(page: Page) -> None:
    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("switch", name="watched").press("Space")
    dialog.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f-]{36}"))
    expect(state_of(page)).to_have_text("Running")


def state_of(page: Page) -> Locator:
    """What stands beside the name of the run."""
    return page.get_by_role("main").locator("h1 + span")


def pause_and_resume(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause run").click()
    expect(state_of(page)).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(state_of(page)).to_have_text("Running")


def answer_its_question(page: Page, shell: Shell) -> None:
    """From the inbox, whose number in the rail says that somebody is waited for."""
    (shell.home / "go").touch()
    expect(state_of(page)).to_have_text("Awaiting approval")
    run = page.url
    page.get_by_role("link", name=re.compile("^Approvals")).click()
    expect(page.get_by_role("link", name="Approvals 1 waiting for an answer")).to_be_visible()
    question = page.get_by_role("listitem").filter(has_text="Load orders?")
    question.get_by_label("rows").fill("500")
    question.get_by_label("Comment").fill("The window is free.")
    question.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Nothing waits for an answer")).to_be_visible()

    page.goto(run)
    expect(state_of(page)).to_have_text("Completed")
    approvals = page.get_by_role("list", name="Approvals of this run")
    expect(approvals).to_contain_text("Approved by")
    expect(approvals).to_contain_text("The window is free.")
    expect(approvals).to_contain_text("500")


def fill_in(page: Page) -> None:
    """Three partitions, one at a time: the first runs, and leads back to its backfill."""
    open_deployment(page)
    page.get_by_role("link", name="Fill in missing runs").click()
    page.get_by_label("One run for each").select_option(label="partition of a list")
    page.get_by_label("Partitions", exact=True).fill("orders\nrefunds\nparcels")
    page.get_by_label("Parameter that gets the part").select_option("table")
    page.get_by_label("At once", exact=True).fill("1")
    page.get_by_label("Name", exact=True).fill("History")
    expect(page.get_by_role("main")).to_contain_text("3 runs")
    page.get_by_role("button", name="Start backfill").click()
    expect(page).to_have_url(re.compile("/backfills/[0-9a-f-]{36}"))
    parts = page.get_by_role("table", name="Parts")
    expect(parts.get_by_role("row").filter(has_text="orders")).to_contain_text("Running")
    parts.get_by_role("link", name="History orders").click()
    page.get_by_role("link", name="Open the backfill").click()


def cancel_the_rest(page: Page) -> None:
    expect(page).to_have_url(re.compile("/backfills/[0-9a-f-]{36}"))
    page.get_by_role("button", name="Cancel the rest").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Cancel what is executing too").check()
    dialog.get_by_role("button", name="Cancel the rest").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Cancel the rest")).to_have_attribute(
        "aria-disabled", "true"
    )
    parts = page.get_by_role("table", name="Parts")
    expect(parts.get_by_role("row").filter(has_text="orders")).to_contain_text("Cancelled")
    expect(parts.get_by_role("row").filter(has_text="parcels")).not_to_contain_text("Running")
