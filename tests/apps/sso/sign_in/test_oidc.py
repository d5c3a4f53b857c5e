"""Signing in by OpenID Connect: against two real providers, and one that forges."""

import uuid

import httpx2
import pytest
from django.test import Client
from joserfc.jwk import OctKey

from apps.identity.models import User
from apps.sso.models import SsoIdentity
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import Member
from tests.factories.sso import Sso, refused
from tests.idp import query_of
from tests.idp.forger import new_key

pytestmark = pytest.mark.django_db


def test_somebody_new_signs_in_through_the_pages_of_a_real_provider(sso, browser, oidc_issuer):
    sso.reach(oidc_issuer)
    connection_id = str(uuid.uuid4())
    callback = f"{sso.settings.PUBLIC_URL}/sso/{connection_id}/callback"
    client = httpx2.post(
        f"{oidc_issuer}/reg", json={"redirect_uris": [callback]}, trust_env=False
    ).json()
    connection = sso.create(
        "OIDC",
        {"issuer": oidc_issuer, "client_id": client["client_id"]},
        id=connection_id,
        client_secret=client["client_secret"],
    )
    sso.make_active(connection)

    there = browser.sign_in_by_code(connection, "dana@acme.example", next="/w/anywhere")

    assert there == f"{sso.settings.PUBLIC_URL}/w/anywhere"
    dana = User.objects.get(email="dana@acme.example")
    assert browser.user_id == str(dana.id)
    assert not dana.has_usable_password()
    member = Member.objects.get(account_id=sso.account_id, user=dana)
    assert (member.role, member.source) == ("MEMBER", "SSO")


def test_the_second_sign_in_finds_the_same_person(sso, browser, mock_issuer):
    connection = sso.make_active(sso.oidc(mock_issuer))
    httpx2.put(
        f"{mock_issuer}/users/s-1",
        json={"email": "dana@acme.example", "email_verified": True},
        trust_env=False,
    )

    browser.sign_in_by_code(connection, "s-1")
    first = browser.user_id
    browser.client.logout()
    browser.sign_in_by_code(connection, "s-1")

    assert browser.user_id == first
    assert User.objects.filter(email="dana@acme.example").count() == 1
    assert len(sso.audited("sso.signed_in")) == 2


def test_groups_and_address_come_from_where_the_provider_keeps_them(sso, browser, oidc_issuer):
    """oidc-provider tells them to the userinfo endpoint only."""
    sso.reach(oidc_issuer)
    connection_id = str(uuid.uuid4())
    callback = f"{sso.settings.PUBLIC_URL}/sso/{connection_id}/callback"
    client = httpx2.post(
        f"{oidc_issuer}/reg",
        json={"redirect_uris": [callback], "token_endpoint_auth_method": "client_secret_post"},
        trust_env=False,
    ).json()
    connection = sso.create(
        "OIDC",
        {"issuer": oidc_issuer, "client_id": client["client_id"]},
        id=connection_id,
        client_secret=client["client_secret"],
    )

    sso.client.client.get(f"/sso/{connection_id}/login?test=1")
    admin = browser
    admin.client = sso.client.client
    there = admin.sign_in_by_code(connection, "erin@acme.example", test="1")

    assert there.endswith(f"/account/{sso.account_id}/sso?tested={connection_id}")
    result = sso.client.get(sso.url(f"sso-connections/{connection_id}/test")).json()["result"]
    assert result["ok"]
    assert result["asserted"]["email"] == "erin@acme.example"
    assert result["asserted"]["groups"] == ["engineers"]


def forged(sso, forger, **more):
    return sso.make_active(sso.oidc(forger.issuer, **more))


def test_an_honest_answer_of_the_forger_is_taken(sso, browser, forger):
    connection = forged(sso, forger)

    there = browser.come_back(forger.visit(browser.begin(connection)))

    assert there == f"{sso.settings.PUBLIC_URL}/"
    assert browser.user_id == str(User.objects.get(email="carol@acme.example").id)


def test_the_request_carries_state_nonce_and_pkce(sso, browser, forger):
    connection = forged(sso, forger)

    url = browser.begin(connection, hint="carol@acme.example")
    browser.come_back(forger.visit(url))

    asked, token = forger.seen
    assert asked["code_challenge_method"] == "S256"
    assert asked["login_hint"] == "carol@acme.example"
    assert len(asked["state"]) >= 32
    assert len(asked["nonce"]) >= 32
    assert len(token["code_verifier"]) >= 43
    assert asked["code_challenge"] != token["code_verifier"]
    assert token["redirect_uri"] == connection["ours"]["redirect_uri"]


@pytest.mark.parametrize(
    ("claims", "code", "reason"),
    [
        ({"nonce": "another"}, "sso_answer_not_valid", "nonce"),
        ({"nonce": None}, "sso_answer_not_valid", "nonce"),
        ({"iss": "https://evil.example"}, "sso_answer_for_another", "iss"),
        ({"iss": None}, "sso_answer_for_another", "iss"),
        ({"aud": "another"}, "sso_answer_for_another", "aud"),
        ({"aud": ["headway", "x"], "azp": "another"}, "sso_answer_for_another", "azp"),
        ({"exp": 1_700_000_000}, "sso_answer_expired", None),
        ({"exp": None}, "sso_answer_not_valid", "exp"),
        ({"iat": 9_999_999_999}, "sso_answer_not_valid", "iat"),
        ({"sub": None}, "sso_answer_not_valid", "sub"),
        ({"sub": ""}, "sso_answer_not_valid", "sub"),
        ({"sub": "x" * 600}, "sso_answer_not_valid", "subject_missing"),
        ({"email": None}, "sso_address_missing", None),
        ({"email": "carol@acme.example@evil.example"}, "sso_address_missing", None),
        ({"email": "carol@evil.example"}, "sso_address_not_allowed", None),
        ({"email": "carol@sub.acme.example"}, "sso_address_not_allowed", None),
        ({"email_verified": False}, "sso_address_not_confirmed", None),
        ({"email_verified": "false"}, "sso_address_not_confirmed", None),
    ],
)
def test_claims_that_do_not_hold_are_refused(sso, browser, forger, claims, code, reason):
    connection = forged(sso, forger)
    forger.claims = claims

    there = browser.come_back(forger.visit(browser.begin(connection)))

    assert refused(there) == code
    assert query_of(there).get("reason") == reason
    assert browser.user_id is None
    assert not User.objects.filter(email__startswith="carol").exists()
    (entry,) = sso.audited("sso.refused")
    assert entry.after["code"] == code
    assert entry.object_id == connection["id"]


@pytest.mark.parametrize("trick", ["none", "HS256 with the secret", "HS256 with the key", "rogue"])
def test_tokens_that_the_provider_did_not_sign_are_refused(sso, browser, forger, trick):
    connection = forged(sso, forger)
    if trick == "none":
        forger.header = {"alg": "none"}
    elif trick == "rogue":
        forger.signs_with = new_key("one", 2)
    else:
        forger.header = {"alg": "HS256"}
        if "secret" in trick:
            forger.signs_with = OctKey.import_key(b"s3cret".ljust(32, b"!"))

    there = browser.come_back(forger.visit(browser.begin(connection)))

    assert refused(there) == "sso_answer_not_valid"
    assert query_of(there)["reason"] == "signature"
    assert browser.user_id is None


def test_keys_that_rolled_over_are_looked_up_once(sso, browser, forger):
    connection = forged(sso, forger)
    browser.come_back(forger.visit(browser.begin(connection)))
    forger.keys = [new_key("two")]

    there = browser.come_back(forger.visit(browser.begin(connection)))

    assert there == f"{sso.settings.PUBLIC_URL}/"
    assert forger.asked.count("/keys") == 2


def test_unknown_key_ids_do_not_make_us_ask_for_keys_again_and_again(sso, browser, forger):
    connection = forged(sso, forger)
    forger.signs_with = new_key("never-published")

    for _ in range(3):
        refused(browser.come_back(forger.visit(browser.begin(connection))))

    assert forger.asked.count("/keys") == 2


def test_an_answer_counts_once(sso, browser, forger):
    connection = forged(sso, forger)
    back = forger.visit(browser.begin(connection))
    browser.come_back(back)
    browser.client.logout()

    assert refused(browser.come_back(back)) == "sso_attempt_not_valid"
    assert browser.user_id is None


@pytest.mark.parametrize("state", ["", "invented"])
def test_a_state_that_is_not_ours_is_refused(sso, browser, forger, state):
    connection = forged(sso, forger)
    browser.begin(connection)

    url = f"{connection['ours']['redirect_uri']}?code=good&state={state}"

    assert refused(browser.come_back(url)) == "sso_attempt_not_valid"
    assert "/token" not in forger.asked


def test_an_answer_in_another_browser_is_refused(sso, browser, forger):
    connection = forged(sso, forger)
    back = forger.visit(browser.begin(connection))
    browser.client = Client()

    assert refused(browser.come_back(back)) == "sso_attempt_not_valid"
    assert browser.user_id is None


def test_an_answer_to_one_account_is_none_to_another(sso, browser, forger, api, mallory, settings):
    connection = forged(sso, forger)
    rival = Sso(person=mallory, client=api(mallory), settings=settings)
    rival.own("rival.example")
    theirs = forged(rival, forger)
    back = forger.visit(browser.begin(connection))

    there = browser.come_back(back.replace(connection["id"], theirs["id"]))

    assert refused(there) == "sso_attempt_not_valid"
    assert browser.user_id is None


def test_the_answer_of_another_issuer_is_refused(sso, browser, forger):
    connection = forged(sso, forger)
    back = forger.visit(browser.begin(connection))

    there = browser.come_back(f"{back}&iss=https://evil.example")

    assert refused(there) == "sso_answer_for_another"
    assert "/token" not in forger.asked


def test_a_provider_that_promises_its_name_must_give_it(sso, browser, forger):
    forger.description = {"authorization_response_iss_parameter_supported": True}
    connection = forged(sso, forger)

    there = browser.come_back(forger.visit(browser.begin(connection)))

    assert refused(there) == "sso_answer_not_valid"


def test_what_the_provider_refuses_is_said(sso, browser, forger):
    connection = forged(sso, forger)
    back = forger.visit(browser.begin(connection)).replace("code=good", "error=access_denied")

    assert refused(browser.come_back(back)) == "sso_provider_refused"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"id_token": None}, "sso_answer_not_valid"),
        ({"id_token": "a.b.c"}, "sso_answer_not_valid"),
        ({"id_token": "é"}, "sso_answer_not_valid"),
        ({"id_token": 7}, "sso_answer_not_valid"),
    ],
)
def test_token_answers_that_make_no_sense_are_refused(sso, browser, forger, answer, code):
    connection = forged(sso, forger)
    forger.answer = answer

    assert refused(browser.come_back(forger.visit(browser.begin(connection)))) == code


def test_a_provider_inside_is_never_called(sso):
    settings = {"issuer": "https://169.254.169.254", "client_id": "headway"}

    answer = sso.client.post(
        sso.url("sso-connections"), {"kind": "OIDC", "name": "x", "settings": settings}
    )

    assert answer.status_code == 400
    assert "settings.issuer" in answer.json()["error"]["fields"]


def test_a_description_that_points_inside_is_refused(sso, forger):
    sso.reach(forger.issuer)
    forger.description = {"token_endpoint": "http://169.254.169.254/token"}

    answer = sso.client.post(
        sso.url("sso-connections"),
        {
            "kind": "OIDC",
            "name": "x",
            "settings": {"issuer": forger.issuer, "client_id": "headway"},
        },
    )

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "sso_provider_not_usable"


def test_a_description_of_another_issuer_is_refused(sso, forger):
    sso.reach(forger.issuer)
    forger.description = {"issuer": "https://login.example.com"}

    answer = sso.client.post(
        sso.url("sso-connections"),
        {
            "kind": "OIDC",
            "name": "x",
            "settings": {"issuer": forger.issuer, "client_id": "headway"},
        },
    )

    assert answer.json()["error"]["code"] == "sso_provider_not_usable"


def test_who_comes_as_another_subject_is_refused(sso, browser, forger):
    connection = forged(sso, forger)
    browser.come_back(forger.visit(browser.begin(connection)))
    forger.claims = {"sub": "subject-2"}

    there = browser.come_back(forger.visit(browser.begin(connection)))

    assert refused(there) == "sso_subject_changed"
    with account_scope(sso.account_id):
        assert SsoIdentity.objects.get().subject == "subject-1"


def test_sign_out_leads_to_the_providers_own(sso, browser, forger):
    forger.description = {"end_session_endpoint": f"{forger.issuer}/logout"}
    connection = forged(sso, forger)
    browser.come_back(forger.visit(browser.begin(connection)))

    answer = browser.client.post("/api/v1/sso/sign-out")

    asked = query_of(answer.json()["url"])
    assert answer.json()["url"].startswith(f"{forger.issuer}/logout?")
    assert asked["client_id"] == "headway"
    assert asked["post_logout_redirect_uri"] == f"{sso.settings.PUBLIC_URL}/login"
    assert asked["id_token_hint"].count(".") == 2
    assert browser.user_id is None


def test_signing_out_after_a_password_leads_nowhere(sso):
    answer = sso.client.post("/api/v1/sso/sign-out")

    assert answer.json() == {"url": None}
    assert sso.client.get("/api/v1/me").status_code == 401
