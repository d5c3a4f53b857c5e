"""No answer tells whether an address is known: not by its status, its body or its time."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from apps.identity import middleware
from apps.identity.models import User
from tests.factories.identity import PASSWORD, Visitor, last_letter_to, pending, subjects_to

pytestmark = pytest.mark.django_db

KNOWN, UNKNOWN = "dora@acme.example", "nobody@acme.example"


@pytest.fixture
def hashed(monkeypatch):
    """What makes the time of an answer: the passwords that were hashed for it."""
    seen = []
    encode = MD5PasswordHasher.encode

    def counting(self, password, salt):
        seen.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    return seen


@pytest.fixture
def dora():
    Visitor().join(KNOWN)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("auth/signup", {"password": "another long passphrase"}),
        ("auth/password/request", {}),
        ("auth/login", {"password": "not the password at all"}),
    ],
)
def test_a_known_address_is_answered_like_an_unknown_one(dora, path, body):
    known, unknown = (Visitor().post(path, body | {"email": email}) for email in (KNOWN, UNKNOWN))

    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    for header in ("Content-Type", "Retry-After", "Location"):
        assert known.headers.get(header) == unknown.headers.get(header)
    assert sorted(known.cookies) == sorted(unknown.cookies)


@pytest.mark.parametrize(
    ("path", "body"),
    [("auth/signup", {"password": PASSWORD}), ("auth/login", {"password": "not the password"})],
)
def test_a_known_address_costs_as_many_hashes_as_an_unknown_one(dora, hashed, path, body):
    counted = []
    for email in (KNOWN, UNKNOWN):
        hashed.clear()
        Visitor().post(path, body | {"email": email})
        counted.append(len(hashed))

    assert counted[0] == counted[1] > 0


def test_the_owner_of_a_known_address_is_told_and_nothing_is_made(dora):
    before = User.objects.get(email=KNOWN).password

    answer = Visitor().sign_up(KNOWN, "another long passphrase")

    assert answer.status_code == 401
    assert pending(answer) == ["verify_email"]
    assert User.objects.filter(email__iexact=KNOWN).count() == 1
    assert User.objects.get(email=KNOWN).password == before
    assert subjects_to(KNOWN)[-1] == "You already have a login here"
    assert "/reset-password" in last_letter_to(KNOWN).text


def test_after_signing_up_nobody_is_in_before_the_address_is_confirmed():
    visitor = Visitor()

    visitor.sign_up(KNOWN)
    assert not visitor.is_in()
    assert pending(visitor.log_in(KNOWN)) == ["verify_email"]
    elsewhere = Visitor()
    elsewhere.confirm(KNOWN)

    assert not elsewhere.is_in()  # the mail alone signs nobody in
    assert elsewhere.log_in(KNOWN, PASSWORD).status_code == 200


def test_the_answer_of_signing_up_takes_a_steady_time(settings, monkeypatch):
    settings.STEADY_ANSWER_SECONDS = 30.0
    naps = []
    monkeypatch.setattr(middleware.time, "sleep", naps.append)

    Visitor().sign_up(UNKNOWN)
    Visitor().post("auth/password/request", {"email": UNKNOWN})
    Visitor().log_in(KNOWN)
    Visitor().sign_up("not an address")

    assert len(naps) == 3
    assert all(20.0 < nap < 30.0 for nap in naps)
