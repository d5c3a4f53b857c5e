"""Stripe, behind the port of `gateway`. The only module that imports stripe."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import requests
import stripe
from urllib3.exceptions import NewConnectionError

from billing.subscriptions.gateway import (
    Bought,
    Checkout,
    CheckoutSession,
    ForgedNotice,
    GatewayError,
    GoneError,
    MeterEvent,
    Notice,
)

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

CONNECT_SECONDS, READ_SECONDS = 3.1, 15.0
NETWORK_RETRIES = 1  # with the same key; whoever called tries again by its own clock
OLDEST_NOTICE_SECONDS = 300
CUSTOMERS_SUBSCRIPTIONS = 100  # one page; nobody has more
TOO_MANY, CONFLICT, FAILED = 429, 409, 500
METERED: Final = "metered"


@lru_cache(maxsize=4)
def connect(secret_key: str, webhook_secret: str, api_base: str) -> StripeGateway:
    """Return the gateway for these settings; connections are kept for each thread."""
    return StripeGateway(secret_key=secret_key, webhook_secret=webhook_secret, api_base=api_base)


class StripeGateway:
    """The real one."""

    def __init__(self, *, secret_key: str, webhook_secret: str, api_base: str = "") -> None:
        self._webhook_secret = webhook_secret
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base, "meter_events": api_base} if api_base else None,
            max_network_retries=NETWORK_RETRIES,
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        )
        self._usage_types: dict[str, str] = {}

    def create_customer(
        self, *, account_id: uuid.UUID, name: str, email: str | None, key: str
    ) -> str:
        with _asking():
            params: stripe.params.CustomerCreateParams = {
                "name": name,
                "metadata": {"account_id": str(account_id)},
            }
            if email:
                params["email"] = email
            customer = self._client.v1.customers.create(params, _once(key, params))
        return customer.id

    def create_checkout(self, checkout: Checkout, *, key: str) -> CheckoutSession:
        labels = {"account_id": str(checkout.account_id), "plan": checkout.plan}
        with _asking():
            params: SessionCreateParams = {
                "mode": "subscription",
                "customer": checkout.customer_id,
                "client_reference_id": str(checkout.account_id),
                "line_items": [self._line(price) for price in checkout.prices],
                "metadata": labels,
                "subscription_data": {
                    "metadata": labels,
                    "billing_cycle_anchor": int(checkout.billed_from.timestamp()),
                    "proration_behavior": "create_prorations",
                },
                "success_url": checkout.success_url,
                "cancel_url": checkout.cancel_url,
            }
            session = self._client.v1.checkout.sessions.create(params, _once(key, params))
        return _session(session)

    def _line(self, price_id: str) -> SessionCreateParamsLineItem:
        # Stripe refuses a quantity for what it meters, and wants one for everything else.
        if price_id not in self._usage_types:
            price = self._client.v1.prices.retrieve(price_id)
            self._usage_types[price_id] = price.recurring.usage_type if price.recurring else ""
        if self._usage_types[price_id] == METERED:
            return {"price": price_id}
        return {"price": price_id, "quantity": 1}

    def get_checkout(self, session_id: str) -> CheckoutSession:
        with _asking():
            return _session(self._client.v1.checkout.sessions.retrieve(session_id))

    def create_portal(self, *, customer_id: str, return_url: str, key: str) -> str:
        with _asking():
            params: stripe.params.billing_portal.SessionCreateParams = {
                "customer": customer_id,
                "return_url": return_url,
            }
            return self._client.v1.billing_portal.sessions.create(params, _once(key, params)).url

    def list_subscriptions(self, customer_id: str) -> list[Bought]:
        with _asking():
            found = self._client.v1.subscriptions.list(
                {"customer": customer_id, "status": "all", "limit": CUSTOMERS_SUBSCRIPTIONS}
            )
        bought = [_bought(subscription) for subscription in found.data]
        return sorted(bought, key=lambda each: (each.created_at, each.id), reverse=True)

    def send_meter_event(self, event: MeterEvent) -> None:
        params: stripe.params.billing.MeterEventCreateParams = {
            "event_name": event.name,
            "identifier": event.identifier,
            "timestamp": int(event.occurred_at.timestamp()),
            "payload": {
                "stripe_customer_id": event.customer_id,
                "value": str(event.quantity),
            },
        }
        # One try: of two nobody could say afterwards whether the first one arrived.
        options: stripe.RequestOptions = {
            **_once(event.identifier, params),
            "max_network_retries": 0,
        }
        try:
            with _asking():
                self._client.v1.billing.meter_events.create(params, options)
        except _KnownIdentifier:
            return

    def read_notice(self, *, body: bytes, signature: str | None) -> Notice:
        try:
            stripe.WebhookSignature.verify_header(
                body, signature, self._webhook_secret, OLDEST_NOTICE_SECONDS
            )
            told = json.loads(body)
            about = told["data"]["object"]
            return Notice(id=_text(told["id"]), type=_text(told["type"]), customer_id=_whose(about))
        except stripe.SignatureVerificationError as error:
            raise ForgedNotice(error.user_message or "not signed") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ForgedNotice("not an event of Stripe's") from error


class _KnownIdentifier(GatewayError):
    """Stripe counted this meter event before."""


@contextmanager
def _asking() -> Iterator[None]:
    """Turn what Stripe or the network says into our own errors."""
    try:
        yield
    except stripe.StripeError as error:
        raise _translated(error) from error


def _translated(error: stripe.StripeError) -> GatewayError:
    message = f"{error.code or type(error).__name__}: {error.user_message or ''}".strip()[:300]
    status = error.http_status
    if error.code == "resource_missing":
        return GoneError(message, retryable=False, certain=True)
    if error.code == "duplicate_meter_event" or "already exists with identifier" in message:
        return _KnownIdentifier(message, retryable=False, certain=True)
    if status is None or status >= FAILED:
        # No answer, or one that does not say: it may have been carried out.
        return GatewayError(message, retryable=True, certain=_never_left(error))
    if status in {TOO_MANY, CONFLICT}:
        return GatewayError(message, retryable=True, certain=True)
    return GatewayError(message, retryable=False, certain=True)


def _never_left(error: stripe.StripeError) -> bool:
    """Tell whether no connection came about, so that nothing was sent."""
    cause = error.__cause__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    if not isinstance(cause, requests.exceptions.ConnectionError) or not cause.args:
        return False
    return isinstance(getattr(cause.args[0], "reason", None), NewConnectionError)


def _once(key: str, params: object) -> stripe.RequestOptions:
    """
    Return the options that make a repetition of the call the same call.

    The parameters are part of the key: Stripe refuses a key that comes with other ones.
    """
    content = json.dumps(params, sort_keys=True).encode()
    return {"idempotency_key": f"{key}:{sha256(content).hexdigest()[:32]}"}


def _session(session: stripe.checkout.Session) -> CheckoutSession:
    return CheckoutSession(
        id=session.id, url=session.url or "", is_open=session.status == "open" and bool(session.url)
    )


def _bought(subscription: stripe.Subscription) -> Bought:
    items = subscription["items"].data  # `.items` is the method of a mapping
    # Items have periods of their own since 2025; ours begin and end together.
    period_end = max((int(item.current_period_end) for item in items), default=None)
    cancel_at = subscription.cancel_at
    if cancel_at is None and subscription.cancel_at_period_end:
        cancel_at = period_end
    return Bought(
        id=subscription.id,
        status=subscription.status,
        plan=subscription.metadata.to_dict().get("plan") if subscription.metadata else None,
        prices=frozenset(str(item.price.id) for item in items),
        created_at=_moment(subscription.created),
        cancel_at=_moment(cancel_at) if cancel_at else None,
        current_period_end=_moment(period_end) if period_end else None,
    )


def _whose(about: object) -> str | None:
    """Return the customer of what an event is about: its id, or the object itself when expanded."""
    if not isinstance(about, dict):
        raise TypeError("an event is about an object")
    if about.get("object") == "customer":
        return _text(about["id"])
    customer = about.get("customer")
    if isinstance(customer, dict):
        customer = customer.get("id")
    return _text(customer) if customer else None


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 255 or "\0" in value:
        raise TypeError("not a name of Stripe's")
    return value


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
