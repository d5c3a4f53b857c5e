"""Let go of an account that was deleted; what was billed stays."""

from __future__ import annotations

import uuid

from billing.subscriptions.models import AgreedEntitlement


def forget_account(*, account_id: uuid.UUID) -> None:
    """Delete what was agreed with it; its subscription goes with its own row. For loops."""
    AgreedEntitlement.objects.filter(account_id=account_id).delete()
