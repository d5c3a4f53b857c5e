"""Accounts that pay: through the fake in memory, or over HTTP to it."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.tenancy.actors import AccountRef, WorkspaceRef
from billing.subscriptions import services
from billing.subscriptions.models import StripeCustomer, StripeReport
from billing.subscriptions.plans import PlanCode
from tests.fakes.fake_stripe import FakeGateway, FakeStripe
from tests.isolation import as_worker


def account_of(workspace: WorkspaceRef) -> AccountRef:
    return AccountRef(id=workspace.account_id, name=workspace.account_name)


def open_checkout(fake: FakeStripe, workspace: WorkspaceRef, *, now: datetime) -> str:
    """Return the id of the checkout session that the account is sent to."""
    url = services.open_checkout(
        gateway=FakeGateway(fake),
        account=account_of(workspace),
        plan=PlanCode.STANDARD,
        email="alice@acme.example",
        return_to="/plan",
        now=now,
    )
    return url.rpartition("/")[2]


def customer_of(workspace: WorkspaceRef) -> str:
    return StripeCustomer.objects.get(account_id=workspace.account_id).customer_id


def refresh(fake: FakeStripe, workspace: WorkspaceRef, *, now: datetime) -> bool:
    return services.refresh_customer(
        gateway=FakeGateway(fake), customer_id=customer_of(workspace), now=now
    )


def buy(fake: FakeStripe, workspace: WorkspaceRef, *, now: datetime) -> str:
    """Let the account buy Standard and let it count; return the subscription's id."""
    subscription_id = fake.complete(open_checkout(fake, workspace, now=now))["id"]
    refresh(fake, workspace, now=now)
    return str(subscription_id)


def make_reports(now: datetime) -> int:
    """Let the loop make reports until there is nothing to take."""
    total = 0
    with as_worker():
        while taken := services.report_usage(now=now):
            total += taken
    return total


def due_reports(now: datetime) -> list[tuple[uuid.UUID, uuid.UUID]]:
    with as_worker():
        rows = StripeReport.objects.due(now).order_by("id")
        return list(rows.values_list("account_id", "id"))


def send(fake: FakeStripe, account_id: uuid.UUID, report_id: uuid.UUID, now: datetime) -> bool:
    return services.send_stripe_report(
        gateway=FakeGateway(fake), account_id=account_id, report_id=report_id, now=now
    )


def send_due(fake: FakeStripe, now: datetime) -> int:
    """Send what is due; return how many arrived."""
    return sum(send(fake, *each, now) for each in due_reports(now))
