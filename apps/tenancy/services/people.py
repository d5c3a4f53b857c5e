"""What people do at the door, in the logs of every account that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.tenancy import audit
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.models import Member

if TYPE_CHECKING:
    from apps.identity.models import User


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
