"""Store that rules held: the decision, its first attempts, and the event that tells of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from apps.automations.budget import plain_amount
from apps.automations.enums import AttemptState
from apps.automations.models import ActionAttempt, Automation, Firing
from apps.automations.rules import Rule
from apps.automations.services.attempts import hand_out
from apps.core.ids import uuid7
from apps.costs.enums import CostLabel
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Relation, Resource, object_payload

FIRINGS_AT_ONCE = 5_000  # kept in memory: with many broad rules, one batch may hold millions
FIRED: Final = "headway.automation.fired"
REACHED: Final = "headway.cost.budget_reached"  # what a month cost; other rules may hear it
TOLD: Final = ("state", "metric", "value", "threshold", "series")  # of metrics, in that event


class Firings:
    """What fired in one transaction."""

    def __init__(
        self,
        workspace_id: uuid.UUID,
        automations: Mapping[uuid.UUID, Automation],
        now: datetime,
    ) -> None:
        self._workspace_id = workspace_id
        self._automations = automations
        self._now = now
        self._firings: dict[tuple[uuid.UUID, str], Firing] = {}
        self._stored = 0

    def add(
        self,
        rule: Rule,
        *,
        key: str,
        dedupe_key: str,
        occurred_at: datetime,
        event: tuple[datetime, uuid.UUID] | None,
        reason: dict[str, Any],
    ) -> None:
        """Note that a rule held; what is there under this key already stays as it is."""
        self._firings[rule.id, dedupe_key] = Firing(
            workspace_id=self._workspace_id,
            automation_id=rule.id,
            version=rule.version,
            key=key,
            fired_at=self._now,
            created_at=self._now,
            occurred_at=occurred_at,
            event_at=None if event is None else event[0],
            event_id=None if event is None else event[1],
            reason=reason,
            actions=self._automations[rule.id].actions,
            dedupe_key=dedupe_key,
        )
        if len(self._firings) >= FIRINGS_AT_ONCE:
            self._store()

    def finish(self) -> int:
        """Store the rest of what fired, hand its actions out, return how many firings are new."""
        self._store()
        if self._stored:
            hand_out(now=self._now, workspace_id=self._workspace_id)
        return self._stored

    def _store(self) -> None:
        if not self._firings:
            return
        firings = list(self._firings.values())
        Firing.objects.bulk_create(firings, ignore_conflicts=True, batch_size=1_000)
        made = set(
            Firing.objects.filter(id__in=[each.id for each in firings]).values_list("id", flat=True)
        )
        new = [each for each in firings if each.id in made]
        ActionAttempt.objects.bulk_create(
            [
                ActionAttempt(
                    workspace_id=self._workspace_id,
                    firing_id=firing.id,
                    action=place,
                    kind=action["type"],
                    state=AttemptState.PENDING.value,
                    due_at=self._now,
                    created_at=self._now,
                )
                for firing in new
                for place, action in enumerate(firing.actions)
            ],
            batch_size=1_000,
        )
        telemetry.emit(
            workspace_id=self._workspace_id,
            events=[
                *(self._event_of(firing) for firing in new),
                *(self._budget_reached(firing) for firing in new if "currency" in firing.reason),
            ],
            now=self._now,
        )
        self._stored += len(new)
        self._firings.clear()

    def _event_of(self, firing: Firing) -> NewEvent:
        automation = self._automations[firing.automation_id]
        told = {name: firing.reason[name] for name in TOLD if name in firing.reason}
        return NewEvent(
            name=FIRED,
            occurred_at=self._now,
            id=firing.id,
            resource=Resource(kind="automation", name=automation.name),
            payload=object_payload(
                {
                    "automation_id": str(firing.automation_id),
                    "firing_id": str(firing.id),
                    "version": firing.version,
                    "key": firing.key,
                    "text": firing.reason["text"],
                    **told,
                }
            ),
            follows=firing.event_id,
            source="headway",
        )

    def _budget_reached(self, firing: Firing) -> NewEvent:
        automation = self._automations[firing.automation_id]
        ids = automation.trigger["where"].get(CostLabel.DEPLOYMENT_ID.value, [])
        return NewEvent(
            id=uuid7(self._now),
            name=REACHED,
            occurred_at=self._now,
            resource=Resource(kind="budget", name=automation.name),
            related=[Relation(role="deployment", kind="deployment", name=id_) for id_ in ids],
            payload=object_payload(
                {
                    "budget_id": str(automation.id),
                    "firing_id": str(firing.id),
                    "month": firing.reason["month"],
                    "amount": plain_amount(firing.reason["threshold"]),
                    "spent": f"{firing.reason['value']:.6f}",
                    "currency": firing.reason["currency"],
                    "key": firing.key,
                }
            ),
            follows=firing.id,
            source="headway",
        )
