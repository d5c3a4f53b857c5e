"""The fake behind our port, without any network."""

from __future__ import annotations

import hmac
import json
import uuid
from datetime import UTC, datetime
from hashlib import sha256

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
from tests.fakes.fake_stripe.api import Dropped, FakeStripe, Refusal, Wire


class FakeGateway:
    """The fake behind our port, with translations of its own."""

    def __init__(self, fake: FakeStripe) -> None:
        self.fake = fake

    def _ask(self, method: str, path: str, params: Wire | None = None, key: str = "") -> Wire:
        once = f"{key}:{json.dumps(params, sort_keys=True)}" if key else None
        try:
            return self.fake.request(method, f"/v1/{path}", params, key=once)
        except Refusal as refusal:
            code, status = refusal.body["error"].get("code"), refusal.status
            if code == "resource_missing":
                raise GoneError(str(refusal), retryable=False, certain=True) from refusal
            raise GatewayError(
                str(refusal),
                retryable=status >= 500 or status in {409, 429},
                certain=status < 500,
            ) from refusal
        except Dropped as dropped:
            raise GatewayError("no answer", retryable=True, certain=False) from dropped

    def create_customer(
        self, *, account_id: uuid.UUID, name: str, email: str | None, key: str
    ) -> str:
        params: Wire = {"name": name, "metadata": {"account_id": str(account_id)}}
        if email:
            params["email"] = email
        return str(self._ask("POST", "customers", params, key)["id"])

    def create_checkout(self, checkout: Checkout, *, key: str) -> CheckoutSession:
        labels = {"account_id": str(checkout.account_id), "plan": checkout.plan}
        lines: list[Wire] = []
        for price in checkout.prices:
            usage = self._ask("GET", f"prices/{price}")["recurring"]["usage_type"]
            lines.append({"price": price} | ({} if usage == "metered" else {"quantity": 1}))
        params = {
            "mode": "subscription",
            "customer": checkout.customer_id,
            "client_reference_id": str(checkout.account_id),
            "line_items": lines,
            "metadata": labels,
            "subscription_data": {
                "metadata": labels,
                "billing_cycle_anchor": int(checkout.billed_from.timestamp()),
                "proration_behavior": "create_prorations",
            },
            "success_url": checkout.success_url,
            "cancel_url": checkout.cancel_url,
        }
        return _to_session(self._ask("POST", "checkout/sessions", params, key))

    def get_checkout(self, session_id: str) -> CheckoutSession:
        return _to_session(self._ask("GET", f"checkout/sessions/{session_id}"))

    def create_portal(self, *, customer_id: str, return_url: str, key: str) -> str:
        params = {"customer": customer_id, "return_url": return_url}
        return str(self._ask("POST", "billing_portal/sessions", params, key)["url"])

    def list_subscriptions(self, customer_id: str) -> list[Bought]:
        params = {"customer": customer_id, "status": "all", "limit": 100}
        return [_to_bought(each) for each in self._ask("GET", "subscriptions", params)["data"]]

    def send_meter_event(self, event: MeterEvent) -> None:
        params = {
            "event_name": event.name,
            "identifier": event.identifier,
            "timestamp": int(event.occurred_at.timestamp()),
            "payload": {"stripe_customer_id": event.customer_id, "value": str(event.quantity)},
        }
        try:
            self._ask("POST", "billing/meter_events", params, event.identifier)
        except GatewayError as error:
            if "already exists" not in str(error):
                raise

    def read_notice(self, *, body: bytes, signature: str | None) -> Notice:
        parts = dict(part.partition("=")[::2] for part in (signature or "").split(","))
        at, given = parts.get("t", ""), parts.get("v1", "")
        signed = f"{at}.".encode() + body
        wanted = hmac.new(self.fake.webhook_secret.encode(), signed, sha256).hexdigest()
        if not at.isdecimal() or not hmac.compare_digest(given, wanted):
            raise ForgedNotice("not signed")
        if int(at) < self.fake.now() - 300:
            raise ForgedNotice("too old")
        try:
            told = json.loads(body)
            about = told["data"]["object"]
            whose = about["id"] if about.get("object") == "customer" else about.get("customer")
            if not isinstance(told["id"], str) or not isinstance(told["type"], str):
                raise ForgedNotice("not an event")
            return Notice(id=told["id"], type=told["type"], customer_id=whose)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ForgedNotice("not an event") from error


def _to_session(wire: Wire) -> CheckoutSession:
    return CheckoutSession(id=wire["id"], url=wire["url"] or "", is_open=wire["status"] == "open")


def _to_bought(wire: Wire) -> Bought:
    items = wire["items"]["data"]
    return Bought(
        id=wire["id"],
        status=wire["status"],
        plan=wire["metadata"].get("plan"),
        prices=frozenset(item["price"]["id"] for item in items),
        created_at=datetime.fromtimestamp(wire["created"], UTC),
        cancel_at=datetime.fromtimestamp(wire["cancel_at"], UTC) if wire["cancel_at"] else None,
        current_period_end=datetime.fromtimestamp(items[0]["current_period_end"], UTC),
    )
