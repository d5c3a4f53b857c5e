"""Say what is to be done when."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypedDict

import structlog
from django.db import IntegrityError, transaction

from apps.automations import actions as doing
from apps.automations import selectors, triggers
from apps.automations.actions import Action, ActionFaultError, Notify, RunDeployment, Webhook
from apps.automations.enums import ActionKind, DeadlineState
from apps.automations.errors import AutomationChanged, BadRule, TooManyAutomations
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.models import (
    ActionAttempt,
    Automation,
    Deadline,
    MetricState,
    TriggerBucket,
)
from apps.automations.services.locks import lock_rules
from apps.automations.services.watch import begin_look, first_moment
from apps.automations.triggers import Faults, Trigger, TriggerFaultError
from apps.core.outbound import find_url_fault, place_of
from apps.core.transactions import joined
from apps.flows import selectors as flows
from apps.notifications import selectors as notifications
from apps.telemetry import services as telemetry
from apps.telemetry.enums import Consumer
from apps.tenancy import access, audit
from apps.tenancy.access import Target
from apps.tenancy.actors import Actor
from apps.tenancy.scopes import Scope

logger = structlog.get_logger(__name__)
NEEDED: Final = {
    ActionKind.RUN_DEPLOYMENT: Scope.RUNS_WRITE,
    ActionKind.CANCEL_RUN: Scope.RUNS_CANCEL,
    ActionKind.NOTIFY: Scope.CHANNELS_READ,
}
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
    _require_scopes(actor, actions)
    parsed, done = _parse(workspace_id, trigger, actions)
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
    _begin(automation)
    _hear(workspace_id)
    _record("automation.created", automation, after=_told(automation))
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
    before, was_paused = automation.trigger, automation.paused
    told_before = _told(automation)
    _require_scopes(actor, changes.get("actions", automation.actions))
    if "trigger" in changes or "actions" in changes:
        parsed, done = _parse(
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
    begins_anew = automation.trigger != before or paused != was_paused
    if begins_anew:
        automation.active_since = now
        automation.trouble = ""
    _save(automation)
    if begins_anew:
        _forget(automation)
        _begin(automation)
        _hear(workspace_id)
    _record("automation.changed", automation, before=told_before, after=_told(automation))
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
    _record("automation.deleted", automation, before=_told(automation))
    ActionAttempt.objects.filter(firing__automation=automation).delete()
    automation.delete()
    _hear(workspace_id)
    logger.info("automation.deleted", automation_id=str(automation_id))


def require_to_do(
    actor: Actor | None, *, workspace_id: uuid.UUID, actions: Sequence[Action]
) -> None:
    """
    Let nobody say what is to be done who could not do it: a rule is no way around a role.

    Raises: PermissionDenied, ObjectRestricted.
    """
    if actor is None:
        return
    started = [each.deployment_id for each in actions if isinstance(each, RunDeployment)]
    pools = flows.pools_of_deployments(workspace_id=workspace_id, deployment_ids=started)
    for action in actions:
        scope = NEEDED.get(doing.kind_of(action))
        if scope is None:
            continue
        targets: tuple[Target, ...] = ()
        if isinstance(action, RunDeployment):
            targets = access.run_targets(
                deployment_id=action.deployment_id, pool_id=pools.get(action.deployment_id)
            )
        access.require(actor, scope, *targets)


def _require_scopes(actor: Actor | None, actions: object) -> None:
    """Refuse before anything is looked up that the actor may perhaps not see."""
    given = actions if isinstance(actions, list) else []
    kinds = {str(each.get("type")) for each in given if isinstance(each, dict)}
    for kind, scope in NEEDED.items():
        if actor is not None and kind.value in kinds:
            access.require(actor, scope)


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


def _record(
    action: str,
    automation: Automation,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="automation", id=automation.id, name=automation.name),
        before=before,
        after=after,
        workspace_id=automation.workspace_id,
    )


def parse_trigger(given: object) -> Trigger:
    """Raises: BadRule."""
    try:
        return triggers.parse_trigger(given)
    except TriggerFaultError as error:
        raise BadRule("The trigger cannot be used.", fields=error.faults) from None


def _parse(
    workspace_id: uuid.UUID, trigger: object, actions: object
) -> tuple[Trigger, list[Action]]:
    parsed = parse_trigger(trigger)
    try:
        done = doing.parse_actions(actions, parsed)
    except ActionFaultError as error:
        raise BadRule("The actions cannot be used.", fields=error.faults) from None
    if faults := _reference_faults(workspace_id, done):
        raise BadRule("The actions cannot be used.", fields=faults)
    return parsed, done


def _reference_faults(workspace_id: uuid.UUID, actions: Sequence[Action]) -> Faults:
    channels = notifications.channel_names(
        workspace_id=workspace_id,
        channel_ids=[action.channel_id for action in actions if isinstance(action, Notify)],
    )
    deployments = flows.deployment_names(
        workspace_id=workspace_id,
        deployment_ids=[
            action.deployment_id for action in actions if isinstance(action, RunDeployment)
        ],
    )
    faults: Faults = {}
    for place, action in enumerate(actions):
        field = f"actions.{place}"
        if isinstance(action, Notify) and action.channel_id not in channels:
            faults[f"{field}.channel_id"] = ["There is no such channel."]
        if isinstance(action, RunDeployment) and action.deployment_id not in deployments:
            faults[f"{field}.deployment_id"] = ["There is no such deployment."]
        if isinstance(action, Webhook) and (fault := find_url_fault(action.url)):
            faults[f"{field}.url"] = [fault]
    return faults


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


def _forget(automation: Automation) -> None:
    TriggerBucket.objects.filter(automation_id=automation.id).delete()
    MetricState.objects.filter(automation_id=automation.id).delete()
    Deadline.objects.filter(automation_id=automation.id, state=DeadlineState.OPEN.value).delete()


def _begin(automation: Automation) -> None:
    """Open the first window of a rule that waits from the beginning, or set its first look."""
    rule = automation.rule
    if automation.paused:
        return
    if isinstance(rule.trigger, MetricTrigger):
        look = Deadline(
            workspace_id=automation.workspace_id,
            automation_id=automation.id,
            version=automation.version,
            key="",
            needed=0,
        )
        begin_look(look, rule.trigger, first_moment(rule.trigger, automation.active_since))
        look.save()
        return
    if not rule.is_row or rule.trigger.for_each:
        return
    window = rule.frame.open("", automation.active_since)
    Deadline.objects.create(
        workspace_id=automation.workspace_id,
        automation_id=automation.id,
        version=automation.version,
        key=window.key,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        due_at=window.due_at,
        needed=window.needed,
    )


def _hear(workspace_id: uuid.UUID) -> None:
    """Hear the workspace's events exactly while a rule wants them."""
    active = Automation.objects.for_workspace(workspace_id).active()
    if active.exclude(trigger__type="metric").exists():
        telemetry.listen(workspace_id=workspace_id, consumer=Consumer.AUTOMATIONS)
    else:
        telemetry.unlisten(workspace_id=workspace_id, consumer=Consumer.AUTOMATIONS)


def _type(automation: Automation) -> str:
    return str(automation.trigger["type"])
