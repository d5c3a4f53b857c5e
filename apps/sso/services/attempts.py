"""
The way to the provider and back.

Each step that talks to the provider is outside of any transaction; each answer counts once, settled
by one conditional UPDATE.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.sso import oidc, parties, saml
from apps.sso.assertions import Asserted
from apps.sso.enums import ConnectionKind
from apps.sso.errors import AnswerNotValid, AttemptNotValid, ConnectionNotActive
from apps.sso.models import SsoAttempt, SsoConnection
from apps.sso.services.connections import refresh_metadata
from apps.sso.services.spending import spend
from apps.tenancy.isolation import account_scope

ATTEMPT_LIFETIME = timedelta(minutes=15)  # people look for their phones
FINISH_LIFETIME = timedelta(minutes=2)  # from one request to the next one of the same browser
MAX_NEXT_PATH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where the browser goes now."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Somebody is back, and the provider's word for them holds."""

    attempt_id: uuid.UUID
    is_test: bool
    started_by: uuid.UUID | None
    next_path: str
    asserted: Asserted


def begin(
    *,
    connection: SsoConnection,
    browser: str,
    next_path: str,
    login_hint: str,
    tested_by: uuid.UUID | None,
    now: datetime,
) -> Begun:
    """
    Ask the provider; `tested_by` makes it a test, which an inactive connection admits too.

    `browser`: the secret in this browser's cookie: the answer must come through the same one.
    Raises: ConnectionNotActive, ProviderUnreachable, ProviderNotUsable.
    """
    if connection.activated_at is None and tested_by is None:
        raise ConnectionNotActive("Nobody can sign in this way at present.")
    attempt = SsoAttempt(
        account_id=connection.account_id,
        connection=connection,
        browser_hash=_hash(browser),
        next_path=next_path[:MAX_NEXT_PATH],
        is_test=tested_by is not None,
        started_by_id=tested_by,
        created_at=now,
        expires_at=now + ATTEMPT_LIFETIME,
    )
    if connection.kind == ConnectionKind.OIDC:
        made = oidc.Secrets(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
        )
        url = oidc.begin(parties.oidc_client(connection), made, login_hint=login_hint)
        attempt.state_hash, attempt.nonce = _hash(made.state), made.nonce
        attempt.verifier = made.verifier
    else:
        refresh_metadata(connection=connection, now=now)
        url, request_id = saml.begin(parties.saml_party(connection))
        attempt.state_hash = _hash(request_id)
    with account_scope(connection.account_id):
        attempt.save()
    return Begun(url=url)


def receive_code(
    *, connection: SsoConnection, browser: str, answer: Mapping[str, str], now: datetime
) -> tuple[SsoAttempt, oidc.Secrets]:
    """
    Take an answer of OpenID Connect for the sign-in that it belongs to, once.

    Raises: AttemptNotValid: not begun here, by this browser, or lately; or answered already.
    """
    state = answer.get("state", "")
    if connection.kind != ConnectionKind.OIDC or not state:
        raise AttemptNotValid("This answer belongs to no sign-in.")
    attempt = _take(connection, state, now)
    _same_browser(attempt, browser)
    return attempt, oidc.Secrets(state=state, nonce=attempt.nonce, verifier=attempt.verifier or "")


def redeem_code(
    *, connection: SsoConnection, made: oidc.Secrets, answer: Mapping[str, str]
) -> Asserted:
    """Raises: a SignInRefused."""
    return oidc.finish(parties.oidc_client(connection), made, answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a provider posted, and which sign-in it says to answer (none: it begins one itself)."""

    encoded: str
    request_id: str | None
    attempt: SsoAttempt | None


def receive_saml(*, connection: SsoConnection, encoded: str, now: datetime) -> Posted:
    """
    Take an answer of SAML for the sign-in that it belongs to, once; it is not judged yet.

    Raises: AnswerNotValid, AttemptNotValid.
    """
    if connection.kind != ConnectionKind.SAML:
        raise AttemptNotValid("This answer belongs to no sign-in.")
    party = parties.saml_party(connection)
    request_id = saml.answers(saml.read(party, encoded))
    if request_id is not None:
        attempt = _take(connection, request_id, now)
        return Posted(encoded=encoded, request_id=request_id, attempt=attempt)
    if not party.settings.allow_provider_initiated or connection.activated_at is None:
        raise AttemptNotValid("This connection admits no sign-in that the provider begins.")
    return Posted(encoded=encoded, request_id=None, attempt=None)


def accept_saml(
    *, connection: SsoConnection, posted: Posted, now: datetime
) -> tuple[str, Asserted]:
    """
    Judge it, and keep what it says for this browser's next request, which the handle names.

    The post came from another site, so without our cookies: which browser it is, `finish_saml`
    asks. Raises: a SignInRefused.
    """
    try:
        believed = _judge(connection, posted)
    except AnswerNotValid as error:
        # Signed by a key that is new to us? Look once; whoever forges gains nothing by it.
        is_signature = error.details.get("reason") == "signature"
        if not is_signature or not refresh_metadata(connection=connection, now=now, at_once=True):
            raise
        believed = _judge(connection, posted)
    handle = secrets.token_urlsafe(32)
    with account_scope(connection.account_id):
        spend(connection, believed.assertion_id, until=believed.until)
        attempt = posted.attempt or SsoAttempt(
            account_id=connection.account_id, connection=connection, created_at=now
        )
        attempt.state_hash = _hash(handle)
        attempt.answered_at = now
        attempt.expires_at = now + FINISH_LIFETIME
        attempt.asserted = json.dumps(believed.asserted.to_json())
        attempt.save()
    return handle, believed.asserted


def _judge(connection: SsoConnection, posted: Posted) -> saml.Believed:
    party = parties.saml_party(connection)
    return saml.judge(party, saml.read(party, posted.encoded), request_id=posted.request_id)


def finish_saml(*, connection: SsoConnection, browser: str, handle: str, now: datetime) -> Returned:
    """
    Return what `accept_saml` kept, once, to the browser that began.

    Raises: AttemptNotValid.
    """
    with account_scope(connection.account_id):
        waiting = SsoAttempt.objects.filter(
            connection=connection,
            state_hash=_hash(handle),
            answered_at__isnull=False,
            finished_at=None,
            expires_at__gt=now,
        )
        attempt = waiting.first()
        if attempt is None or not waiting.update(finished_at=now, asserted=None):
            raise AttemptNotValid("This sign-in is over. Begin again.")
    if attempt.browser_hash:  # else the provider began, and no browser was known
        _same_browser(attempt, browser)
    return Returned(
        attempt_id=attempt.pk,
        is_test=attempt.is_test,
        started_by=attempt.started_by_id,
        next_path=attempt.next_path,
        asserted=Asserted.from_json(json.loads(attempt.asserted or "null")),
    )


def _take(connection: SsoConnection, state: str, now: datetime) -> SsoAttempt:
    with account_scope(connection.account_id):
        # SECURITY: of this very connection: an answer to another account's asks in vain.
        open_one = SsoAttempt.objects.filter(
            connection=connection, state_hash=_hash(state), answered_at=None, expires_at__gt=now
        )
        attempt = open_one.first()
        if attempt is None or not open_one.update(answered_at=now):
            raise AttemptNotValid("This sign-in was not begun here, or is over. Begin again.")
    if connection.activated_at is None and not attempt.is_test:
        raise ConnectionNotActive("Nobody can sign in this way at present.")
    return attempt


def _same_browser(attempt: SsoAttempt, browser: str) -> None:
    if not browser or not secrets.compare_digest(attempt.browser_hash, _hash(browser)):
        raise AttemptNotValid("This sign-in was begun in another browser. Begin again.")


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
