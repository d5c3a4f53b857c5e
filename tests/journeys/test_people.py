"""A person and their login: factors, passkeys, sessions, and the end."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect

from tests.journeys.steps import confirm_address, sign_up
from tests.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

EVE, PASSWORD = "eve@example.com", "correct-horse-battery"


@pytest.fixture
def address(stack: Stack) -> str:
    """Passkeys belong to a host name: the same stack under the name that every machine has."""
    return stack.url.replace("127.0.0.1", "localhost")


@contextmanager
def passkeys_in(page: Page) -> Iterator[None]:
    """
    A device that shows its owner's finger whenever it is asked, also by the offer that a browser
    makes at the field for the address: that is made only once the page's storage says so.
    """
    page.add_init_script(
        "PublicKeyCredential.isConditionalMediationAvailable ="
        " async () => localStorage.getItem('takes-offers') === 'yes'"
    )
    page.reload()
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield
    tools.detach()


def test_a_login_with_factors_passkeys_and_sessions(
    page: Page, stack: Stack, address: str, browser: Browser
) -> None:
    sign_up(page, EVE)
    confirm_address(page, lambda: stack.said_after(EVE))
    go_to(page, "Security")

    set_up_an_app(page)
    codes = keep_recovery_codes(page)
    with passkeys_in(page):
        add_a_passkey(page)
        log_out(page)
        log_in_with_the_passkey(page)
        with another_browser(browser, address) as elsewhere:
            log_in_with_a_recovery_code(elsewhere, codes[0])
            end_the_other_session(page)
            elsewhere.reload()
            expect(elsewhere).to_have_url(re.compile("/login"))
        rename_and_remove_the_passkey(page)
    delete_the_login(page)


def go_to(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile("your account")).click()
    page.get_by_role("menuitem", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def confirm_with_password(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    dialog.get_by_label("Password", exact=True).last.fill(PASSWORD)
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()


def set_up_an_app(page: Page) -> None:
    page.get_by_role("button", name="Set up an app").click()
    dialog = page.get_by_role("dialog", name="Set up an authenticator app")
    expect(dialog.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    dialog.get_by_text("Can’t scan it?").click()
    secret = dialog.locator("code").inner_text().replace(" ", "")
    secret += "=" * (-len(secret) % 8)
    confirm = page.get_by_role("dialog", name="Confirm that it is you")
    codes = page.get_by_role("dialog", name="Keep your recovery codes")
    for _ in range(3):  # a code that ends while it is typed is followed by the next
        code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
        dialog.get_by_label("Code that the app shows now").fill(code)
        dialog.get_by_role("button", name="Turn it on").click()
        refused = dialog.get_by_role("alert")
        confirm.or_(refused).or_(codes).first.wait_for()
        if confirm.is_visible():
            confirm_with_password(page)
            refused.or_(codes).first.wait_for()
        if codes.is_visible():
            return
    raise AssertionError("three codes in a row were refused")


def keep_recovery_codes(page: Page) -> list[str]:
    dialog = page.get_by_role("dialog", name="Keep your recovery codes")
    listed = dialog.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(listed).to_have_count(10)
    codes = [code.replace(" ", "") for code in listed.all_inner_texts()]
    dialog.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()
    return codes


def add_a_passkey(page: Page) -> None:
    page.get_by_role("button", name="Add a passkey").click()
    dialog = page.get_by_role("dialog", name="Add a passkey")
    dialog.get_by_label("Name").fill("Phone")
    dialog.get_by_role("button", name="Go on").click()
    passkeys = page.get_by_role("list", name="Passkeys")
    expect(passkeys.get_by_text("Phone")).to_be_visible()
    expect(page.get_by_text("Guarded by 2 factors beside the password.")).to_be_visible()


def log_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("your account")).click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page).to_have_url(re.compile("/login"))


def log_in_with_the_passkey(page: Page) -> None:
    """By the button; then without touching anything, as the browser's own offer is taken."""
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page).to_have_url(re.compile("/w/[^/]+"))

    page.evaluate("localStorage.setItem('takes-offers', 'yes')")
    go_to(page, "Sessions")
    page.get_by_role("button", name=re.compile("your account")).click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page).to_have_url(re.compile("/w/[^/]+"))
    go_to(page, "Sessions")


@contextmanager
def another_browser(browser: Browser, home: str) -> Iterator[Page]:
    context = browser.new_context(base_url=home, locale="en-GB")
    yield context.new_page()
    context.close()


def log_in_with_a_recovery_code(page: Page, code: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(EVE)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(code)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("/w/[^/]+"))


def end_the_other_session(page: Page) -> None:
    page.reload()
    sessions = page.get_by_role("list", name="Sessions").get_by_role("listitem")
    expect(sessions).to_have_count(2)
    expect(sessions.first).to_contain_text("this one")
    page.get_by_role("button", name=re.compile("^End the session of Chrome")).click()
    expect(sessions).to_have_count(1)


def rename_and_remove_the_passkey(page: Page) -> None:
    page.get_by_role("link", name="Security").first.click()
    page.get_by_role("button", name="Rename Phone").click()
    dialog = page.get_by_role("dialog", name="Rename the passkey")
    dialog.get_by_label("Name").fill("Old phone")
    dialog.get_by_role("button", name="Rename").click()
    confirm_with_passkey(page)
    page.get_by_role("button", name="Remove Old phone").click()
    page.get_by_role("dialog", name="Remove Old phone?").get_by_role(
        "button", name="Remove it"
    ).click()
    expect(page.get_by_text("Guarded by one factor beside the password.")).to_be_visible()


def confirm_with_passkey(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    dialog.get_by_text("Passkey", exact=True).click()
    dialog.get_by_role("button", name="Use a passkey").click()
    expect(dialog).to_be_hidden()


def delete_the_login(page: Page) -> None:
    page.get_by_role("link", name="Profile").first.click()
    page.get_by_role("button", name="Delete my login").click()
    dialog = page.get_by_role("dialog", name="Delete your login?")
    expect(dialog.get_by_text("is deleted with all its data")).to_be_visible()
    confirm = dialog.get_by_role("button", name="Delete it for good")
    expect(confirm).to_be_disabled()
    dialog.get_by_label(f"Type {EVE} to confirm").fill(EVE)
    confirm.click()
    confirm_with_password(page)  # what the passkey had shown went with it
    expect(page).to_have_url(re.compile("/login"))
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))
