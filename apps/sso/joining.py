"""Pure: what becomes of somebody for whom a provider vouches."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.sso.assertions import Asserted, domain_of
from apps.sso.errors import (
    AddressMissing,
    AddressNotAllowed,
    AddressNotConfirmed,
    AnswerNotValid,
    MemberDeactivated,
    NotAMember,
    SubjectChanged,
)


class Step(StrEnum):
    """How the provider's subject becomes a person of ours."""

    SIGN_IN = "SIGN_IN"  # known by the subject
    LINK = "LINK"  # somebody who has shown that the address is theirs
    HAND_OVER = "HAND_OVER"  # a login with this address that nobody ever confirmed
    CREATE = "CREATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    user_id: uuid.UUID
    is_active: bool
    is_staff: bool
    address_confirmed: bool
    has_other_subject: bool  # linked to another subject of this very connection
    in_domains: bool = True  # has confirmed an address in one of the account's domains


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What we know before we decide."""

    verified_domains: Collection[str]
    joins_new_people: bool
    linked: KnownPerson | None  # by the subject
    addressed: KnownPerson | None  # by the address
    is_member: bool
    is_deactivated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    step: Step
    user_id: uuid.UUID | None  # None: to be made
    joins: bool  # becomes a member of the account


def decide(asserted: Asserted, standing: Standing) -> Decision:
    """
    Return what signing in does.

    SECURITY: an account vouches only for addresses in domains that it has shown to be its own, and
    what it vouches for once stays with that subject. Nobody is found by an address beyond them, and
    whoever took the account's addresses out of their login is its provider's no longer.
    Raises: a SignInRefused.
    """
    if not asserted.subject:
        raise AnswerNotValid("The provider named no subject.", reason="subject_missing")
    if not asserted.email:
        raise AddressMissing("The provider named no e-mail address for you.")
    if domain_of(asserted.email) not in standing.verified_domains:
        raise AddressNotAllowed(
            "Your address is in no domain that this account has verified.",
            domain=domain_of(asserted.email),
        )
    if asserted.email_confirmed is False:
        raise AddressNotConfirmed("The provider says that your address is not confirmed.")
    step, person = _find(standing)
    if person is not None and person.is_staff:
        # Who runs Headway is nobody's to vouch for.
        raise AddressNotAllowed("This address does not sign in by a provider.")
    if person is not None and not person.is_active:
        raise MemberDeactivated("Your user is deactivated.")
    if person is not None and not person.in_domains:
        raise AddressNotAllowed("Your login has no address in a domain of this account any more.")
    if standing.is_deactivated:
        raise MemberDeactivated("You are deactivated in this account. Ask its admin.")
    if not standing.is_member and not standing.joins_new_people:
        raise NotAMember("You are not a member of this account. Ask its admin for an invitation.")
    return Decision(
        step=step,
        user_id=None if person is None else person.user_id,
        joins=not standing.is_member,
    )


def _find(standing: Standing) -> tuple[Step, KnownPerson | None]:
    if standing.linked is not None:
        return Step.SIGN_IN, standing.linked
    person = standing.addressed
    if person is None:
        return Step.CREATE, None
    if person.has_other_subject:
        raise SubjectChanged(
            "The provider names you as somebody else than before. Ask your admin to unlink you."
        )
    return (Step.LINK if person.address_confirmed else Step.HAND_OVER), person


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChanges:
    """By the teams' names as they are in the account."""

    join: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()  # mapped, but the account has no such team


def team_changes(
    *,
    groups: Sequence[str] | None,
    mapping: Sequence[Mapping[str, str]],
    teams: Collection[str],
    current: Collection[str],
) -> TeamChanges:
    """
    Return which teams somebody joins and leaves; teams that no group maps to are left alone.

    Groups that did not come (None) change nothing. Names of teams ignore case, those of groups
    do not: providers tell groups apart by it.
    """
    if groups is None:
        return TeamChanges()
    by_name = {team.lower(): team for team in teams}
    mapped = {each["team"].lower(): each["team"] for each in mapping}
    wanted = {each["team"].lower() for each in mapping if each["group"] in groups}
    now = {team.lower() for team in current}
    return TeamChanges(
        join=tuple(sorted(by_name[name] for name in wanted & by_name.keys() if name not in now)),
        leave=tuple(sorted(by_name[name] for name in (mapped.keys() - wanted) & now)),
        unknown=tuple(sorted(mapped[name] for name in mapped.keys() - by_name.keys())),
    )
