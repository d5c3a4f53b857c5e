"""`python -m tests.fakes.fake_stripe --port 8499`: the fake by hand."""

from __future__ import annotations

import argparse
import threading

from tests.fakes.fake_stripe.api import PRICES, SECRET_KEY, WEBHOOK_SECRET, FakeStripe
from tests.fakes.fake_stripe.server import serving


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Stripe on loopback.")
    parser.add_argument("--port", type=int, default=8499)
    parser.add_argument(
        "--webhook-url", default="http://127.0.0.1:8400/api/v1/stripe/webhook", help="of Headway"
    )
    given = parser.parse_args()
    with serving(FakeStripe(), port=given.port, webhook_url=given.webhook_url) as server:
        print(f"A stand-in for Stripe at {server.url}; webhooks go to {given.webhook_url}.")
        print("Start Headway with these:")
        print("BILLING=on", f"STRIPE_API_BASE={server.url}")
        print(f"STRIPE_SECRET_KEY={SECRET_KEY} STRIPE_WEBHOOK_SECRET={WEBHOOK_SECRET}")
        print(f"STRIPE_PRICES=STANDARD={','.join(PRICES)}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
