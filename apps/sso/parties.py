"""From a connection's row to what the protocols work with. Addresses are those of PUBLIC_URL."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from django.conf import settings

from apps.sso import oidc, saml
from apps.sso.provider_settings import OidcSettings, SamlSettings

if TYPE_CHECKING:
    from apps.sso.models import SsoConnection


def base_url(connection_id: uuid.UUID) -> str:
    return f"{settings.PUBLIC_URL}/sso/{connection_id}"


def oidc_client(connection: SsoConnection) -> oidc.Client:
    stored = OidcSettings.from_json(connection.settings)
    about = hashlib.sha256(f"{stored.issuer}\n{stored.client_id}".encode()).hexdigest()[:16]
    return oidc.Client(
        connection=f"{connection.pk}:{about}",
        settings=stored,
        secret=connection.client_secret or "",
        redirect_uri=f"{base_url(connection.pk)}/callback",
    )


def saml_party(connection: SsoConnection) -> saml.Party:
    return saml.Party(
        settings=SamlSettings.from_json(connection.settings),
        base_url=base_url(connection.pk),
        signing_key=connection.signing_key or "",
        certificate=connection.certificate,
    )
