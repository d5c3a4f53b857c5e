"""Accounts that pay: through the fake in memory, or over HTTP to it."""

from __future__ import annotations

from datetime import datetime

from apps.tenancy.actors import AccountRef, WorkspaceRef
from billing.subscriptions import services
from billing.subscriptions.models import StripeCustomer
from billing.subscriptions.plans import PlanCode
from tests.fakes.fake_stripe import FakeGateway, FakeStripe


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
