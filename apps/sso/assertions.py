"""Pure: what a provider says of somebody, whichever protocol it says it in."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_ADDRESS_LENGTH = 254
MAX_SUBJECT_LENGTH = 512
MAX_GROUPS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """What the provider vouches for. `email` is in lower case, or empty."""

    subject: str
    email: str
    email_confirmed: bool | None  # None: the provider does not say
    name: str
    groups: tuple[str, ...] | None  # None: it has groups and did not send them
    claims: Mapping[str, Any]  # everything it sent, for the admin who tests
    # What signing out there needs, and by what it signs out here: the ID token and the provider's
    # session, or the SAML name and session index.
    sign_out: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "email": self.email,
            "email_confirmed": self.email_confirmed,
            "name": self.name,
            "groups": None if self.groups is None else list(self.groups),
            "claims": dict(self.claims),
            "sign_out": dict(self.sign_out),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Asserted:
        groups = stored["groups"]
        return cls(**{**stored, "groups": None if groups is None else tuple(groups)})


def domain_of(email: str) -> str:
    """
    Return the mail domain of the address as name servers know it, or "" for what is no address.

    SECURITY: exactly one @, nothing quoted, nothing invisible: what we read must be what everybody
    else reads.
    """
    local, _, domain = email.partition("@")
    if not local or "@" in domain or not is_plain(email):
        return ""
    return as_domain(domain)


def as_domain(text: str) -> str:
    """Return the name in lower case and in ASCII (punycode), or "" for what is no domain name."""
    try:
        name = text.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    labels = name.split(".")
    sound = all(
        label
        and len(label) <= 63
        and label.replace("-", "a").isalnum()
        and label[0] != "-"
        and label[-1] != "-"
        for label in labels
    )
    return name if sound and len(labels) > 1 and len(name) <= 253 and name.isascii() else ""


def is_plain(text: str) -> bool:
    """Say whether the text has no blanks, quotes, or characters that cannot be seen."""
    return not any(
        character in "\"'<>(),:;\\[]" or unicodedata.category(character)[0] in "CZ"
        for character in text
    )


def as_email(value: object) -> str:
    """Return the address in lower case, or "" for what is none."""
    if not isinstance(value, str):
        return ""
    email = value.strip().lower()
    return email if len(email) <= MAX_ADDRESS_LENGTH and domain_of(email) else ""


def as_groups(value: object) -> tuple[str, ...]:
    """Return the groups' names, each once; a single text is one group."""
    named = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    texts = [each.strip() for each in named if isinstance(each, str)]
    return tuple(dict.fromkeys(each for each in texts if each))[:MAX_GROUPS]
