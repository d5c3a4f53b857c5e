"""An OpenID Connect provider that signs whatever a test wants, to be refused for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.idp import query_of

CLIENT = "headway"


@lru_cache(maxsize=8)
def new_key(kid: str, number: int = 1) -> RSAKey:
    """Return the key of this name; with another number another one. Made once: it takes time."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class Forger:
    """By default honest; a test changes one thing."""

    keys: list[RSAKey] = field(default_factory=lambda: [new_key("one")])
    signs_with: Any = None
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)  # None takes a claim away
    description: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)  # of the token endpoint
    seen: list[dict[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    nonce: str = ""
    port: int = 0

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def visit(self, url: str) -> str:
        """What the browser does here: come back at once with a code."""
        asked = query_of(url)
        self.seen.append(asked)
        self.nonce = asked["nonce"]
        return f"{asked['redirect_uri']}?code=good&state={asked['state']}"

    def told(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
        } | self.description

    def id_token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "email": "carol@acme.example",
            "email_verified": True,
            "name": "Carol",
            "groups": [],
        } | self.claims
        return self.sign(claims)

    def logout_token(self, **changes: Any) -> str:
        now = int(time.time())
        return self.sign(
            {
                "iss": self.issuer,
                "aud": CLIENT,
                "sub": "subject-1",
                "iat": now,
                "exp": now + 120,
                "jti": uuid.uuid4().hex,
                "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            }
            | changes
        )

    def sign(self, claims: dict[str, Any]) -> str:
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.signs_with or self.keys[0]
        header = {"alg": "RS256", "kid": getattr(key, "kid", None) or "one"} | self.header
        if header["alg"] == "none":
            return f"{_part(header)}.{_part(claims)}."
        if header["alg"] == "HS256" and key in self.keys:
            return signed_with_public_key(header, claims, key)
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    def reply(self, path: str) -> dict[str, Any]:
        if path.startswith("/.well-known/"):
            return self.told()
        if path == "/keys":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        if path == "/token":
            return {
                "access_token": "a",
                "token_type": "Bearer",
                "id_token": self.id_token(),
            } | self.answer
        raise KeyError(path)


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_with_public_key(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    """The oldest trick: the public key, taken for a shared secret."""
    signed = f"{_part(header)}.{_part(claims)}"
    digest = hmac.new(key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@contextmanager
def forging() -> Iterator[Forger]:
    forger = Forger()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = parse_qs(self.rfile.read(length).decode())
            forger.seen.append({name: values[0] for name, values in form.items()})
            self._answer()

        def _answer(self) -> None:
            forger.asked.append(self.path)
            try:
                body, status = forger.reply(self.path), 200
            except KeyError:
                body, status = {}, 404
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forger.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield forger
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
