"""Stripe. Without a secret key plans count and limit all the same, and none can be bought."""

from django.core.exceptions import ImproperlyConfigured

from apps.config.env import env_groups, env_secret, env_str

STRIPE_SECRET_KEY = env_secret("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRET = env_secret("STRIPE_WEBHOOK_SECRET", "")
# What a plan is made of at Stripe, as in STANDARD=price_base,price_task_runs.
STRIPE_PRICES = env_groups("STRIPE_PRICES")
# Which of our meters are reported, and under which event name Stripe's meters know them.
STRIPE_METERS = env_groups(
    "STRIPE_METERS", "task_runs=headway_task_runs managed_seconds=headway_managed_seconds"
)
STRIPE_API_BASE = env_str("STRIPE_API_BASE", "")  # for tests; empty: Stripe's own

if STRIPE_SECRET_KEY and not (STRIPE_WEBHOOK_SECRET and STRIPE_PRICES.get("STANDARD")):
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY needs STRIPE_WEBHOOK_SECRET and STRIPE_PRICES with STANDARD=price_…"
    )
