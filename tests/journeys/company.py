"""People of a company: who signs in by which way, and what they then ask, without pages."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page, expect

from tests.mailbox import Mailbox
from tests.stack import Stack, wait_until

PASSWORD = "correct-horse-battery"
AUTH = "/_allauth/browser/v1/auth"
NOTHING_KEPT = httpx2.Limits(max_keepalive_connections=0)  # so that nobody has to close a client


class Person:
    """Somebody's session, asked as pages ask: with its cookies and its token."""

    def __init__(self, stack: Stack, email: str = "") -> None:
        self.email = email
        self.client = httpx2.Client(
            base_url=stack.url, timeout=60, trust_env=False, limits=NOTHING_KEPT
        )

    @classmethod
    def of_page(cls, page: Page, stack: Stack) -> Person:
        """The one who is signed in on the page."""
        person = cls(stack)
        person.client.cookies.update(
            {each["name"]: each["value"] for each in page.context.cookies(stack.url)}
        )
        return person

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        if method != "GET" and "csrftoken" not in self.client.cookies:
            self.client.get(f"{AUTH}/session")  # any GET sets it
        token = self.client.cookies.get("csrftoken")
        return self.client.request(
            method, path, json=body, headers={"X-CSRFToken": token or ""} | headers
        )

    def get(self, path: str) -> Any:
        """What is there; to be sure that it is."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Have something done, and be sure that it was."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def log_in(self, password: str = PASSWORD) -> Person:
        self.do("POST", f"{AUTH}/login", {"email": self.email, "password": password})
        return self

    @property
    def account(self) -> str:
        """The path of their account, the first one."""
        return f"/api/v1/account/{self.get('/api/v1/me')['accounts'][0]['id']}"

    @property
    def workspace(self) -> dict[str, Any]:
        """Their workspace, the first one."""
        found: dict[str, Any] = self.get("/api/v1/me")["workspaces"][0]
        return found

    @property
    def place(self) -> str:
        return f"/api/v1/workspaces/{self.workspace['slug']}"


def with_key(stack: Stack, secret: str) -> httpx2.Client:
    return httpx2.Client(
        base_url=stack.url,
        headers={"Authorization": f"Bearer {secret}"},
        timeout=60,
        trust_env=False,
        limits=NOTHING_KEPT,
    )


def join(stack: Stack, mails: Mailbox, owner: Person, email: str, **offer: Any) -> Person:
    """Invite somebody, who signs up by the link of the mail."""
    owner.do("POST", f"{owner.account}/invitations", {"email": email} | offer)
    token = wait_until("the mail", lambda: re.findall(r"hwi_\w+", mails.text_to(email)))[-1]
    person = Person(stack, email)
    # A sign-up by the link of an invitation is in at once: the link has shown the address.
    headers = {"X-Invitation": token}
    person.do("POST", f"{AUTH}/signup", {"email": email, "password": PASSWORD}, **headers)
    return person


def code_of(answer: httpx2.Response) -> str | None:
    """With which it was refused, if it was."""
    return answer.json()["error"]["code"] if answer.status_code >= 400 else None


def refused_within_a_second(
    ask: Callable[[], httpx2.Response], since: float, *, status: int
) -> None:
    """
    Whatever is sent later than a second after `since` is refused, however slow the machine is.

    `since` is when the answer to the change had come.
    """
    while True:
        sent = time.monotonic()
        answer = ask()
        if answer.status_code == status:
            return
        assert answer.status_code < 300, answer.text
        assert sent - since < 1.0, f"Still let in {sent - since:.2f} s later."


def open_stream(person: Person, live_url: str, path: str) -> httpx2.Response:
    """Open a stream and leave it; what counts is whether it opened."""
    cookies = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
    with httpx2.stream(
        "GET", f"{live_url}{path}", headers={"Cookie": cookies}, timeout=30, trust_env=False
    ) as answer:
        if answer.status_code >= 400:
            answer.read()
        return answer


def reopened_in_vain(page: Page) -> Any:
    """Expect that a stream which the page has open ends, and does not open again."""
    return page.expect_response(
        lambda answer: "/streams/" in answer.url and answer.status in {401, 403, 404},
        timeout=60_000,
    )


@contextmanager
def another_browser(browser: Browser, home: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=home, viewport={"width": 1280, "height": 860}, locale="en-GB"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def log_in(page: Page, email: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def log_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("your account")).click()
    page.get_by_role("menuitem", name="Log out").click()


def choose(page: Page, label: str, option: str, *, several: bool = False) -> None:
    """Take an option of a list that opens when it is clicked; `several` may be taken of it."""
    field = (
        page.get_by_role("combobox", name=label, exact=True)
        .or_(page.get_by_role("textbox", name=label, exact=True))
        .first
    )
    field.click()
    wanted = page.get_by_role("option", name=option, exact=True)
    wanted.click()
    if several:
        return
    try:
        expect(field).to_have_value(option, timeout=5_000)
    except AssertionError:
        # The list moves as what it offers arrives, once in a while from under the pointer.
        wanted.click()
        expect(field).to_have_value(option)


def is_denied(button: Any, why: str) -> None:
    """It stands there, cannot be pressed, and says why."""
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("aria-description", re.compile(why))
