"""From which browsers a person has signed in before: a signed cookie, and no table of devices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

if TYPE_CHECKING:
    from apps.identity.models import User

COOKIE = "headway_devices"
_SALT = "headway.devices"
_MAX_AGE_SECONDS = 400 * 24 * 3600  # the longest that browsers keep one
_MOST = 8  # people who share a browser
_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|HeadlessChrome|CriOS|Chromium)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac OS X\b|\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def describe(user_agent: str) -> str:
    """Return `Firefox on Linux`; what the browser said of itself when it is none that we know."""
    browser = next((name for name, told in _BROWSERS if told.search(user_agent)), None)
    system = next((name for name, told in _SYSTEMS if told.search(user_agent)), None)
    if browser is None:
        return user_agent or "an unknown program"
    return f"{browser} on {system}" if system else browser


def is_known(request: HttpRequest, user: User) -> bool:
    """Say whether the person has signed in from this browser since their password is what it is."""
    mark = _mark(user)
    return any(constant_time_compare(mark, kept) for kept in _kept(request))


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let the browser carry that this person has signed in from it."""
    mark = _mark(user)
    marks = [mark, *(kept for kept in _kept(request) if kept != mark)][:_MOST]
    response.set_cookie(
        COOKIE,
        signing.dumps(marks, salt=_SALT),
        max_age=_MAX_AGE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _mark(user: User) -> str:
    # Bound to the password: after somebody changed it, every other browser is unknown again.
    return salted_hmac(_SALT, f"{user.pk}:{user.password}", algorithm="sha256").hexdigest()[:24]


def _kept(request: HttpRequest) -> list[str]:
    try:
        marks = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT)
    except signing.BadSignature:
        return []
    return [str(mark) for mark in marks] if isinstance(marks, list) else []
