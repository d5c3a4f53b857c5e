"""The local stack and a real Chromium."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from infra.ci import chromium
from tests.stack import ROOT, Stack, running_stack

PICTURES = ROOT / "test-results"
PATIENCE_MS = 20_000  # two cores run the whole stack, an agent and the browser


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack() as started:
        yield started


@pytest.fixture(scope="module")
def smtp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = chromium.find()
    if program is None:
        pytest.fail("No Chromium here; `make test` installs one.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(program))
        yield launched
        launched.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Say with a failure what the server knows of the run on screen: is it late, or not shown?"""
    report: pytest.TestReport = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and isinstance(page, Page):
        report.sections.append(("The run on screen, as the API has it", run_on_screen(page)))
        stack = item.funcargs.get("stack")  # type: ignore[attr-defined] # a function's
        if isinstance(stack, Stack):
            report.sections.append(("The stack", stack.tail()))
    return report


def run_on_screen(page: Page) -> str:
    found = re.search(r"/w/([^/]+)/runs/([0-9a-f-]{36})", page.url)
    if found is None:
        return f"None: {page.url}"
    api = f"/api/v1/workspaces/{found[1]}/runs/{found[2]}"
    try:
        said = [
            f"{part}: {page.request.get(api + part, timeout=5_000).text()}"
            for part in ("", "/transitions", "/logs")
        ]
    except Error as error:  # the stack may be what failed
        return f"{page.url}: {error}"
    return "\n".join([page.url, *said])


@pytest.fixture
def address(stack: Stack) -> str:
    """Where the stranger's browser finds us."""
    return stack.url


@pytest.fixture
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A stranger's browser; an uncaught error in it fails the test. Its last look is kept."""
    expect.set_options(timeout=PATIENCE_MS)
    context = browser.new_context(
        base_url=address, viewport={"width": 1280, "height": 860}, locale="en-GB"
    )
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    PICTURES.mkdir(exist_ok=True)
    opened.screenshot(path=PICTURES / f"{Path(str(request.node.name)).name}.png")
    context.close()
    assert complaints == []
