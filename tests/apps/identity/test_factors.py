"""Second factors: codes of an app, recovery codes, and what a session proves by them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
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


@pytest.fixture
def clock(monkeypatch):
    """Seconds of the clock that codes are checked by; it stands still unless it is moved."""
    moment = SimpleNamespace(seconds=1_800_000_015)
    monkeypatch.setattr(totp, "time", SimpleNamespace(time=lambda: moment.seconds))
    return moment


def sign_in(code):
    visitor = Visitor()
    visitor.log_in(DORA)
    return visitor.post("auth/2fa/authenticate", {"code": code}).status_code


@pytest.mark.parametrize(
    ("steps_off", "status"), [(-2, 400), (-1, 200), (0, 200), (1, 200), (2, 400)]
)
def test_the_clock_of_a_phone_may_be_a_step_off(dora, clock, steps_off, status):
    app = dora.set_up_app()

    assert sign_in(app.code(steps_off=steps_off)) == status


def test_a_used_code_is_refused_for_as_long_as_it_would_be_valid(dora, clock):
    app = dora.set_up_app()
    code, earlier = app.code(steps_off=1), app.code()
    assert sign_in(code) == 200

    for _ in range(3):
        cache.clear()
        assert sign_in(code) == sign_in(earlier) == 400
        clock.seconds += 30

    assert sign_in(app.code()) == 200


def test_of_two_browsers_with_one_code_one_is_let_in(dora, clock):
    app = dora.set_up_app()
    [factor] = Authenticator.objects.filter(type="totp")
    first, second = factor.wrap(), Authenticator.objects.get(pk=factor.pk).wrap()

    assert [each.validate_code(app.code()) for each in (first, second)] == [True, False]


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
