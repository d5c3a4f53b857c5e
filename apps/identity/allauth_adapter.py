"""What allauth sends goes through our mail queue instead of the request's own time."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError

from apps.core.clock import utc_now
from apps.identity import services

MAX_EMAIL_LENGTH = 254  # what a column holds, and RFC 5321 lets be delivered


class QueuedMailAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth ships no types
    def clean_email(self, email: str) -> str:
        if len(email) > MAX_EMAIL_LENGTH:
            raise ValidationError("This address is too long.")
        return str(super().clean_email(email))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        message = self.render_mail(template_prefix, email, context)
        services.queue_mail(
            recipient=email, subject=message.subject, text=message.body, now=utc_now()
        )
