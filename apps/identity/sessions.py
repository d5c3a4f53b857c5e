"""What a browser's session proves: how its person signed in, when, and whether just now."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account import app_settings
from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
    record_authentication,
)
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.contrib.auth import get_user
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from apps.core.clock import utc_now
from apps.identity.errors import ReauthenticationRequired

# For who has neither a password nor a factor, and so can prove nothing but by signing in again.
FRESH_SIGN_IN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How the session came to be. `signed_in_at` is None for sessions that nobody signed in to."""

    mfa: bool
    # password, totp, webauthn, recovery_codes, or the id of the service that vouched.
    methods: tuple[str, ...]
    signed_in_at: datetime | None


def session_facts(request: HttpRequest) -> SignIn:
    """
    Return how the person of this session has proved who they are.

    A second factor counts for as long as the session lives and the factor is not removed. A passkey
    alone counts as well: it was asked to verify its person, which makes it two factors in one.
    """
    return facts_of(get_authentication_records(request, _person(request)))


def _person(request: HttpRequest) -> Any:
    # DRF puts into `request.user` what its authentication made of the person.
    user = request.user
    return user if isinstance(user, AbstractBaseUser | AnonymousUser) else get_user(request)


def facts_of(records: Iterable[dict[str, Any]]) -> SignIn:
    """Return what allauth's records of a sign-in say."""
    methods: dict[str, None] = {}
    mfa = False
    signed_in_at = None
    for record in records:
        method = str(record.get("method"))
        if method == "mfa":
            mfa = True
            method = str(record.get("type"))
        elif method == "socialaccount":
            method = str(record.get("provider"))
        methods[method] = None
        if signed_in_at is None and "at" in record:
            signed_in_at = datetime.fromtimestamp(record["at"], tz=UTC)
    return SignIn(mfa=mfa, methods=tuple(methods), signed_in_at=signed_in_at)


def require_fresh_authentication(request: HttpRequest) -> None:
    """
    Let a dangerous change pass only when the person has just shown again who they are.

    Raises: ReauthenticationRequired, with the ways that are open to them.
    """
    ways: list[str] = []
    person = _person(request)
    for flow in get_reauthentication_flows(person):
        ways += ["password"] if flow["id"] == "reauthenticate" else [*map(str, flow["types"])]
    if not ways:
        signed_in_at = session_facts(request).signed_in_at
        if signed_in_at is not None and utc_now() - signed_in_at <= FRESH_SIGN_IN:
            return
        raise ReauthenticationRequired("Sign in again first.", methods=["sign_in"])
    latest = max(
        (
            record["at"]
            for record in get_authentication_records(request, person)
            if record.get("reauthenticated")
        ),
        default=0.0,
    )
    if time.time() - latest < app_settings.REAUTHENTICATION_TIMEOUT:
        return
    raise ReauthenticationRequired("Confirm first that it is you.", methods=ways)


def count_new_factor(request: HttpRequest, *, user: Any, factor_id: int, kind: str) -> None:
    """Count a factor that was just set up: its person has shown that they hold it."""
    record_authentication(request, user, "mfa", id=factor_id, type=kind)


def count_only_factors(request: HttpRequest, *, factor_ids: Collection[int]) -> None:
    """Forget that this session used any other factor: it is not there any more."""
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY)
    if isinstance(records, list):
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            record
            for record in records
            if record.get("method") != "mfa" or record.get("id") in factor_ids
        ]


_noted: dict[str, float] = {}  # session key → when this process last wrote its use, monotonic
NOTED_EVERY_SECONDS = 60.0
_MOST_NOTED = 20_000


def is_use_due(session_key: str) -> bool:
    """Say whether this process has not noted the session's use for a minute, and count it noted."""
    now = time.monotonic()
    if now - _noted.get(session_key, -NOTED_EVERY_SECONDS) < NOTED_EVERY_SECONDS:
        return False
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted[session_key] = now
    return True
