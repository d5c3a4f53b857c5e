"""What Stripe keeps and how its API answers, in memory."""

from __future__ import annotations

import hmac
import itertools
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

Wire = dict[str, Any]
API_VERSION = "2026-10-28.endive"
SECRET_KEY = "sk_test_fake"
WEBHOOK_SECRET = "whsec_fake"
BASE_PRICE, TASK_RUN_PRICE, MANAGED_PRICE = "price_base", "price_task_runs", "price_managed"
PRICES = {BASE_PRICE: "licensed", TASK_RUN_PRICE: "metered", MANAGED_PRICE: "metered"}
METERS = ("headway_task_runs", "headway_managed_seconds")
DAY_SECONDS = 86_400
MONTH_SECONDS = 31 * DAY_SECONDS
OLDEST_EVENT_SECONDS = 35 * DAY_SECONDS
FUTURE_SECONDS = 300
KEY_SECONDS = 24 * 3_600  # for keys and identifiers: Stripe promises so much and no more
DELIVERY_TRIES = 12


class Refusal(Exception):
    """An answer of 400 or more, as Stripe words it."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, kind: str = "invalid_request"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Wire = {"error": {"type": f"{kind}_error", "message": message}}
        if code:
            self.body["error"]["code"] = code


class Dropped(Exception):
    """No answer comes. Whether the request was carried out is not to be known."""


@dataclass
class FakeStripe:
    """All of it behind one lock. `now` is a clock in seconds that tests may move."""

    now: Callable[[], float] = time.time
    url: str = "http://stripe.invalid"  # of its pages; set when it is served
    webhook_secret: str = WEBHOOK_SECRET
    prices: dict[str, str] = field(default_factory=lambda: dict(PRICES))
    meters: tuple[str, ...] = METERS
    # Called with "before" or "after" a request is carried out; whatever it raises happens.
    trouble: Callable[[str, str], None] = field(default=lambda _when, _path: None)
    customers: dict[str, Wire] = field(default_factory=dict)
    sessions: dict[str, Wire] = field(default_factory=dict)
    portals: dict[str, Wire] = field(default_factory=dict)
    subscriptions: dict[str, Wire] = field(default_factory=dict)
    meter_events: list[Wire] = field(default_factory=list)
    events: list[Wire] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    on_event: Callable[[Wire], None] = field(default=lambda _event: None)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._keys: dict[str, tuple[float, str, Wire]] = {}
        self._identifiers: dict[str, float] = {}
        self._bought: dict[str, tuple[list[Wire], Wire, int]] = {}  # what a session sells

    # Requests.

    def request(
        self, method: str, path: str, params: Wire | None = None, *, key: str | None = None
    ) -> Wire:
        """
        Answer one request of the API.

        Raises: Refusal, and what `trouble` raises.
        """
        params = params or {}
        with self._lock:
            self.requests.append((method, path))
            self.trouble("before", path)
            answer = self._answer(method, path, params, key)
            self.trouble("after", path)
            return answer

    def _answer(self, method: str, path: str, params: Wire, key: str | None) -> Wire:
        if method != "POST" or key is None:
            return deepcopy(self._carry_out(method, path, params))
        asked = f"{method} {path} {json.dumps(params, sort_keys=True)}"
        known = self._keys.get(key)
        if known is not None and self.now() - known[0] < KEY_SECONDS:
            if known[1] != asked:
                raise Refusal(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they"
                    " were first used with.",
                    kind="idempotency",
                )
            return deepcopy(known[2])
        answer = self._carry_out(method, path, params)
        # What is refused for its form is not kept under its key.
        self._keys[key] = (self.now(), asked, deepcopy(answer))
        return deepcopy(answer)

    def _carry_out(self, method: str, path: str, params: Wire) -> Wire:
        parts = path.removeprefix("/v1/").split("/")
        match (method, *parts):
            case ("POST", "customers"):
                return self._create_customer(params)
            case ("GET", "customers", customer_id):
                return self._find(self.customers, customer_id, "customer", status=404)
            case ("GET", "prices", price_id):
                return self._price(price_id, status=404)
            case ("POST", "checkout", "sessions"):
                return self._create_session(params)
            case ("GET", "checkout", "sessions", session_id):
                return self._find(self.sessions, session_id, "checkout.session", status=404)
            case ("POST", "billing_portal", "sessions"):
                return self._create_portal(params)
            case ("GET", "subscriptions"):
                return self._list_subscriptions(params)
            case ("GET", "subscriptions", subscription_id):
                return self._find(self.subscriptions, subscription_id, "subscription", status=404)
            case ("POST", "billing", "meter_events"):
                return self._create_meter_event(params)
            case ("GET", "events"):
                return _page("/v1/events", list(reversed(self.events)))
            case ("GET", "events", event_id):
                known = {event["id"]: event for event in self.events}
                return self._find(known, event_id, "event", status=404)
        raise Refusal(404, f"Unrecognized request URL ({method}: {path}).")

    def _create_customer(self, params: Wire) -> Wire:
        _only(params, "name", "email", "metadata")
        customer_id = self._new_id("cus")
        self.customers[customer_id] = {
            "id": customer_id,
            "object": "customer",
            "created": self._seconds(),
            "email": params.get("email"),
            "name": params.get("name"),
            "metadata": params.get("metadata", {}),
            "livemode": False,
            "delinquent": False,
            "invoice_prefix": customer_id[-8:].upper(),
        }
        return self.customers[customer_id]

    def _price(self, price_id: str, *, status: int) -> Wire:
        if price_id not in self.prices:
            raise Refusal(status, f"No such price: '{price_id}'", code="resource_missing")
        usage = self.prices[price_id]
        return {
            "id": price_id,
            "object": "price",
            "active": True,
            "billing_scheme": "tiered" if usage == "metered" else "per_unit",
            "created": 1_700_000_000,
            "currency": "eur",
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "product": "prod_standard",
            "recurring": {
                "interval": "month",
                "interval_count": 1,
                "meter": f"mtr_{price_id}" if usage == "metered" else None,
                "usage_type": usage,
                "trial_period_days": None,
            },
            "type": "recurring",
            "unit_amount": None if usage == "metered" else 4_900,
        }

    def _create_session(self, params: Wire) -> Wire:
        _only(
            params,
            *("mode", "customer", "client_reference_id", "line_items", "metadata"),
            *("subscription_data", "success_url", "cancel_url"),
        )
        if params.get("mode") != "subscription":
            raise Refusal(400, "This fake sells subscriptions only.")
        customer = self._find(self.customers, params.get("customer", ""), "customer", status=400)
        lines = params.get("line_items") or []
        if not lines:
            raise Refusal(400, "You must provide `line_items`.")
        for line in lines:
            usage = self._price(line.get("price", ""), status=400)["recurring"]["usage_type"]
            if usage == "metered" and "quantity" in line:
                raise Refusal(400, "Quantity should not be specified where usage_type is metered.")
            if usage == "licensed" and not str(line.get("quantity", "")).isdecimal():
                raise Refusal(400, "Quantity is required.")
        data = params.get("subscription_data", {})
        _only(data, "metadata", "billing_cycle_anchor", "proration_behavior")
        anchor = int(data.get("billing_cycle_anchor", 0))
        if anchor and not self.now() < anchor <= self.now() + MONTH_SECONDS:
            raise Refusal(400, "billing_cycle_anchor must be within the next period.")
        session_id = self._new_id("cs_test")
        self.sessions[session_id] = {
            "id": session_id,
            "object": "checkout.session",
            "created": self._seconds(),
            "expires_at": self._seconds() + DAY_SECONDS,
            "client_reference_id": params.get("client_reference_id"),
            "customer": customer["id"],
            "mode": "subscription",
            "livemode": False,
            "metadata": params.get("metadata", {}),
            "status": "open",
            "payment_status": "unpaid",
            "subscription": None,
            "success_url": params.get("success_url"),
            "cancel_url": params.get("cancel_url"),
            "url": f"{self.url}/pay/{session_id}",
        }
        self._bought[session_id] = (lines, data, anchor)
        return self.sessions[session_id]

    def _create_portal(self, params: Wire) -> Wire:
        _only(params, "customer", "return_url")
        customer = self._find(self.customers, params.get("customer", ""), "customer", status=400)
        portal_id = self._new_id("bps")
        self.portals[portal_id] = {
            "id": portal_id,
            "object": "billing_portal.session",
            "configuration": "bpc_fake",
            "created": self._seconds(),
            "customer": customer["id"],
            "livemode": False,
            "locale": None,
            "return_url": params.get("return_url"),
            "url": f"{self.url}/manage/{portal_id}",
        }
        return self.portals[portal_id]

    def _list_subscriptions(self, params: Wire) -> Wire:
        _only(params, "customer", "status", "limit")
        customer = self._find(self.customers, params.get("customer", ""), "customer", status=400)
        own = [
            each
            for each in self.subscriptions.values()
            if each["customer"] == customer["id"]
            and (params.get("status") == "all" or each["status"] != "canceled")
        ]
        newest = sorted(own, key=lambda each: (each["created"], each["id"]), reverse=True)
        return _page("/v1/subscriptions", newest[: int(params.get("limit", 10))])

    def _create_meter_event(self, params: Wire) -> Wire:
        _only(params, "event_name", "identifier", "timestamp", "payload")
        name, payload = params.get("event_name"), params.get("payload", {})
        if name not in self.meters:
            raise Refusal(400, f"No active meter found for event_name {name!r}.")
        self._find(self.customers, payload.get("stripe_customer_id", ""), "customer", status=400)
        if not str(payload.get("value", "")).isdecimal():
            raise Refusal(400, "The payload's value must be a whole number.")
        at = int(params.get("timestamp", self.now()))
        if not self.now() - OLDEST_EVENT_SECONDS <= at <= self.now() + FUTURE_SECONDS:
            raise Refusal(400, "The timestamp is over 35 days old or in the future.")
        identifier = params.get("identifier") or str(uuid.uuid4())
        seen = self._identifiers.get(identifier)
        if seen is not None and self.now() - seen < KEY_SECONDS:
            raise Refusal(400, f"An event already exists with identifier {identifier}.")
        self._identifiers[identifier] = self.now()
        event = {
            "object": "billing.meter_event",
            "created": self._seconds(),
            "event_name": name,
            "identifier": identifier,
            "livemode": False,
            "payload": payload,
            "timestamp": at,
        }
        self.meter_events.append(event)
        return event

    # What people and time do.

    def complete(self, session_id: str) -> Wire:
        """Pay on the page of the session; return the subscription."""
        with self._lock:
            session = self.sessions[session_id]
            if session["status"] != "open":
                raise Refusal(400, "This page is over.")
            lines, data, anchor = self._bought[session_id]
            subscription = self._subscribe(session["customer"], lines, data, anchor)
            session |= {
                "status": "complete",
                "payment_status": "paid",
                "subscription": subscription["id"],
                "url": None,
            }
            self._tell("checkout.session.completed", session)
            self._tell("customer.subscription.created", subscription)
            self._tell("invoice.paid", self._invoice(subscription, "paid"))
            return subscription

    def _subscribe(self, customer_id: str, lines: list[Wire], data: Wire, anchor: int) -> Wire:
        subscription_id, began = self._new_id("sub"), self._seconds()
        ends = anchor or began + 30 * DAY_SECONDS
        items = [
            {
                "id": self._new_id("si"),
                "object": "subscription_item",
                "created": began,
                "current_period_start": began,
                "current_period_end": ends,
                "discounts": [],
                "metadata": {},
                "price": self._price(line["price"], status=400),
                "subscription": subscription_id,
            }
            | ({"quantity": int(line["quantity"])} if "quantity" in line else {})
            for line in lines
        ]
        self.subscriptions[subscription_id] = {
            "id": subscription_id,
            "object": "subscription",
            "billing_cycle_anchor": ends,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "collection_method": "charge_automatically",
            "created": began,
            "currency": "eur",
            "customer": customer_id,
            "ended_at": None,
            "items": _page(f"/v1/subscription_items?subscription={subscription_id}", items),
            "latest_invoice": None,
            "livemode": False,
            "metadata": data.get("metadata", {}),
            "start_date": began,
            "status": "active",
            "trial_end": None,
        }
        return self.subscriptions[subscription_id]

    def expire(self, session_id: str) -> None:
        """Let the page's day be over."""
        with self._lock:
            self.sessions[session_id] |= {"status": "expired", "url": None}
            self._tell("checkout.session.expired", self.sessions[session_id])

    def change(self, subscription_id: str, *, status: str, tell: bool = True) -> None:
        """Let the subscription become what dunning, a payment or somebody at Stripe makes of it."""
        with self._lock:
            subscription = self.subscriptions[subscription_id]
            subscription["status"] = status
            if status == "canceled":
                subscription |= {"canceled_at": self._seconds(), "ended_at": self._seconds()}
            if not tell:
                return
            if status == "active":
                self._tell("invoice.paid", self._invoice(subscription, "paid"))
            if status in {"past_due", "unpaid"}:
                self._tell("invoice.payment_failed", self._invoice(subscription, "open"))
            over = status == "canceled"
            self._tell(f"customer.subscription.{'deleted' if over else 'updated'}", subscription)

    def cancel_at_period_end(self, subscription_id: str, *, cancel: bool = True) -> None:
        with self._lock:
            subscription = self.subscriptions[subscription_id]
            ends = subscription["items"]["data"][0]["current_period_end"]
            subscription |= {
                "cancel_at_period_end": cancel,
                "cancel_at": ends if cancel else None,
                "canceled_at": self._seconds() if cancel else None,
            }
            self._tell("customer.subscription.updated", subscription)

    def delete_customer(self, customer_id: str) -> None:
        """Somebody deletes the customer in the dashboard: what they had is cancelled."""
        with self._lock:
            for subscription in list(self.subscriptions.values()):
                if subscription["customer"] == customer_id and subscription["status"] != "canceled":
                    self.change(subscription["id"], status="canceled")
            del self.customers[customer_id]

    def used(self, customer_id: str, name: str = METERS[0]) -> int:
        """What arrived of a meter for the customer."""
        with self._lock:
            return sum(
                int(event["payload"]["value"])
                for event in self.meter_events
                if event["event_name"] == name
                and event["payload"]["stripe_customer_id"] == customer_id
            )

    def tell_of(self, kind: str, about: Wire) -> Wire:
        """Make an event of any type and content; return it."""
        with self._lock:
            return self._tell(kind, about)

    def sign(self, event: Wire, *, at: float | None = None) -> tuple[bytes, str]:
        """Return the body of a webhook and its `Stripe-Signature`."""
        body = json.dumps(event, separators=(",", ":")).encode()
        return body, signature(body, self.webhook_secret, at=self.now() if at is None else at)

    # Small parts.

    def _invoice(self, subscription: Wire, status: str) -> Wire:
        return {
            "id": self._new_id("in"),
            "object": "invoice",
            "created": self._seconds(),
            "currency": "eur",
            "customer": subscription["customer"],
            "livemode": False,
            "status": status,
            "parent": {
                "type": "subscription_details",
                "quote_details": None,
                "subscription_details": {"metadata": {}, "subscription": subscription["id"]},
            },
        }

    def _tell(self, kind: str, about: Wire) -> Wire:
        event = {
            "id": self._new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self._seconds(),
            "data": {"object": deepcopy(about)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events.append(event)
        self.on_event(event)
        return event

    def _find(self, known: Mapping[str, Wire], name: str, kind: str, *, status: int) -> Wire:
        if name not in known:
            raise Refusal(status, f"No such {kind}: '{name}'", code="resource_missing")
        return known[name]

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):06d}{uuid.uuid4().hex[:10]}"

    def _seconds(self) -> int:
        return int(self.now())


def signature(body: bytes, secret: str, *, at: float) -> str:
    """The `Stripe-Signature` of a body, made by Stripe's rule and not by its library."""
    signed = f"{int(at)}.".encode() + body
    return f"t={int(at)},v1={hmac.new(secret.encode(), signed, sha256).hexdigest()}"


def _only(params: Wire, *known: str) -> None:
    for name in params:
        if name not in known:
            raise Refusal(400, f"Received unknown parameter: {name}", code="parameter_unknown")


def _page(url: str, data: list[Wire]) -> Wire:
    return {"object": "list", "data": data, "has_more": False, "url": url}
