"""
OpenID Connect: Authlib prepares and judges, joserfc checks signatures, `core.outbound` carries.

Nothing of the protocol is ours but the order of the steps and what we refuse on top.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from django.core.cache import cache
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from apps.core import outbound
from apps.sso.assertions import MAX_SUBJECT_LENGTH, Asserted, as_email, as_groups
from apps.sso.errors import (
    AnswerExpired,
    AnswerForAnother,
    AnswerNotValid,
    ProviderNotUsable,
    ProviderRefused,
    ProviderUnreachable,
)
from apps.sso.provider_settings import OidcSettings

# SECURITY: asymmetric ones only. "none" proves nothing, and with HS the secret that the tenant
# typed in, or a public key taken for a secret, would be what signs.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
CLOCK_SKEW_SECONDS = 60
DISCOVERY_SECONDS = 600  # how long we remember what a provider says of itself, and its keys
REFRESH_SECONDS = 15  # keys are asked for again at most this often, for a key id unknown to us
MAX_DOCUMENT_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """We, as the provider knows us."""

    connection: str  # what our memory of the provider is kept by; new with changed settings
    settings: OidcSettings
    secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What one sign-in must bring back or know."""

    state: str
    nonce: str
    verifier: str


def discover(client: Client) -> dict[str, Any]:
    """
    Return the provider's own description.

    Raises: ProviderUnreachable; ProviderNotUsable when it describes another issuer, or nothing
    that can be used.
    """
    key = f"sso:discovery:{client.connection}"
    known: dict[str, Any] | None = cache.get(key)
    if known is None:
        known = _discover(client.settings.issuer)
        cache.set(key, known, DISCOVERY_SECONDS)
    return known


def _discover(issuer: str) -> dict[str, Any]:
    found = _read_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration", "its description")
    if found.get("issuer") != issuer:
        raise ProviderNotUsable(
            "The provider's description is of another issuer. Enter the issuer exactly as the"
            " provider writes it.",
            expected=issuer,
            found=str(found.get("issuer"))[:300],
        )
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        _require_address(found.get(name), name)
    for name in ("userinfo_endpoint", "end_session_endpoint"):
        if found.get(name) is not None:
            _require_address(found[name], name)
    kinds = found.get("response_types_supported") or ["code"]
    if "code" not in kinds:
        raise ProviderNotUsable("The provider does not offer the authorization code flow.")
    return found


def _require_address(url: object, name: str) -> None:
    if not isinstance(url, str) or (fault := find_fault(url)) is not None:
        why = fault if isinstance(url, str) else "It is missing."
        raise ProviderNotUsable(f"The provider's {name} cannot be used: {why}", field=name)


def find_fault(url: str) -> str | None:
    """Return why a provider cannot be at this address, or None."""
    fault = outbound.find_url_fault(url)
    if fault is not None:
        return fault
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.netloc not in settings.OUTBOUND_ALLOWED_HOSTS:
        return "Must begin with https://."
    return None


def begin(client: Client, secrets: Secrets, *, login_hint: str = "") -> str:
    """Return where the browser goes. Raises: ProviderUnreachable, ProviderNotUsable."""
    provider = discover(client)
    more = {"login_hint": login_hint} if login_hint else {}
    return str(
        prepare_grant_uri(
            provider["authorization_endpoint"],
            client.settings.client_id,
            "code",
            redirect_uri=client.redirect_uri,
            scope=list(client.settings.scopes),
            state=secrets.state,
            nonce=secrets.nonce,
            code_challenge=create_s256_code_challenge(secrets.verifier),
            code_challenge_method="S256",
            **more,
        )
    )


def finish(client: Client, secrets: Secrets, answer: Mapping[str, str]) -> Asserted:
    """
    Return what the provider says of who came back with this answer.

    The caller has found the sign-in by its state. Raises: a SignInRefused.
    """
    provider = discover(client)
    # RFC 9207: the answer of another provider than the one that was asked.
    if "iss" in answer and answer["iss"] != client.settings.issuer:
        raise AnswerForAnother("This answer is of another provider.", reason="issuer")
    if provider.get("authorization_response_iss_parameter_supported") and "iss" not in answer:
        raise AnswerNotValid("The answer does not name its provider.", reason="issuer")
    if "error" in answer:
        raise ProviderRefused("The provider did not let you sign in.", error=_word(answer["error"]))
    if not answer.get("code"):
        raise AnswerNotValid("The answer holds no code.", reason="code_missing")
    token = _fetch_token(client, provider, code=answer["code"], verifier=secrets.verifier)
    id_token = token.get("id_token")
    if not isinstance(id_token, str):
        raise AnswerNotValid("The provider sent no ID token.", reason="token_missing")
    claims = _judge(client, provider, id_token, secrets.nonce, token.get("access_token"))
    return _asserted(client, provider, claims, token, id_token)


def _fetch_token(
    client: Client, provider: Mapping[str, Any], *, code: str, verifier: str
) -> dict[str, Any]:
    body = prepare_token_request(
        "authorization_code", code=code, redirect_uri=client.redirect_uri, code_verifier=verifier
    )
    headers = {"Accept": "application/json"}
    method = _auth_method(client, provider)
    # RFC 6749 §2.3.1: both are form-encoded before they are joined by a colon. Authlib leaves that.
    escaped = method == "client_secret_basic"
    url, headers, body = ClientAuth(
        quote(client.settings.client_id, safe="") if escaped else client.settings.client_id,
        quote(client.secret, safe="") if escaped else client.secret,
        method,
    ).prepare("POST", provider["token_endpoint"], headers, body)
    outcome = outbound.post(
        url,
        content=body.encode(),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )
    answer = _json_of(outcome)
    if outcome.error is not None or (outcome.status or 0) >= 500:
        raise ProviderUnreachable("The provider's token endpoint did not answer.", **_why(outcome))
    if not outcome.ok:
        error = _word((answer or {}).get("error", ""))
        if error in {"invalid_client", "unauthorized_client"}:
            raise ProviderNotUsable(
                "The provider does not accept our client id and secret.", error=error
            )
        raise AnswerNotValid("The provider does not know this code.", reason="code", error=error)
    if answer is None:
        raise ProviderUnreachable("The provider's token endpoint gave no sound answer.")
    return answer


def _auth_method(client: Client, provider: Mapping[str, Any]) -> str:
    if not client.secret:
        return "none"
    offered = provider.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


def _judge(
    client: Client, provider: Mapping[str, Any], id_token: str, nonce: str, access_token: object
) -> CodeIDToken:
    """Return the claims of a token that is genuine, for us, fresh, and of this very sign-in."""
    token = decode(client, provider, id_token)
    claims = CodeIDToken(
        token.claims,
        token.header,
        {
            "iss": {"essential": True, "value": client.settings.issuer},
            "aud": {"essential": True, "value": client.settings.client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
        },
        {
            "nonce": nonce,
            "client_id": client.settings.client_id,
            "access_token": access_token,
        },
    )
    try:
        claims.validate(now=int(time.time()), leeway=CLOCK_SKEW_SECONDS)
    except ExpiredTokenError:
        raise AnswerExpired("The provider's ID token has expired.") from None
    except ClaimError as error:
        claim = _word(getattr(error, "claim", ""))
        if claim in {"iss", "aud", "azp"}:
            raise AnswerForAnother(
                "The provider's ID token is for another service.", reason=claim
            ) from None
        raise AnswerNotValid("The provider's ID token is not valid.", reason=claim) from None
    return claims


def decode(client: Client, provider: Mapping[str, Any], token: str) -> jwt.Token:
    """
    Return what the provider has signed; what it says is not judged yet.

    Raises: AnswerNotValid; ProviderUnreachable, ProviderNotUsable when it shows no keys.
    """
    registry = JWSRegistry(algorithms=list(ALGORITHMS))
    keys = _keys(client, provider)
    try:
        try:
            return jwt.decode(token, keys, registry=registry)
        except InvalidKeyIdError:
            # The provider signs with a new key: look once more, but not for every forged id.
            return jwt.decode(token, _keys(client, provider, anew=True), registry=registry)
    except (JoseError, ValueError) as error:
        raise AnswerNotValid(
            "The provider's token is not signed by one of its keys.",
            reason="signature",
            fault=type(error).__name__,
        ) from None


def _keys(client: Client, provider: Mapping[str, Any], *, anew: bool = False) -> KeySet:
    key = f"sso:keys:{client.connection}"
    known: dict[str, Any] | None = cache.get(key)
    if known is None or (anew and cache.add(f"{key}:asked", 1, REFRESH_SECONDS)):
        known = _read_json(provider["jwks_uri"], "its keys")
        cache.set(key, known, DISCOVERY_SECONDS)
    try:
        # What else stands in there, such as secrets or keys for encryption, signs nothing.
        usable = [
            each
            for each in known["keys"]
            if isinstance(each, dict) and each.get("kty") != "oct" and each.get("use") != "enc"
        ]
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, KeyError, TypeError, ValueError):
        raise ProviderNotUsable("The provider publishes no keys that can be used.") from None


def _asserted(
    client: Client,
    provider: Mapping[str, Any],
    claims: Mapping[str, Any],
    token: Mapping[str, Any],
    id_token: str,
) -> Asserted:
    said = dict(claims)
    wanted = ("email", "name", client.settings.groups_claim)
    if any(name not in said for name in wanted) and isinstance(token.get("access_token"), str):
        said |= _userinfo(provider, token["access_token"], subject=str(said["sub"]))
    subject = said["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise AnswerNotValid("The provider named no subject.", reason="subject_missing")
    groups_claim = client.settings.groups_claim
    # Where there are too many, Entra says only where to ask for them.
    elsewhere = isinstance(said.get("_claim_names"), dict) and groups_claim in said["_claim_names"]
    return Asserted(
        subject=subject,
        email=as_email(said.get("email")),
        email_confirmed=_as_bool(said.get("email_verified")),
        name=_name(said),
        groups=None if elsewhere else as_groups(said.get(groups_claim)),
        claims=said,
        sign_out={"id_token": id_token, "session": _short_text(said.get("sid"))},
    )


def _userinfo(provider: Mapping[str, Any], access_token: str, *, subject: str) -> dict[str, Any]:
    """Return further claims; none when the provider offers none or is short of breath."""
    if provider.get("userinfo_endpoint") is None:
        return {}
    outcome = outbound.get(
        provider["userinfo_endpoint"],
        headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
        max_answer_bytes=MAX_DOCUMENT_BYTES,
    )
    said = _json_of(outcome) if outcome.ok else None
    # OpenID Connect Core §5.3.2: of somebody else, it must not be used.
    return said if said is not None and said.get("sub") == subject else {}


def _name(said: Mapping[str, Any]) -> str:
    parts = [said.get("given_name"), said.get("family_name")]
    whole = said.get("name") or " ".join(part for part in parts if isinstance(part, str))
    return whole.strip()[:120] if isinstance(whole, str) else ""


def _short_text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= MAX_SUBJECT_LENGTH else ""


def _as_bool(value: object) -> bool | None:
    if isinstance(value, str):  # some say it as text
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def sign_out_url(client: Client, *, id_token: str, back_to: str) -> str | None:
    """Return where the provider's own session is ended, or None when it offers no such place."""
    try:
        provider = discover(client)
    except (ProviderUnreachable, ProviderNotUsable):
        return None  # our own session ends in any case
    if provider.get("end_session_endpoint") is None:
        return None
    params = {"client_id": client.settings.client_id, "post_logout_redirect_uri": back_to}
    if id_token:
        params["id_token_hint"] = id_token
    return str(add_params_to_uri(provider["end_session_endpoint"], list(params.items())))


def _read_json(url: str, what: str) -> dict[str, Any]:
    if (fault := find_fault(url)) is not None:
        raise ProviderNotUsable(f"The provider's address cannot be used: {fault}")
    outcome = outbound.get(
        url, headers={"Accept": "application/json"}, max_answer_bytes=MAX_DOCUMENT_BYTES
    )
    found = _json_of(outcome) if outcome.ok else None
    if found is None:
        raise ProviderUnreachable(f"The provider did not send {what}.", **_why(outcome))
    return found


def _json_of(outcome: outbound.Outcome) -> dict[str, Any] | None:
    try:
        found = json.loads(outcome.answer)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _why(outcome: outbound.Outcome) -> dict[str, Any]:
    """Return what may be told: our own words, never the answer's."""
    return {"status": outcome.status, "error": outcome.error}


def _word(text: object) -> str:
    """Return a short word of a provider, safe to show and to log."""
    return "".join(each for each in str(text)[:60] if each.isalnum() or each in "_-. ")
