"""What stands in the way of deleting an account or a workspace."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from apps.exports.enums import ExportState
from apps.exports.errors import ExportNeeded, SubscriptionRunning
from apps.exports.models import ExportJob
from apps.tenancy.isolation import account_scope
from billing.subscriptions import selectors as subscriptions

FRESH: Final = timedelta(days=1)


def refuse_deletion(
    *,
    account_id: uuid.UUID,
    workspace_id: uuid.UUID | None,
    without_export: bool,
    now: datetime,
) -> None:
    """
    Let nobody delete what they have not taken out, nor an account that still pays.

    Nothing is ended at the payment provider behind the payer's back: they end it themselves.
    Raises: SubscriptionRunning, ExportNeeded.
    """
    with account_scope(account_id):
        if workspace_id is None and is_paying(account_id):
            raise SubscriptionRunning(
                "A paid subscription runs. End it on the payment page first; then delete."
            )
        if without_export:
            return
        made = ExportJob.objects.filter(
            account_id=account_id, state=ExportState.DONE, finished_at__gt=now - FRESH
        )
        # One of the whole account holds the workspace too.
        of_it = made.filter(workspace_id=None)
        if workspace_id is not None:
            of_it |= made.filter(workspace_id=workspace_id)
        if not of_it.exists():
            raise ExportNeeded("Export it first, or say that no export is wanted.")


def is_paying(account_id: uuid.UUID) -> bool:
    """Tell whether a subscription at the payment provider is not over; in `account_scope`."""
    payment = subscriptions.find_payment(account_id=account_id)
    return payment is not None and payment.status not in ENDED


ENDED: Final = frozenset({"", "canceled", "incomplete_expired"})
