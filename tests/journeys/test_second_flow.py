"""What a team does next: a plan, our own compute, alerts, what failed to happen, what it used."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fakes.fake_stripe import PRICES, SECRET_KEY, WEBHOOK_SECRET, FakeStripe, Server, serving
from tests.journeys.steps import Shell, confirm_address, create_key, sign_up
from tests.mailbox import Mailbox, mail_server
from tests.stack import Stack, running_stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

OWNER = "bea@example.com"
FLOW = """
    import time
    from typing import Literal

    from headway import emit_event, flow, task

    @task
    def load(table: str) -> None:
        time.sleep(1.1)  # long enough to be counted
        emit_event(
            "table.loaded", resource={"kind": "table", "name": table, "namespace": "warehouse"}
        )

    @flow
    def load_orders(then: Literal["end", "break"] = "end") -> None:
        load("orders")
        if then == "break":
            raise RuntimeError("The warehouse is away.")
"""


@pytest.fixture(scope="module")
def mails(smtp_port: int) -> Iterator[Mailbox]:
    with mail_server(smtp_port) as box:
        yield box


@pytest.fixture(scope="module")
def stripe() -> Iterator[Server]:
    with serving(FakeStripe()) as server:
        yield server


@pytest.fixture(scope="module")
def stack(mails: Mailbox, smtp_port: int, stripe: Server) -> Iterator[Stack]:
    environment = {
        "BILLING": "on",
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_PRICES": f"STANDARD={','.join(PRICES)}",
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(smtp_port),
    }
    with running_stack(environment) as started:
        stripe.webhook_url = f"{started.url}/api/v1/stripe/webhook"
        yield started


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Shell:
    (tmp_path / "orders.py").write_text(textwrap.dedent(FLOW))
    return Shell(stack, tmp_path)


def test_a_failure_is_told_and_repaired_and_a_silence_is_noticed(
    page: Page, stack: Stack, shell: Shell, mails: Mailbox
) -> None:
    sign_up(page, OWNER)
    confirm_address(page, lambda: mails.text_to(OWNER))
    upgrade(page)
    secret = create_key(page, "laptop")
    shell.headway("login", "--url", stack.url, "--key", secret)
    shell.headway("deploy", "--pool", "managed", "orders.py:load_orders", "--name", "nightly")
    add_mail_channel(page)
    watch_for_failures(page)
    watch_for_silence(page)
    start_broken_run(page)
    see_where_it_ran(page)
    see_what_the_automation_did(page)
    mail = str(wait_until("the mail", lambda: mails.text_to(OWNER).partition("It failed: ")[2]))
    assert "The warehouse is away." in mail
    see_the_silence(page)
    see_usage(page)


def upgrade(page: Page) -> None:
    """From Free to Standard, by way of the page on which one pays."""
    page.get_by_role("link", name="Usage and plan").click()
    page.get_by_role("link", name="Plan", exact=True).click()
    page.get_by_role("article", name="Standard").get_by_role("button").click()
    page.get_by_role("button", name="Subscribe").click()
    expect(page).to_have_url(re.compile("/w/[^/]+/plan"))
    expect(page.get_by_role("article", name="Standard")).to_contain_text("Your plan")


def add_mail_channel(page: Page) -> None:
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("tab", name="Channels").click()
    page.get_by_role("button", name="Add channel").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("E-mail", exact=True).click()
    dialog.get_by_label("Name").fill("on call")
    dialog.get_by_label("To", exact=True).fill(OWNER)
    dialog.get_by_label("To", exact=True).press("Enter")
    dialog.get_by_role("button", name="Add channel").click()
    expect(page.get_by_role("listitem").filter(has_text="on call")).to_be_visible()


def watch_for_failures(page: Page) -> None:
    """When a run fails: a mail, and the same deployment once more, whole this time."""
    begin_automation(page, "Failed loads")
    tag(page.get_by_label("What happens").get_by_label("Event name"), "headway.run.failed")
    add_action(page, "Notify a channel")
    first = page.get_by_role("group", name="Action 1")
    choose(page, first.get_by_label("Channel"), "on call")
    first.get_by_label("Subject").fill("It failed: {{ event.payload.name }}")
    first.get_by_label("Message").fill("{{ event.payload.error.message }}")
    add_action(page, "Run a deployment")
    second = page.get_by_role("group", name="Action 2")
    choose(page, second.get_by_label("Deployment"), "load-orders / nightly")
    choose(page, second.get_by_label("Own parameters"), "then")
    page.keyboard.press("Escape")
    choose(page, second.get_by_label("then", exact=True), "end")
    page.get_by_role("button", name="Create automation").click()
    expect(page.get_by_role("heading", name="Failed loads")).to_be_visible()


def watch_for_silence(page: Page) -> None:
    """When nobody loads a table in time: it stands in the history, and that is all."""
    begin_automation(page, "Refunds are late")
    page.get_by_text("It stops", exact=True).click()
    expected = page.get_by_label("What is expected")
    tag(expected.get_by_label("Event name"), "table.loaded")
    tag(expected.get_by_label("Resource name"), "refunds")
    page.get_by_label("Window", exact=True).fill("10")
    choose(page, page.get_by_role("combobox", name="Unit of: Window"), "seconds")
    page.get_by_role("button", name="Create automation").click()
    expect(page.get_by_role("heading", name="Refunds are late")).to_be_visible()


def begin_automation(page: Page, name: str) -> None:
    page.get_by_role("link", name="Automations").first.click()
    page.get_by_role("button", name="New automation").first.click()
    page.get_by_label("Name", exact=True).fill(name)


def tag(field: Locator, text: str) -> None:
    field.fill(text)
    field.press("Enter")


def choose(page: Page, field: Locator, option: str) -> None:
    field.click()
    page.get_by_role("option", name=option).click()


def add_action(page: Page, words: str) -> None:
    page.get_by_label("Add an action").get_by_role("button", name=words).click()


def start_broken_run(page: Page) -> None:
    page.get_by_role("link", name="Deployments").click()
    page.get_by_role("link", name="nightly").first.click()
    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    choose(page, dialog.get_by_label("then"), "break")
    dialog.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f-]{36}"))
    expect(page.get_by_role("main")).to_contain_text("The warehouse is away.")


def see_where_it_ran(page: Page) -> None:
    """In our own pool, in the smallest size, and what its seconds went into."""
    main = page.get_by_role("main")
    expect(main).to_contain_text("0.25 vCPU, 512 MiB")
    expect(main).to_contain_text("Preparing the environment")
    expect(main).to_contain_text("exit code 0")


def see_what_the_automation_did(page: Page) -> None:
    page.get_by_role("link", name="Automations").first.click()
    page.get_by_role("link", name="Failed loads").click()
    firings = page.get_by_role("list", name="Firings")
    firings.get_by_role("button", expanded=False).first.click()
    done = page.get_by_role("region", name="What was done")
    expect(done).to_contain_text("Done", ignore_case=True)
    done.get_by_role("link", name="Open the run").click()
    expect(page.get_by_role("main")).to_contain_text("Completed")


def see_the_silence(page: Page) -> None:
    page.get_by_role("link", name="Automations").first.click()
    page.get_by_role("link", name="Refunds are late").click()
    page.get_by_role("list", name="Firings").get_by_role("button").first.click()
    expect(page.get_by_role("region", name="Why it fired")).to_contain_text("refunds")


def see_usage(page: Page) -> None:
    """Two tasks of more than a second, in two runs of our own pool."""
    page.get_by_role("link", name="Usage and plan").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("2 of 20,000 task runs")
    expect(main).to_contain_text(re.compile(r"of 500 managed minutes"))
