"""Use cases of plans and of paying for them."""

from billing.subscriptions.services.plans import (
    agree,
    apply_entitlements,
    change_plan,
    enforce_limits,
    subscribe_accounts,
)
from billing.subscriptions.services.purchases import (
    open_checkout,
    open_portal,
    refresh_customer,
)

__all__ = [
    "agree",
    "apply_entitlements",
    "change_plan",
    "enforce_limits",
    "open_checkout",
    "open_portal",
    "refresh_customer",
    "subscribe_accounts",
]
