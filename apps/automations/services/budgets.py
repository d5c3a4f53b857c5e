"""Say how much a month may cost: a form for rules that watch it. The rule is all there is of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypedDict

from apps.automations import selectors
from apps.automations.budget import BudgetKind, BudgetOf, budget_trigger, of_trigger
from apps.automations.errors import AutomationNotFound, BadRule
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.models import Automation
from apps.automations.services.edit import AutomationChanges, create_automation, edit_automation
from apps.automations.triggers import parse_trigger
from apps.core.transactions import joined
from apps.costs import selectors as costs
from apps.costs.enums import CostLabel
from apps.flows import selectors as flows
from apps.tenancy import selectors as tenancy
from apps.tenancy.actors import Actor

MONTHS_BEFORE: Final = 3  # shown of what would have been
SUBJECT: Final = "{{ automation.name }}: {{ firing.reason }}"
BODY: Final = "{{ firing.reason }}\n\n{{ url }}"


class BudgetChanges(TypedDict, total=False):
    """What may be edited. Another amount or currency can be reached anew in the same month."""

    name: str
    amount: Decimal
    currency: str


@joined
def create_budget(
    *,
    workspace_id: uuid.UUID,
    name: str,
    amount: Decimal,
    currency: str,
    of: BudgetOf,
    channel_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> Automation:
    """
    Add a rule that fires once in each month in which that much is spent.

    Raises: BadRule by field, also when there is no such deployment, team or channel;
    TooManyAutomations, PermissionDenied.
    """
    _require_there(workspace_id, of)
    try:
        return create_automation(
            workspace_id=workspace_id,
            name=name,
            trigger=budget_trigger(amount=amount, currency=currency, of=of),
            actions=[] if channel_id is None else [_told_in(channel_id)],
            created_by=actor.user_id,
            actor=actor,
            now=now,
        )
    except BadRule as refused:
        raise _by_field(refused) from None


@joined
def change_budget(
    *,
    workspace_id: uuid.UUID,
    budget_id: uuid.UUID,
    changes: BudgetChanges,
    actor: Actor,
    now: datetime,
) -> Automation:
    """
    Change the rule; what the form has no place for stays.

    Raises: AutomationNotFound, also for a rule that is no budget; BadRule, PermissionDenied.
    """
    automation = get_budget(workspace_id=workspace_id, budget_id=budget_id)
    trigger = dict(automation.trigger)
    if "amount" in changes:
        trigger["threshold"] = float(changes["amount"])
    if "currency" in changes:
        trigger["where"] = trigger["where"] | {CostLabel.CURRENCY.value: [changes["currency"]]}
    edits: AutomationChanges = {"trigger": trigger}
    if "name" in changes:
        edits["name"] = changes["name"]
    try:
        return edit_automation(
            workspace_id=workspace_id,
            automation_id=automation.id,
            changes=edits,
            actor=actor,
            now=now,
        )
    except BadRule as refused:
        raise _by_field(refused) from None


def get_budget(*, workspace_id: uuid.UUID, budget_id: uuid.UUID) -> Automation:
    """Raises: AutomationNotFound."""
    automation = selectors.get_automation(workspace_id=workspace_id, automation_id=budget_id)
    trigger = automation.rule.trigger
    if not isinstance(trigger, MetricTrigger) or not trigger.is_cost:
        raise AutomationNotFound("There is no such budget.", budget_id=str(budget_id))
    return automation


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBudget:
    """
    A budget, of what it is, and what is spent of it this month: of several lines on the dearest.

    `name`: of the deployment, team or model; None of the workspace, and of what is gone.
    """

    automation: Automation
    trigger: MetricTrigger
    of: BudgetOf
    name: str | None
    currency: str
    spent: Fraction
    reached_at: datetime | None


def measure_budgets(
    *, workspace_id: uuid.UUID, budgets: Sequence[Automation], now: datetime
) -> list[MeasuredBudget]:
    """Return what is spent of these budgets this month (UTC). The sums are read once for all."""
    month = costs.month_of(now.date())
    parsed = [(each, _cost_trigger(each.trigger)) for each in budgets]
    names = selectors.names_in(
        workspace_id=workspace_id, triggers=[trigger for _, trigger in parsed]
    )
    reached = selectors.reached_in(
        workspace_id=workspace_id,
        automation_ids=[each.id for each in budgets],
        month=f"{month:%Y-%m}",
    )
    spending = costs.SpentMonths(workspace_id) if budgets else None
    found = []
    for automation, trigger in parsed:
        assert spending is not None
        lines = spending.lines(
            where=trigger.where,
            group_by=trigger.for_each,
            until=[now.date() + timedelta(days=1)],
        )
        dearest = max(lines, key=lambda line: line.amounts[0], default=None)
        of = of_trigger(trigger)
        currencies = trigger.where.get(CostLabel.CURRENCY.value, [""])
        labels = {} if dearest is None else dearest.labels
        found.append(
            MeasuredBudget(
                automation=automation,
                trigger=trigger,
                of=of,
                name=of.value if of.kind is BudgetKind.MODEL else names.get(of.value or ""),
                currency=labels.get(CostLabel.CURRENCY.value, currencies[0]),
                spent=Fraction() if dearest is None else dearest.amounts[0],
                reached_at=reached.get(automation.id),
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMonth:
    """What a month cost, and on which day it would have reached the budget; None: it did not."""

    month: date
    spent: Fraction
    reached_on: date | None


def play_budget(
    *, workspace_id: uuid.UUID, amount: Decimal, currency: str, of: BudgetOf, now: datetime
) -> list[PastMonth]:
    """Return the last three months and this one so far, oldest first, at the prices of now."""
    trigger = _cost_trigger(budget_trigger(amount=amount, currency=currency, of=of))
    spending = costs.SpentMonths(workspace_id)
    month = costs.month_of(now.date())
    months = [month]
    while len(months) <= MONTHS_BEFORE:
        month = costs.month_of(month - timedelta(days=1))
        months.insert(0, month)
    found = []
    for month in months:
        total, reached_on = Fraction(), None
        for day, spent in spending.by_day(where=trigger.where, month=month):
            total += spent
            if reached_on is None and total >= Fraction(amount):
                reached_on = day
        found.append(PastMonth(month=month, spent=total, reached_on=reached_on))
    return found


def _cost_trigger(raw: dict[str, Any]) -> MetricTrigger:
    trigger = parse_trigger(raw)
    assert isinstance(trigger, MetricTrigger)
    return trigger


def _require_there(workspace_id: uuid.UUID, of: BudgetOf) -> None:
    if of.id is None:
        return
    if of.kind is BudgetKind.DEPLOYMENT:
        names = flows.deployment_names(workspace_id=workspace_id, deployment_ids=[of.id])
    else:
        account_id = tenancy.account_ids_of(workspace_ids=[workspace_id])[workspace_id]
        names = tenancy.names_of_teams(account_id=account_id, team_ids=[of.id])
    if of.id not in names:
        raise BadRule(
            f"There is no such {of.kind.value}.",
            fields={f"{of.kind.value}_id": [f"No such {of.kind.value}."]},
        )


def _told_in(channel_id: uuid.UUID) -> dict[str, Any]:
    return {
        "type": "notify",
        "channel_id": str(channel_id),
        "subject": SUBJECT,
        "body": BODY,
    }


def _by_field(refused: BadRule) -> BadRule:
    """Name the fields as the form does, not as the rule does."""
    names = {
        "trigger.threshold": "amount",
        "trigger.where.currency": "currency",
        "actions.0.channel_id": "channel_id",
    }
    fields = {names.get(field, field): texts for field, texts in (refused.fields or {}).items()}
    return BadRule(refused.message, fields=fields)
