"""A real mail server on loopback that keeps what it is given, and answers as told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import override_settings


@dataclass
class Mailbox:
    """What was taken. `answer` is said to DATA, `refuse` to each recipient when set."""

    answer: str = "250 taken"
    refuse: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.recipients.append(list(envelope.rcpt_tos))
        return self.answer

    def text_to(self, address: str) -> str:
        """All that was sent to the address, one mail after the other, as text."""
        return "\n".join(
            f"Subject: {mail['Subject']}\n\n{body.get_content()}"
            for mail, recipients in zip(self.mails, self.recipients, strict=True)
            if address in recipients and (body := mail.get_body(("plain",))) is not None
        )

    def last_to(self, address: str) -> EmailMessage | None:
        """The newest mail to the address, if there is one."""
        pairs = zip(reversed(self.mails), reversed(self.recipients), strict=True)
        return next((mail for mail, recipients in pairs if address in recipients), None)


@contextmanager
def mail_server(port: int, **options: str) -> Iterator[Mailbox]:
    """A mail server on this port within the block."""
    box = Mailbox(**options)
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def mailbox(port: int, **options: str) -> Iterator[Mailbox]:
    """Django sends its mail to this server within the block."""
    with (
        mail_server(port, **options) as box,
        override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=port,
            EMAIL_TIMEOUT=5,
        ),
    ):
        yield box
