"""Rules that narrow single objects to some people. Callers are inside `workspace_scope`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from apps.core.errors import InvalidRequest, NotFound
from apps.core.transactions import joined
from apps.tenancy import access, audit
from apps.tenancy.access import Kind, Target
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.errors import RuleStands, TooManyRules
from apps.tenancy.models import Member, ObjectRule, ServiceAccount, Team
from apps.tenancy.scopes import Scope
from apps.tenancy.selectors import get_rule, object_names

MOST_RULES: Final = 2_000  # of a workspace: all are read with every decision on somebody


@joined
def add_rule(
    *,
    actor: Actor,
    workspace: WorkspaceRef,
    target: Target,
    scope: Scope,
    member_id: uuid.UUID | None = None,
    team_id: uuid.UUID | None = None,
    service_account_id: uuid.UUID | None = None,
    now: datetime,
) -> ObjectRule:
    """
    Leave the object, for this scope, to those whom its rules name; with nobody named, to owners.

    Raises: InvalidRequest for a scope that does not narrow such objects; NotFound for an object or
    somebody who is not there; ObjectRestricted, PermissionDenied when the object is not open to the
    actor for it: they would let themselves in; RuleStands, TooManyRules.
    """
    possible = access.NARROWABLE[target.kind]
    if scope not in possible:
        names = ", ".join(sorted(each.value for each in possible)) or "none yet"
        raise InvalidRequest(
            "Rules do not narrow such objects for this scope.",
            fields={"scope": [f"One of: {names}."]},
        )
    name = _name_of(workspace.id, target)
    access.require(actor, scope, target)
    _refuse_unknown(workspace.account_id, member_id, team_id, service_account_id)
    rules = ObjectRule.objects.filter(workspace_id=workspace.id)
    if rules.count() >= MOST_RULES:
        raise TooManyRules(f"A workspace has at most {MOST_RULES:,} rules.", limit=MOST_RULES)
    columns = {
        "object_kind": target.kind.value,
        "object_id": target.id,
        "scope": scope.value,
        "member_id": member_id,
        "team_id": team_id,
        "service_account_id": service_account_id,
    }
    try:
        with transaction.atomic():
            rule = ObjectRule.objects.create(workspace_id=workspace.id, created_at=now, **columns)
    except IntegrityError:
        raise RuleStands("There is such a rule already.") from None
    _record("rule.added", workspace, rule, name)
    return rule


@joined
def remove_rule(*, actor: Actor, workspace: WorkspaceRef, rule_id: uuid.UUID) -> None:
    """
    Take the rule away; without its last one the object is open to everybody with the scope again.

    Raises: NotFound; ObjectRestricted, PermissionDenied when it is not open to the actor.
    """
    rule = get_rule(workspace_id=workspace.id, rule_id=rule_id)
    target = Target(Kind(rule.object_kind), rule.object_id)
    access.require(actor, Scope(rule.scope), target)
    ObjectRule.objects.filter(pk=rule.pk).delete()
    _record("rule.removed", workspace, rule, _find_name(workspace.id, target) or "")


def _name_of(workspace_id: uuid.UUID, target: Target) -> str:
    name = _find_name(workspace_id, target)
    if name is None:
        raise NotFound(f"There is no such {target.kind.value.lower()}.")
    return name


def _find_name(workspace_id: uuid.UUID, target: Target) -> str | None:
    key = (target.kind.value, target.id)
    return object_names(workspace_id=workspace_id, objects=[key]).get(key)


def _refuse_unknown(
    account_id: uuid.UUID,
    member_id: uuid.UUID | None,
    team_id: uuid.UUID | None,
    service_account_id: uuid.UUID | None,
) -> None:
    if member_id and not Member.objects.for_account(account_id).filter(pk=member_id).exists():
        raise NotFound("There is no such member.")
    if team_id and not Team.objects.filter(account_id=account_id, pk=team_id).exists():
        raise NotFound("There is no such team.")
    services = ServiceAccount.objects.filter(account_id=account_id)
    if service_account_id and not services.filter(pk=service_account_id).exists():
        raise NotFound("There is no such service account.")


def _record(action: str, workspace: WorkspaceRef, rule: ObjectRule, name: str) -> None:
    told = {
        "scope": rule.scope,
        "member_id": rule.member_id,
        "team_id": rule.team_id,
        "service_account_id": rule.service_account_id,
    }
    audit.record(
        action=action,
        target=audit.Object(kind=rule.object_kind.lower(), id=rule.object_id, name=name),
        before=told if action == "rule.removed" else None,
        after=told if action == "rule.added" else None,
        workspace_id=workspace.id,
        account_id=workspace.account_id,
    )
