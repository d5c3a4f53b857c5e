"""An admin sets up the provider; it gives nobody more than the admin holds."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from apps.core.clock import utc_now
from apps.sso.errors import AttemptNotValid
from apps.sso.models import ScimToken, SsoConnection
from apps.sso.services import refusals
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import CustomRole, Member, ObjectRule, RoleAssignment
from apps.tenancy.scopes import Scope
from tests.factories.sso import refused
from tests.factories.tenancy import join_account, make_custom_role, make_team, sign_up

pytestmark = pytest.mark.django_db


def code_of(answer):
    return answer.json()["error"]["code"] if answer.status_code >= 400 else "done"


def arrive(browser, forger, connection, **claims):
    forger.claims = claims
    return browser.come_back(forger.visit(browser.begin(connection)))


@pytest.fixture
def adam(workspace):
    """Admin of the account, and viewer of its workspace."""
    person = join_account("adam@acme.example", workspace, "ADMIN")
    member = Member.objects.get(account_id=workspace.account_id, user=person.user)
    with workspace_scope(workspace.id):
        RoleAssignment.objects.create(
            workspace_id=workspace.id, member=member, user=person.user, role="VIEWER"
        )
    return person


@pytest.fixture
def stored(sso):
    """A connection without a provider behind it: for what only changes its settings."""
    with account_scope(sso.account_id):
        return SsoConnection.objects.create(
            account_id=sso.account_id,
            kind="OIDC",
            name="corp",
            settings={"issuer": "https://id.acme.example", "client_id": "headway"},
            tested_at=utc_now(),
            updated_at=utc_now(),
        )


def test_an_admin_hands_nobody_s_identity_to_a_provider(api, adam, sso, stored):
    """An active provider signs in anybody of the domain, owners too; so may SCIM move them."""
    client = api(adam)

    answers = [
        client.post(sso.url(f"sso-connections/{stored.pk}/activation")),
        client.post(sso.url("scim")),
    ]

    assert [code_of(each) for each in answers] == ["permission_denied"] * 2
    with account_scope(sso.account_id):
        assert not SsoConnection.objects.active().exists()
        assert not ScimToken.objects.exists()
    by_owner = sso.client.post(sso.url(f"sso-connections/{stored.pk}/activation"))
    assert by_owner.status_code == 200
    assert sso.client.post(sso.url("scim")).status_code == 201


def test_a_certificate_that_an_admin_adds_is_believed_after_a_test_only(api, adam, sso, saml_place):
    connection = sso.make_active(sso.saml(saml_place))
    own = sso.make_active(sso.saml(saml_place, name="theirs"))
    with account_scope(sso.account_id):
        row = SsoConnection.objects.get(pk=connection["id"])
        by_hand = row.settings | {"metadata_url": ""}
        SsoConnection.objects.filter(pk=row.pk).update(settings=by_hand)
        another = SsoConnection.objects.get(pk=own["id"]).certificate
    both = [*row.settings["certificates"], another]
    change = {"settings": {"certificates": both}}

    answer = api(adam).patch(sso.url(f"sso-connections/{row.pk}"), change)

    assert answer.status_code == 200, answer.content
    assert (answer.json()["tested_at"], answer.json()["activated_at"]) == (None, None)
    assert len(answer.json()["certificates"]) == 2


def test_a_role_that_newcomers_are_promised_grows_by_nobody_who_holds_less(
    api, adam, sso, stored, workspace
):
    role = make_custom_role(workspace, "Newcomer", [Scope.RUNS_READ])
    grant = {"workspace_id": str(workspace.id), "custom_role_id": str(role.id)}
    client = api(adam)
    promised = client.patch(sso.url(f"sso-connections/{stored.pk}"), {"default_grants": [grant]})
    assert promised.status_code == 200, promised.content

    answer = client.patch(sso.url(f"roles/{role.id}"), {"scopes": [*Scope]})

    assert code_of(answer) == "scope_not_held"
    with account_scope(sso.account_id):
        assert CustomRole.objects.get().scopes == [Scope.RUNS_READ.value]


@pytest.mark.parametrize("why", ["scope_not_held", "object_restricted"])
def test_an_admin_maps_no_group_to_a_team_that_may_do_more(
    api, adam, sso, stored, workspace, alice, why
):
    team = make_team(workspace, "data-eng")
    with workspace_scope(workspace.id):
        if why == "scope_not_held":
            RoleAssignment.objects.create(workspace_id=workspace.id, team=team, role="DEVELOPER")
        else:
            ObjectRule.objects.create(
                workspace_id=workspace.id,
                object_kind="POOL",
                object_id=workspace.id,
                scope=Scope.RUNS_WRITE,
                team=team,
            )
    mapping = {"group_teams": [{"group": "everybody", "team": "DATA-ENG"}]}
    path = sso.url(f"sso-connections/{stored.pk}")
    client = api(adam)

    answer = client.patch(path, mapping)

    assert code_of(answer) == why
    with account_scope(sso.account_id):
        assert SsoConnection.objects.get().group_teams == []
    # What an owner mapped stays, whoever saves the page again.
    assert sso.client.patch(path, mapping).status_code == 200
    assert client.patch(path, mapping | {"name": "renamed"}).status_code == 200


def test_a_provider_brings_nobody_back_who_took_its_address_out_of_their_login(
    sso, browser, forger
):
    """Linked while they worked there; the login is theirs, and opens other accounts too."""
    connection = sso.make_active(sso.oidc(forger.issuer))
    carol = sign_up("carol@acme.example").user
    EmailAddress.objects.create(user=carol, email=carol.email, verified=True, primary=True)
    arrive(browser, forger, connection)
    assert browser.user_id == str(carol.pk)
    EmailAddress.objects.filter(user=carol).update(email="carol@home.example")
    carol.email = "carol@home.example"
    carol.save(update_fields=["email"])
    browser.client.logout()

    there = arrive(browser, forger, connection)

    assert refused(there) == "sso_address_not_allowed"
    assert browser.user_id is None


def test_a_provider_signs_in_nobody_who_runs_headway_by_now(sso, browser, forger):
    connection = sso.make_active(sso.oidc(forger.issuer))
    carol = sign_up("carol@acme.example").user
    EmailAddress.objects.create(user=carol, email=carol.email, verified=True, primary=True)
    arrive(browser, forger, connection)
    carol.is_staff = True
    carol.save(update_fields=["is_staff"])
    browser.client.logout()

    there = arrive(browser, forger, connection)

    assert refused(there) == "sso_address_not_allowed"
    assert browser.user_id is None


def test_strangers_do_not_fill_an_account_s_log(sso, stored, client, monkeypatch):
    monkeypatch.setattr(refusals, "NOTED_AN_HOUR", 3)
    sso.client.post(sso.url(f"sso-connections/{stored.pk}/activation"))

    for _ in range(5):
        answer = client.get(f"/sso/{stored.pk}/callback", {"state": "forged", "code": "x"})
        assert refused(answer["Location"]) == AttemptNotValid.code

    assert len(sso.audited("sso.refused")) == 3


def test_who_came_by_the_account_s_provider_asks_for_second_factors(sso, browser, forger, alice):
    """Their session would be let in, so they do not shut themselves out."""
    connection = sso.make_active(sso.oidc(forger.issuer))
    EmailAddress.objects.create(
        user=alice.user, email=alice.user.email, verified=True, primary=True
    )
    arrive(browser, forger, connection, email=alice.user.email)
    assert browser.user_id == str(alice.user.pk)

    answer = browser.client.patch(
        sso.url("security"), {"require_mfa": True}, content_type="application/json"
    )

    assert (answer.status_code, answer.json().get("require_mfa")) == (200, True)
