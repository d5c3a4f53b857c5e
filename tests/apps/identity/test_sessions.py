"""The list of sessions: what it says, and what ending one does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.identity import devices, services, sessions
from apps.identity.models import User
from tests.factories.identity import PASSWORD, Visitor, subjects_to

pytestmark = pytest.mark.django_db

DORA = "dora@acme.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(autouse=True)
def nothing_noted(monkeypatch):
    monkeypatch.setattr(sessions, "_noted", {})


@pytest.fixture
def laptop():
    return Visitor(FIREFOX, "192.0.2.7").join(DORA)


@pytest.fixture
def phone(laptop):
    visitor = Visitor(PHONE, "198.51.100.1")
    assert visitor.log_in(DORA).status_code == 200
    return visitor


def list_of(visitor):
    return visitor.get("auth/sessions").json()["data"]


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "an unknown program"),
    ],
)
def test_a_browser_is_called_by_its_name(user_agent, words):
    assert devices.describe(user_agent) == words


def test_sessions_are_listed_with_device_and_address(laptop, phone):
    listed = {each["ip"]: each for each in list_of(laptop)}

    assert set(listed) == {"192.0.2.7", "198.51.100.1"}
    assert listed["192.0.2.7"]["is_current"] is True
    assert listed["198.51.100.1"]["is_current"] is False
    assert listed["198.51.100.1"]["user_agent"] == PHONE


def test_an_ended_session_is_over_at_once(laptop, phone):
    [other] = [each["id"] for each in list_of(laptop) if not each["is_current"]]

    laptop.call("DELETE", "auth/sessions", {"sessions": [other]})

    assert not phone.is_in()
    assert laptop.is_in()
    assert len(list_of(laptop)) == 1


def test_nobody_ends_sessions_of_others(laptop):
    stranger = Visitor().join("mallory@rival.example")
    [own] = [each["id"] for each in list_of(laptop)]

    refused = stranger.call("DELETE", "auth/sessions", {"sessions": [own]})

    assert refused.status_code == 400
    assert laptop.is_in()


def test_a_changed_password_ends_the_other_sessions(laptop, phone):
    answer = laptop.post(
        "account/password/change",
        {"current_password": PASSWORD, "new_password": "another long passphrase"},
    )

    assert answer.status_code == 200
    assert laptop.is_in()
    assert not phone.is_in()


def test_the_last_use_is_written_once_a_minute(laptop):
    UserSession.objects.update(last_seen_at=utc_now() - timedelta(hours=1))
    sessions._noted.clear()

    for _ in range(3):
        laptop.get("/api/v1/me")

    seen = UserSession.objects.get()
    assert utc_now() - seen.last_seen_at < timedelta(minutes=1)
    with CaptureQueriesContext(connection) as asked:
        laptop.get("/api/v1/me")
    assert not [each["sql"] for each in asked if "usersessions" in each["sql"]]


def test_a_sign_in_from_a_new_browser_is_told_and_from_a_known_one_not(laptop):
    told = lambda: subjects_to(DORA).count("New sign-in")  # noqa: E731
    assert told() == 0  # the first browser is the one that signed up
    laptop.log_out()
    laptop.log_in(DORA)
    assert told() == 0

    phone = Visitor(PHONE)
    phone.log_in(DORA)
    assert told() == 1
    phone.log_out()
    phone.log_in(DORA)
    assert told() == 1


def test_what_a_browser_carries_names_nobody_and_cannot_be_forged(laptop):
    user = User.objects.get(email=DORA)
    cookie = laptop.client.cookies[devices.COOKIE].value
    assert str(user.pk) not in cookie
    assert user.email not in cookie

    forged = Visitor(PHONE)
    forged.client.cookies[devices.COOKIE] = cookie[:-3] + "abc"
    forged.log_in(DORA)

    assert subjects_to(DORA)[-1] == "New sign-in"


def test_sessions_whose_time_is_over_are_dropped(laptop, phone):
    [current] = [each["id"] for each in list_of(laptop) if each["is_current"]]
    UserSession.objects.exclude(pk=current).update(last_seen_at=utc_now() - timedelta(days=15))
    Visitor().get("auth/webauthn/login")  # a visitor's, for a question that was never answered
    own = laptop.client.session.session_key
    others = Session.objects.exclude(session_key=own)
    assert others.update(expire_date=utc_now()) == 2

    assert services.drop_ended_sessions(now=utc_now()) == 1

    assert laptop.is_in()
    assert list(Session.objects.values_list("session_key", flat=True)) == [own]
