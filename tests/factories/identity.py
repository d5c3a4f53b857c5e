"""People at the door: a browser without a page, their mails, and the app on their phone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client

from apps.identity.models import Mail

PASSWORD = "correct horse battery staple"
PREFIX = "/_allauth/browser/v1/"


class Visitor:
    """One browser: cookies of its own, and a name that it gives itself."""

    def __init__(self, user_agent: str = "", address: str = "127.0.0.1") -> None:
        headers = {"user-agent": user_agent} if user_agent else {}
        self.client = Client(headers=headers, REMOTE_ADDR=address)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        if not path.startswith("/"):
            path = PREFIX + path
        return self.client.generic(
            method,
            path,
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: object = None) -> Any:
        return self.call("POST", path, body if body is not None else {})

    def sign_up(self, email: str, password: str = PASSWORD) -> Any:
        return self.post("auth/signup", {"email": email, "password": password})

    def confirm(self, email: str) -> Any:
        """Follow the link of the last mail to the address, in this browser."""
        key = link_in(last_letter_to(email), "verify-email")
        return self.post("auth/email/verify", {"key": key})

    def join(self, email: str, password: str = PASSWORD) -> Visitor:
        """Sign up and confirm the address; afterwards this browser is signed in."""
        self.sign_up(email, password)
        answer = self.confirm(email)
        assert answer.status_code == 200, answer.content
        return self

    def log_in(self, email: str, password: str = PASSWORD) -> Any:
        return self.post("auth/login", {"email": email, "password": password})

    def log_out(self) -> None:
        self.call("DELETE", "auth/session")

    def confirm_password(self, password: str = PASSWORD) -> None:
        answer = self.post("auth/reauthenticate", {"password": password})
        assert answer.status_code == 200, answer.content

    def set_up_app(self) -> AuthenticatorApp:
        """Add an authenticator app; the password was confirmed before."""
        offered = self.get("account/authenticators/totp")
        app = AuthenticatorApp(offered.json()["meta"]["secret"])
        answer = self.post("account/authenticators/totp", {"code": app.code()})
        assert answer.status_code == 200, answer.content
        return app

    def is_in(self) -> bool:
        return bool(self.get("/api/v1/me").status_code == 200)


class AuthenticatorApp:
    """What a phone computes from the secret, by the server's clock, or so many steps off it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, *, steps_off: int = 0) -> str:
        value = totp.hotp_value(self.secret, int(totp.time.time()) // 30 + steps_off)
        return totp.format_hotp_value(value)


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str


def letters_to(email: str) -> list[Letter]:
    """Their mails, the oldest first: handed to the mail server, or waiting for a commit to come."""
    waiting = Mail.objects.filter(recipient=email).order_by("created_at")
    return [
        *(Letter(sent.subject, str(sent.body)) for sent in mail.outbox if email in sent.to),
        *(Letter(row.subject, row.text) for row in waiting),
    ]


def last_letter_to(email: str) -> Letter:
    return letters_to(email)[-1]


def subjects_to(email: str) -> list[str]:
    return [letter.subject for letter in letters_to(email)]


def link_in(letter: Letter, page: str) -> str:
    found = re.search(rf"/{page}/([\w:.%-]+)", letter.text)
    assert found is not None, letter.text
    return unquote(found[1])


def pending(answer: Any) -> list[str]:
    """The steps that a 401 of signing in still asks for."""
    return [flow["id"] for flow in answer.json()["data"]["flows"] if flow.get("is_pending")]
