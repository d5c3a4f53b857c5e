import re

import pytest
from django.core.cache import cache

from apps.identity import throttling
from tests.factories.identity import PASSWORD, Visitor

pytestmark = pytest.mark.django_db

DORA = "dora@acme.example"


@pytest.fixture(autouse=True)
def limits(settings):
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = {
        "login_failed": "3/5m/key",
        "signup": "2/m/ip",
        "reset_password": "2/m/key",
    }
    yield
    cache.clear()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (1.2, "2 seconds"),
        (59.5, "60 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (300, "5 minutes"),
    ],
)
def test_a_wait_is_said_in_words(seconds, words):
    assert throttling.in_words(seconds) == words


@pytest.mark.parametrize("email", [DORA, "nobody@acme.example"])
def test_failed_logins_are_slowed_down_and_told_for_how_long(email):
    Visitor().join(DORA)
    visitor = Visitor()
    for _ in range(3):
        assert error_of(visitor.log_in(email, "wrong")) == "email_password_mismatch"

    refused = Visitor().log_in(email, PASSWORD)  # another browser, and even the right password

    assert error_of(refused) == "too_many_login_attempts"
    message = refused.json()["errors"][0]["message"]
    assert re.fullmatch(r"Too many failed tries\. Try again in [45] minutes\.", message)


def test_a_success_does_not_count_as_a_failure():
    Visitor().join(DORA)

    for _ in range(5):
        assert Visitor().log_in(DORA).status_code == 200


@pytest.mark.parametrize("path", ["auth/signup", "auth/password/request"])
def test_too_many_requests_say_when_to_come_back(path):
    visitor = Visitor()
    body = {"email": DORA, "password": PASSWORD}
    for _ in range(2):
        assert visitor.post(path, body).status_code in (200, 401)

    refused = visitor.post(path, body)

    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert error_of(refused) == "rate_limited"
    assert "Try again in" in refused.json()["errors"][0]["message"]


def test_guesses_of_a_second_factor_are_slowed_down():
    visitor = Visitor().join(DORA)
    visitor.confirm_password()
    visitor.set_up_app()
    visitor.log_out()
    visitor.log_in(DORA)
    for _ in range(3):
        assert error_of(visitor.post("auth/2fa/authenticate", {"code": "1"})) == "incorrect_code"

    refused = visitor.post("auth/2fa/authenticate", {"code": "1"})

    assert error_of(refused) == "too_many_login_attempts"
    assert re.search(r"in [45] minutes", refused.json()["errors"][0]["message"])


def error_of(answer):
    return answer.json()["errors"][0]["code"]
