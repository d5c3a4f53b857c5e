"""Say how much a month may cost. An event tells when it does; automations do the rest."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Final, TypedDict

from django.db import IntegrityError, transaction

from apps.core.errors import InvalidRequest
from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.costs import selectors
from apps.costs.errors import BudgetExists, CostsLimit
from apps.costs.models import Budget
from apps.costs.services.prices import lock_costs
from apps.flows import selectors as flows
from apps.tenancy import audit

MAX_BUDGETS: Final = 100  # of a workspace


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
    deployment_id: uuid.UUID | None,
    now: datetime,
) -> Budget:
    """
    Add a budget of a deployment, or of the workspace.

    Raises: BudgetExists, CostsLimit, InvalidRequest when there is no such deployment.
    """
    lock_costs(workspace_id)
    if Budget.objects.filter(workspace_id=workspace_id).count() >= MAX_BUDGETS:
        raise CostsLimit(f"A workspace may have {MAX_BUDGETS} budgets.", limit=MAX_BUDGETS)
    if deployment_id is not None and not flows.deployment_names(
        workspace_id=workspace_id, deployment_ids=[deployment_id]
    ):
        raise InvalidRequest(
            "There is no such deployment.", fields={"deployment_id": ["No such deployment."]}
        )
    row = Budget(
        id=uuid7(),
        workspace_id=workspace_id,
        name=name,
        amount=amount,
        currency=currency,
        deployment_id=deployment_id,
        created_at=now,
    )
    _save(row)
    _record("budget.created", row, after={**_told(row)})
    return row


@joined
def change_budget(
    *, workspace_id: uuid.UUID, budget_id: uuid.UUID, changes: BudgetChanges
) -> Budget:
    """Raises: BudgetNotFound, BudgetExists."""
    row = selectors.get_budget(workspace_id=workspace_id, budget_id=budget_id, for_update=True)
    before = _told(row)
    row.name = changes.get("name", row.name)
    row.amount = changes.get("amount", row.amount)
    row.currency = changes.get("currency", row.currency)
    if (row.amount, row.currency) != (Decimal(before["amount"]), before["currency"]):
        row.reached_month = None
    _save(row)
    _record("budget.changed", row, before={**before}, after={**_told(row)})
    return row


@joined
def delete_budget(*, workspace_id: uuid.UUID, budget_id: uuid.UUID) -> None:
    """Raises: BudgetNotFound."""
    row = selectors.get_budget(workspace_id=workspace_id, budget_id=budget_id, for_update=True)
    _record("budget.deleted", row, before={**_told(row)})
    row.delete()


def _save(row: Budget) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise BudgetExists("There is a budget of this name already.", name=row.name) from error


class _Told(TypedDict):
    name: str
    amount: str
    currency: str
    deployment_id: str | None


def _told(row: Budget) -> _Told:
    return {
        "name": row.name,
        "amount": str(row.amount),
        "currency": row.currency,
        "deployment_id": None if row.deployment_id is None else str(row.deployment_id),
    }


def _record(
    action: str,
    row: Budget,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="budget", id=row.id, name=row.name),
        before=before,
        after=after,
        workspace_id=row.workspace_id,
    )
