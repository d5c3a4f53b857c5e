"""Where a rule begins: from nothing, with its first window or look, and with what it hears."""

from __future__ import annotations

import uuid

from apps.automations.enums import DeadlineState
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.models import Automation, Deadline, MetricState, TriggerBucket
from apps.automations.services.watch import begin_look, first_moment
from apps.telemetry import services as telemetry
from apps.telemetry.enums import Consumer


def forget(automation: Automation) -> None:
    """Drop what the rule collected and what it waits for."""
    TriggerBucket.objects.filter(automation_id=automation.id).delete()
    MetricState.objects.filter(automation_id=automation.id).delete()
    Deadline.objects.filter(automation_id=automation.id, state=DeadlineState.OPEN.value).delete()


def begin(automation: Automation) -> None:
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


def hear(workspace_id: uuid.UUID) -> None:
    """Hear the workspace's events exactly while a rule wants them."""
    active = Automation.objects.for_workspace(workspace_id).active()
    if active.exclude(trigger__type="metric").exists():
        telemetry.listen(workspace_id=workspace_id, consumer=Consumer.AUTOMATIONS)
    else:
        telemetry.unlisten(workspace_id=workspace_id, consumer=Consumer.AUTOMATIONS)
