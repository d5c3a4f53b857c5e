"""Mail to people, as text and HTML, through Django's backend."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from apps.core.mail import as_html, signed
from apps.core.outbound import Outcome, failure
from apps.notifications.messages import Parcel
from apps.notifications.transports.port import BadConfigError, Config, refuse_unknown

MAX_RECIPIENTS = 20
_TAKEN = 250  # what a mail server says of a mail that it has taken over


class EmailTransport:
    """Config: `to`, a list of addresses. Whose they may be is the service's business."""

    def read(self, given: Mapping[str, Any], before: Config | None) -> Config:  # noqa: ARG002
        refuse_unknown(given, {"to"})
        to = given.get("to")
        if not isinstance(to, list) or not 1 <= len(to) <= MAX_RECIPIENTS:
            raise BadConfigError({"to": [f"A list of 1 to {MAX_RECIPIENTS} e-mail addresses."]})
        addresses = [str(address).strip().lower() for address in to]
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                raise BadConfigError({"to": [f"{address!r} is not an e-mail address."]}) from None
        return {"to": list(dict.fromkeys(addresses))}

    def mask(self, config: Config) -> Config:
        return {"to": [_mask(address) for address in config["to"]]}

    def send(self, config: Config, parcel: Parcel) -> Outcome:
        began = time.monotonic()
        outcome = self._send(config["to"], parcel)
        return replace(outcome, duration_ms=round((time.monotonic() - began) * 1000))

    def _send(self, to: list[str], parcel: Parcel) -> Outcome:
        footer = f"Sent by Headway to the channel “{parcel.channel_name}”."
        mail = EmailMultiAlternatives(
            parcel.message.subject,
            signed(parcel.body, footer=footer),
            to=to,
            headers={
                "Auto-Submitted": "auto-generated",  # so that nobody's absence note answers it
                "X-Headway-Delivery": str(parcel.id),
            },
        )
        html = as_html(heading=parcel.message.subject, text=parcel.body, footer=footer)
        mail.attach_alternative(html, "text/html")
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return _refused(code, text)
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, error.smtp_error)
        except TimeoutError:
            return failure("timeout")
        except (smtplib.SMTPException, OSError):
            return failure("unreachable")
        return Outcome(status=_TAKEN, error=None, retryable=False)


def _refused(code: int, text: bytes | str) -> Outcome:
    """Mail servers mean "later" by 4xx and "never" by 5xx, the other way round than HTTP."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    detail = "".join(c if c.isprintable() else " " for c in said)[:300]
    return Outcome(status=code, error=None, retryable=400 <= code < 500, detail=detail)


def _mask(address: str) -> str:
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"
