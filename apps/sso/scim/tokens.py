"""The secrets with which providers write: made, ended, and who is behind one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core.errors import NotFound
from apps.sso.errors import TooManyScimTokens
from apps.sso.models import ScimGroup, ScimToken, ScimUser
from apps.sso.scim.lock import one_at_a_time
from apps.tenancy import audit
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import account_scope, key_scope
from apps.tenancy.keys import hash_secret, is_well_formed, new_secret

logger = structlog.get_logger(__name__)
PREFIX = "hws_"
SHOWN_LENGTH = len(PREFIX) + 4
MOST_TOKENS = 2  # the one in use, and the one that replaces it
LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The provider of one account."""

    actor: Actor
    account_id: uuid.UUID
    is_archived: bool  # the account is: it may be read, and changed no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far an account's provider has come."""

    tokens: list[ScimToken]
    people: int
    groups: int

    @property
    def created_at(self) -> datetime | None:
        return min((each.created_at for each in self.tokens), default=None)

    @property
    def last_used_at(self) -> datetime | None:
        return max((each.last_used_at for each in self.tokens if each.last_used_at), default=None)


def find_caller(*, secret: str, now: datetime) -> Caller | None:
    """Return whose provider holds the secret; None for one that is malformed, unknown or ended."""
    if not is_well_formed(secret, PREFIX):
        return None
    with key_scope(hash_secret(secret)):
        token = (
            ScimToken.objects.filter(secret_hash=hash_secret(secret), ended_at=None)
            .select_related("account")
            .first()
        )
    if token is None:
        return None
    _note_use(token, now)
    return Caller(
        actor=Actor(
            kind=ActorKind.SCIM,
            id=token.pk,
            name=f"SCIM token {token.prefix}…",
            email=None,
            user_id=None,
        ),
        account_id=token.account_id,
        is_archived=token.account.archived_at is not None,
    )


def _note_use(token: ScimToken, now: datetime) -> None:
    if token.last_used_at is not None and token.last_used_at > now - LAST_USED_STEP:
        return
    with account_scope(token.account_id):
        ScimToken.objects.filter(pk=token.pk).filter(
            Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USED_STEP)
        ).update(last_used_at=now)


def get_standing(*, account_id: uuid.UUID) -> Standing:
    """Return the account's tokens, newest first, and how many people and groups are managed."""
    tokens = ScimToken.objects.filter(account_id=account_id, ended_at=None)
    return Standing(
        tokens=list(tokens.select_related("created_by").order_by("-created_at", "-id")),
        people=ScimUser.objects.filter(account_id=account_id).count(),
        groups=ScimGroup.objects.filter(account_id=account_id).count(),
    )


@transaction.atomic
def create_token(*, account_id: uuid.UUID, actor: Actor, now: datetime) -> tuple[ScimToken, str]:
    """
    Make a token and return it with its secret, which cannot be had again.

    Raises: TooManyScimTokens while two are in use.
    """
    one_at_a_time(account_id)
    if ScimToken.objects.filter(account_id=account_id, ended_at=None).count() >= MOST_TOKENS:
        raise TooManyScimTokens(
            "Two tokens are in use already. End the one that the provider no longer needs."
        )
    secret = new_secret(PREFIX)
    token = ScimToken.objects.create(
        account_id=account_id,
        prefix=secret[:SHOWN_LENGTH],
        secret_hash=hash_secret(secret),
        created_by_id=actor.user_id,
        created_at=now,
    )
    audit.record(
        action="scim.token_created",
        target=audit.Object(kind="scim_token", id=token.pk, name=token.prefix),
        account_id=account_id,
    )
    logger.info("scim.token_created", account_id=str(account_id), token_id=str(token.pk))
    return token, secret


@transaction.atomic
def end_token(*, account_id: uuid.UUID, token_id: uuid.UUID, now: datetime) -> None:
    """
    Let the token open nothing any more, at once.

    Raises: NotFound.
    """
    tokens = ScimToken.objects.filter(account_id=account_id, pk=token_id)
    token = tokens.first()
    if token is None or not tokens.filter(ended_at=None).update(ended_at=now):
        raise NotFound("There is no such token.")
    audit.record(
        action="scim.token_ended",
        target=audit.Object(kind="scim_token", id=token.pk, name=token.prefix),
        account_id=account_id,
    )
    logger.info("scim.token_ended", account_id=str(account_id), token_id=str(token_id))
