"""From rows to what the routes answer."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.sso import parties, saml
from apps.sso.api import serializers as shapes
from apps.sso.enums import ConnectionKind
from apps.sso.services.domains import LOST_AFTER, PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.sso.models import SsoAttempt, SsoConnection, SsoIdentity, VerifiedDomain

_SETTINGS = tuple(shapes.SsoSettingsOutput().fields)


def connection_body(connection: SsoConnection) -> dict[str, Any]:
    base = parties.base_url(connection.pk)
    is_saml = connection.kind == ConnectionKind.SAML
    certificates = connection.settings.get("certificates", ())
    return dict(
        shapes.SsoConnectionOutput(
            {
                **{name: getattr(connection, name) for name in _PLAIN},
                "settings": {name: connection.settings.get(name) for name in _SETTINGS},
                "has_client_secret": bool(connection.client_secret),
                "certificates": [_certificate(each) for each in certificates],
                "ours": {
                    "redirect_uri": None if is_saml else f"{base}/callback",
                    "sign_out_uri": None if is_saml else f"{settings.PUBLIC_URL}/login",
                    "back_channel_logout_uri": None if is_saml else f"{base}/back-channel-logout",
                    "entity_id": f"{base}/metadata" if is_saml else None,
                    "acs_url": f"{base}/acs" if is_saml else None,
                    "sls_url": f"{base}/sls" if is_saml else None,
                    "metadata_url": f"{base}/metadata" if is_saml else None,
                    "certificate": connection.certificate if is_saml else None,
                },
                "login_url": f"{base}/login",
                "default_grants": [
                    {"role": None, "custom_role_id": None, **grant}
                    for grant in connection.default_grants
                ],
                "people": getattr(connection, "people", 0),
            }
        ).data
    )


_PLAIN = (
    *("id", "kind", "name", "joins_new_people", "default_role", "group_teams", "tested_at"),
    *("activated_at", "last_used_at", "last_error", "last_error_at", "metadata_fetched_at"),
    *("created_at", "updated_at"),
)


def _certificate(certificate: str) -> dict[str, Any]:
    der = base64.b64decode(certificate)
    return {
        "fingerprint": hashlib.sha256(der).hexdigest(),
        "ends_at": saml.certificate_end(certificate),
    }


def test_body(attempt: SsoAttempt | None) -> dict[str, Any]:
    result = None if attempt is None else attempt.result
    if result and result.get("would"):
        grants = [
            {"role": None, "custom_role_id": None, **grant} for grant in result["would"]["grants"]
        ]
        result = {**result, "would": {**result["would"], "grants": grants}}
    return dict(
        shapes.SsoTestOutput(
            {
                "started_at": None if attempt is None else attempt.created_at,
                "finished_at": None if attempt is None else attempt.finished_at,
                "result": result,
            }
        ).data
    )


def domain_body(domain: VerifiedDomain) -> dict[str, Any]:
    return dict(
        shapes.SsoDomainOutput(
            {
                "id": domain.pk,
                "domain": domain.domain,
                "record": f"{PREFIX}{domain.token}",
                "connection_id": domain.connection_id,
                "verified_at": domain.verified_at,
                "checked_at": domain.checked_at,
                "missing_since": domain.missing_since,
                "lost_at": domain.missing_since + LOST_AFTER if domain.missing_since else None,
                "last_error": domain.last_error,
                "created_at": domain.created_at,
            }
        ).data
    )


def identity_bodies(identities: Sequence[SsoIdentity]) -> list[dict[str, Any]]:
    return list(shapes.SsoIdentityOutput(identities, many=True).data)
