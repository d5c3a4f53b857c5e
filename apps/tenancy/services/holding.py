"""Nobody gives what they do not hold."""

from __future__ import annotations

from collections.abc import Collection

from apps.tenancy.actors import Actor
from apps.tenancy.errors import ScopeNotHeld
from apps.tenancy.scopes import Scope, sorted_scopes


def refuse_more_than_held(
    holder: Actor | frozenset[Scope], wanted: Collection[Scope], message: str
) -> None:
    """Raises: ScopeNotHeld, naming what the actor, or whoever holds these scopes, lacks."""
    held = holder.scopes if isinstance(holder, Actor) else holder
    missing = frozenset(wanted) - held
    if missing:
        raise ScopeNotHeld(message, missing=sorted_scopes(missing))
