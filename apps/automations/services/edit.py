"""Say what is to be done when."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

import structlog
from django.db import IntegrityError, transaction

from apps.automations import actions as doing
from apps.automations import selectors, triggers
from apps.automations.actions import Action, Webhook
from apps.automations.errors import AutomationChanged, BadRule, TooManyAutomations
from apps.automations.models import ActionAttempt, Automation
from apps.automations.services.begin import begin, forget, hear
from apps.automations.services.check import parse_rule, require_scopes, require_to_do
from apps.automations.services.locks import lock_rules
from apps.core.outbound import place_of
from apps.core.transactions import joined
from apps.tenancy import audit
from apps.tenancy.actors import Actor

logger = structlog.get_logger(__name__)
MAX_AUTOMATIONS = 1_000  # of a workspace
SECRET_PREFIX = "whsec_"  # noqa: S105 - what ours begin with, not one of them


class AutomationChanges(TypedDict, total=False):
    """What may be changed."""

    name: str
    description: str
    trigger: dict[str, Any]
    actions: list[dict[str, Any]]
    paused: bool


@joined
def create_automation(
    *,
    workspace_id: uuid.UUID,
    name: str,
    trigger: object,
    actions: object,
    created_by: uuid.UUID | None,
    now: datetime,
    description: str = "",
    paused: bool = False,
    actor: Actor | None = None,
) -> Automation:
    """
    Add a rule; it counts events that occur from now on, and acts for the actor.

    Raises: BadRule, TooManyAutomations, PermissionDenied and ObjectRestricted for what the actor
    may not do by hand.
    """
    require_scopes(actor, actions)
    parsed, done = parse_rule(workspace_id, trigger, actions)
    require_to_do(actor, workspace_id=workspace_id, actions=done)
    lock_rules(workspace_id)
    if Automation.objects.for_workspace(workspace_id).count() >= MAX_AUTOMATIONS:
        raise TooManyAutomations(
            f"A workspace may have {MAX_AUTOMATIONS:,} automations.", limit=MAX_AUTOMATIONS
        )
    automation = Automation(
        workspace_id=workspace_id,
        name=name,
        description=description,
        trigger=triggers.plain(parsed),
        actions=doing.plain(done),
        active_since=now,
        paused_at=now if paused else None,
        created_by_id=created_by,
        **_acting_for(actor),
        created_at=now,
        updated_at=now,
    )
    _keep_secret(automation, done)
    _save(automation)
    begin(automation)
    hear(workspace_id)
    audit.record_of("automation.created", automation, after=_told(automation))
    logger.info("automation.created", automation_id=str(automation.id), type=_type(automation))
    return automation


@joined
def edit_automation(
    *,
    workspace_id: uuid.UUID,
    automation_id: uuid.UUID,
    changes: AutomationChanges,
    now: datetime,
    version: int | None = None,
    actor: Actor | None = None,
) -> Automation:
    """
    Change a rule; from then on it acts for the actor.

    Another trigger, and going on after a pause, begin anew: what was collected and what was waited
    for is dropped, and events count from now on. Pausing drops it too. A new name, description or
    list of actions leaves it as it is.
    Raises: AutomationNotFound, AutomationChanged when `version` is not the present one, BadRule,
    PermissionDenied and ObjectRestricted, also for what stays of its actions: another trigger makes
    the same happen at other times.
    """
    lock_rules(workspace_id)
    automation = selectors.get_automation(
        workspace_id=workspace_id, automation_id=automation_id, for_update=True
    )
    if version is not None and version != automation.version:
        raise AutomationChanged("The automation was changed meanwhile.", version=automation.version)
    # Compared as it is written now: a rule that was stored before a field came has not changed.
    before, was_paused = triggers.plain(automation.rule.trigger), automation.paused
    told_before = _told(automation)
    require_scopes(actor, changes.get("actions", automation.actions))
    if "trigger" in changes or "actions" in changes:
        parsed, done = parse_rule(
            workspace_id,
            changes.get("trigger", automation.trigger),
            changes.get("actions", automation.actions),
        )
        automation.trigger, automation.actions = triggers.plain(parsed), doing.plain(done)
        _keep_secret(automation, done)
    require_to_do(
        actor,
        workspace_id=workspace_id,
        actions=[doing.restore(each) for each in automation.actions],
    )
    for name, value in _acting_for(actor).items():
        setattr(automation, name, value)
    automation.name = changes.get("name", automation.name)
    automation.description = changes.get("description", automation.description)
    paused = changes.get("paused", was_paused)
    if paused != was_paused:
        automation.paused_at = now if paused else None
    automation.version += 1
    automation.updated_at = now
    begins_anew = triggers.plain(automation.rule.trigger) != before or paused != was_paused
    if begins_anew:
        automation.active_since = now
        automation.trouble = ""
    _save(automation)
    if begins_anew:
        forget(automation)
        begin(automation)
        hear(workspace_id)
    audit.record_of("automation.changed", automation, before=told_before, after=_told(automation))
    return automation


@joined
def delete_automation(*, workspace_id: uuid.UUID, automation_id: uuid.UUID) -> None:
    """
    Take the rule away, with its history.

    Raises: AutomationNotFound.
    """
    lock_rules(workspace_id)
    automation = selectors.get_automation(
        workspace_id=workspace_id, automation_id=automation_id, for_update=True
    )
    audit.record_of("automation.deleted", automation, before=_told(automation))
    ActionAttempt.objects.filter(firing__automation=automation).delete()
    automation.delete()
    hear(workspace_id)
    logger.info("automation.deleted", automation_id=str(automation_id))


def _acting_for(actor: Actor | None) -> dict[str, uuid.UUID | None]:
    if actor is None:
        return {}
    return {
        "acts_for_user_id": actor.user_id,
        "acts_for_service_account_id": actor.service_account_id,
    }


def _told(automation: Automation) -> dict[str, object]:
    """Return what the log keeps of a rule; of addresses only the place."""
    actions = [
        {
            name: f"{place_of(str(value))}/…" if name == "url" else value
            for name, value in action.items()
        }
        for action in automation.actions
    ]
    return {
        "name": automation.name,
        "description": automation.description,
        "trigger": automation.trigger,
        "actions": actions,
        "paused": automation.paused,
    }


def _keep_secret(automation: Automation, actions: Sequence[Action]) -> None:
    """Draw the secret with the first webhook; it goes with the last one."""
    if not any(isinstance(action, Webhook) for action in actions):
        automation.secret = ""
    elif not automation.secret:
        automation.secret = SECRET_PREFIX + secrets.token_urlsafe(32)
        automation.drawn_secret = automation.secret


def _save(automation: Automation) -> None:
    try:
        with transaction.atomic():
            automation.save()
    except IntegrityError:
        raise BadRule(
            "There is an automation of this name.", fields={"name": ["Taken by another one."]}
        ) from None


def _type(automation: Automation) -> str:
    return str(automation.trigger["type"])
