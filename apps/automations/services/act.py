"""
Try an action once: begin, do, record.

What only changes our own tables (a run started, a run cancelled) happens in the transaction that
records it, so it happens once. What calls the outside happens between two transactions.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from apps.automations import actions as doing
from apps.automations import templates
from apps.automations.actions import Action, CancelRun, Notify, RunDeployment, Webhook
from apps.automations.conditions import read_key
from apps.automations.context import context_of
from apps.automations.enums import AttemptState
from apps.automations.models import ActionAttempt, Automation, Firing
from apps.automations.services.attempts import AT_A_TIME, end_attempt, hand_out
from apps.automations.services.firings import TOLD
from apps.automations.services.locks import lock_actions
from apps.automations.templates import RenderFaultError
from apps.core import outbound
from apps.core.errors import DomainError
from apps.core.http.json import dumps, wire_time
from apps.core.ids import derived_uuid7
from apps.core.outbound import Network, Outcome, failure
from apps.dispatch import services as dispatch
from apps.notifications import services as notifications
from apps.notifications.services import Message
from apps.runs import services as runs
from apps.telemetry import selectors as telemetry
from apps.tenancy import access
from apps.tenancy import selectors as tenancy
from apps.tenancy.access import Asker
from apps.tenancy.isolation import workspace_scope

logger = structlog.get_logger(__name__)
MAX_RUN_ID_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """One attempt that is ours to carry out."""

    attempt: ActionAttempt
    firing: Firing
    action: Action
    context: Mapping[str, Any]
    secret: str
    asker: Asker  # for whom it is done, as they are today


def perform_action(
    *,
    workspace_id: uuid.UUID,
    attempt_id: uuid.UUID,
    now: datetime,
    network: Network | None = None,
) -> AttemptState | None:
    """
    Carry out a pending attempt; return how it ended, None when it was not ours to begin.

    Call it outside of any transaction: it may talk to the network.
    """
    began = time.monotonic()

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    with workspace_scope(workspace_id):
        begun = _begin(workspace_id, attempt_id, now)
    if begun is None:
        return None
    if isinstance(begun.action, (RunDeployment, CancelRun)):
        state, outcome = _do_here(begun, moment())
    else:
        outcome = _call(begun, moment(), network).as_json()
        with workspace_scope(workspace_id):
            state = end_attempt(attempt=begun.attempt, outcome=outcome, now=moment())
    with workspace_scope(workspace_id):
        hand_out(now=moment(), workspace_id=workspace_id)
    say = logger.info if state is AttemptState.SUCCEEDED else logger.warning
    say(
        "action.attempted",
        attempt_id=str(attempt_id),
        kind=begun.attempt.kind,
        number=begun.attempt.number,
        state=state.value,
        status=outcome["status"],
        error=outcome["error"],
        duration_ms=outcome["duration_ms"],
    )
    return state


def _begin(workspace_id: uuid.UUID, attempt_id: uuid.UUID, now: datetime) -> _Begun | None:
    lock_actions(workspace_id)
    of_workspace = ActionAttempt.objects.filter(workspace_id=workspace_id)
    if of_workspace.filter(state=AttemptState.RUNNING.value).count() >= AT_A_TIME:
        # Whoever ends one hands out the next; forget that this one was.
        of_workspace.filter(pk=attempt_id).update(enqueued_at=None)
        return None
    begun = of_workspace.filter(pk=attempt_id, state=AttemptState.PENDING.value, due_at__lte=now)
    if not begun.update(state=AttemptState.RUNNING.value, started_at=now):
        return None
    attempt = of_workspace.select_related("firing__automation").get(pk=attempt_id)
    firing = attempt.firing
    event = None
    if firing.event_id is not None and firing.event_at is not None:
        event = telemetry.find_event(
            workspace_id=workspace_id, occurred_at=firing.event_at, event_id=firing.event_id
        )
    workspace = tenancy.get_workspace(workspace_id=workspace_id)
    context = context_of(
        event=event,
        firing={
            "id": str(firing.id),
            "fired_at": wire_time(firing.fired_at),
            "occurred_at": wire_time(firing.occurred_at),
            "key": read_key(firing.key) or [],
            "reason": firing.reason["text"],
            "count": firing.reason["count"],
            **{name: firing.reason[name] for name in TOLD if name in firing.reason},
        },
        automation={
            "id": str(firing.automation_id),
            "name": firing.automation.name,
            "description": firing.automation.description,
            "version": firing.version,
        },
        workspace={"id": str(workspace_id), "slug": workspace.slug, "name": workspace.name},
        url=f"{settings.PUBLIC_URL}/w/{workspace.slug}/automations/{firing.automation_id}",
    )
    return _Begun(
        attempt=attempt,
        firing=firing,
        action=doing.restore(firing.actions[attempt.action]),
        context=context,
        secret=str(firing.automation.secret),
        asker=_asker(firing.automation, now),
    )


def _asker(automation: Automation, now: datetime) -> Asker:
    user_id = automation.acts_for_user_id
    service_account_id = automation.acts_for_service_account_id
    if user_id is None and service_account_id is None:
        return access.HEADWAY
    doer = tenancy.resolve_doer(
        workspace_id=automation.workspace_id,
        user_id=user_id,
        service_account_id=service_account_id,
        now=now,
    )
    return doer or access.NOBODY


def _do_here(begun: _Begun, now: datetime) -> tuple[AttemptState, dict[str, Any]]:
    """Change our own tables and record it, both or neither."""
    workspace_id = begun.attempt.workspace_id
    try:
        with workspace_scope(workspace_id):
            # Whoever took this attempt for lost waits here, or we find that somebody did.
            still = ActionAttempt.objects.filter(
                pk=begun.attempt.pk, state=AttemptState.RUNNING.value
            ).select_for_update(of=("self",))
            if not still.exists():
                return AttemptState.FAILED, failure("worker_lost", retryable=True).as_json()
            run_id = _change_runs(begun, now)
            outcome = Outcome(status=None, error=None, retryable=False).as_json()
            outcome |= {"ok": True, "run_id": str(run_id)}
            return end_attempt(attempt=begun.attempt, outcome=outcome, now=now), outcome
    except DomainError as refusal:
        refused = failure(refusal.code, detail=refusal.message[:300], retryable=refusal.retryable)
    except RenderFaultError as fault:
        refused = failure("template_failed", detail=str(fault))
    with workspace_scope(workspace_id):
        outcome = refused.as_json()
        return end_attempt(attempt=begun.attempt, outcome=outcome, now=now), outcome


def _change_runs(begun: _Begun, now: datetime) -> uuid.UUID:
    if isinstance(begun.action, RunDeployment):
        return _start_run(begun, begun.action, now)
    assert isinstance(begun.action, CancelRun)
    return _cancel_run(begun, begun.action, now)


def _start_run(begun: _Begun, action: RunDeployment, now: datetime) -> uuid.UUID:
    parameters = templates.fill(action.parameters, begun.context)
    assert isinstance(parameters, dict)
    run_id = derived_uuid7(
        begun.firing.fired_at, "automation", str(begun.firing.id), str(begun.attempt.action)
    )
    run = dispatch.start_deployment(
        workspace_id=begun.attempt.workspace_id,
        deployment_id=action.deployment_id,
        parameters=parameters,
        created_by={
            "kind": "automation",
            "id": str(begun.firing.automation_id),
            "name": begun.firing.automation.name,
        },
        now=now,
        run_id=run_id,
        may_wait=True,  # nobody stands by to be refused
        asker=begun.asker,
    )
    return run.id


def _cancel_run(begun: _Begun, action: CancelRun, now: datetime) -> uuid.UUID:
    text = templates.render(action.run_id, begun.context).strip()
    try:
        run_id = uuid.UUID(text[:MAX_RUN_ID_LENGTH])
    except ValueError:
        raise RenderFaultError(f"Not the id of a run: {text[:MAX_RUN_ID_LENGTH]!r}.") from None
    runs.cancel_run(
        workspace_id=begun.attempt.workspace_id,
        run_id=run_id,
        now=now,
        by=f"the automation {begun.firing.automation.name}",
        asker=begun.asker,
    )
    return run_id


def _call(begun: _Begun, now: datetime, network: Network | None) -> Outcome:
    action, attempt = begun.action, begun.attempt
    try:
        if isinstance(action, Notify):
            return notifications.deliver(
                workspace_id=attempt.workspace_id,
                channel_id=action.channel_id,
                message=Message(
                    subject=templates.render(action.subject, begun.context),
                    body=templates.render(action.body, begun.context),
                ),
                source_key=f"firing:{begun.firing.id}:{attempt.action}",
                now=now,
            )
        assert isinstance(action, Webhook)
        if action.body is None:
            body = dumps(begun.context)
        else:
            body = templates.render(action.body, begun.context).encode()
    except RenderFaultError as fault:
        return failure("template_failed", detail=str(fault))
    except DomainError as refusal:
        return failure(refusal.code, detail=refusal.message[:300], retryable=refusal.retryable)
    return outbound.post(
        action.url,
        content=body,
        headers={
            "Headway-Delivery": f"{begun.firing.id}-{attempt.action}",
            "Headway-Attempt": str(attempt.number),
            "Headway-Signature": outbound.sign(begun.secret, body, at=now),
        },
        network=network,
    )
