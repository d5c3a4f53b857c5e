"""Signing in through other services, against a real provider of OAuth and OpenID Connect."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google import views as google

from apps.identity.models import User
from apps.tenancy.models import Account, Member
from tests.factories.identity import PASSWORD, Visitor, subjects_to
from tests.stack import wait_until

pytestmark = pytest.mark.django_db

DORA = "dora@acme.example"
CLAIMS = {"email": DORA, "email_verified": True, "name": "Dora Dahl"}


@pytest.fixture(scope="module")
def provider():
    """In a process of its own, as its libraries warn of each other."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until("the provider", lambda: httpx2.get(address).status_code)
        httpx2.put(f"{address}/users/dora", json=CLAIMS).raise_for_status()
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def profiles(provider):
    """GitHub's two routes of a person, by the provider's tokens: it has words of its own there."""

    class Routes(BaseHTTPRequestHandler):
        def do_GET(self):
            scheme, _, token = self.headers["Authorization"].partition(" ")
            asked = {"Authorization": f"Bearer {token}"}
            person = httpx2.get(f"{provider}/userinfo", headers=asked)
            body = {"id": 4711, "login": "dora", "name": "Dora Dahl", "email": None}
            if self.path == "/user/emails":
                body = [
                    {"email": "old@acme.example", "primary": False, "verified": False},
                    {"email": DORA, "primary": True, "verified": True},
                ]
            known = scheme == "token" and person.status_code == 200
            self.send_response(200 if known else 401)
            self.end_headers()
            self.wfile.write(json.dumps(body if known else {}).encode())

        def log_message(self, *_arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Routes)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def services(settings, provider, profiles, monkeypatch):
    """GitHub and Google are configured, and both stand where the provider is."""
    app = {"client_id": "headway", "secret": "s"}
    providers = settings.SOCIALACCOUNT_PROVIDERS
    settings.SOCIALACCOUNT_PROVIDERS = {
        name: providers[name] | {"APPS": [app]} for name in ("github", "google")
    }
    issuer = httpx2.get(f"{provider}/.well-known/openid-configuration").json()
    for adapter in (google.GoogleOAuth2Adapter, GitHubOAuth2Adapter):
        monkeypatch.setattr(adapter, "authorize_url", issuer["authorization_endpoint"])
        monkeypatch.setattr(adapter, "access_token_url", issuer["token_endpoint"])
    monkeypatch.setattr(google, "ID_TOKEN_ISSUER", issuer["issuer"])
    monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", f"{profiles}/user")
    monkeypatch.setattr(GitHubOAuth2Adapter, "emails_url", f"{profiles}/user/emails")
    # The provider knows the scopes of OpenID Connect only.
    settings.SOCIALACCOUNT_PROVIDERS["github"]["SCOPE"] = ["openid", "profile", "email"]
    settings.SOCIALACCOUNT_PROVIDERS["google"]["SCOPE"] = ["openid", "profile", "email"]


def go_to(visitor, service, *, process="login"):
    """Ask where to go, as the page does."""
    answer = visitor.client.post(
        "/_allauth/browser/v1/auth/provider/redirect",
        {"provider": service, "process": process, "callback_url": "/login"},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]["location"]


def come_back(visitor, location, *, state=None):
    """Sign in at the service and follow the way back; return where it leads."""
    granted = httpx2.post(location, data={"sub": "dora"})
    assert granted.status_code == 302, granted.text
    back = urlsplit(granted.headers["location"])
    query = {name: values[0] for name, values in parse_qs(back.query).items()}
    if state is not None:
        query["state"] = state
    return visitor.client.get(back.path, query)


def test_no_service_is_offered_unless_configured():
    config = Visitor().get("config").json()["data"]

    assert config["socialaccount"]["providers"] == []


def test_services_of_single_accounts_are_never_listed(services):
    SocialApp.objects.create(
        provider="google", provider_id="acme-sso", name="Acme", client_id="acme-secret-client"
    )

    for path in ("config", "auth/session"):
        answer = Visitor().get(path).content.decode()
        assert "acme" not in answer.lower()
        assert "github" in answer


@pytest.mark.parametrize("service", ["github", "google"])
def test_a_newcomer_gets_an_account_and_a_workspace(services, service):
    visitor = Visitor()

    back = come_back(visitor, go_to(visitor, service))

    assert (back.status_code, back["Location"]) == (302, "/login")
    me = visitor.get("/api/v1/me").json()
    assert me["actor"]["name"] == "Dora Dahl"
    assert [each["role"] for each in me["workspaces"]] == ["OWNER"]
    assert SocialAccount.objects.get().provider == service


def test_who_comes_again_is_the_same_person(services):
    for _ in range(2):
        visitor = Visitor()
        come_back(visitor, go_to(visitor, "google"))
        assert visitor.is_in()

    assert User.objects.count() == Account.objects.count() == 1


def test_an_address_that_a_service_vouches_for_opens_no_login_that_exists(services):
    Visitor().join(DORA)
    stranger = Visitor()

    come_back(stranger, go_to(stranger, "google"))

    assert not stranger.is_in()
    assert not SocialAccount.objects.exists()
    assert Member.objects.count() == 1
    assert subjects_to(DORA)[-1] == "You already have a login here"


def test_a_service_is_connected_by_who_is_signed_in_and_then_signs_in(services):
    visitor = Visitor().join(DORA)
    visitor.confirm_password(PASSWORD)

    come_back(visitor, go_to(visitor, "google", process="connect"))
    elsewhere = Visitor()
    come_back(elsewhere, go_to(elsewhere, "google"))

    assert elsewhere.is_in()
    assert User.objects.count() == 1
    assert "Google was connected" in subjects_to(DORA)


def test_connecting_needs_a_fresh_proof(services):
    visitor = Visitor().join(DORA)

    back = come_back(visitor, go_to(visitor, "google", process="connect"))

    assert "error=reauthentication_required" in back["Location"]
    assert not SocialAccount.objects.exists()


def test_a_forged_state_signs_nobody_in(services):
    visitor = Visitor()

    back = come_back(visitor, go_to(visitor, "google"), state="forged")

    assert "error=" in back["Location"]
    assert not visitor.is_in()
    assert not User.objects.exists()


def test_the_answer_of_another_browser_signs_nobody_in(services):
    victim, attacker = Visitor(), Visitor()
    location = go_to(attacker, "google")

    back = come_back(victim, location)

    assert "error=" in back["Location"]
    assert not victim.is_in()
