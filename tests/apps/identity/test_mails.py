from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from apps.core.clock import utc_now
from apps.identity import services
from apps.identity.models import Mail
from tests.factories.identity import Visitor

pytestmark = pytest.mark.django_db


class Inbox:
    """A real mail server on loopback that keeps what it is handed, or refuses it."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.refuse = False

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "451 try again later"
        self.messages.append(envelope.content)
        return "250 taken"


@pytest.fixture
def inbox(settings, unused_tcp_port_number):
    box = Inbox()
    with serve(box, unused_tcp_port_number):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port_number
        yield box


@contextmanager
def serve(box, port):
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def queue(now):
    return services.queue_mail(
        recipient="dora@acme.example", subject="Confirm", text="the link", now=now
    )


def test_signing_up_sends_the_verification_mail(client, inbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            "/_allauth/browser/v1/auth/signup",
            {"email": "dora@acme.example", "password": "a long enough passphrase"},
            content_type="application/json",
        )

    assert len(inbox.messages) == 1
    assert b"/verify-email/" in inbox.messages[0]
    sent = Mail.objects.get()
    assert sent.sent_at is not None
    assert (sent.recipient, sent.text, sent.html) == ("", "", "")


SIGN_UP = "/_allauth/browser/v1/auth/signup"
FORGOT = "/_allauth/browser/v1/auth/password/request"
PASSWORD = "a long enough passphrase"
DORA = {"email": "dora@acme.example", "password": PASSWORD}


@pytest.mark.parametrize(
    ("requests", "subject", "words"),
    [
        ([(SIGN_UP, DORA)], "Confirm your e-mail address", "/verify-email/"),
        (
            [(SIGN_UP, DORA), (FORGOT, {"email": DORA["email"]})],
            "Choose a new password",
            "/reset-password/",
        ),
        (
            [(FORGOT, {"email": "nobody@acme.example"})],
            "There is no login with this address",
            "/signup",
        ),
    ],
)
def test_the_mails_of_logging_in_are_in_our_words(client, requests, subject, words):
    for path, body in requests:
        client.post(path, body, content_type="application/json")
        client.logout()

    mail = Mail.objects.get(subject=subject)
    assert words in mail.text
    assert f'<a href="http://127.0.0.1:8400{words}' in mail.html
    for part in (mail.text, mail.html):
        assert part.rstrip("\n").endswith(("Sent by Headway.", "</html>"))
        assert "Thank you for using" not in part
        assert "example.com" not in part


def test_a_changed_password_is_told_with_where_it_came_from():
    visitor = Visitor("Browser's <b>own</b> & 1").join("dora@acme.example", PASSWORD)

    changed = visitor.post(
        "account/password/change",
        {"current_password": PASSWORD, "new_password": f"{PASSWORD} & another"},
    )

    assert changed.status_code == 200
    mail = Mail.objects.latest("created_at")
    assert "Your password has been changed." in mail.text
    assert "127.0.0.1 (Browser's <b>own</b> & 1)" in mail.text
    assert "<b>" not in mail.html


def test_a_mail_is_sent_once(inbox):
    now = utc_now()
    mail = queue(now)

    assert services.deliver_mail(mail_id=mail.id, now=now) is True
    assert services.deliver_mail(mail_id=mail.id, now=now) is False
    assert len(inbox.messages) == 1


def test_a_refused_mail_is_tried_again_later(inbox, django_capture_on_commit_callbacks):
    now = utc_now()
    mail = queue(now)
    inbox.refuse = True

    assert services.deliver_mail(mail_id=mail.id, now=now) is False

    mail.refresh_from_db()
    assert (mail.attempts, mail.next_attempt_at) == (1, now + timedelta(seconds=20))
    assert services.enqueue_due_mails(now=now + timedelta(seconds=19)) == 0
    inbox.refuse = False
    with django_capture_on_commit_callbacks() as jobs:
        assert services.enqueue_due_mails(now=now + timedelta(seconds=20)) == 1
    assert len(jobs) == 1
    assert services.deliver_mail(mail_id=mail.id, now=now + timedelta(seconds=20)) is True


def test_a_mail_is_given_up_after_eight_tries(inbox):
    now = utc_now()
    mail = queue(now)
    inbox.refuse = True

    for _ in range(8):
        services.deliver_mail(mail_id=mail.id, now=now)
        now += timedelta(hours=1)

    mail.refresh_from_db()
    assert (mail.attempts, mail.next_attempt_at, mail.sent_at) == (8, None, None)
