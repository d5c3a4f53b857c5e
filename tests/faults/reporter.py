"""
A process that records use and reports it, to be forked by the nursery and killed.

Loops and Celery's part in one. Its clock for reporting is ahead, so that the hour
that just was is over, and what a killed one had claimed is free again.
"""

from __future__ import annotations

from datetime import timedelta

import django


def prepare() -> None:
    django.setup()
    from django.conf import settings

    # The role of the loops, which sees all accounts; the tests' settings name the owner.
    settings.DATABASES["default"]["USER"] = "headway_worker"
    from billing.subscriptions import selectors, services

    assert selectors
    assert services


def work(ahead_seconds: str) -> None:
    ahead = timedelta(seconds=float(ahead_seconds))
    from apps.core.clock import utc_now
    from billing.metering import services as metering
    from billing.subscriptions import selectors, services
    from billing.subscriptions.models import StripeReport

    gateway = selectors.find_gateway()
    assert gateway is not None
    print("started", flush=True)
    while True:
        metering.record_usage(now=utc_now(), limit=5)
        now = utc_now() + ahead
        services.report_usage(now=now)
        due = StripeReport.objects.due(now).order_by("id").values_list("account_id", "id")
        for account_id, report_id in list(due[:3]):
            services.send_stripe_report(
                gateway=gateway, account_id=account_id, report_id=report_id, now=now
            )
