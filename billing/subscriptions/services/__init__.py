"""Use cases of plans and of paying for them."""

from billing.subscriptions.services.notices import (
    PROCESS_TASK,
    REFRESH_TASK,
    drop_old_stripe_events,
    hand_out_stale_customers,
    hand_out_stripe_events,
    process_stripe_event,
    refresh_quietly,
    take_notice,
)
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
    "PROCESS_TASK",
    "REFRESH_TASK",
    "agree",
    "apply_entitlements",
    "change_plan",
    "drop_old_stripe_events",
    "enforce_limits",
    "hand_out_stale_customers",
    "hand_out_stripe_events",
    "open_checkout",
    "open_portal",
    "process_stripe_event",
    "refresh_customer",
    "refresh_quietly",
    "subscribe_accounts",
    "take_notice",
]
