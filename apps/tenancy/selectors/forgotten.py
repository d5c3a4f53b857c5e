"""
The names of people who had themselves deleted, taken out of the log on the way.

Entries stand for ever: no role may change one. So every way out of the log leads through here.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from apps.identity import selectors as identity
from apps.tenancy.audit.diff import PERSON_ID
from apps.tenancy.enums import ActorKind
from apps.tenancy.models import AuditEntry
from apps.tenancy.slugs import as_uuid

GONE: Final = "deleted user"
# Of these entries all that differs is a person's own data: what their provider wrote about them.
PERSONAL: Final = "scim.user_"


def forget_names(entries: Sequence[AuditEntry]) -> set[uuid.UUID]:
    """Take the names of those who are gone out of the entries; return whose ids were changed."""
    people = {person for entry in entries for person in _people_in(entry)}
    erased = identity.list_erased(user_ids=people) if people else set()
    if not erased:
        return set()
    changed = set()
    for entry in entries:
        if erased.isdisjoint(_people_in(entry)):
            continue
        changed.add(entry.id)
        if entry.actor_kind == ActorKind.USER and entry.actor_id in erased:
            entry.actor_name = GONE
        if entry.on_behalf_of_id in erased:
            entry.on_behalf_of_name = GONE
        is_about_them = _subject(entry) in erased
        if is_about_them:
            entry.object_name = GONE
        if is_about_them and entry.action.startswith(PERSONAL):
            entry.before, entry.after = _without_texts(entry.before), _without_texts(entry.after)
        else:
            entry.before = _without_names(entry.before, erased)
            entry.after = _without_names(entry.after, erased)
    return changed


def _people_in(entry: AuditEntry) -> Iterator[uuid.UUID]:
    if entry.actor_kind == ActorKind.USER and entry.actor_id:
        yield entry.actor_id
    if entry.on_behalf_of_id:
        yield entry.on_behalf_of_id
    if (subject := _subject(entry)) is not None:
        yield subject
    yield from _named_in(entry.before)
    yield from _named_in(entry.after)


def _subject(entry: AuditEntry) -> uuid.UUID | None:
    return entry.object_person_id or (
        as_uuid(entry.object_id) if entry.object_kind == "user" else None
    )


def _named_in(value: Any) -> Iterator[uuid.UUID]:
    if isinstance(value, dict):
        if (person := as_uuid(str(value.get(PERSON_ID, "")))) is not None:
            yield person
        for each in value.values():
            yield from _named_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named_in(each)


def _without_names(value: Any, erased: Collection[uuid.UUID]) -> Any:
    if isinstance(value, dict):
        if as_uuid(str(value.get(PERSON_ID, ""))) in erased:
            return value | {"name": GONE}
        return {name: _without_names(each, erased) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_names(each, erased) for each in value]
    return value


def _without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_texts(each) for each in value]
    return GONE if isinstance(value, str) else value
