"""The edge to allauth and Django's sessions: open one for who was vouched for, and end it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    perform_login,
    record_authentication,
)
from allauth.account.models import Login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.headless.constants import Client
from allauth.headless.internal.decorators import mark_request_as_headless
from django.contrib.auth import SESSION_KEY, get_user, get_user_model, logout
from django.http import HttpRequest

from apps.core import cipher
from apps.sso.assertions import Asserted
from apps.sso.models import SsoConnection

METHOD = "sso"
SIGN_OUT_KEY = "sso_sign_out"  # encrypted: what the provider wants to hear at the end


def open_session(
    request: HttpRequest, *, connection: SsoConnection, user_id: uuid.UUID, asserted: Asserted
) -> bool:
    """
    Sign the person in as allauth does; return whether they are, or are first asked for a factor.

    SECURITY: a second factor of theirs is asked for as after a password: the provider speaks for
    its own account, and this login may open others. Which account vouched stands in allauth's
    record of the sign-in, which belongs to this user and goes when another one signs in.
    """
    if request.user.is_authenticated:
        logout(request)
    user = get_user_model().objects.get(pk=user_id)
    record_authentication(
        request,
        user,
        METHOD,
        account_id=str(connection.account_id),
        connection_id=str(connection.pk),
        provider_session=asserted.sign_out.get("session", ""),
    )
    mark_request_as_headless(request, Client.BROWSER)
    # Raised where a step is still to be taken; the UI asks allauth which one.
    with suppress(ImmediateHttpResponse):
        perform_login(request, Login(user=user))
    _keep(request, user_id, connection, asserted.sign_out)
    return bool(request.user.is_authenticated)


def _keep(
    request: HttpRequest, user_id: uuid.UUID, connection: SsoConnection, sign_out: Mapping[str, str]
) -> None:
    kept = {"user": str(user_id), "connection": str(connection.pk), **sign_out}
    request.session[SIGN_OUT_KEY] = cipher.encrypt(json.dumps(kept).encode()).decode()


def sign_out_facts(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was kept of the sign-in, if it was by a provider and of this very person."""
    stored = request.session.get(SIGN_OUT_KEY)
    if not isinstance(stored, str):
        return None
    try:
        kept: dict[str, Any] = json.loads(cipher.decrypt(stored.encode()))
    except (cipher.UnreadableError, ValueError):
        return None
    return kept if kept.get("user") == request.session.get(SESSION_KEY) else None


def is_opened_by(
    session: Mapping[str, Any], *, connection_id: uuid.UUID, provider_session: str
) -> bool:
    """Say whether this sign-in opened the session; of any session of the provider's when empty."""
    return any(
        record.get("method") == METHOD
        and record.get("connection_id") == str(connection_id)
        and provider_session in ("", record.get("provider_session"))
        for record in session.get(AUTHENTICATION_METHODS_SESSION_KEY, ())
    )


def end_session(request: HttpRequest) -> None:
    """Sign out; allauth and Django tell others of it and name the user."""
    request.user = get_user(request)  # DRF has put an actor of ours in its place
    logout(request)
