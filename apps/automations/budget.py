"""A budget as a trigger: how much a month may cost, of whom, in which currency. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from apps.automations.enums import Over, Side
from apps.automations.metric_trigger import MetricTrigger
from apps.costs.enums import COST_METRIC, CostLabel

MOST_DIGITS: Final = 15  # of an amount that say something: thresholds hold as many


class BudgetKind(StrEnum):
    """Of what a budget is."""

    WORKSPACE = "workspace"
    DEPLOYMENT = "deployment"
    TEAM = "team"
    MODEL = "model"
    OTHER = "other"  # of what a form has no place for: several of them, or each for itself


LABELS: Final = {
    BudgetKind.DEPLOYMENT: CostLabel.DEPLOYMENT_ID,
    BudgetKind.TEAM: CostLabel.TEAM_ID,
    BudgetKind.MODEL: CostLabel.MODEL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOf:
    """`value`: an id, or the model's name; None of the whole workspace, and of what is other."""

    kind: BudgetKind
    value: str | None = None

    @property
    def where(self) -> dict[str, list[str]]:
        if self.value is None:
            return {}
        return {LABELS[self.kind].value: [self.value]}

    @property
    def id(self) -> UUID | None:
        is_named = self.kind in {BudgetKind.DEPLOYMENT, BudgetKind.TEAM}
        return UUID(self.value) if is_named and self.value is not None else None


def budget_trigger(*, amount: Decimal, currency: str, of: BudgetOf) -> dict[str, Any]:
    """Return the trigger that fires in each month in which that much is spent."""
    return {
        "type": "metric",
        "metric": COST_METRIC,
        "aggregate": "sum",
        "over": Over.MONTH.value,
        "where": {CostLabel.CURRENCY.value: [currency], **of.where},
        "is": Side.AT_LEAST.value,
        "threshold": float(amount),
        "allow_late_seconds": 0,
    }


def of_trigger(trigger: MetricTrigger) -> BudgetOf:
    """Return of what the budget is that this trigger says."""
    where = {
        label: values
        for label, values in trigger.where.items()
        if label != CostLabel.CURRENCY.value
    }
    if trigger.for_each or len(where) > 1 or any(len(values) > 1 for values in where.values()):
        return BudgetOf(kind=BudgetKind.OTHER)
    for kind, label in LABELS.items():
        values: Sequence[str] = where.get(label.value, ())
        if values and _is_value(kind, values[0]):
            return BudgetOf(kind=kind, value=values[0])
    return BudgetOf(kind=BudgetKind.OTHER if where else BudgetKind.WORKSPACE)


def plain_amount(threshold: float) -> str:
    """Return the amount as people write it: 100, 0.015."""
    text = f"{Decimal(repr(threshold)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_value(kind: BudgetKind, value: str) -> bool:
    if kind is BudgetKind.MODEL:
        return bool(value)
    try:
        UUID(value)
    except ValueError:
        return False
    return True
