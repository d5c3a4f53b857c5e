"""Second factors: codes of an app, recovery codes, and what a session proves by them."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.test import RequestFactory

from apps.core import cipher
from apps.identity.models import User
from apps.identity.sessions import session_facts
from tests.factories.identity import (
    AuthenticatorApp,
    Visitor,
    letters_to,
    pending,
    subjects_to,
)

# The mails and signals of allauth's factors wait for a real commit.
pytestmark = pytest.mark.django_db(transaction=True)

DORA = "dora@acme.example"


@pytest.fixture(autouse=True)
def no_codes_used():
    cache.clear()  # which codes were used is remembered for as long as they are valid


@pytest.fixture
def dora() -> Visitor:
    visitor = Visitor().join(DORA)
    visitor.confirm_password()
    return visitor


def facts_of(visitor):
    request = RequestFactory().get("/")
    request.session = visitor.client.session
    request.user = User.objects.get(email=DORA)
    return session_facts(request)


def recovery_codes(visitor) -> list[str]:
    return visitor.get("account/authenticators/recovery-codes").json()["data"]["unused_codes"]


def test_a_factor_is_asked_for_after_the_password(dora):
    app = dora.set_up_app()
    elsewhere = Visitor()

    half = elsewhere.log_in(DORA)

    assert half.status_code == 401
    assert pending(half) == ["mfa_authenticate"]
    assert not elsewhere.is_in()
    assert elsewhere.post("auth/2fa/authenticate", {"code": app.code()}).status_code == 200
    assert elsewhere.is_in()


def test_a_code_of_the_app_works_once(dora):
    app = dora.set_up_app()
    code = app.code()
    first, second = Visitor(), Visitor()
    for visitor in (first, second):
        visitor.log_in(DORA)

    assert first.post("auth/2fa/authenticate", {"code": code}).status_code == 200
    again = second.post("auth/2fa/authenticate", {"code": code})

    assert again.status_code == 400
    assert again.json()["errors"][0]["code"] == "incorrect_code"
    assert not second.is_in()


def test_a_recovery_code_works_once_and_its_use_is_told(dora):
    dora.set_up_app()
    code, *others = recovery_codes(dora)
    first, second = Visitor(), Visitor()
    for visitor in (first, second):
        visitor.log_in(DORA)

    assert first.post("auth/2fa/authenticate", {"code": code}).status_code == 200
    assert second.post("auth/2fa/authenticate", {"code": code}).status_code == 400
    assert second.post("auth/2fa/authenticate", {"code": others[0]}).status_code == 200


def test_recovery_codes_are_shown_once(dora):
    dora.set_up_app()
    assert len(recovery_codes(dora)) == 10

    again = dora.get("account/authenticators/recovery-codes").json()["data"]

    assert "unused_codes" not in again
    assert again["unused_code_count"] == 10


def test_secrets_of_factors_are_unreadable_at_rest_and_move_to_a_new_key(dora, settings):
    app = dora.set_up_app()
    [code, *_] = recovery_codes(dora)
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert app.secret not in stored
    assert cipher.decrypt(stored.encode()).decode() == app.secret
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]

    assert cipher.reencrypt() == (2, 2)
    assert cipher.reencrypt() == (2, 0)
    settings.ENCRYPTION_KEYS = [new]

    for proof in (app.code(), code):
        visitor = Visitor()
        visitor.log_in(DORA)
        assert visitor.post("auth/2fa/authenticate", {"code": proof}).status_code == 200


def test_changing_factors_needs_a_fresh_proof():
    visitor = Visitor().join(DORA)
    app = AuthenticatorApp(
        visitor.get("account/authenticators/totp").json()["meta"]["secret"],
    )

    refused = visitor.post("account/authenticators/totp", {"code": app.code()})

    assert refused.status_code == 401
    assert refused.json()["meta"]["is_authenticated"] is True
    assert {flow["id"] for flow in refused.json()["data"]["flows"]} == {"reauthenticate"}
    assert not Authenticator.objects.exists()


def test_a_session_counts_as_strong_once_a_factor_is_shown_and_not_after_it_is_gone(dora):
    before = facts_of(dora)
    assert (before.mfa, before.methods) == (False, ("password",))
    assert before.signed_in_at is not None

    dora.set_up_app()
    assert facts_of(dora).mfa is True  # they have just shown that they hold it

    assert dora.call("DELETE", "account/authenticators/totp").status_code == 200
    assert facts_of(dora).mfa is False


def test_a_session_without_the_factor_does_not_count_as_strong(dora):
    earlier = Visitor()
    earlier.log_in(DORA)

    app = dora.set_up_app()
    later = Visitor()
    later.log_in(DORA)
    later.post("auth/2fa/authenticate", {"code": app.code()})

    assert facts_of(earlier).mfa is False
    assert facts_of(later).mfa is True
    assert facts_of(later).methods == ("password", "totp")


def test_each_change_of_factors_is_told_by_mail(dora):
    before = len(subjects_to(DORA))
    dora.set_up_app()
    code, *_ = recovery_codes(dora)
    visitor = Visitor()
    visitor.log_in(DORA)
    visitor.post("auth/2fa/authenticate", {"code": code})
    assert "9 are left" in letters_to(DORA)[-2].text
    dora.post("account/authenticators/recovery-codes")
    dora.call("DELETE", "account/authenticators/totp")

    assert subjects_to(DORA)[before:] == [
        "Authenticator app set up",
        "A recovery code was used",
        "New sign-in",
        "New recovery codes",
        "Authenticator app removed",
    ]
