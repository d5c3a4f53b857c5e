"""Owners who come in past the identity provider that their account asks for."""

from __future__ import annotations

import uuid

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction

from apps.tenancy import audit
from apps.tenancy.actors import AccountRef, Actor

GLASS_KEY = "glass_broken"  # in the session: ids of the accounts that have it in their log
_MAX_KNOWN = 10_000
_known: set[tuple[str, uuid.UUID]] = set()  # sessions that this process has looked into


def note_broken_glass(*, session: SessionBase, actor: Actor, account: AccountRef) -> None:
    """Write it to the account's log, once for each session."""
    session_key = session.session_key
    if session_key is None or (session_key, account.id) in _known:
        return
    with transaction.atomic():
        # Locked: a page asks for several things at once.
        row = Session.objects.select_for_update().filter(pk=session_key).first()
        if row is None:
            return
        data = row.get_decoded()
        noted = [*data.get(GLASS_KEY, ())]
        if str(account.id) not in noted:
            data[GLASS_KEY] = [*noted, str(account.id)]
            row.session_data = session.encode(data)
            row.save(update_fields=["session_data"])
            audit.record(
                action="sso.glass_broken",
                target=audit.Object(kind="account", id=account.id, name=account.name),
                account_id=account.id,
                actor=actor,
            )
            # Should this request write its session, too, then with it.
            session[GLASS_KEY] = data[GLASS_KEY]
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known.add((session_key, account.id))
