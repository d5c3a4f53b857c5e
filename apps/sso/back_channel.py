"""
OpenID Connect Back-Channel Logout 1.0: a provider tells us by itself that somebody is signed out.

What it sends, and what of it we believe; which sessions then end, services.back_channel decides.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwt import JWTClaimsRegistry

from apps.sso import oidc
from apps.sso.assertions import MAX_SUBJECT_LENGTH
from apps.sso.errors import AnswerExpired, AnswerForAnother, AnswerNotValid

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
MAX_TOKEN_LENGTH: Final = 16 * 1024
MAX_AGE: Final = timedelta(minutes=10)  # since it was issued; §2.6 leaves the number to us
_TIMES: Final = ("iat", "nbf", "exp")
SKEW: Final = timedelta(seconds=oidc.CLOCK_SKEW_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """Who is signed out at the provider. `session` empty: of everything."""

    subject: str
    session: str
    token_id: str  # must not come again before `until`
    until: datetime


def read(client: oidc.Client, token: str) -> SignedOut:
    """
    Return what a logout token says, when it is genuine, for us, and fresh (§2.6).

    Whether it came before is the caller's to look up.
    Raises: AnswerNotValid, AnswerExpired, AnswerForAnother, ProviderUnreachable, ProviderNotUsable.
    """
    if not 0 < len(token) <= MAX_TOKEN_LENGTH:
        raise AnswerNotValid("This is no logout token.", reason="malformed")
    claims = oidc.decode(client, oidc.discover(client), token).claims
    if claims.get("iss") != client.settings.issuer:
        raise AnswerForAnother("This logout token is of another provider.", reason="issuer")
    if client.settings.client_id not in _texts(claims.get("aud")):
        raise AnswerForAnother("This logout token is for another service.", reason="audience")
    issued_at = _issued_at(claims, time.time())
    # SECURITY: without the event, and with a nonce, it is an ID token: those pass through browsers.
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise AnswerNotValid("This token signs nobody out.", reason="event_missing")
    if "nonce" in claims:
        raise AnswerNotValid("A logout token has no nonce.", reason="nonce")
    token_id, subject, session = (claims.get(name, "") for name in ("jti", "sub", "sid"))
    if not isinstance(token_id, str) or not token_id:
        raise AnswerNotValid("The logout token has no id.", reason="id_missing")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise AnswerNotValid("The logout token names no subject.", reason="subject_missing")
    return SignedOut(
        subject=subject,
        session=session if isinstance(session, str) else "",
        token_id=token_id,
        until=datetime.fromtimestamp(issued_at, UTC) + MAX_AGE + 2 * SKEW,
    )


def _issued_at(claims: dict[str, Any], now: float) -> float:
    """Return when the token was issued, which is not long ago; it may not have expired either."""
    registry = JWTClaimsRegistry(
        now=int(now),
        leeway=oidc.CLOCK_SKEW_SECONDS,
        iat={"essential": True},
        exp={"essential": True},
    )
    try:
        registry.validate({name: claims[name] for name in _TIMES if name in claims})
    except ExpiredTokenError:
        raise AnswerExpired("The logout token has expired.") from None
    except JoseError:
        raise AnswerNotValid("The logout token says no sound time.", reason="time") from None
    issued_at = float(claims["iat"])
    if now - issued_at > (MAX_AGE + SKEW).total_seconds():
        raise AnswerExpired("The logout token is too old.")
    return issued_at


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []
