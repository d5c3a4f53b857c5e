"""What we ask of the payment provider, in our own words: the port that `stripe_gateway` fills."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# A subscription in one of these states gives its plan: Stripe still tries to collect what is due.
LIVE = frozenset({"active", "trialing", "past_due"})


class GatewayError(Exception):
    """
    The provider did not do what was asked.

    `retryable`: the same request may succeed later. `certain`: it surely was not carried out; if
    False nobody knows, and only the same key or identifier makes a repetition safe.
    """

    def __init__(self, message: str, *, retryable: bool, certain: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.certain = certain


class GoneError(GatewayError):
    """The provider knows no such thing, or no longer."""


class ForgedNotice(Exception):
    """A webhook's signature is missing, wrong or too old, or its body is none of the provider's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What somebody is about to buy."""

    customer_id: str
    account_id: uuid.UUID
    plan: str
    prices: tuple[str, ...]
    billed_from: datetime  # the first full period; what is before it is charged in proportion
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutSession:
    """A page of the provider's on which it is bought."""

    id: str
    url: str  # empty once it is over
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """A subscription as the provider has it now."""

    id: str
    status: str
    plan: str | None  # as we noted it when it was bought
    prices: frozenset[str]
    created_at: datetime
    cancel_at: datetime | None
    current_period_end: datetime | None

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def is_of(self, plan: str, prices: Collection[str]) -> bool:
        """Tell whether it is of this plan: by our note, or, when others made it, by its prices."""
        return self.plan == plan if self.plan else not self.prices.isdisjoint(prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvent:
    """So much of a meter was used; the same identifier counts once."""

    name: str
    identifier: str
    customer_id: str
    quantity: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A webhook whose signature holds. What it tells of is asked for anew, never believed."""

    id: str
    type: str
    customer_id: str | None


class Gateway(Protocol):
    """
    The provider. `key` makes a repetition of a creating call the same call.

    Every method but `read_notice` raises GatewayError.
    """

    def create_customer(
        self, *, account_id: uuid.UUID, name: str, email: str | None, key: str
    ) -> str:
        """Return the id of the new customer."""
        ...

    def create_checkout(self, checkout: Checkout, *, key: str) -> CheckoutSession: ...

    def get_checkout(self, session_id: str) -> CheckoutSession: ...

    def create_portal(self, *, customer_id: str, return_url: str, key: str) -> str:
        """Return the address of the page on which the customer manages what was bought."""
        ...

    def list_subscriptions(self, customer_id: str) -> list[Bought]:
        """Return all the customer's subscriptions, ended ones too, newest first."""
        ...

    def send_meter_event(self, event: MeterEvent) -> None:
        """Report a use; one that was reported before is as good as sent."""
        ...

    def read_notice(self, *, body: bytes, signature: str | None) -> Notice:
        """
        Return what a webhook says.

        Raises: ForgedNotice.
        """
        ...
