"""A newcomer's first quarter of an hour: from the sign-up to a flow that an agent runs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack, wait_until

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


class Shell:
    """A user's terminal: their own home folder, nothing of the stack's in its environment."""

    def __init__(self, stack: Stack, home: Path) -> None:
        self.home = home
        names = ("PATH", "NO_PROXY")
        self.environment = {
            name: value for name, value in stack.client_environment().items() if name in names
        } | {"HOME": str(home)}
        self._headway = str(Path(sys.executable).with_name("headway"))

    def headway(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._headway, *arguments],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def agent(self) -> Iterator[None]:
        """An agent in the background, ended as Ctrl-C ends it."""
        log = self.home / "agent.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self._headway, "agent", "start"],
                cwd=self.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=60)
        assert status == 0, log.read_text()


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Shell:
    (tmp_path / "parcels.py").write_text(textwrap.dedent(FLOW))
    return Shell(stack, tmp_path)


def test_from_sign_up_to_a_run_with_its_events_and_metrics(
    page: Page, stack: Stack, shell: Shell
) -> None:
    sign_up(page, "ada@example.com")
    confirm_address(page, stack, "ada@example.com")
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


def sign_up(page: Page, email: str) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill("correct-horse-battery")
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile("/w/[^/]+"))


def confirm_address(page: Page, stack: Stack, email: str) -> None:
    """Follow the link of the mail, which a local stack prints, and come back."""
    home = page.url

    def link() -> str | None:
        text = stack.log.read_text(errors="replace")
        found = re.search(r"/verify-email/[\w:%.-]+", text[text.find(email) :])
        return found[0] if found else None

    page.goto(str(wait_until("the mail", link)))
    expect(page.get_by_text("Your address is confirmed.")).to_be_visible()
    page.get_by_role("link", name="Go to your workspace").click()
    expect(page).to_have_url(home)


def create_key(page: Page, name: str) -> str:
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("tab", name="API keys").click()
    page.get_by_role("button", name="Create").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create key").click()
    secret = dialog.get_by_text(re.compile(r"^hw_\w+$")).inner_text()
    dialog.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_role("row", name=name)).to_be_visible()
    return secret


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
