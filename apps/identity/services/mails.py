"""Mails to people: stored with the change that causes them, sent by Celery, retried by the row."""

from __future__ import annotations

import smtplib
import uuid
from datetime import datetime, timedelta

import structlog
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from apps.core.jobs import enqueue_on_commit
from apps.core.mail import as_html, signed
from apps.identity.backoff import next_delay
from apps.identity.models import Mail

logger = structlog.get_logger(__name__)
SEND_TASK = "identity.send_mail"
FOOTER = "Sent by Headway."
# A worker that died while sending leaves the row; the next one may take it after this long.
ATTEMPT_WINDOW = timedelta(minutes=3)
DUE_BATCH = 100


@transaction.atomic
def queue_mail(*, recipient: str, subject: str, text: str, now: datetime) -> Mail:
    """Store the mail, as text and as HTML of the same words, and send it with the commit."""
    mail = Mail.objects.create(
        recipient=recipient,
        subject=subject,
        text=signed(text, footer=FOOTER),
        html=as_html(heading=subject, text=text, footer=FOOTER),
        next_attempt_at=now,
    )
    enqueue_on_commit(SEND_TASK, mail_id=str(mail.id))
    return mail


def deliver_mail(*, mail_id: uuid.UUID, now: datetime) -> bool:
    """
    Try once to hand the mail to the mail server; return whether it was taken.

    Two workers never send the same mail at once: the attempt is claimed by a conditional UPDATE.
    """
    claimed = Mail.objects.filter(pk=mail_id).due(now).update(next_attempt_at=now + ATTEMPT_WINDOW)
    if not claimed:
        return False
    mail = Mail.objects.get(pk=mail_id)
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.recipient])
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    attempts = mail.attempts + 1
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        delay = next_delay(attempts)
        Mail.objects.filter(pk=mail_id).update(
            attempts=attempts,
            next_attempt_at=now + delay if delay else None,
            last_error=type(error).__name__,
        )
        logger.warning("mail.failed", mail_id=str(mail_id), attempts=attempts, error=repr(error))
        return False
    # The link inside is a credential: it does not stay in our tables once it was delivered, nor
    # does the address, which its person may want forgotten.
    Mail.objects.filter(pk=mail_id).update(
        attempts=attempts,
        next_attempt_at=None,
        sent_at=now,
        recipient="",
        text="",
        html="",
        last_error="",
    )
    logger.info("mail.sent", mail_id=str(mail_id), attempts=attempts)
    return True


def enqueue_due_mails(*, now: datetime) -> int:
    """Enqueue mails whose next attempt has come; return how many."""
    ids = list(
        Mail.objects.due(now)
        .order_by("next_attempt_at", "id")
        .values_list("id", flat=True)[:DUE_BATCH]
    )
    for mail_id in ids:
        enqueue_on_commit(SEND_TASK, mail_id=str(mail_id))
    return len(ids)
