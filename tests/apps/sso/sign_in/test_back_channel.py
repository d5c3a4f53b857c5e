"""Sessions that the provider ends by itself: one real provider, and one that forges."""

import time
import uuid
from urllib.parse import parse_qs, urljoin

import httpx2
import pytest
from django.core.cache import cache
from django.test import Client
from joserfc.jwk import OctKey

from apps.sso.models import SpentAssertion
from apps.tenancy.isolation import account_scope
from tests.factories.sso import Browser
from tests.idp import Visitor, read_form
from tests.idp.forger import new_key
from tests.receivers import receiving
from tests.stack import wait_until

pytestmark = pytest.mark.django_db


def tell(connection, token):
    """Send a logout token as the provider does: from nowhere, without a browser."""
    return Client(enforce_csrf_checks=True).post(
        f"/sso/{connection['id']}/back-channel-logout", {"logout_token": token}
    )


def is_in(browser):
    return browser.client.get("/api/v1/me").status_code == 200


@pytest.fixture
def connection(sso, forger):
    return sso.make_active(sso.oidc(forger.issuer))


@pytest.fixture
def another_browser():
    visitor = Visitor()
    with visitor.client:
        yield Browser(client=Client(), visitor=visitor)


def sign_in(browser, connection, forger, session=None):
    forger.claims = {"sid": session}
    browser.come_back(forger.visit(browser.begin(connection)))
    assert is_in(browser)


def test_who_signs_out_at_a_real_provider_is_out_here(sso, browser, oidc_issuer):
    sso.reach(oidc_issuer)
    connection_id = str(uuid.uuid4())
    with receiving() as receiver:
        client = httpx2.post(
            f"{oidc_issuer}/reg",
            json={
                "redirect_uris": [f"{sso.settings.PUBLIC_URL}/sso/{connection_id}/callback"],
                "backchannel_logout_uri": f"http://{receiver.place}/",
                "backchannel_logout_session_required": True,
            },
            trust_env=False,
        ).json()
        connection = sso.make_active(
            sso.create(
                "OIDC",
                {"issuer": oidc_issuer, "client_id": client["client_id"]},
                id=connection_id,
                client_secret=client["client_secret"],
            )
        )
        browser.sign_in_by_code(connection, "dana@acme.example")
        assert is_in(browser)

        asked = browser.visitor.client.get(f"{oidc_issuer}/session/end")
        action, fields = read_form(asked.text)
        browser.visitor.client.post(
            urljoin(str(asked.url), action), data=fields | {"logout": "yes"}
        )
        wait_until("the provider's word", lambda: receiver.requests, every=0.02)
    sent = parse_qs(receiver.body.decode())["logout_token"][0]

    answer = tell(connection, sent)

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert not is_in(browser)
    [entry] = sso.audited("sso.signed_out")
    assert (entry.actor_name, entry.after) == ("dana", {"sessions": 1})


def test_a_token_of_one_session_ends_that_one(sso, browser, another_browser, connection, forger):
    sign_in(browser, connection, forger, session="s-1")
    sign_in(another_browser, connection, forger, session="s-2")

    assert tell(connection, forger.logout_token(sid="s-2")).status_code == 200

    assert is_in(browser)
    assert not is_in(another_browser)


def test_a_token_of_a_person_ends_all_that_the_connection_opened_and_no_more(
    sso, browser, another_browser, connection, forger
):
    sign_in(browser, connection, forger, session="s-1")
    sign_in(another_browser, connection, forger)
    elsewhere = Client()  # signed in by a password, say
    elsewhere.force_login(user_of(browser))

    assert tell(connection, forger.logout_token()).status_code == 200

    assert not is_in(browser)
    assert not is_in(another_browser)
    assert elsewhere.get("/api/v1/me").status_code == 200


def user_of(browser):
    from apps.identity.models import User

    return User.objects.get(pk=browser.user_id)


def test_who_is_unknown_has_no_session_to_end(sso, browser, connection, forger):
    sign_in(browser, connection, forger)

    assert tell(connection, forger.logout_token(sub="another")).status_code == 200

    assert is_in(browser)
    assert sso.audited("sso.signed_out") == []


def test_a_token_counts_once(sso, browser, connection, forger):
    token = forger.logout_token()
    assert tell(connection, token).status_code == 200
    sign_in(browser, connection, forger)

    answer = tell(connection, token)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert is_in(browser)
    with account_scope(sso.account_id):
        assert SpentAssertion.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"iss": "https://evil.example"}, "sso_answer_for_another", "issuer"),
        ({"aud": "another"}, "sso_answer_for_another", "audience"),
        ({"aud": None}, "sso_answer_for_another", "audience"),
        ({"exp": int(time.time()) - 3600}, "sso_answer_expired", None),
        ({"exp": None}, "sso_answer_not_valid", "time"),
        ({"iat": int(time.time()) - 3600}, "sso_answer_expired", None),
        ({"iat": int(time.time()) + 3600}, "sso_answer_not_valid", "time"),
        ({"iat": "now"}, "sso_answer_not_valid", "time"),
        ({"events": None}, "sso_answer_not_valid", "event_missing"),
        ({"events": {"http://schemas.openid.net/event/another": {}}}, "sso_answer_not_valid", None),
        ({"nonce": "n"}, "sso_answer_not_valid", "nonce"),
        ({"jti": None}, "sso_answer_not_valid", "id_missing"),
        ({"sub": None, "sid": "s-1"}, "sso_answer_not_valid", "subject_missing"),
        ({"sub": 7}, "sso_answer_not_valid", "subject_missing"),
    ],
)
def test_tokens_that_do_not_hold_end_nothing(
    sso, browser, connection, forger, changes, code, reason
):
    sign_in(browser, connection, forger, session="s-1")

    answer = tell(connection, forger.logout_token(**changes))

    assert answer.status_code == 400
    assert is_in(browser)
    refusal = sso.audited("sso.refused")[-1].after
    assert refusal["code"] == code
    assert reason in (None, refusal.get("reason"))


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"alg": "none"}, None),
        ({"alg": "HS256"}, None),  # with the public key for a secret
        ({"alg": "HS256"}, OctKey.import_key("s3cret" * 4, {"kid": "one"})),
        ({}, new_key("one", number=2)),
    ],
)
def test_tokens_that_the_provider_did_not_sign_end_nothing(
    sso, browser, connection, forger, header, key
):
    sign_in(browser, connection, forger)
    forger.header, forger.signs_with = header, key

    assert tell(connection, forger.logout_token()).status_code == 400

    assert is_in(browser)
    assert sso.audited("sso.refused")[-1].after["reason"] == "signature"


def test_an_id_token_signs_nobody_out(browser, connection, forger):
    sign_in(browser, connection, forger)

    assert tell(connection, forger.id_token()).status_code == 400

    assert is_in(browser)


def test_a_token_for_another_account_ends_nothing_here(
    sso, browser, connection, forger, api, mallory
):
    """Mallory's own provider, by the same name, says that Carol is signed out."""
    from tests.factories.sso import Sso

    rival = Sso(person=mallory, client=api(mallory), settings=sso.settings)
    rivals = rival.make_active(rival.oidc(forger.issuer))
    sign_in(browser, connection, forger)

    assert tell(rivals, forger.logout_token()).status_code == 200

    assert is_in(browser)


def test_what_is_no_token_is_refused(connection, sso):
    for nonsense in ("", "x", "a.b.c", "x" * 20_000):
        assert tell(connection, nonsense).status_code == 400
    assert tell({"id": uuid.uuid4()}, "x").status_code == 400
    assert Client().get(f"/sso/{connection['id']}/back-channel-logout").status_code == 405


def test_while_the_provider_shows_no_keys_it_may_say_so_again(sso, browser, connection, forger):
    token = forger.logout_token()
    forger.description = {"jwks_uri": f"{forger.issuer}/nothing"}
    cache.clear()  # what is remembered of the provider

    answer = tell(connection, token)

    assert answer.status_code == 503
    with account_scope(sso.account_id):
        assert not SpentAssertion.objects.exists()


def test_the_admin_is_told_the_address(sso, connection):
    ours = connection["ours"]

    assert ours["back_channel_logout_uri"] == (
        f"{sso.settings.PUBLIC_URL}/sso/{connection['id']}/back-channel-logout"
    )
