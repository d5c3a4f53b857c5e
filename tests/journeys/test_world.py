"""Who touches what, and what it cost: the demo's shop, from a script to the pages that show it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import Shell, confirm_address, create_key, sign_up
from tests.stack import ROOT, Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Shell:
    return Shell(stack, tmp_path)


def test_a_script_tells_and_the_world_shows_who_touches_what_and_why_a_load_failed(
    page: Page, stack: Stack, shell: Shell
) -> None:
    sign_up(page, "wanda@example.com")
    confirm_address(page, lambda: stack.said_after("wanda@example.com"))
    secret = create_key(page, "laptop")
    shell.headway("login", "--url", stack.url, "--key", secret)

    tell(shell)

    look_at_the_world(page)
    go_back_in_time(page)
    ask_which_runs_wrote_it(page)
    ask_why_it_failed(page)
    ask_what_it_cost(page)


def tell(shell: Shell) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "demo/shop.py")],
        cwd=shell.home,
        env=shell.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "invalid identifier 'O.CHANNEL'" in done.stdout


def look_at_the_world(page: Page) -> None:
    workspace = re.search(r"/w/([^/?]+)", page.url)
    assert workspace is not None
    resources = f"/api/v1/workspaces/{workspace[1]}/world/resources?q=marts.revenue"
    wait_until("the world", lambda: page.request.get(resources).json()["items"])
    page.get_by_role("link", name="World").first.click()
    search = page.get_by_label("Find a thing")
    search.fill("marts.revenue")
    things = page.get_by_role("table", name="Things")
    expect(things).to_contain_text("REVENUE")
    things.get_by_role("row", name=re.compile("MARTS.REVENUE")).first.click()
    graph = page.get_by_role("region", name="Graph")
    expect(
        graph.get_by_role("button", name=re.compile(r"^Table\s+ORDERS\s+ACME.STAGING$"))
    ).to_be_visible()
    expect(graph.get_by_role("button", name=re.compile("Dashboard Revenue today"))).to_be_visible()


def go_back_in_time(page: Page) -> None:
    graph = page.get_by_role("region", name="Graph")
    slider = page.get_by_role("slider", name="The moment that is shown")
    slider.press("Home")
    expect(page).to_have_url(re.compile("at="))
    # Two weeks ago nobody had a dashboard of it.
    expect(graph.get_by_role("button", name=re.compile("Dashboard"))).to_have_count(0)
    page.get_by_role("button", name="Back to now").click()
    expect(graph.get_by_role("button", name=re.compile("Dashboard Revenue today"))).to_be_visible()


def ask_which_runs_wrote_it(page: Page) -> None:
    things = page.get_by_role("table", name="Things")
    things.get_by_role("link", name=re.compile("MARTS.REVENUE")).first.click()
    page.get_by_text("Wrote", exact=True).click()
    expect(page).to_have_url(re.compile("runs=writes"))
    runs = page.get_by_role("list", name="Runs that touched it").get_by_role("listitem")
    expect(runs.first).to_contain_text("writes")
    runs.first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/runs/"))


def ask_why_it_failed(page: Page) -> None:
    page.get_by_role("link", name="Runs", exact=True).first.click()
    page.get_by_role("row", name=re.compile("marts.*Failed|Failed.*marts")).first.get_by_role(
        "link"
    ).first.click()
    page.get_by_role("tab", name="Around it").click()
    expect(page.get_by_role("tabpanel")).to_contain_text(re.compile("columns?", re.IGNORECASE))
    expect(page.get_by_role("tabpanel")).to_contain_text("STAGING.ORDERS")


def ask_what_it_cost(page: Page) -> None:
    page.get_by_role("link", name="Costs").first.click()
    expect(page.get_by_text(re.compile(r"^\$\d[\d.,]* spent"))).to_be_visible()
    page.get_by_text("Model", exact=True).click()
    table = page.get_by_role("table", name="Costs by model")
    expect(table).to_contain_text("gpt-4o-mini")
    expect(table).to_contain_text("snowflake-small")
