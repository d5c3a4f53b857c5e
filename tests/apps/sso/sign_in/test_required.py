"""Where single sign-on is required, who came by the provider is let in and others are not."""

import pytest

from apps.identity import services as identity
from tests.factories.sso import Sso
from tests.factories.tenancy import join

pytestmark = pytest.mark.django_db


@pytest.fixture
def required(sso, forger, workspace):
    grants = [{"workspace_id": str(workspace.id), "role": "VIEWER"}]
    connection = sso.make_active(sso.oidc(forger.issuer, default_grants=grants))
    assert sso.client.patch(sso.url("sso"), {"required": True}).status_code == 200
    return connection


def test_who_came_by_the_provider_is_let_in(browser, forger, required, workspace):
    browser.come_back(forger.visit(browser.begin(required)))

    assert browser.client.get(f"/api/v1/workspaces/{workspace.slug}").status_code == 200


def test_who_came_by_a_password_is_not(api, bob, required, workspace):
    answer = api(bob, workspace).get(f"/api/v1/workspaces/{workspace.slug}")

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "sso_required"


def test_an_owner_breaks_the_glass_and_the_log_tells(sso, required):
    assert sso.client.get(sso.url("sso")).status_code == 200

    assert len(sso.audited("sso.glass_broken")) == 1


def test_another_account_s_provider_opens_nothing_here(
    browser, forger, required, api, mallory, settings, workspace
):
    """Somebody in both accounts, who came by the other one's provider."""
    rival = Sso(person=mallory, client=api(mallory), settings=settings)
    rival.own("rival.example")
    theirs = rival.make_active(rival.oidc(forger.issuer))
    both = join("both@rival.example", workspace, "VIEWER").user
    identity.confirm_address(user_id=both.id, email=both.email)
    forger.claims = {"email": both.email, "sub": "both"}
    browser.come_back(forger.visit(browser.begin(theirs)))
    assert browser.user_id == str(both.id)

    answer = browser.client.get(f"/api/v1/workspaces/{workspace.slug}")

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "sso_required"
