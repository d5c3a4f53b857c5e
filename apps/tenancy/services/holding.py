"""Nobody gives what they do not hold."""

from __future__ import annotations

from collections.abc import Collection

from apps.tenancy.actors import Actor
from apps.tenancy.errors import ScopeNotHeld
from apps.tenancy.scopes import Scope, sorted_scopes


def refuse_more_than_held(actor: Actor, wanted: Collection[Scope], message: str) -> None:
    missing = frozenset(wanted) - actor.scopes
    if missing:
        raise ScopeNotHeld(message, missing=sorted_scopes(missing))
