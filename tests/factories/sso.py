"""An account's admin who sets up signing in by a provider, and browsers that try it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.test import Client

from apps.core.clock import utc_now
from apps.sso.models import SsoConnection, VerifiedDomain
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry
from tests.factories.tenancy import Person
from tests.idp import Visitor, path_of, query_of

DOMAIN = "acme.example"


@dataclass
class Sso:
    """An account's admin who sets up signing in, and browsers that try it."""

    person: Person
    client: Any
    settings: Any

    @property
    def account_id(self) -> uuid.UUID:
        return self.person.workspace.account_id

    def url(self, path: str) -> str:
        return f"/api/v1/account/{self.account_id}/{path}"

    def own(self, domain: str = DOMAIN) -> None:
        """Have the domain verified; how that comes about is tested elsewhere."""
        with account_scope(self.account_id):
            VerifiedDomain.objects.create(
                account_id=self.account_id,
                domain=domain,
                token="t",
                verified_at=utc_now(),
                checked_at=utc_now(),
            )

    def reach(self, *places: str) -> None:
        """Let us call these providers although they are on loopback."""
        hosts = {urlsplit(place).netloc or place for place in places}
        self.settings.OUTBOUND_ALLOWED_HOSTS = frozenset(
            {*self.settings.OUTBOUND_ALLOWED_HOSTS, *hosts}
        )

    def create(self, kind: str, settings: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = self.client.post(
            self.url("sso-connections"),
            {"kind": kind, "name": f"{kind} {uuid.uuid4().hex[:6]}", "settings": settings} | more,
        )
        assert answer.status_code == 201, answer.content
        return dict(answer.json())

    def oidc(self, issuer: str, **more: Any) -> dict[str, Any]:
        """A connection to a provider that takes any client."""
        self.reach(issuer)
        settings = {"issuer": issuer, "client_id": "headway"}
        return self.create("OIDC", settings, client_secret="s3cret", **more)

    def saml(self, place: str, settings: dict[str, Any] | None = None, **more: Any) -> Any:
        self.reach(place)
        return self.create("SAML", {"metadata_url": f"{place}/metadata"} | (settings or {}), **more)

    def change(self, connection: dict[str, Any], body: dict[str, Any]) -> Any:
        return self.client.patch(self.url(f"sso-connections/{connection['id']}"), body)

    def make_active(self, connection: dict[str, Any]) -> dict[str, Any]:
        """As if it had been tested: the test itself has tests of its own."""
        with account_scope(self.account_id):
            SsoConnection.objects.filter(pk=connection["id"]).update(
                tested_at=utc_now(), activated_at=utc_now()
            )
        return connection

    def stored(self, connection: dict[str, Any]) -> SsoConnection:
        with account_scope(self.account_id):
            return SsoConnection.objects.get(pk=connection["id"])

    def audited(self, action: str) -> list[AuditEntry]:
        with account_scope(self.account_id):
            found = AuditEntry.objects.filter(account_id=self.account_id, action=action)
            return list(found.order_by("occurred_at", "id"))


@dataclass
class Browser:
    """Somebody's browser: Django's client for us, a real one for the provider."""

    client: Client
    visitor: Visitor

    def begin(self, connection: dict[str, Any], **query: str) -> str:
        """Go to our login address; return where we send the browser."""
        answer = self.client.get(f"/sso/{connection['id']}/login", query)
        assert answer.status_code == 303, answer.content
        return str(answer["Location"])

    def come_back(self, url: str) -> str:
        """Bring the provider's answer to us by GET; return where we send the browser then."""
        answer = self.client.get(path_of(url))
        assert answer.status_code == 303, answer.content
        return str(answer["Location"])

    def sign_in_by_code(self, connection: dict[str, Any], login: str, **query: str) -> str:
        """The whole way of OpenID Connect; return where it ends."""
        there = self.begin(connection, **query)
        back = self.visitor.go(there, stop_at=connection["ours"]["redirect_uri"], login=login)
        return self.come_back(back)

    def post_saml(self, url: str, fields: dict[str, str]) -> str:
        """What the provider's page does: post the answer, then follow where it leads."""
        # Another site's post carries none of our cookies.
        stranger = Client()
        answer = stranger.post(path_of(url), fields)
        assert answer.status_code == 303, answer.content
        there = str(answer["Location"])
        return self.come_back(there) if "/finish?" in there else there

    def sign_in_by_saml(self, connection: dict[str, Any], **query: str) -> str:
        url, fields = self.visitor.saml_response(self.begin(connection, **query))
        return self.post_saml(url, fields)

    @property
    def user_id(self) -> str | None:
        return self.client.session.get("_auth_user_id")


def refused(location: str) -> str:
    """Return the code with which a sign-in ended, and be sure that it did."""
    assert urlsplit(location).path == "/sso/error", location
    return query_of(location)["code"]


def say(place: str, **what: Any) -> None:
    """Tell the SAML provider who signs in, and what is wrong with its answers."""
    answer = httpx2.post(f"{place}/control", json=what, trust_env=False)
    assert answer.status_code == 200, answer.text


def saml_user(email: str, *, name_id: str | None = None, **attributes: Any) -> dict[str, Any]:
    return {
        "nameId": name_id or f"id-of-{email}",
        "attributes": {"email": email, "name": email.partition("@")[0].title(), **attributes},
    }
