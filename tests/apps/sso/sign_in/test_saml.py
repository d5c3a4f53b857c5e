"""Signing in by SAML: what samlp says honestly is taken, and what is wrong with it refused."""

import base64
import re
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from apps.identity.models import User
from apps.sso.models import SpentAssertion
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import Member
from tests.factories.sso import Sso, refused, saml_user, say
from tests.idp import path_of, query_of

pytestmark = pytest.mark.django_db
CAROL = saml_user("carol@acme.example")


@pytest.fixture
def idp(saml_place):
    say(saml_place, user=CAROL)
    return saml_place


@pytest.fixture
def connection(sso, idp):
    return sso.make_active(sso.saml(idp))


def answer_of(browser, connection):
    """Begin, and return where the provider's answer would be posted, and the answer's XML."""
    url, fields = browser.visitor.saml_response(browser.begin(connection))
    return url, base64.b64decode(fields["SAMLResponse"]).decode()


def post(browser, url, xml):
    return browser.post_saml(url, {"SAMLResponse": base64.b64encode(xml.encode()).decode()})


def test_somebody_new_signs_in(sso, browser, connection):
    there = browser.sign_in_by_saml(connection, next="/w/anywhere")

    assert there == f"{sso.settings.PUBLIC_URL}/w/anywhere"
    carol = User.objects.get(email="carol@acme.example")
    assert carol.name == "Carol"
    assert browser.user_id == str(carol.id)
    assert Member.objects.get(account_id=sso.account_id, user=carol).source == "SSO"


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ({"key": "rogue"}, "sso_answer_not_valid", "signature"),
        ({"options": {"signAssertion": False}}, "sso_answer_not_valid", "not_signed"),
        (
            {"options": {"signAssertion": False, "signResponse": True}},
            "sso_answer_not_valid",
            "not_signed",
        ),
        ({"options": {"signatureAlgorithm": "rsa-sha1"}}, "sso_answer_not_valid", "signature"),
        ({"options": {"digestAlgorithm": "sha1"}}, "sso_answer_not_valid", "signature"),
        ({"options": {"audience": "https://other.example"}}, "sso_answer_for_another", "audience"),
        ({"options": {"recipient": "https://x.example"}}, "sso_answer_for_another", "recipient"),
        (
            {"options": {"destination": "https://other.example/acs"}},
            "sso_answer_for_another",
            "destination",
        ),
        ({"issuer": "https://other.example"}, "sso_answer_for_another", "issuer"),
        ({"options": {"lifetimeInSeconds": -600}}, "sso_answer_expired", None),
        ({"options": {"inResponseTo": "_another"}}, "sso_attempt_not_valid", None),
        (
            {
                "user": {
                    **CAROL,
                    "nameIdFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
                }
            },
            "sso_answer_not_valid",
            "subject_transient",
        ),
        ({"user": saml_user("carol@evil.example")}, "sso_address_not_allowed", None),
        ({"user": {"nameId": "carol", "attributes": {"name": "C"}}}, "sso_address_missing", None),
    ],
)
def test_what_is_wrong_with_an_answer_is_found(
    sso, browser, idp, connection, options, code, reason
):
    say(idp, **({"user": CAROL} | options))

    there = browser.sign_in_by_saml(connection)

    assert refused(there) == code
    assert query_of(there).get("reason") == reason
    assert browser.user_id is None
    assert not User.objects.filter(email__startswith="carol").exists()
    assert sso.audited("sso.refused")[-1].after["code"] == code


def test_an_encrypted_assertion_is_read(sso, browser, idp, connection):
    certificate = sso.stored(connection).certificate
    public_key = (
        x509.load_pem_x509_certificate(certificate.encode())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    say(idp, user=CAROL, options={"encryptionCert": certificate, "encryptionPublicKey": public_key})
    url, xml = answer_of(browser, connection)
    assert "carol" not in xml

    assert "/sso/error" not in post(browser, url, xml)


def test_a_changed_word_breaks_the_signature(browser, connection):
    url, xml = answer_of(browser, connection)

    there = post(browser, url, xml.replace("carol@acme.example", "alice@acme.example"))

    assert refused(there) == "sso_answer_not_valid"
    assert query_of(there)["reason"] == "signature"


def test_a_second_assertion_wrapped_around_the_signed_one_is_refused(browser, connection):
    url, xml = answer_of(browser, connection)
    signed = re.search(r"<saml:Assertion.*</saml:Assertion>", xml, re.DOTALL)[0]
    forged = re.sub(r"<(ds:)?Signature.*</(ds:)?Signature>", "", signed, flags=re.DOTALL)
    forged = re.sub(r'ID="[^"]*"', 'ID="_forged"', forged, count=1).replace("carol@", "alice@")

    there = post(browser, url, xml.replace(signed, forged + signed))

    assert refused(there) == "sso_answer_not_valid"


def test_a_comment_inside_the_address_cuts_nothing_off(sso, browser, idp, connection):
    say(idp, user=saml_user("carol@acme.example.evil.example"))
    url, xml = answer_of(browser, connection)

    there = post(browser, url, xml.replace("acme.example.evil", "acme.example<!-- -->.evil"))

    # Exclusive canonical XML ignores comments, so the signature holds; what counts is what we read.
    assert refused(there) == "sso_address_not_allowed"
    assert browser.user_id is None


def test_documents_with_entities_are_not_read(browser, connection):
    url, xml = answer_of(browser, connection)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'

    assert refused(post(browser, url, bomb + xml)) == "sso_answer_not_valid"


@pytest.mark.parametrize("text", ["", "no xml", "<a/>", "<samlp:Response/>", "é€"])
def test_what_is_no_saml_is_refused(browser, connection, text):
    browser.begin(connection)

    there = post(browser, connection["ours"]["acs_url"], text)

    assert refused(there) in {"sso_answer_not_valid", "sso_attempt_not_valid"}


def test_an_answer_counts_once(browser, connection):
    url, xml = answer_of(browser, connection)
    assert "/sso/error" not in post(browser, url, xml)
    browser.client.logout()

    assert refused(post(browser, url, xml)) == "sso_attempt_not_valid"
    assert browser.user_id is None


def test_an_answer_that_nobody_asked_for_is_refused(sso, browser, idp, connection):
    encoded = initiated(idp, connection)

    there = browser.post_saml(connection["ours"]["acs_url"], {"SAMLResponse": encoded})

    assert refused(there) == "sso_attempt_not_valid"


def initiated(idp, connection):
    ours = connection["ours"]
    answer = httpx2.get(
        f"{idp}/initiate",
        params={"acs": ours["acs_url"], "audience": ours["entity_id"]},
        trust_env=False,
    )
    assert answer.status_code == 200
    return answer.text


def test_the_provider_may_begin_where_the_connection_says_so_and_once(sso, browser, idp):
    connection = sso.make_active(sso.saml(idp, {"allow_provider_initiated": True}))
    encoded = initiated(idp, connection)
    url = connection["ours"]["acs_url"]

    there = browser.post_saml(url, {"SAMLResponse": encoded})

    assert there == f"{sso.settings.PUBLIC_URL}/"
    assert browser.user_id == str(User.objects.get(email="carol@acme.example").id)
    browser.client.logout()
    assert refused(browser.post_saml(url, {"SAMLResponse": encoded})) == "sso_answer_replayed"
    assert browser.user_id is None


def test_a_begun_answer_cannot_be_passed_off_as_one_that_was_not(sso, browser, idp):
    """Only the assertion is signed: what it answers must be read from inside of it."""
    connection = sso.make_active(sso.saml(idp, {"allow_provider_initiated": True}))
    url, xml = answer_of(browser, connection)
    head, tail = xml.split("<saml:Assertion", 1)

    there = post(
        browser, url, re.sub(r' InResponseTo="[^"]*"', "", head) + "<saml:Assertion" + tail
    )

    assert refused(there) == "sso_attempt_not_valid"


def test_an_unasked_assertion_cannot_be_slipped_into_a_sign_in(sso, browser, idp):
    connection = sso.make_active(sso.saml(idp, {"allow_provider_initiated": True}))
    url, asked = answer_of(browser, connection)
    request_id = re.search(r'InResponseTo="([^"]*)"', asked)[1]
    unasked = base64.b64decode(initiated(idp, connection)).decode()

    there = post(
        browser,
        url,
        unasked.replace("<samlp:Response ", f'<samlp:Response InResponseTo="{request_id}" ', 1),
    )

    assert refused(there) == "sso_attempt_not_valid"


def test_an_answer_finishes_in_the_browser_that_began(browser, connection):
    url, xml = answer_of(browser, connection)
    browser.client = Client()

    assert refused(post(browser, url, xml)) == "sso_attempt_not_valid"
    assert browser.user_id is None


def test_the_handle_of_an_answer_works_once(browser, connection):
    url, xml = answer_of(browser, connection)
    encoded = base64.b64encode(xml.encode()).decode()
    there = Client().post(path_of(url), {"SAMLResponse": encoded})["Location"]
    browser.come_back(there)
    browser.client.logout()

    assert refused(browser.come_back(there)) == "sso_attempt_not_valid"


def test_an_answer_for_another_account_is_refused(
    sso, browser, idp, connection, api, mallory, settings
):
    rival = Sso(person=mallory, client=api(mallory), settings=settings)
    rival.own("rival.example")
    theirs = rival.make_active(rival.saml(idp))
    url, xml = answer_of(browser, connection)

    there = post(browser, url.replace(connection["id"], theirs["id"]), xml)

    assert refused(there) == "sso_attempt_not_valid"
    assert browser.user_id is None
    assert rival.audited("sso.refused")
    assert not sso.audited("sso.refused")


def test_an_unasked_answer_for_another_account_is_refused(
    sso, browser, idp, connection, api, mallory, settings
):
    rival = Sso(person=mallory, client=api(mallory), settings=settings)
    rival.own("rival.example")
    theirs = rival.make_active(rival.saml(idp, {"allow_provider_initiated": True}))

    there = browser.post_saml(
        theirs["ours"]["acs_url"], {"SAMLResponse": initiated(idp, connection)}
    )

    assert refused(there) == "sso_answer_for_another"
    assert browser.user_id is None


def test_keys_roll_over_by_the_providers_metadata(sso, browser, idp, connection):
    say(idp, user=CAROL, key="next")
    with account_scope(sso.account_id):
        type(sso.stored(connection)).objects.filter(pk=connection["id"]).update(
            metadata_fetched_at="2026-01-01T00:00Z"
        )

    there = browser.sign_in_by_saml(connection)

    assert there == f"{sso.settings.PUBLIC_URL}/"
    assert sso.stored(connection).activated_at is not None
    assert len(sso.audited("sso.metadata_changed")) == 1


def test_several_keys_hold_side_by_side(sso, browser, idp):
    old = httpx2.get(f"{idp}/metadata", trust_env=False).text
    say(idp, user=CAROL, key="next")
    new = httpx2.get(f"{idp}/metadata", trust_env=False).text
    certificates = [re.search(r"X509Certificate>([^<]+)<", text)[1].strip() for text in (old, new)]
    sso.reach(idp)
    connection = sso.make_active(
        sso.create(
            "SAML",
            {
                "entity_id": f"{idp}/metadata",
                "sso_url": f"{idp}/sso",
                "certificates": certificates,
            },
        )
    )
    assert len(connection["certificates"]) == 2

    for key in ("idp", "next"):
        say(idp, user=CAROL, key=key)
        assert "/sso/error" not in browser.sign_in_by_saml(connection)
        browser.client.logout()


def test_metadata_of_another_provider_changes_nothing(sso, browser, idp, connection):
    say(idp, user=CAROL, key="rogue", metadataIssuer="https://other.example")
    with account_scope(sso.account_id):
        type(sso.stored(connection)).objects.filter(pk=connection["id"]).update(
            metadata_fetched_at="2026-01-01T00:00Z"
        )

    there = browser.sign_in_by_saml(connection)

    assert refused(there) == "sso_answer_not_valid"
    assert len(sso.stored(connection).settings["certificates"]) == 1


def test_our_metadata_can_be_read_by_who_sets_up_the_provider(client, connection):
    answer = client.get(urlsplit(connection["ours"]["metadata_url"]).path)

    assert answer.status_code == 200
    assert connection["ours"]["acs_url"].encode() in answer.content
    assert connection["ours"]["entity_id"].encode() in answer.content


def test_used_assertions_are_kept_until_they_are_worth_nothing(sso, browser, connection):
    browser.sign_in_by_saml(connection)

    with account_scope(sso.account_id):
        spent = SpentAssertion.objects.get()
    assert (spent.expires_at - spent.created_at).total_seconds() > 3600


def participant(sso, connection):
    return {
        "serviceProviderId": connection["ours"]["entity_id"],
        "nameId": CAROL["nameId"],
        "nameIdFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "sessionIndex": "session-1",
        "serviceProviderLogoutURL": connection["ours"]["sls_url"],
        "cert": sso.stored(connection).certificate,
    }


def test_sign_out_ends_the_providers_session_too(sso, browser, idp, connection):
    browser.sign_in_by_saml(connection)
    say(idp, user=CAROL, participants=[participant(sso, connection)])

    url = browser.client.post("/api/v1/sso/sign-out").json()["url"]
    assert browser.user_id is None
    # samlp checks our signature before it answers.
    answer = browser.visitor.client.get(url)

    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(connection["ours"]["sls_url"])
    there = browser.come_back(answer.headers["Location"])
    assert urlsplit(there).path == "/login"


def test_the_provider_ends_our_session(sso, browser, idp, connection):
    browser.sign_in_by_saml(connection)
    say(idp, user=CAROL, participants=[participant(sso, connection)])
    asked = browser.visitor.client.get(f"{idp}/slo").headers["Location"]

    there = browser.come_back(asked)

    assert there.startswith(f"{idp}/slo?SAMLResponse=")
    assert browser.user_id is None


@pytest.mark.parametrize("key", ["unsigned", "rogue"])
def test_nobody_else_ends_our_session(sso, browser, idp, connection, key):
    browser.sign_in_by_saml(connection)
    signer = "rogue" if key == "rogue" else "idp"
    say(idp, user=CAROL, key=signer, participants=[participant(sso, connection)])
    asked = browser.visitor.client.get(f"{idp}/slo").headers["Location"]
    if key == "unsigned":
        asked = re.sub(r"&(SigAlg|Signature)=[^&]*", "", asked)

    there = browser.come_back(asked)

    assert refused(there) == "sso_answer_not_valid"
    assert browser.user_id is not None
