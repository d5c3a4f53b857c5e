"""Pure: what somebody who is invited is told."""

from __future__ import annotations

from datetime import datetime


def invitation_mail(
    *, account_name: str, inviter: str, url: str, expires_at: datetime, address: str
) -> tuple[str, str]:
    """Return subject and text of the mail with the link that lets its reader in."""
    # One line each: names are other people's words, and a subject must not end early.
    account_name, inviter = " ".join(account_name.split()), " ".join(inviter.split())
    subject = f"{inviter} invites you to {account_name} on Headway"
    lines = [
        f"{inviter} invites you to join the account {account_name} on Headway.",
        f"Accept the invitation:\n{url}",
        f"It is for {address} alone and ends on {expires_at.day} {expires_at:%B %Y}. You can accept"
        " it with an account that you have, or make one first.",
        "If you do not know what this is about, do nothing: without you nothing happens.",
    ]
    return subject, "\n\n".join(lines) + "\n"


def masked(email: str) -> str:
    """Return the address as somebody sees it who has the link only: `a•••@example.com`."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"
