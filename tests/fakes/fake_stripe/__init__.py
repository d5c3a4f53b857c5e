"""
Enough of Stripe to buy a plan, lose it and report use to: in memory, with the words of its API.

`FakeStripe` (`api`) answers requests as Stripe documents it; `FakeGateway` puts it behind our port
without any network; `serving` (`server`) puts it behind HTTP on loopback, where the real `stripe`
library talks to it. `python -m tests.fakes.fake_stripe --port 8499` runs it by hand. Nothing here
was ever compared with Stripe itself: the types are those of Stripe's own library, the behaviour is
that of its pages.
"""

from tests.fakes.fake_stripe.api import (
    API_VERSION,
    BASE_PRICE,
    MANAGED_PRICE,
    METERS,
    PRICES,
    SECRET_KEY,
    WEBHOOK_SECRET,
    Dropped,
    FakeStripe,
    Refusal,
    signature,
)
from tests.fakes.fake_stripe.gateway import FakeGateway
from tests.fakes.fake_stripe.server import Server, serving

__all__ = [
    "API_VERSION",
    "BASE_PRICE",
    "MANAGED_PRICE",
    "METERS",
    "PRICES",
    "SECRET_KEY",
    "WEBHOOK_SECRET",
    "Dropped",
    "FakeGateway",
    "FakeStripe",
    "Refusal",
    "Server",
    "serving",
    "signature",
]
