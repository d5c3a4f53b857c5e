"""Buy a plan, manage what was bought, and believe what the payment provider says when asked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction

from apps.tenancy.actors import AccountRef
from apps.tenancy.isolation import account_scope
from billing.metering.months import Month
from billing.subscriptions import selectors
from billing.subscriptions.errors import (
    AlreadyOnPlan,
    BillingIsOff,
    BillingRefused,
    BillingUnavailable,
    NothingBought,
    PlanByContract,
)
from billing.subscriptions.gateway import (
    LIVE,
    Bought,
    Checkout,
    CheckoutSession,
    Gateway,
    GatewayError,
    GoneError,
)
from billing.subscriptions.models import StripeCustomer
from billing.subscriptions.plans import PlanCode
from billing.subscriptions.services.plans import (
    apply_entitlements,
    locked_subscription,
    set_plan,
)
from billing.subscriptions.services.reports import follow_metering

logger = structlog.get_logger(__name__)
# Ended for us, and still there at Stripe: paying what is due makes it live again.
UNSETTLED: Final = frozenset({"unpaid", "paused"})


def open_checkout(
    *,
    gateway: Gateway | None,
    account: AccountRef,
    plan: PlanCode,
    email: str | None,
    return_to: str,
    now: datetime,
) -> str:
    """
    Return the address of the page on which the account buys the plan.

    Asking again gives the same page while it is open, so that nobody pays for two plans. Talks to
    the provider: call it outside of any transaction.
    Raises: BillingIsOff, PlanByContract, AlreadyOnPlan, BillingUnavailable, BillingRefused.
    """
    prices = selectors.prices_of(plan)
    if gateway is None:
        raise BillingIsOff("Nothing can be bought in this installation.")
    if plan is not PlanCode.STANDARD or _plan_of(account.id) is PlanCode.ENTERPRISE:
        raise PlanByContract("The plan Enterprise is agreed by contract; talk to us.")
    with _weather():
        customer = _get_or_create_customer(gateway, account, email)
        page = _find_open_page(gateway, customer)
        if page is not None:
            _refuse_twice(account.id, plan)
            return page.url
        # What was bought a moment ago may not have been told yet.
        if not _look(gateway, customer, now=now):
            customer = _replace_customer(gateway, customer, account, email)
        _refuse_twice(account.id, plan)
        session = gateway.create_checkout(
            Checkout(
                customer_id=customer.customer_id,
                account_id=account.id,
                plan=plan.value,
                prices=prices,
                billed_from=Month.of(now).ends_at,
                success_url=_return_url(return_to, "done"),
                cancel_url=_return_url(return_to, "cancelled"),
            ),
            # Two who ask at once follow the same page, and get the same next one.
            key=f"checkout:{customer.customer_id}:{customer.checkout_session_id}",
        )
    StripeCustomer.objects.filter(pk=customer.pk).update(checkout_session_id=session.id)
    logger.info("checkout.opened", account_id=str(account.id), plan=plan.value)
    return session.url


def open_portal(*, gateway: Gateway | None, account: AccountRef, return_to: str) -> str:
    """
    Return the address of the page with the account's invoices, cards and cancellation.

    Talks to the provider: call it outside of any transaction.
    Raises: BillingIsOff, NothingBought, BillingUnavailable, BillingRefused.
    """
    if gateway is None:
        raise BillingIsOff("Nothing can be bought in this installation.")
    customer = StripeCustomer.objects.filter(account_id=account.id).first()
    if customer is None:
        raise NothingBought("This account has bought nothing yet.")
    with _weather():
        try:
            return gateway.create_portal(
                customer_id=customer.customer_id,
                return_url=f"{settings.PUBLIC_URL}{return_to}",
                key=f"portal:{uuid.uuid4()}",  # a page that was opened before may be used up
            )
        except GoneError:
            raise NothingBought("The payment provider no longer knows this account.") from None


def refresh_customer(*, gateway: Gateway, customer_id: str, now: datetime) -> bool:
    """
    Ask the provider what the customer has, and let it count; False for a customer not of ours.

    Any number at once and in any order: who begins to look later knows better. Talks to the
    provider: call it outside of any transaction.
    Raises: GatewayError.
    """
    customer = StripeCustomer.objects.filter(customer_id=customer_id).first()
    if customer is None:
        return False
    _look(gateway, customer, now=now)
    return True


def _plan_of(account_id: uuid.UUID) -> PlanCode:
    with account_scope(account_id):
        return selectors.get_plan(account_id=account_id).code


def _refuse_twice(account_id: uuid.UUID, plan: PlanCode) -> None:
    with account_scope(account_id):
        if selectors.get_plan(account_id=account_id).code is plan:
            raise AlreadyOnPlan("The account has this plan already.")
        payment = selectors.find_payment(account_id=account_id)
    if payment is not None and payment.status in UNSETTLED:
        raise AlreadyOnPlan(
            "This plan was bought before and waits for its payment: settle it on the payment page.",
            status=payment.status,
        )


def _get_or_create_customer(
    gateway: Gateway, account: AccountRef, email: str | None
) -> StripeCustomer:
    known = StripeCustomer.objects.filter(account_id=account.id).first()
    if known is not None:
        return known
    customer_id = gateway.create_customer(
        account_id=account.id, name=account.name, email=email, key=f"customer:{account.id}"
    )
    # Of two who asked at once one finds the other's, which is the same.
    customer, _ = StripeCustomer.objects.get_or_create(
        account_id=account.id, defaults={"customer_id": customer_id}
    )
    return customer


def _replace_customer(
    gateway: Gateway, gone: StripeCustomer, account: AccountRef, email: str | None
) -> StripeCustomer:
    """Make a customer in place of one that somebody deleted at the provider."""
    customer_id = gateway.create_customer(
        account_id=account.id,
        name=account.name,
        email=email,
        key=f"customer:{account.id}:{gone.customer_id}",
    )
    StripeCustomer.objects.filter(pk=gone.pk, customer_id=gone.customer_id).update(
        customer_id=customer_id, checkout_session_id=""
    )
    return StripeCustomer.objects.get(pk=gone.pk)


def _find_open_page(gateway: Gateway, customer: StripeCustomer) -> CheckoutSession | None:
    if not customer.checkout_session_id:
        return None
    try:
        session = gateway.get_checkout(customer.checkout_session_id)
    except GoneError:
        return None
    return session if session.is_open else None


def _look(gateway: Gateway, customer: StripeCustomer, *, now: datetime) -> bool:
    """Apply what the provider has of the customer; False when it no longer knows the customer."""
    with transaction.atomic():
        row = StripeCustomer.objects.select_for_update().get(pk=customer.pk)
        number = row.looks + 1
        StripeCustomer.objects.filter(pk=row.pk).update(looks=number)
    try:
        bought = gateway.list_subscriptions(customer.customer_id)
        is_known = True
    except GoneError:
        bought, is_known = [], False
    _apply(customer, number, bought, now=now)
    return is_known


@transaction.atomic
def _apply(
    customer: StripeCustomer, number: int, bought: Sequence[Bought], *, now: datetime
) -> None:
    """
    Let what was seen count, unless somebody who began to look later was faster.

    Plan, limits and the release of what was held are one transaction.
    """
    seen = StripeCustomer.objects.filter(
        pk=customer.pk, customer_id=customer.customer_id, applied_look__lt=number
    ).update(applied_look=number, looked_at=now)
    if not seen or not selectors.billing_is_on():
        return
    with account_scope(customer.account_id):
        subscription = locked_subscription(customer.account_id, now)
        was_bought = bool(subscription.stripe_subscription_id)
        current = _current(bought)
        subscription.stripe_subscription_id = current.id if current else ""
        subscription.stripe_status = current.status if current else ""
        subscription.cancel_at = current.cancel_at if current else None
        subscription.current_period_end = current.current_period_end if current else None
        subscription.save(
            update_fields=[
                "stripe_subscription_id",
                "stripe_status",
                "cancel_at",
                "current_period_end",
            ]
        )
        plan = selectors.effective_plan(subscription.plan_id)
        if subscription.stripe_status in LIVE:
            # A contract stands above what was bought; who signs one cancels the other.
            if plan is not PlanCode.ENTERPRISE:
                set_plan(subscription, PlanCode.STANDARD, now=now)
        elif was_bought and plan is PlanCode.STANDARD:
            set_plan(subscription, PlanCode.FREE, now=now)
        follow_metering(subscription, now=now)
        apply_entitlements(account_id=customer.account_id, now=now)


def _current(bought: Sequence[Bought]) -> Bought | None:
    """Return the subscription that counts: the newest that is live, else the newest there was."""
    prices = selectors.prices_of(PlanCode.STANDARD)
    ours = [each for each in bought if each.is_of(PlanCode.STANDARD.value, prices)]
    return next((each for each in ours if each.is_live), ours[0] if ours else None)


def _return_url(path: str, outcome: str) -> str:
    return f"{settings.PUBLIC_URL}{path}?checkout={outcome}"


@contextmanager
def _weather() -> Iterator[None]:
    """Turn the provider's trouble into what a caller can act on."""
    try:
        yield
    except GatewayError as error:
        if error.retryable:
            logger.warning("stripe.unavailable", error=str(error))
            raise BillingUnavailable(
                "The payment provider does not answer. Try again in a minute."
            ) from error
        logger.exception("stripe.refused", error=str(error))
        raise BillingRefused(
            "The payment provider refuses this; whoever runs this installation has to look."
        ) from error
