"""Pure: what somebody who is invited is told."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

# What a mail program takes to be inside of an address: of a page, of a mailbox.
_LINKED = re.compile(r"[.:/@](?=[\w/])")
_JOINER: Final = "\N{WORD JOINER}"


def invitation_mail(
    *, account_name: str, inviter: str, url: str, expires_at: datetime, address: str
) -> tuple[str, str]:
    """Return subject and text of the mail with the link that lets its reader in."""
    account_name, inviter = _as_words(account_name), _as_words(inviter)
    subject = f"{inviter} invites you to {account_name} on Headway"
    lines = [
        f"{inviter} invites you to join the account {account_name} on Headway.",
        f"Accept the invitation:\n{url}",
        f"It is for {address} alone and ends on {expires_at.day} {expires_at:%B %Y}. You can accept"
        " it with an account that you have, or make one first.",
        "If you do not know what this is about, do nothing: without you nothing happens.",
    ]
    return subject, "\n\n".join(lines) + "\n"


def _as_words(name: str) -> str:
    """
    Return the name on one line, and as nothing that can be clicked.

    SECURITY: names are strangers' words in a mail of ours. A subject must not end early, and mail
    programs make a link of whatever looks like one: word joiners, which are not seen, prevent that.
    """
    return _LINKED.sub(rf"{_JOINER}\g<0>{_JOINER}", " ".join(name.split()))


def masked(email: str) -> str:
    """Return the address as somebody sees it who has the link only: `a•••@example.com`."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"
