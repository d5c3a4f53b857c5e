"""Reads of automations and firings for the HTTP layer."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Min, Prefetch

from apps.automations.enums import Level, Over
from apps.automations.errors import AutomationNotFound
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.models import (
    ActionAttempt,
    Automation,
    AutomationQuerySet,
    Firing,
    FiringQuerySet,
    MetricState,
)
from apps.automations.triggers import Trigger
from apps.costs.enums import COST_METRIC, CostLabel
from apps.flows import selectors as flows
from apps.notifications import selectors as notifications
from apps.tenancy import selectors as tenancy

DAYS = 7
BADNESS: Final = tuple(Level)  # the last is the worst


def list_automations(*, workspace_id: uuid.UUID) -> AutomationQuerySet:
    """Return the workspace's automations, without their secrets."""
    automations = Automation.objects.for_workspace(workspace_id).select_related("created_by")
    return automations.defer("secret")


def get_automation(
    *, workspace_id: uuid.UUID, automation_id: uuid.UUID, for_update: bool = False
) -> Automation:
    """Raises: AutomationNotFound."""
    automations = list_automations(workspace_id=workspace_id)
    if for_update:
        automations = automations.select_for_update(no_key=True, of=("self",))
    try:
        return automations.get(pk=automation_id)
    except Automation.DoesNotExist:
        raise AutomationNotFound(
            "There is no such automation.", automation_id=str(automation_id)
        ) from None


def list_firings(
    *, workspace_id: uuid.UUID, automation_id: uuid.UUID | None = None
) -> FiringQuerySet:
    """
    Return firings with their attempts, to be paged newest first; of one automation, or of all.

    Raises: AutomationNotFound.
    """
    firings = Firing.objects.for_workspace(workspace_id)
    if automation_id is not None:
        get_automation(workspace_id=workspace_id, automation_id=automation_id)
        firings = firings.filter(automation_id=automation_id)
    attempts = ActionAttempt.objects.order_by("action", "number")
    return (
        firings.select_related("automation")
        .only("automation__name", *(f.name for f in Firing._meta.fields if f.name != "actions"))
        .prefetch_related(Prefetch("attempts", queryset=attempts))
    )


def list_metric_states(*, automation: Automation) -> list[MetricState]:
    """Return the lines of a watched metric that are pending or firing, the longest so first."""
    return list(MetricState.objects.filter(automation=automation).order_by("since", "key"))


def standing_of(*, automation_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Level]:
    """Return how the worst line of each rule on a metric stands; well ones are left out."""
    rows = MetricState.objects.filter(automation_id__in=automation_ids).order_by()
    found: dict[uuid.UUID, Level] = {}
    for automation_id, level in rows.values_list("automation_id", "level").distinct():
        found[automation_id] = max(
            Level(level), found.get(automation_id, Level(level)), key=BADNESS.index
        )
    return found


@dataclass(slots=True, kw_only=True)
class Activity:
    """How often a rule fired lately: by day, UTC, today last."""

    last_fired_at: datetime | None = None
    by_day: list[int] = field(default_factory=lambda: [0] * DAYS)


def activity_of(
    *, workspace_id: uuid.UUID, automation_ids: Collection[uuid.UUID], now: datetime
) -> dict[uuid.UUID, Activity]:
    """Return when these automations last fired, and how often in each of the last seven days."""
    found: dict[uuid.UUID, Activity] = defaultdict(Activity)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=DAYS - 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT automation_id, (extract(epoch FROM fired_at - %s) / 86400)::int AS day,"
            " count(*) FROM (SELECT automation_id, date_trunc('day', fired_at, 'UTC') AS fired_at"
            " FROM automations_firing WHERE automation_id = ANY(%s) AND workspace_id = %s"
            " AND fired_at >= %s) AS recent GROUP BY 1, 2",
            [first, list(automation_ids), workspace_id, first],
        )
        for automation_id, day, count in cursor.fetchall():
            if 0 <= day < DAYS:
                found[automation_id].by_day[day] += count
        cursor.execute(
            "SELECT id, last.fired_at FROM unnest(%s::uuid[]) AS a (id) CROSS JOIN LATERAL"
            " (SELECT fired_at FROM automations_firing WHERE automation_id = a.id"
            " AND workspace_id = %s ORDER BY fired_at DESC LIMIT 1) AS last",
            [list(automation_ids), workspace_id],
        )
        for automation_id, fired_at in cursor.fetchall():
            found[automation_id].last_fired_at = fired_at
    return found


def list_budgets(*, workspace_id: uuid.UUID) -> list[Automation]:
    """Return the rules on what a month costs, by name; there are no more than rules."""
    watching = {"type": "metric", "metric": COST_METRIC, "over": Over.MONTH.value}
    rows = list_automations(workspace_id=workspace_id).filter(trigger__contains=watching)
    return list(rows.order_by("name", "id"))


def reached_in(
    *, workspace_id: uuid.UUID, automation_ids: Collection[uuid.UUID], month: str
) -> dict[uuid.UUID, datetime]:
    """Return when each of these rules first fired of what that month ("2026-11") was."""
    rows = Firing.objects.for_workspace(workspace_id).filter(
        automation_id__in=automation_ids, reason__month=month
    )
    return dict(rows.values_list("automation_id").annotate(Min("fired_at")).order_by())


def names_in(
    *,
    workspace_id: uuid.UUID,
    actions: Sequence[dict[str, Any]] = (),
    triggers: Sequence[Trigger] = (),
) -> dict[str, str]:
    """Return the names of the deployments, channels and teams that rules speak of, by id."""
    deployments = {uuid.UUID(a["deployment_id"]) for a in actions if "deployment_id" in a}
    deployments |= _ids_in(triggers, CostLabel.DEPLOYMENT_ID)
    teams = _ids_in(triggers, CostLabel.TEAM_ID)
    channels = {uuid.UUID(a["channel_id"]) for a in actions if "channel_id" in a}
    found = flows.deployment_names(workspace_id=workspace_id, deployment_ids=deployments)
    found |= notifications.channel_names(workspace_id=workspace_id, channel_ids=channels)
    if teams:
        account_id = tenancy.account_ids_of(workspace_ids=[workspace_id])[workspace_id]
        found |= tenancy.names_of_teams(account_id=account_id, team_ids=teams)
    return {str(id_): name for id_, name in found.items()}


def _ids_in(triggers: Sequence[Trigger], label: CostLabel) -> set[uuid.UUID]:
    found = set()
    for trigger in triggers:
        if isinstance(trigger, MetricTrigger) and trigger.is_cost:
            for value in trigger.where.get(label.value, ()):
                with suppress(ValueError):  # any text may stand there; it names nothing
                    found.add(uuid.UUID(value))
    return found
