"""What people do at the door, in the logs of every account that they belong to."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.identity import selectors as identity_selectors
from apps.identity import services as identity
from apps.tenancy import audit, key_cache
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.models import Member

if TYPE_CHECKING:
    from apps.identity.models import User


@transaction.atomic
def rename_person(*, user_id: uuid.UUID, name: str) -> User:
    """Call the person otherwise; the logs of their accounts tell what they were called before."""
    before = identity_selectors.display_names(user_ids=[user_id]).get(user_id, "")
    person = identity.rename_person(user_id=user_id, name=name)
    if person.display_name != before:
        record_of_person(
            action="user.renamed",
            user=person,
            before={"called": audit.person(user_id, before)},
            after={"called": audit.person(user_id, person.display_name)},
        )
    key_cache.forget_changed()  # names are remembered with the person
    return person


@transaction.atomic
def record_of_person(
    *,
    action: str,
    user: User,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    by_themselves: bool = True,
) -> None:
    """
    Record what concerns a person rather than one account.

    `by_themselves` False: somebody who did not prove to be this person.
    """
    actor = None
    if by_themselves:
        actor = Actor(
            kind=ActorKind.USER,
            id=user.id,
            name=user.display_name,
            email=user.email,
            user_id=user.id,
        )
    memberships = Member.objects.filter(user_id=user.id).order_by("account_id")
    for account_id in memberships.values_list("account_id", flat=True):
        audit.record(
            action=action,
            target=audit.Object(kind="user", id=user.id, name=user.display_name),
            before=before,
            after=after,
            account_id=account_id,
            actor=actor,
        )
