"""Whether a rule can be, and whether who wants it may have it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from apps.automations import actions as doing
from apps.automations import triggers
from apps.automations.actions import Action, ActionFaultError, Notify, RunDeployment, Webhook
from apps.automations.enums import ActionKind
from apps.automations.errors import BadRule
from apps.automations.triggers import Faults, Trigger, TriggerFaultError
from apps.core.outbound import find_url_fault
from apps.flows import selectors as flows
from apps.notifications import selectors as notifications
from apps.tenancy import access
from apps.tenancy.access import Target
from apps.tenancy.actors import Actor
from apps.tenancy.scopes import Scope

NEEDED: Final = {
    ActionKind.RUN_DEPLOYMENT: Scope.RUNS_WRITE,
    ActionKind.CANCEL_RUN: Scope.RUNS_CANCEL,
    ActionKind.NOTIFY: Scope.CHANNELS_READ,
}


def parse_trigger(given: object) -> Trigger:
    """Raises: BadRule."""
    try:
        return triggers.parse_trigger(given)
    except TriggerFaultError as error:
        raise BadRule("The trigger cannot be used.", fields=error.faults) from None


def parse_rule(
    workspace_id: uuid.UUID, trigger: object, actions: object
) -> tuple[Trigger, list[Action]]:
    """Raises: BadRule, also for what the actions speak of and is not there."""
    parsed = parse_trigger(trigger)
    try:
        done = doing.parse_actions(actions, parsed)
    except ActionFaultError as error:
        raise BadRule("The actions cannot be used.", fields=error.faults) from None
    if faults := _reference_faults(workspace_id, done):
        raise BadRule("The actions cannot be used.", fields=faults)
    return parsed, done


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


def require_scopes(actor: Actor | None, actions: object) -> None:
    """Refuse before anything is looked up that the actor may perhaps not see."""
    given = actions if isinstance(actions, list) else []
    kinds = {str(each.get("type")) for each in given if isinstance(each, dict)}
    for kind, scope in NEEDED.items():
        if actor is not None and kind.value in kinds:
            access.require(actor, scope)


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
