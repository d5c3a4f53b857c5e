"""Who becomes whom: people found, linked, made, refused; their roles, teams and seats."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate

from apps.identity.models import User
from apps.sso.models import ScimGroup, SsoIdentity
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import AccountLimits, Member, RoleAssignment, Team, TeamMember
from tests.factories.sso import refused
from tests.factories.tenancy import PASSWORD, join, make_user, sign_up
from tests.idp import query_of

pytestmark = pytest.mark.django_db


def arrive(browser, forger, connection, **claims):
    forger.claims = claims
    return browser.come_back(forger.visit(browser.begin(connection)))


@pytest.fixture
def connection(sso, forger):
    return sso.make_active(sso.oidc(forger.issuer))


def confirm(user):
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )


def test_somebody_known_by_a_confirmed_address_is_linked_and_keeps_everything(
    sso, browser, forger, connection
):
    carol = sign_up("carol@acme.example").user
    confirm(carol)

    arrive(browser, forger, connection)

    assert browser.user_id == str(carol.id)
    carol.refresh_from_db()
    assert carol.check_password(PASSWORD)
    with account_scope(sso.account_id):
        assert SsoIdentity.objects.get().user_id == carol.id
    assert Member.objects.filter(user=carol).count() == 2
    assert sso.audited("sso.person_linked")[0].after["how"] == "link"


def test_a_login_that_nobody_confirmed_is_handed_over_without_what_was_left_in_it(
    sso, browser, forger, connection, client
):
    """Somebody signed up with the address of another, and waits for its owner to come."""
    squatter = make_user("carol@acme.example")
    EmailAddress.objects.create(user=squatter, email="evil@rival.example", verified=True)
    Authenticator.objects.create(user=squatter, type="totp", data={"secret": "x"})
    client.force_login(squatter)

    arrive(browser, forger, connection)

    assert browser.user_id == str(squatter.id)
    squatter.refresh_from_db()
    assert not squatter.has_usable_password()
    assert not Authenticator.objects.filter(user=squatter).exists()
    addresses = EmailAddress.objects.filter(user=squatter).values_list("email", "verified")
    assert list(addresses) == [("carol@acme.example", True)]
    assert client.get("/api/v1/me").status_code == 401


def test_nobody_is_linked_by_an_address_of_another_account_s_domain(
    sso, browser, forger, connection, mallory
):
    confirm(mallory.user)

    there = arrive(browser, forger, connection, email="mallory@rival.example")

    assert refused(there) == "sso_address_not_allowed"
    with account_scope(sso.account_id):
        assert not SsoIdentity.objects.exists()


def test_a_claimed_domain_counts_for_nothing_before_it_is_verified(
    sso, browser, forger, connection
):
    sso.client.post(sso.url("domains"), {"domain": "claimed.example"})

    there = arrive(browser, forger, connection, email="x@claimed.example")

    assert refused(there) == "sso_address_not_allowed"


def test_who_runs_headway_is_nobody_s_to_vouch_for(sso, browser, forger, connection):
    root = make_user("carol@acme.example")
    User.objects.filter(pk=root.pk).update(is_staff=True)
    confirm(root)

    assert refused(arrive(browser, forger, connection)) == "sso_address_not_allowed"
    assert browser.user_id is None


def test_a_person_stays_the_same_when_the_provider_renames_their_address(
    sso, browser, forger, connection
):
    arrive(browser, forger, connection)
    first = browser.user_id
    browser.client.logout()

    arrive(browser, forger, connection, email="carol.married@acme.example")

    assert browser.user_id == first
    with account_scope(sso.account_id):
        assert SsoIdentity.objects.get().email == "carol.married@acme.example"


def test_who_is_deactivated_in_the_account_is_refused(sso, browser, forger, connection, workspace):
    carol = join("carol@acme.example", workspace, "VIEWER").user
    confirm(carol)
    Member.objects.filter(user=carol).update(deactivated_at="2026-01-01T00:00Z")

    assert refused(arrive(browser, forger, connection)) == "sso_member_deactivated"
    assert browser.user_id is None


def test_whose_user_is_closed_is_refused(sso, browser, forger, connection):
    carol = make_user("carol@acme.example")
    confirm(carol)
    User.objects.filter(pk=carol.pk).update(is_active=False)

    assert refused(arrive(browser, forger, connection)) == "sso_member_deactivated"


def test_a_connection_may_admit_members_only(sso, browser, forger):
    connection = sso.make_active(sso.oidc(forger.issuer, joins_new_people=False))

    assert refused(arrive(browser, forger, connection)) == "sso_not_a_member"
    assert not User.objects.filter(email="carol@acme.example").exists()


def test_newcomers_get_the_role_and_the_workspaces_that_were_set(sso, browser, forger, workspace):
    connection = sso.make_active(
        sso.oidc(
            forger.issuer,
            default_role="BILLING",
            default_grants=[{"workspace_id": str(workspace.id), "role": "VIEWER"}],
        )
    )

    arrive(browser, forger, connection)

    member = Member.objects.get(user_id=browser.user_id, account_id=sso.account_id)
    assert member.role == "BILLING"
    with workspace_scope(workspace.id):
        assert RoleAssignment.objects.get(member=member).role == "VIEWER"
    joined = sso.audited("member.joined")[0]
    assert joined.after["source"] == "SSO"
    assert joined.actor_id == member.user_id


def test_without_a_free_seat_nobody_joins(sso, browser, forger, connection):
    AccountLimits.objects.create(account_id=sso.account_id, max_users=1)

    there = arrive(browser, forger, connection)

    assert refused(there) == "plan_limit"
    assert not User.objects.filter(email="carol@acme.example").exists()
    assert sso.audited("sso.refused")[0].after["code"] == "plan_limit"


@pytest.fixture
def teams(sso):
    with account_scope(sso.account_id):
        return {
            name: Team.objects.create(account_id=sso.account_id, name=name)
            for name in ("Data", "Ops", "Own")
        }


def teams_of(sso, user_id):
    with account_scope(sso.account_id):
        found = TeamMember.objects.filter(user_id=user_id)
        return set(found.values_list("team__name", flat=True))


def test_groups_decide_the_mapped_teams_at_each_sign_in_and_no_others(sso, browser, forger, teams):
    mapping = [{"group": "g-data", "team": "data"}, {"group": "g-ops", "team": "Ops"}]
    connection = sso.make_active(sso.oidc(forger.issuer, group_teams=mapping))
    arrive(browser, forger, connection, groups=["g-data", "others"])
    member = Member.objects.get(user_id=browser.user_id, account_id=sso.account_id)
    with account_scope(sso.account_id):
        TeamMember.objects.create(
            account_id=sso.account_id,
            team=teams["Own"],
            member=member,
            user_id=member.user_id,
        )
    assert teams_of(sso, member.user_id) == {"Data", "Own"}
    browser.client.logout()

    arrive(browser, forger, connection, groups=["g-ops"])

    assert teams_of(sso, member.user_id) == {"Ops", "Own"}
    entry = sso.audited("sso.groups_followed")[-1]
    assert (entry.before, entry.after) == ({"left": ["Data"]}, {"joined": ["Ops"]})


def test_groups_that_did_not_come_change_no_team(sso, browser, forger, teams):
    """Entra names only where to ask for them when there are too many."""
    mapping = [{"group": "g-data", "team": "Data"}]
    connection = sso.make_active(sso.oidc(forger.issuer, group_teams=mapping))
    arrive(browser, forger, connection, groups=["g-data"])
    user_id = browser.user_id
    browser.client.logout()

    arrive(browser, forger, connection, groups=None, _claim_names={"groups": "src1"})

    assert teams_of(sso, user_id) == {"Data"}


def test_nobody_promises_newcomers_more_than_they_hold(sso, forger, api, workspace):
    admin = join("adam@acme.example", workspace, "VIEWER")
    Member.objects.filter(user=admin.user).update(role="ADMIN")
    sso.reach(forger.issuer)

    answer = api(admin).post(
        sso.url("sso-connections"),
        {
            "kind": "OIDC",
            "name": "x",
            "settings": {"issuer": forger.issuer, "client_id": "headway"},
            "default_grants": [{"workspace_id": str(workspace.id), "role": "OWNER"}],
        },
    )

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "scope_not_held"


def test_groups_leave_the_teams_of_a_directory_alone(sso, browser, forger, teams):
    """Provisioning decides who is in them, not what is said at a sign-in."""
    mapping = [{"group": "g-data", "team": "Data"}, {"group": "g-ops", "team": "Ops"}]
    connection = sso.make_active(sso.oidc(forger.issuer, group_teams=mapping))
    with account_scope(sso.account_id):
        ScimGroup.objects.create(team=teams["Data"], account_id=sso.account_id)
    url = sso.url(f"sso-connections/{connection['id']}")

    arrive(browser, forger, connection, groups=["g-data", "g-ops"])
    again = sso.client.patch(url, {"group_teams": [{"group": "other", "team": "Data"}]})

    assert teams_of(sso, browser.user_id) == {"Ops"}
    assert (again.status_code, again.json()["error"]["code"]) == (409, "team_is_provided")


def test_owners_are_made_by_owners(sso, forger):
    sso.reach(forger.issuer)

    answer = sso.client.post(
        sso.url("sso-connections"),
        {
            "kind": "OIDC",
            "name": "x",
            "settings": {"issuer": forger.issuer, "client_id": "headway"},
            "default_role": "OWNER",
        },
    )

    assert answer.status_code == 400


def test_a_second_factor_of_ones_own_is_asked_for_as_after_a_password(
    sso, browser, forger, connection
):
    carol = sign_up("carol@acme.example").user
    confirm(carol)
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(carol, generate_totp_secret())

    there = arrive(browser, forger, connection)

    assert there.startswith(f"{sso.settings.PUBLIC_URL}/login")
    assert browser.client.get("/api/v1/me").status_code == 401
    flows = browser.client.get("/_allauth/browser/v1/auth/session").json()["data"]["flows"]
    assert {"id": "mfa_authenticate", "is_pending": True}.items() <= next(
        flow for flow in flows if flow.get("is_pending")
    ).items()


def test_the_session_says_which_account_vouched(sso, browser, forger, connection):
    arrive(browser, forger, connection)

    records = browser.client.session["account_authentication_methods"]

    assert [each["method"] for each in records] == ["sso"]
    assert records[0]["account_id"] == str(sso.account_id)


def test_signing_in_takes_the_place_of_who_was_signed_in_before(
    sso, browser, forger, connection, mallory
):
    browser.client.force_login(mallory.user)

    arrive(browser, forger, connection)

    assert browser.user_id == str(User.objects.get(email="carol@acme.example").id)


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("/w/acme?x=1", "/w/acme?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_nobody_is_led_elsewhere_afterwards(sso, browser, forger, connection, path, ends):
    there = browser.come_back(forger.visit(browser.begin(connection, next=path)))

    assert there == f"{sso.settings.PUBLIC_URL}{ends}"


def test_an_inactive_connection_lets_nobody_in(sso, browser, forger):
    connection = sso.oidc(forger.issuer)

    assert refused(browser.begin(connection)) == "sso_connection_not_active"


def test_a_connection_that_is_switched_off_meanwhile_lets_nobody_in(
    sso, browser, forger, connection
):
    back = forger.visit(browser.begin(connection))
    sso.client.delete(sso.url(f"sso-connections/{connection['id']}/activation"))

    assert refused(browser.come_back(back)) == "sso_connection_not_active"
    assert browser.user_id is None


def test_people_without_a_password_cannot_sign_in_by_one(sso, browser, forger, connection):
    arrive(browser, forger, connection)

    assert authenticate(email="carol@acme.example", password="") is None
    assert query_of(browser.begin(connection))["client_id"] == "headway"


def test_who_deleted_themselves_comes_back_as_somebody_new(sso, browser, forger, connection):
    arrive(browser, forger, connection)
    first = browser.user_id
    answer = browser.client.delete("/api/v1/me", {}, content_type="application/json")
    assert answer.status_code in {200, 204}, answer.content

    arrive(browser, forger, connection)

    assert browser.user_id not in {None, first}
