"""Pure: what is sent, before a transport gives it its form."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

MAX_SUBJECT_LENGTH = 300
MAX_BODY_LENGTH = 64 * 1024
_CUT = "\n… (cut)"
_KEPT_CONTROLS = frozenset("\n\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Plain text: a line and a body. Transports escape; a message holds no markup of its own."""

    subject: str
    body: str

    def cleaned(self) -> Message:
        """Return what may be stored and sent: one line, no control characters, bounded."""
        body = "".join(
            c for c in self.body.replace("\r\n", "\n") if c in _KEPT_CONTROLS or c.isprintable()
        )
        if len(body) > MAX_BODY_LENGTH:
            body = body[: MAX_BODY_LENGTH - len(_CUT)] + _CUT
        # Collapsed, because a subject with a line break is a second mail header.
        subject = " ".join(self.subject.split())
        subject = "".join(c for c in subject if c.isprintable())
        return Message(subject=subject[:MAX_SUBJECT_LENGTH], body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A message on its way: what receivers may use to tell repeats apart."""

    id: uuid.UUID  # of the delivery; the same at every try
    message: Message
    channel_name: str
    workspace_id: uuid.UUID
    sent_at: datetime
    # An earlier try was cut off half-way, so the receiver may have it already.
    may_repeat: bool

    @property
    def body(self) -> str:
        if not self.may_repeat:
            return self.message.body
        return (
            f"{self.message.body}\n\n"
            "(Sent again: an earlier try was interrupted and may have reached you.)"
        )
