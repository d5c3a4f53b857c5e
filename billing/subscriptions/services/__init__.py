"""Use cases of plans and of paying for them."""

from billing.subscriptions.services.forget import forget_account
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
from billing.subscriptions.services.reports import (
    HANDED_AT_ONCE,
    SEND_TASK,
    TAKEN_AT_ONCE,
    hand_out_reports,
    report_usage,
    send_stripe_report,
    settle_report,
)

__all__ = [
    "HANDED_AT_ONCE",
    "PROCESS_TASK",
    "REFRESH_TASK",
    "SEND_TASK",
    "TAKEN_AT_ONCE",
    "agree",
    "apply_entitlements",
    "change_plan",
    "drop_old_stripe_events",
    "enforce_limits",
    "forget_account",
    "hand_out_reports",
    "hand_out_stale_customers",
    "hand_out_stripe_events",
    "open_checkout",
    "open_portal",
    "process_stripe_event",
    "refresh_customer",
    "refresh_quietly",
    "report_usage",
    "send_stripe_report",
    "settle_report",
    "subscribe_accounts",
    "take_notice",
]
