"""The local stack and a real Chromium."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

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


@pytest.fixture
def page(browser: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A stranger's browser; an uncaught error in it fails the test. Its last look is kept."""
    expect.set_options(timeout=PATIENCE_MS)
    context = browser.new_context(
        base_url=stack.url, viewport={"width": 1280, "height": 860}, locale="en-GB"
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
