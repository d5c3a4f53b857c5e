"""Setting a provider up: secrets, tests, activation, what may not be switched off."""

import uuid

import pytest
from django.db import connection as database

from apps.identity import services as identity
from apps.identity.models import User
from apps.sso.models import SsoAttempt, SsoConnection, SsoIdentity
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import Account, AuditEntry, Member
from tests.factories.sso import refused, saml_user, say
from tests.factories.tenancy import join, sign_up

pytestmark = pytest.mark.django_db


def test_the_client_secret_comes_in_and_never_out(sso, forger):
    connection = sso.oidc(forger.issuer)

    listed = sso.client.get(sso.url("sso-connections"))

    assert connection["has_client_secret"]
    assert b"s3cret" not in listed.content
    assert sso.stored(connection).client_secret == "s3cret"
    with account_scope(sso.account_id), database.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM sso_connection WHERE id = %s", [connection["id"]])
        assert b"s3cret" not in bytes(cursor.fetchone()[0])
        logged = AuditEntry.objects.filter(account_id=sso.account_id).values_list(
            "after", flat=True
        )
        assert "s3cret" not in str(list(logged))


def test_our_private_key_never_leaves(sso, saml_place):
    connection = sso.saml(saml_place)

    assert "PRIVATE" not in str(sso.client.get(sso.url("sso-connections")).json())
    assert "PRIVATE KEY" in sso.stored(connection).signing_key
    assert "BEGIN CERTIFICATE" in connection["ours"]["certificate"]


def test_what_the_provider_needs_can_be_known_before(sso, forger):
    chosen = str(uuid.uuid4())

    connection = sso.oidc(forger.issuer, id=chosen)

    assert connection["id"] == chosen
    callback = f"{sso.settings.PUBLIC_URL}/sso/{chosen}/callback"
    assert connection["ours"]["redirect_uri"] == callback


def test_an_id_is_taken_once_over_all_accounts(sso, forger, api, mallory):
    connection = sso.oidc(forger.issuer)

    answer = api(mallory).post(
        f"/api/v1/account/{mallory.workspace.account_id}/sso-connections",
        {
            "id": connection["id"],
            "kind": "OIDC",
            "name": "mine",
            "settings": {"issuer": forger.issuer, "client_id": "headway"},
        },
    )

    assert answer.status_code == 400
    assert sso.stored(connection).name == connection["name"]


def test_a_test_signs_nobody_in_and_shows_what_would_happen(sso, browser, forger):
    connection = sso.oidc(forger.issuer)
    url = sso.client.post(sso.url(f"sso-connections/{connection['id']}/test")).json()["url"]
    browser.client = sso.client.client
    admin = browser.user_id
    assert url == f"{connection['login_url']}?test=1"

    there = browser.come_back(forger.visit(browser.begin(connection, test="1")))

    assert there.endswith(f"/account/{sso.account_id}/sso?tested={connection['id']}")
    assert browser.user_id == admin
    assert not User.objects.filter(email="carol@acme.example").exists()
    with account_scope(sso.account_id):
        assert not SsoIdentity.objects.exists()
    result = sso.client.get(sso.url(f"sso-connections/{connection['id']}/test")).json()["result"]
    assert result["ok"]
    assert result["asserted"]["claims"]["sub"] == "subject-1"
    assert result["would"]["step"] == "CREATE"
    assert result["would"]["joins"]
    assert result["would"]["role"] == "MEMBER"


def test_a_test_that_is_refused_says_why_and_counts_for_nothing(sso, browser, forger):
    connection = sso.oidc(forger.issuer)
    browser.client = sso.client.client
    forger.claims = {"email": "carol@evil.example"}

    browser.come_back(forger.visit(browser.begin(connection, test="1")))

    result = sso.client.get(sso.url(f"sso-connections/{connection['id']}/test")).json()["result"]
    assert (result["ok"], result["code"]) == (False, "sso_address_not_allowed")
    assert result["asserted"]["email"] == "carol@evil.example"
    answer = sso.client.post(sso.url(f"sso-connections/{connection['id']}/activation"))
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "sso_connection_not_tested"


def test_a_saml_answer_that_is_wrong_shows_in_the_test(sso, browser, saml_place):
    say(saml_place, user=saml_user("carol@acme.example"))
    connection = sso.saml(saml_place)
    browser.client = sso.client.client
    say(saml_place, user=saml_user("carol@acme.example"), key="rogue")

    there = browser.sign_in_by_saml(connection, test="1")

    assert "?tested=" in there
    result = sso.client.get(sso.url(f"sso-connections/{connection['id']}/test")).json()["result"]
    assert (result["code"], result["details"]["reason"]) == ("sso_answer_not_valid", "signature")


@pytest.mark.parametrize("who", ["nobody", "a member", "an outsider"])
def test_only_who_sets_it_up_tests_it(sso, browser, forger, who, workspace, mallory):
    connection = sso.oidc(forger.issuer)
    if who == "a member":
        browser.client.force_login(join("bea@acme.example", workspace, "OWNER").user)
    elif who == "an outsider":
        browser.client.force_login(mallory.user)

    refused(browser.begin(connection, test="1"))

    with account_scope(sso.account_id):
        assert not SsoAttempt.objects.exists()


def test_a_tested_connection_is_activated_and_people_sign_in(sso, browser, forger):
    connection = sso.oidc(forger.issuer)
    browser.client = sso.client.client
    browser.come_back(forger.visit(browser.begin(connection, test="1")))

    answer = sso.client.post(sso.url(f"sso-connections/{connection['id']}/activation"))

    assert answer.json()["activated_at"]
    assert sso.audited("sso.connection_activated")


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"name": "Other"}, True),
        ({"client_secret": "new"}, True),
        ({"group_teams": []}, True),
        ({"settings": {"client_id": "other"}}, False),
        ({"settings": {"groups_claim": "roles"}}, False),
    ],
)
def test_what_changes_who_is_believed_has_to_be_tested_anew(sso, forger, change, stays):
    connection = sso.make_active(sso.oidc(forger.issuer))

    answer = sso.change(connection, change)

    assert answer.status_code == 200, answer.content
    assert (answer.json()["activated_at"] is not None) is stays
    assert (answer.json()["tested_at"] is not None) is stays


def test_a_secret_that_is_not_named_stays(sso, forger):
    connection = sso.oidc(forger.issuer)

    sso.change(connection, {"name": "Other"})

    assert sso.stored(connection).client_secret == "s3cret"


def test_unknown_settings_are_refused(sso, forger):
    sso.reach(forger.issuer)

    answer = sso.client.post(
        sso.url("sso-connections"),
        {
            "kind": "OIDC",
            "name": "x",
            "settings": {"issuer": forger.issuer, "client_id": "c", "verify": False},
        },
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["fields"] == {"settings.verify": ["Unknown field."]}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "settings.entity_id"),
        ({"entity_id": "x"}, "settings.sso_url"),
        ({"entity_id": "x", "sso_url": "https://a.example/"}, "settings.certificates"),
        (
            {"entity_id": "x", "sso_url": "https://a.example/", "certificates": ["nonsense"]},
            "settings.certificates",
        ),
        (
            {"entity_id": "x", "sso_url": "javascript:alert(1)", "certificates": ["x"]},
            "settings.sso_url",
        ),
    ],
)
def test_saml_by_hand_needs_what_metadata_would_say(sso, settings, field):
    answer = sso.client.post(
        sso.url("sso-connections"), {"kind": "SAML", "name": "x", "settings": settings}
    )

    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]


def test_metadata_that_is_none_is_refused(sso):
    for text in ("<a/>", "no xml", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'):
        answer = sso.client.post(
            sso.url("sso-connections"),
            {"kind": "SAML", "name": "x", "settings": {"metadata_xml": text}},
        )
        assert answer.status_code == 409, text
        assert answer.json()["error"]["code"] == "sso_provider_not_usable"


def require(sso, required=True):
    return sso.client.patch(sso.url("sso"), {"required": required})


def test_sso_is_not_required_while_nobody_could_sign_in(sso, forger):
    sso.oidc(forger.issuer)

    answer = require(sso)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "sso_not_possible"
    assert not Account.objects.get(pk=sso.account_id).sso_required


def test_an_owner_requires_it_and_takes_it_back(sso, forger):
    sso.make_active(sso.oidc(forger.issuer))

    assert require(sso).json()["required"]
    assert Account.objects.get(pk=sso.account_id).sso_required
    assert require(sso, required=False).json()["required"] is False
    assert [len(sso.audited(f"sso.{each}")) for each in ("required", "no_longer_required")] == [
        1,
        1,
    ]


def test_an_admin_requires_it_once_they_have_come_that_way(sso, browser, forger, api, workspace):
    connection = sso.make_active(sso.oidc(forger.issuer))
    admin = join("adam@acme.example", workspace, "VIEWER")
    Member.objects.filter(user=admin.user).update(role="ADMIN")
    identity.confirm_address(user_id=admin.user.id, email=admin.user.email)
    client = api(admin)
    refusal = client.patch(sso.url("sso"), {"required": True})
    assert refusal.json()["error"]["code"] == "sso_not_possible"
    forger.claims = {"email": "adam@acme.example", "sub": "adam"}
    browser.come_back(forger.visit(browser.begin(connection)))

    assert client.patch(sso.url("sso"), {"required": True}).status_code == 200


@pytest.mark.parametrize("way", ["deactivate", "delete", "change"])
def test_the_last_way_in_is_not_taken_away_while_it_is_required(sso, forger, way):
    connection = sso.make_active(sso.oidc(forger.issuer))
    require(sso)
    url = sso.url(f"sso-connections/{connection['id']}")

    answer = {
        "deactivate": lambda: sso.client.delete(f"{url}/activation"),
        "delete": lambda: sso.client.delete(url),
        "change": lambda: sso.client.patch(url, {"settings": {"client_id": "other"}}),
    }[way]()

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "sso_connection_needed"
    assert sso.stored(connection).activated_at is not None


def test_a_deleted_connection_forgets_who_came_and_leaves_them_their_place(sso, browser, forger):
    connection = sso.make_active(sso.oidc(forger.issuer))
    browser.come_back(forger.visit(browser.begin(connection)))

    answer = sso.client.delete(sso.url(f"sso-connections/{connection['id']}"))

    assert answer.status_code == 204
    with account_scope(sso.account_id):
        assert not SsoConnection.objects.exists()
        assert not SsoIdentity.objects.exists()
    assert Member.objects.filter(account_id=sso.account_id).count() == 2


def test_an_unlinked_person_may_come_as_another_subject(sso, browser, forger):
    connection = sso.make_active(sso.oidc(forger.issuer))
    browser.come_back(forger.visit(browser.begin(connection)))
    first = browser.user_id
    url = sso.url(f"sso-connections/{connection['id']}/people")
    (person,) = sso.client.get(url).json()["items"]
    assert (person["subject"], person["email"]) == ("subject-1", "carol@acme.example")

    assert sso.client.delete(f"{url}/{person['id']}").status_code == 204
    forger.claims = {"sub": "subject-2"}
    browser.client.logout()
    browser.come_back(forger.visit(browser.begin(connection)))

    assert browser.user_id == first


def discover(client, email):
    return client.post("/api/v1/sso/discovery", {"email": email}, content_type="application/json")


def test_discovery_knows_verified_domains_and_no_addresses(sso, forger, client):
    connection = sso.make_active(sso.oidc(forger.issuer))
    sign_up("known@elsewhere.example")

    answers = {
        email: discover(client, email).json()
        for email in (
            "alice@acme.example",
            "nobody@acme.example",
            "known@elsewhere.example",
            "nobody@elsewhere.example",
            "not an address",
        )
    }

    for email in ("alice", "nobody"):
        url = answers[f"{email}@acme.example"]["url"]
        assert url == f"{connection['login_url']}?hint={email}%40acme.example"
    assert [answer["url"] for answer in answers.values()][2:] == [None, None, None]


def test_discovery_says_nothing_of_connections_that_are_not_active(sso, forger, client):
    sso.oidc(forger.issuer)

    assert discover(client, "alice@acme.example").json() == {"url": None}


def test_a_domain_may_lead_to_its_own_connection(sso, forger, saml_place, client):
    first = sso.make_active(sso.oidc(forger.issuer))
    second = sso.make_active(sso.saml(saml_place))
    domain = sso.client.get(sso.url("domains")).json()["items"][0]
    assert first["id"] in discover(client, "a@acme.example").json()["url"]

    sso.client.patch(sso.url(f"domains/{domain['id']}"), {"connection_id": second["id"]})

    assert second["id"] in discover(client, "a@acme.example").json()["url"]


def test_discovery_is_limited(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"sso_discovery": "2/m/ip"}

    answers = [discover(client, "a@acme.example") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["code"] == "rate_limited"


def test_no_anonymous_answer_lists_providers(sso, forger, saml_place, client):
    made = [sso.make_active(sso.oidc(forger.issuer)), sso.make_active(sso.saml(saml_place))]

    for path in ("/_allauth/browser/v1/config", "/_allauth/browser/v1/auth/session"):
        body = client.get(path).content.decode()
        for connection in made:
            assert connection["id"] not in body
            assert connection["name"] not in body
        assert forger.issuer not in body


def test_an_unknown_connection_leads_to_the_error_page(client):
    nowhere = uuid.uuid4()

    for path in ("login", "callback", "finish", "sls", "metadata"):
        answer = client.get(f"/sso/{nowhere}/{path}")
        assert answer.status_code == 303
        assert refused(answer["Location"]) == "sso_connection_not_active"
