"""What several journeys do: a user's terminal, and the way to an account with a key."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.stack import Stack, wait_until


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
                env=self.environment | {"PYTHONFAULTHANDLER": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            status = _end_of(process)
        assert status == 0, log.read_text()


def _end_of(process: subprocess.Popen[bytes]) -> int:
    """One that does not end is killed, having written to its log where its threads are."""
    try:
        return process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        return process.wait()


def sign_up(page: Page, email: str) -> None:
    """Ask for an account; `confirm_address` is what opens it."""
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_role("link", name="Sign up").click()
    expect(page.get_by_role("heading", name="Create your account")).to_be_visible()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill("correct-horse-battery")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()


def confirm_address(page: Page, mail: Callable[[], str]) -> None:
    """Follow the link of the mail into the workspace. `mail` returns what was sent by now."""

    def link() -> str | None:
        found = re.search(r"/verify-email/[\w:%.-]+", mail())
        return found[0] if found else None

    page.goto(str(wait_until("the mail", link)))
    expect(page.get_by_text("Your address is confirmed.")).to_be_visible()
    page.get_by_role("link", name="Go to your workspace").click()
    expect(page).to_have_url(re.compile("/w/[^/]+"))


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
