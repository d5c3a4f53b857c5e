"""Who is it: an API key in the Authorization header, else the browser's session."""

from __future__ import annotations

import time
import uuid
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from apps.core.clock import utc_now
from apps.core.errors import Unauthenticated
from apps.identity.sessions import facts_of
from apps.tenancy import key_cache, selectors, services
from apps.tenancy.access import SessionFacts
from apps.tenancy.actors import Actor, Caller
from apps.tenancy.keys import hash_secret, is_well_formed
from apps.tenancy.slugs import as_uuid

_noted: dict[Any, float] = {}  # key id → when this process last wrote its use, monotonic seconds

# The record that a sign-in through an account's own identity provider leaves; it has `account_id`.
SSO_METHOD = "sso"


def find_key_caller(header: str) -> Caller | None:
    """
    Return who sends an `Authorization: Bearer hw_…` header; None when there is no such header.

    Raises: Unauthenticated for a key that is malformed, unknown, revoked or expired.
    """
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer":
        return None
    secret = secret.strip()
    if not is_well_formed(secret):
        raise Unauthenticated("The API key is not valid.")
    secret_hash = hash_secret(secret)
    caller = key_cache.find(secret_hash)
    if caller is None:
        asked_at, now = time.monotonic(), utc_now()
        entrance = selectors.find_key_entrance(secret_hash=secret_hash, now=now)
        if entrance is None or entrance.workspace is None:
            raise Unauthenticated("The API key is not valid.")
        actor = entrance.actor
        caller = Caller(actor=actor, asked_at=asked_at, entrance=entrance)
        key_cache.remember(secret_hash, caller)
        if actor.run is None and time.monotonic() - _noted.get(actor.id, -60.0) >= 60.0:
            _noted[actor.id] = time.monotonic()
            services.note_key_use(workspace_id=entrance.workspace.id, key_id=actor.id, now=now)
    return caller


def find_session_caller(
    request: HttpRequest, place: str | uuid.UUID | None = None
) -> Caller | None:
    """
    Return who is signed in; with a `place`, also how they stand at it.

    The place is a workspace's slug or id as text, or an account's id. What is found is remembered
    for a second, so that the session is not even read.
    """
    session = getattr(request, "session", None)
    if session is None or not session.session_key:
        return None
    key = (session.session_key, place)
    caller = key_cache.find(key)
    if caller is None:
        caller = ask_session_caller(request, place)
        # Not who has no place there: names are guessed without end, and memory has one.
        if caller is not None and (place is None or caller.entrance is not None):
            key_cache.remember(key, caller)
    return caller


def ask_session_caller(request: HttpRequest, place: str | uuid.UUID | None = None) -> Caller | None:
    """Return the same as the database has it at this moment."""
    asked_at, session = time.monotonic(), request.session
    user_id = as_uuid(str(session.get(SESSION_KEY, "")))
    if user_id is None or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    if isinstance(place, str):
        known, entrance = selectors.resolve_person(user_id=user_id, workspace=place)
    elif place is not None:
        known, entrance = selectors.resolve_in_account(user_id=user_id, account_id=place)
        known = known or selectors.find_person(user_id=user_id)
    else:
        known, entrance = selectors.find_person(user_id=user_id), None
    if known is None:
        return None
    user = get_user_model()(id=known.id, password=known.password)
    if not _is_of(session, user):
        return None
    return Caller(
        actor=known.as_actor(),
        asked_at=asked_at,
        entrance=entrance,
        session=read_facts(request, user),
    )


def _is_of(session: SessionBase, user: AbstractBaseUser) -> bool:
    """Say whether the session began with the person's present password, as Django asks too."""
    given = str(session.get(HASH_SESSION_KEY, ""))
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(given, each) for each in hashes)


def read_facts(request: HttpRequest, user: AbstractBaseUser) -> SessionFacts:
    """
    Return what the session proves of the person.

    SECURITY: the records are the present person's only, allauth drops those of another; and the
    word of an identity provider counts for its own account, hence the account's id.
    """
    records = get_authentication_records(request, user)
    told = facts_of(records)
    vouched = [each for each in records if each.get("method") == SSO_METHOD]
    return SessionFacts(
        mfa=told.mfa,
        sso_account_id=as_uuid(str(vouched[-1].get("account_id", ""))) if vouched else None,
        signed_in_at=told.signed_in_at,
    )


class ApiKeyAuthentication(BaseAuthentication):
    """`request.user` is the actor, `request.auth` the caller."""

    def authenticate(self, request: Request) -> tuple[Actor, Caller] | None:
        caller = find_key_caller(request.headers.get("Authorization", ""))
        return None if caller is None else (caller.actor, caller)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return 'Bearer realm="headway"'


class BrowserAuthentication(SessionAuthentication):
    """Django's session, with CSRF enforced on every unsafe method."""

    def authenticate(self, request: Request) -> tuple[Actor, Caller] | None:
        named = (request.parser_context or {}).get("kwargs", {})
        caller = find_session_caller(
            request._request, named.get("workspace") or named.get("account_id")
        )
        if caller is None:
            return None
        request._request.person_id = caller.actor.id  # type: ignore[attr-defined] # for the list of sessions
        # Django's own request: DRF's would parse the body to look for a token in a form, and refuse
        # what a view reads by itself.
        self.enforce_csrf(request._request)  # type: ignore[arg-type] # either kind will do
        return caller.actor, caller
