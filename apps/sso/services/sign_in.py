"""What becomes of somebody for whom the provider vouched: the decision carried out, or shown."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from apps.core.errors import DomainError
from apps.identity import selectors as identity_selectors
from apps.identity import services as identity
from apps.sso import selectors
from apps.sso.assertions import Asserted, domain_of
from apps.sso.errors import ConnectionNotActive
from apps.sso.joining import (
    Decision,
    KnownPerson,
    Standing,
    Step,
    TeamChanges,
    decide,
    team_changes,
)
from apps.sso.models import SsoAttempt, SsoConnection, SsoIdentity
from apps.tenancy import audit
from apps.tenancy import selectors as tenancy
from apps.tenancy import services as tenancy_services
from apps.tenancy.actors import Actor
from apps.tenancy.enums import AccountRole, ActorKind, MemberSource
from apps.tenancy.isolation import account_scope

logger = structlog.get_logger(__name__)
MAX_SHOWN = 200  # characters of a claim's value in a test's result


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    user_id: uuid.UUID
    is_new_person: bool
    is_new_member: bool


@transaction.atomic
def sign_in(*, connection: SsoConnection, asserted: Asserted, now: datetime) -> SignedIn:
    """
    Make the person who is vouched for somebody of the account: found, linked or made.

    Raises: a SignInRefused, PlanLimit when no seat is left.
    """
    with account_scope(connection.account_id):
        # Locked: of two browsers of one new person, one makes the person and the other finds them.
        found = SsoConnection.objects.active().select_for_update().filter(pk=connection.pk).first()
        if found is None:
            raise ConnectionNotActive("Nobody can sign in this way at present.")
        connection = found
        decision = decide(asserted, _standing(connection, asserted))
        user_id = _carry_out(decision, asserted)
        actor = _as_actor(user_id, asserted)
        if decision.step is not Step.SIGN_IN:
            audit.record(
                action="sso.person_linked",
                target=audit.Object(kind="user", id=user_id, name=actor.name),
                after={"connection": connection.name, "how": decision.step.value.lower()},
                account_id=connection.account_id,
                actor=actor,
            )
        if decision.joins:
            _join(connection, user_id, actor, now)
        _follow_groups(connection, asserted, user_id, actor, now)
        SsoIdentity.objects.update_or_create(
            connection=connection,
            subject=asserted.subject,
            defaults={
                "account_id": connection.account_id,
                "user_id": user_id,
                "email": asserted.email,
                "last_signed_in_at": now,
            },
        )
        SsoConnection.objects.filter(pk=connection.pk).update(last_used_at=now)
        audit.record(
            action="sso.signed_in",
            target=audit.Object(kind="sso_connection", id=connection.pk, name=connection.name),
            account_id=connection.account_id,
            actor=actor,
        )
    logger.info(
        "sso.signed_in",
        connection_id=str(connection.pk),
        user_id=str(user_id),
        step=decision.step.value,
        joined=decision.joins,
    )
    return SignedIn(
        user_id=user_id,
        is_new_person=decision.step is Step.CREATE,
        is_new_member=decision.joins,
    )


def _standing(connection: SsoConnection, asserted: Asserted) -> Standing:
    account_id = connection.account_id
    domains = selectors.verified_domains(account_id=account_id)
    identities = SsoIdentity.objects.filter(connection=connection)
    link = identities.filter(subject=asserted.subject).select_related("user").first()
    if link is not None and link.user.email.endswith(link.user.ERASED_SUFFIX):
        link.delete()  # who deleted themselves begins anew
        link = None
    linked = (
        None
        if link is None
        else KnownPerson(
            user_id=link.user_id,
            is_active=link.user.is_active,
            is_staff=link.user.is_staff,
            address_confirmed=True,
            has_other_subject=False,
            in_domains=any(
                domain_of(address) in domains
                for address in identity_selectors.list_confirmed_addresses(user_ids=[link.user_id])
            ),
        )
    )
    found = identity.find_person(address=asserted.email) if asserted.email else None
    addressed = (
        None
        if found is None
        else KnownPerson(
            user_id=found.user_id,
            is_active=found.is_active,
            is_staff=found.is_staff,
            address_confirmed=found.confirmed,
            has_other_subject=identities.filter(user_id=found.user_id).exists(),
        )
    )
    person = linked or addressed
    state = (
        tenancy.find_member_state(account_id=account_id, user_id=person.user_id)
        if person
        else tenancy.MemberState()
    )
    return Standing(
        verified_domains=domains,
        joins_new_people=connection.joins_new_people,
        linked=linked,
        addressed=addressed,
        is_member=state.member_id is not None,
        is_deactivated=state.is_deactivated,
    )


def _carry_out(decision: Decision, asserted: Asserted) -> uuid.UUID:
    if decision.step is Step.CREATE or decision.user_id is None:
        return identity.create_person(address=asserted.email, name=asserted.name)
    if decision.step is Step.HAND_OVER:
        identity.hand_over(user_id=decision.user_id, address=asserted.email)
    return decision.user_id


def _join(connection: SsoConnection, user_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    member, _ = tenancy_services.provision_member(
        account_id=connection.account_id,
        user_id=user_id,
        source=MemberSource.SSO,
        role=AccountRole(connection.default_role),
        now=now,
    )
    tenancy_services.give_first_roles(
        account_id=connection.account_id,
        member_id=member.pk,
        user_id=user_id,
        grants=connection.default_grants,
    )
    audit.record(
        action="member.joined",
        target=audit.Object(kind="member", id=member.pk, name=actor.name, person_id=user_id),
        after={
            "source": MemberSource.SSO.value,
            "role": connection.default_role,
            "grants": connection.default_grants,
        },
        account_id=connection.account_id,
        actor=actor,
    )


def _follow_groups(
    connection: SsoConnection,
    asserted: Asserted,
    user_id: uuid.UUID,
    actor: Actor,
    now: datetime,
) -> None:
    account_id = connection.account_id
    if not connection.group_teams or asserted.groups is None:
        return
    member_id = tenancy.find_member_state(account_id=account_id, user_id=user_id).member_id
    if member_id is None:
        return
    teams = tenancy.list_team_ids(account_id=account_id)
    changes = _team_changes(connection, asserted, teams, member_id)
    for name in changes.join:
        tenancy_services.change_team_members(
            account_id=account_id, team_id=teams[name], add=[member_id], remove=[], now=now
        )
    for name in changes.leave:
        tenancy_services.change_team_members(
            account_id=account_id, team_id=teams[name], add=[], remove=[member_id], now=now
        )
    if changes.join or changes.leave:
        audit.record(
            action="sso.groups_followed",
            target=audit.Object(kind="member", id=member_id, name=actor.name, person_id=user_id),
            before={"left": list(changes.leave)},
            after={"joined": list(changes.join)},
            account_id=account_id,
            actor=actor,
        )


def _team_changes(
    connection: SsoConnection,
    asserted: Asserted,
    teams: dict[str, uuid.UUID],
    member_id: uuid.UUID | None,
) -> TeamChanges:
    current = (
        tenancy.list_team_names_of(account_id=connection.account_id, member_id=member_id)
        if member_id
        else []
    )
    return team_changes(
        groups=asserted.groups, mapping=connection.group_teams, teams=list(teams), current=current
    )


def _as_actor(user_id: uuid.UUID, asserted: Asserted) -> Actor:
    return Actor(
        kind=ActorKind.USER,
        id=user_id,
        name=asserted.name or asserted.email.partition("@")[0],
        email=asserted.email,
        user_id=user_id,
    )


def finish_test(
    *,
    connection: SsoConnection,
    attempt_id: uuid.UUID,
    asserted: Asserted | None,
    refusal: DomainError | None,
    now: datetime,
) -> bool:
    """
    Keep what a test sign-in showed; return whether it would have let somebody in.

    Nobody is made, linked or signed in. What lets somebody in counts as tested, for the settings
    that were tested.
    """
    with account_scope(connection.account_id):
        would: dict[str, Any] | None = None
        if asserted is not None and refusal is None:
            try:
                would = _would(connection, asserted)
            except DomainError as error:
                refusal = error
        SsoAttempt.objects.filter(pk=attempt_id, is_test=True).update(
            finished_at=now,
            asserted=None,
            result={
                "ok": refusal is None,
                "code": refusal.code if refusal else None,
                "message": refusal.message if refusal else None,
                "details": _plain(refusal.details) if refusal else {},
                "asserted": None if asserted is None else _shown(asserted),
                "would": would,
            },
        )
        if refusal is None:
            # The very settings that were tested: changed meanwhile, they are not.
            SsoConnection.objects.filter(pk=connection.pk, settings=connection.settings).update(
                tested_at=now
            )
    return refusal is None


def _would(connection: SsoConnection, asserted: Asserted) -> dict[str, Any]:
    standing = _standing(connection, asserted)
    decision = decide(asserted, standing)
    account_id = connection.account_id
    member_id = (
        tenancy.find_member_state(account_id=account_id, user_id=decision.user_id).member_id
        if decision.user_id
        else None
    )
    teams = tenancy.list_team_ids(account_id=account_id)
    changes = _team_changes(connection, asserted, teams, member_id)
    return {
        "step": decision.step.value,
        "joins": decision.joins,
        "role": connection.default_role if decision.joins else None,
        "grants": connection.default_grants if decision.joins else [],
        "teams_joined": list(changes.join),
        "teams_left": list(changes.leave),
        "teams_unknown": list(changes.unknown),
        "groups_came": asserted.groups is not None,
    }


def _shown(asserted: Asserted) -> dict[str, Any]:
    return {
        "subject": asserted.subject,
        "email": asserted.email,
        "email_confirmed": asserted.email_confirmed,
        "name": asserted.name,
        "groups": list(asserted.groups or ()),
        "claims": {str(name)[:MAX_SHOWN]: _short(value) for name, value in asserted.claims.items()},
    }


def _short(value: object) -> object:
    if isinstance(value, str):
        return value[:MAX_SHOWN]
    if isinstance(value, list):
        return [_short(each) for each in value[:50]]
    if isinstance(value, dict):
        return {str(name)[:MAX_SHOWN]: _short(each) for name, each in [*value.items()][:50]}
    return value if isinstance(value, bool | int | float) or value is None else str(value)


def _plain(details: Any) -> dict[str, Any]:
    return {str(name): _short(value) for name, value in dict(details).items()}
