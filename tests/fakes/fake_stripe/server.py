"""The fake behind HTTP on loopback, where the real `stripe` library talks to it."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.fake_stripe.api import (
    DELIVERY_TRIES,
    SECRET_KEY,
    Dropped,
    FakeStripe,
    Refusal,
    Wire,
)


@dataclass
class Server:
    """The fake on loopback: API, pages for people, and webhooks to whoever asked for them."""

    fake: FakeStripe
    port: int
    webhook_url: str | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deliver(self, event: Wire) -> None:
        """Send the event from a thread of its own, as often as Stripe would, only sooner."""
        if self.webhook_url:
            threading.Thread(target=self._deliver, args=(event,), daemon=True).start()

    def _deliver(self, event: Wire) -> None:
        for attempt in range(DELIVERY_TRIES):
            body, signed = self.fake.sign(event, at=time.time())
            request = urllib.request.Request(
                str(self.webhook_url),
                data=body,
                headers={"Content-Type": "application/json", "Stripe-Signature": signed},
            )
            try:
                with _no_proxies().open(request, timeout=10):
                    return
            except (URLError, OSError):
                if self.stopping.wait(min(0.2 * 2**attempt, 30)):
                    return


def _no_proxies() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeStripe

    def log_message(self, *_args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        place = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        params = nested(parse_qsl(body or place.query, keep_blank_values=True))
        try:
            if place.path.startswith("/v1/"):
                self._api(place.path, params)
            else:
                self._page(place.path, params)
        except Refusal as refusal:
            self._send(refusal.status, json.dumps(refusal.body).encode())
        except Dropped:
            self.close_connection = True
        except (KeyError, ValueError) as error:
            self._send(404, json.dumps({"error": {"message": repr(error)}}).encode())

    def _api(self, path: str, params: Wire) -> None:
        if self.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            raise Refusal(401, "Invalid API Key provided.")
        key = self.headers.get("Idempotency-Key")
        answer = self.fake.request(str(self.command), path, params, key=key)
        self._send(200, json.dumps(answer).encode())

    def _page(self, path: str, params: Wire) -> None:
        _, kind, name = path.split("/")
        if kind == "pay":
            session = self.fake.sessions[name]
            if self.command == "POST":
                self.fake.complete(name)
                self._redirect(session["success_url"])
            elif session["status"] != "open":
                self._html("This page is over", "<p>Nothing is to be paid here.</p>")
            else:
                self._html(
                    "Pay (not really)",
                    '<form method="post"><button>Subscribe</button></form>'
                    f'<p><a href="{escape(session["cancel_url"])}">Back</a></p>',
                )
        else:
            portal = self.fake.portals[name]
            if self.command == "POST":
                self._manage(params)
                self._redirect(f"/manage/{name}")
            else:
                self._html("Your subscription", self._portal_body(portal))

    def _manage(self, params: Wire) -> None:
        subscription_id = params["subscription"]
        if params["do"] == "end":
            self.fake.change(subscription_id, status="canceled")
        elif params["do"] in {"past_due", "unpaid", "active"}:
            self.fake.change(subscription_id, status=params["do"])
        else:
            self.fake.cancel_at_period_end(subscription_id, cancel=params["do"] == "cancel")

    def _portal_body(self, portal: Wire) -> str:
        rows = []
        for each in self.fake.subscriptions.values():
            if each["customer"] != portal["customer"]:
                continue
            buttons = "".join(
                f'<button name="do" value="{value}">{label}</button> '
                for value, label in (
                    ("cancel", "Cancel at the end of the period"),
                    ("keep", "Keep it after all"),
                    ("end", "End it now"),
                    ("past_due", "Let a payment fail"),
                    ("unpaid", "Give up collecting"),
                    ("active", "Pay what is due"),
                )
            )
            rows.append(
                f'<form method="post"><p>{each["id"]}: {each["status"]}</p>'
                f'<input type="hidden" name="subscription" value="{each["id"]}">{buttons}</form>'
            )
        return "".join(rows) + f'<p><a href="{escape(portal["return_url"])}">Return</a></p>'

    def _html(self, title: str, body: str) -> None:
        page = f"<!doctype html><title>{title}</title><h1>{title}</h1>{body}"
        self._send(200, page.encode(), "text/html; charset=utf-8")

    def _redirect(self, target: str) -> None:
        self.send_response(303)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", f"req_{uuid.uuid4().hex[:14]}")
        self.end_headers()
        self.wfile.write(body)


def nested(pairs: list[tuple[str, str]]) -> Wire:
    """Undo Stripe's form encoding: `line_items[0][price]=x` and its kind."""
    found: Wire = {}
    for name, value in pairs:
        path = name.replace("]", "").split("[")
        place = found
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return _with_lists(found)


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


@contextmanager
def serving(fake: FakeStripe, *, port: int = 0, webhook_url: str | None = None) -> Iterator[Server]:
    """Serve the fake on 127.0.0.1 until the end of the block."""
    handler = type("Handler", (_Handler,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as listener:
        listener.daemon_threads = True
        server = Server(fake=fake, port=listener.server_address[1], webhook_url=webhook_url)
        fake.url, fake.on_event = server.url, server.deliver
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            listener.shutdown()
            thread.join()
