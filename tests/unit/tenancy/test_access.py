"""Laws of the pure decisions: what can never happen, whatever is granted and whatever rules say."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import PermissionDenied
from apps.tenancy import access
from apps.tenancy.access import Door, Grant, Kind, Rule, SessionFacts, Target
from apps.tenancy.errors import ObjectRestricted
from apps.tenancy.scopes import ROLE_SCOPES, AccountScope, Scope, WorkspaceRole

IDS = [uuid.UUID(int=number) for number in range(1, 5)]
OTHERS = [uuid.UUID(int=number) for number in range(11, 14)]
TARGETS = [Target(kind, id_) for kind in (Kind.POOL, Kind.DEPLOYMENT) for id_ in IDS[:2]]
SCOPES = [Scope.RUNS_WRITE, Scope.RUNS_CANCEL, Scope.DEPLOYMENTS_WRITE]


@dataclass(frozen=True)
class Somebody:
    scopes: frozenset = frozenset()
    account_scopes: frozenset = frozenset()
    shut: frozenset = frozenset()


grants = st.builds(
    Grant,
    role=st.sampled_from([None, *[role.value for role in WorkspaceRole]]),
    name=st.sampled_from(["Operator", "Auditor"]),
    custom_scopes=st.lists(st.sampled_from([scope.value for scope in Scope]), max_size=6),
    team_id=st.sampled_from([None, *IDS]),
)
rules = st.builds(
    lambda target, scope, named: Rule(target=target, scope=scope.value, **named),
    st.sampled_from(TARGETS),
    st.sampled_from(SCOPES),
    st.one_of(
        st.sampled_from(IDS + OTHERS).map(lambda id_: {"member_id": id_}),
        st.sampled_from(IDS + OTHERS).map(lambda id_: {"team_id": id_}),
        st.sampled_from(IDS + OTHERS).map(lambda id_: {"service_account_id": id_}),
    ),
)
people = st.fixed_dictionaries(
    {
        "member_id": st.sampled_from([None, *IDS]),
        "team_ids": st.frozensets(st.sampled_from(IDS), max_size=3),
        "service_account_id": st.sampled_from([None, *IDS]),
    }
)


def allowed(held, shut):
    """Everything that may be done, over all scopes and targets."""
    asker = Somebody(scopes=held.scopes, shut=shut)
    return {
        (scope, target)
        for scope in SCOPES
        for target in [None, *TARGETS]
        if access.may(asker, scope, *([target] if target else []))
    }


@given(st.lists(grants, max_size=4), grants)
def test_another_grant_never_takes_anything_away(held, more):
    before, after = access.hold(held), access.hold([*held, more])

    assert before.scopes <= after.scopes
    assert after.is_owner >= before.is_owner


@given(st.lists(grants, min_size=1, max_size=4))
def test_what_is_held_is_the_union_and_nothing_else(held):
    scopes = access.hold(held).scopes

    assert scopes == frozenset().union(*(access.hold([grant]).scopes for grant in held))
    assert access.hold(reversed(held)) == access.hold(held)


@given(st.lists(grants, max_size=3))
def test_an_owner_of_the_account_owns_every_workspace(held):
    owner = access.hold(held, account_role="OWNER")

    assert (owner.scopes, owner.role, owner.is_owner) == (frozenset(Scope), "OWNER", True)
    for role in ("ADMIN", "BILLING", "MEMBER"):
        assert access.hold(held, account_role=role) == access.hold(held)


@given(st.lists(grants, min_size=1, max_size=3))
def test_the_named_role_says_exactly_what_is_held(held):
    united = access.hold(held)

    if united.role is not None:
        assert united.scopes == ROLE_SCOPES[WorkspaceRole(united.role)]
    assert united.role_name


# Rules narrow: a further one never opens anything, except the same place to the one that it names.
@given(st.lists(rules, max_size=8), rules, people)
def test_a_rule_opens_nothing_but_to_whom_it_names(present, more, person):
    before = access.shut_for(present, is_owner=False, **person)
    after = access.shut_for([*present, more], is_owner=False, **person)

    opened = before - after
    is_named = access.shut_for([more], is_owner=False, **person) == frozenset()
    assert opened <= ({(more.target, more.scope)} if is_named else set())
    assert after - before <= {(more.target, more.scope)}


@given(st.lists(rules, max_size=8), st.lists(grants, max_size=3), people)
def test_rules_never_grant(present, held, person):
    united = access.hold(held)

    with_rules = allowed(united, access.shut_for(present, is_owner=False, **person))
    without = allowed(united, frozenset())

    assert with_rules <= without
    for scope in SCOPES:
        assert ((scope, None) in with_rules) == (scope in united.scopes)


@given(st.lists(rules, max_size=8), st.lists(grants, min_size=1, max_size=4), people)
def test_losing_a_grant_never_widens(present, held, person):
    shut = access.shut_for(present, is_owner=False, **person)

    assert allowed(access.hold(held[1:]), shut) <= allowed(access.hold(held), shut)


@given(st.lists(rules, max_size=8), people, st.sampled_from(IDS))
def test_joining_a_team_shuts_nothing_and_leaving_opens_nothing(present, person, team):
    outside = person | {"team_ids": person["team_ids"] - {team}}
    inside = person | {"team_ids": person["team_ids"] | {team}}

    assert access.shut_for(present, is_owner=False, **inside) <= access.shut_for(
        present, is_owner=False, **outside
    )


@given(st.lists(rules, max_size=8), people)
def test_owners_are_not_narrowed_and_strangers_are_shut_out_of_every_rule(present, person):
    assert access.shut_for(present, is_owner=True, **person) == frozenset()
    assert access.shut_for(present, is_owner=False) == {
        (rule.target, rule.scope) for rule in present
    }


@given(st.lists(grants, max_size=3), st.lists(rules, max_size=6), people)
def test_a_refusal_is_given_exactly_when_something_may_not_be_done(held, present, person):
    asker = Somebody(
        scopes=access.hold(held).scopes, shut=access.shut_for(present, is_owner=False, **person)
    )
    for scope in SCOPES:
        for target in TARGETS:
            refusal = access.why_not(asker, scope, target)
            assert (refusal is None) == access.may(asker, scope, target)
            body = access.may_body(asker, [scope], target)[scope.value]
            assert body is True if refusal is None else body["code"] == refusal.code


def test_each_refusal_says_what_is_missing():
    pool = access.pool(IDS[0])
    asker = Somebody(scopes=frozenset({Scope.RUNS_WRITE}), shut=frozenset({(pool, "runs:write")}))

    with pytest.raises(PermissionDenied) as lacking:
        access.require(asker, Scope.RUNS_CANCEL, pool)
    with pytest.raises(ObjectRestricted) as shut:
        access.require(asker, Scope.RUNS_WRITE, access.deployment(IDS[1]), pool)
    with pytest.raises(PermissionDenied):
        access.require(asker, AccountScope.SSO_MANAGE)
    access.require(asker, Scope.RUNS_WRITE, access.deployment(IDS[1]))

    assert lacking.value.details == {"scope": "runs:cancel"}
    assert shut.value.details == {
        "scope": "runs:write",
        "object_kind": "POOL",
        "object_id": str(IDS[0]),
    }


ACCOUNT, OTHER = uuid.UUID(int=100), uuid.UUID(int=101)
OPEN = Door(account_id=ACCOUNT)
WITH_PASSWORD, WITH_FACTOR = SessionFacts(), SessionFacts(mfa=True)
BY_PROVIDER = SessionFacts(sso_account_id=ACCOUNT)
BY_ANOTHER = SessionFacts(sso_account_id=OTHER, mfa=True)


@pytest.mark.parametrize(
    ("door", "asked", "code"),
    [
        (OPEN, {}, None),
        (replace(OPEN, require_mfa=True), {}, "mfa_required"),
        (replace(OPEN, require_mfa=True), {"session": WITH_FACTOR}, None),
        (replace(OPEN, require_mfa=True), {"session": BY_PROVIDER}, None),
        (replace(OPEN, require_mfa=True), {"session": None}, None),
        (replace(OPEN, sso_required=True), {}, "sso_required"),
        (replace(OPEN, sso_required=True), {"session": WITH_FACTOR}, "sso_required"),
        (replace(OPEN, sso_required=True), {"session": BY_ANOTHER}, "sso_required"),
        (replace(OPEN, sso_required=True), {"session": BY_PROVIDER}, None),
        (replace(OPEN, sso_required=True), {"session": None}, None),
        (replace(OPEN, sso_required=True), {"is_account_owner": True}, None),
        (
            replace(OPEN, sso_required=True),
            {"is_account_owner": True, "session": BY_ANOTHER},
            "sso_required",
        ),
        (
            replace(OPEN, sso_required=True, require_mfa=True),
            {"is_account_owner": True},
            "mfa_required",
        ),
        (replace(OPEN, account_archived=True), {}, None),
        (replace(OPEN, account_archived=True), {"writes": True}, "account_archived"),
        (replace(OPEN, workspace_archived=True), {}, None),
        (replace(OPEN, workspace_archived=True), {"writes": True}, "workspace_archived"),
        (
            replace(OPEN, workspace_archived=True),
            {"writes": True, "session": None},
            "workspace_archived",
        ),
    ],
)
def test_who_comes_in(door, asked, code):
    question = {"session": WITH_PASSWORD, "address": "192.0.2.7", "writes": False} | asked

    refusal = access.admission(door, **question)

    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("networks", "address", "is_in"),
    [
        (["192.0.2.0/24"], "192.0.2.7", True),
        (["192.0.2.0/24"], "192.0.3.7", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.7", True),
        (["192.0.2.0/24"], "", False),
        (["192.0.2.0/24"], "not an address", False),
        (["192.0.2.0/24"], "2001:db8::1", False),
        (["192.0.2.0/24", "2001:db8::/32"], "2001:db8::1", True),
        (["192.0.2.7"], "192.0.2.7", True),
        ([], "203.0.113.9", True),
    ],
)
@pytest.mark.parametrize("session", [WITH_PASSWORD, BY_PROVIDER, None])
def test_networks_hold_for_people_and_keys(networks, address, is_in, session):
    door = replace(OPEN, networks=tuple(ip_network(each) for each in networks))

    refusal = access.admission(
        door, session=session, address=address, writes=False, is_account_owner=True
    )

    assert (refusal is None) == is_in
    assert is_in or refusal.code == "address_not_allowed"


def test_glass_is_broken_only_by_an_owner_past_a_provider_that_is_asked_for():
    asked = replace(OPEN, sso_required=True)

    assert access.breaks_glass(asked, session=WITH_PASSWORD, is_account_owner=True)
    assert not access.breaks_glass(asked, session=WITH_PASSWORD, is_account_owner=False)
    assert not access.breaks_glass(asked, session=BY_PROVIDER, is_account_owner=True)
    assert not access.breaks_glass(asked, session=BY_ANOTHER, is_account_owner=True)
    assert not access.breaks_glass(OPEN, session=WITH_PASSWORD, is_account_owner=True)


def test_every_kind_of_object_says_what_can_be_narrowed():
    assert set(access.NARROWABLE) == set(Kind)
    assert {kind.value for kind in Kind} == {"POOL", "DEPLOYMENT", "BLOCK"}


@given(st.lists(st.sampled_from([scope.value for scope in Scope])), st.sampled_from(WorkspaceRole))
def test_the_difference_to_a_role_adds_up(scopes, role):
    change = access.difference(scopes, role.value)

    assert (ROLE_SCOPES[role] | change.adds) - change.lacks == {Scope(each) for each in scopes}
