"""
The only way out to addresses that tenants give us.

Resolves first, refuses what is not public, and connects to the very address it has judged (a
second look-up could answer differently). TLS still speaks and checks the name. No redirect is
followed, no proxy or cookie of ours goes along, and neither a slow nor an endless answer holds us.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import httpcore2
import httpx2
from django.conf import settings

from apps.core.addresses import (
    Address,
    find_address,
    is_open_port,
    is_plain_name,
    is_public,
)

STEP_SECONDS = 7.0  # resolving; connecting; each write and read
TOTAL_SECONDS = 15.0  # everything together
MAX_ANSWER_BYTES = 64 * 1024
MAX_WIRE_BYTES = 256 * 1024  # with headers and chunk framing, whatever form they take
MAX_URL_LENGTH = 2000
MAX_DETAIL_LENGTH = 300
MAX_RETRY_AFTER_SECONDS = 3600
TRIED_ADDRESSES = 3
WRITE_BYTES = 16 * 1024
USER_AGENT = "Headway/1"

_MEANING = {
    "bad_url": "This address cannot be called.",
    "address_refused": "The host is not on the public internet.",
    "unresolvable": "The host's name could not be resolved.",
    "timeout": "The receiver took too long.",
    "unreachable": "The connection could not be made, or was lost.",
    "tls_failed": "The receiver's certificate is not valid for this host.",
    "bad_answer": "What came back is not a sound HTTP answer.",
}
_RETRYABLE_ERRORS = frozenset({"unresolvable", "timeout", "unreachable"})
_RETRYABLE_STATUSES = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What happened to one attempt. `error` is None exactly when a response arrived.

    `status` is the response's (of HTTP, or of a mail server); `detail` is a short text for people.
    """

    status: int | None
    error: str | None
    retryable: bool
    detail: str = ""
    retry_after_seconds: int | None = None
    duration_ms: int = 0
    answer: bytes = field(default=b"", repr=False)  # at most 64 KiB unless asked; kept in no table

    @property
    def ok(self) -> bool:
        return self.error is None and self.status is not None and 200 <= self.status < 300

    def as_json(self) -> dict[str, Any]:
        """Return what is stored and shown; the answer itself is neither."""
        return {
            "ok": self.ok,
            "status": self.status,
            "error": self.error,
            "retryable": self.retryable,
            "detail": self.detail,
            "retry_after_seconds": self.retry_after_seconds,
            "duration_ms": self.duration_ms,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Outcome:
        return cls(**{name: value for name, value in stored.items() if name != "ok"})


def failure(error: str, *, detail: str = "", retryable: bool | None = None) -> Outcome:
    """Return the outcome of an attempt to which nothing answered."""
    return Outcome(
        status=None,
        error=error,
        retryable=error in _RETRYABLE_ERRORS if retryable is None else retryable,
        detail=detail or _MEANING.get(error, ""),
    )


def answered(status: int, *, detail: str = "", retry_after_seconds: int | None = None) -> Outcome:
    """Return the outcome of an attempt that was answered with this HTTP status."""
    return Outcome(
        status=status,
        error=None,
        retryable=status in _RETRYABLE_STATUSES or status >= 500,
        detail=detail,
        retry_after_seconds=retry_after_seconds,
    )


class Network(Protocol):
    """What touches the network; the tests stage theirs."""

    def resolve(self, host: str, port: int) -> list[Address]:
        """Return the host's addresses. Raises: OSError."""

    def dial(self, address: Address, port: int, timeout_seconds: float) -> socket.socket:
        """Return a connected socket. Raises: OSError."""


class SystemNetwork:
    """The machine's resolver and sockets."""

    def resolve(self, host: str, port: int) -> list[Address]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # A dict keeps the resolver's order of preference.
        literals = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
        return [address for text in literals if (address := find_address(text)) is not None]

    def dial(self, address: Address, port: int, timeout_seconds: float) -> socket.socket:
        return socket.create_connection((str(address), port), timeout_seconds)


class _BadUrlError(Exception):
    pass


class _AddressRefusedError(Exception):
    pass


class _UnresolvableError(Exception):
    pass


class _TlsFailedError(Exception):
    pass


class _TooMuchError(Exception):
    pass


def find_url_fault(url: str) -> str | None:
    """
    Return why the address can never be called, or None; for forms, without any look-up.

    A name that resolves to a private address passes here and is refused when it is called.
    """
    try:
        _read(url, settings.OUTBOUND_ALLOWED_HOSTS)
    except (_BadUrlError, _AddressRefusedError) as error:
        return str(error)
    return None


def place_of(url: str) -> str:
    """Return scheme, host and port; the rest of a webhook's address is often its secret."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return ""
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii', 'replace')}"


def sign(secret: str, body: bytes, *, at: datetime) -> str:
    """Return the `Headway-Signature` of the body: HMAC-SHA256 over "<unix seconds>.<body>"."""
    moment = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256)
    return f"t={moment},v1={digest.hexdigest()}"


def post(
    url: str,
    *,
    content: bytes,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    network: Network | None = None,
    tls: ssl.SSLContext | None = None,
) -> Outcome:
    """
    Send once. What the network does is an outcome; anything else is our bug and propagates.

    Takes at most 15 seconds; never call it inside a transaction.
    """
    began = time.monotonic()
    outcome = _send(
        _Call("POST", url, content, {"Content-Type": content_type, **(headers or {})}),
        network or SystemNetwork(),
        tls or _tls(),
    )
    return _timed(outcome, began)


def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
    network: Network | None = None,
    tls: ssl.SSLContext | None = None,
) -> Outcome:
    """
    Read once, under the same rules as `post`: for documents that a tenant's address holds.

    An answer longer than `max_answer_bytes` is cut there.
    """
    began = time.monotonic()
    outcome = _send(
        _Call("GET", url, b"", headers or {}, max_answer_bytes),
        network or SystemNetwork(),
        tls or _tls(),
    )
    return _timed(outcome, began)


def _timed(outcome: Outcome, began: float) -> Outcome:
    stored = outcome.as_json() | {"duration_ms": round((time.monotonic() - began) * 1000)}
    return Outcome.from_json(stored | {"answer": outcome.answer})


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    content: bytes
    headers: Mapping[str, str]
    max_answer_bytes: int = MAX_ANSWER_BYTES


def _send(call: _Call, network: Network, tls: ssl.SSLContext) -> Outcome:
    allowed = settings.OUTBOUND_ALLOWED_HOSTS
    watch = _Watch(
        deadline=time.monotonic() + TOTAL_SECONDS,
        bytes_left=MAX_WIRE_BYTES - MAX_ANSWER_BYTES + call.max_answer_bytes,
    )
    try:
        target = _read(call.url, allowed)
        transport = _PinnedTransport(_Backend(network, watch, allowed), tls)
        # A client of its own: no cookie and no connection outlives the call.
        with (
            httpx2.Client(
                transport=transport,
                timeout=STEP_SECONDS,
                trust_env=False,
                follow_redirects=False,
                # Not decoded here, so that no small answer unpacks into a large one.
                headers={"Accept-Encoding": "identity"},
            ) as client,
            client.stream(
                call.method,
                target,
                content=call.content or None,
                headers={"User-Agent": USER_AGENT, **call.headers},
            ) as response,
        ):
            return _receive(response, call.max_answer_bytes)
    except _BadUrlError as error:
        return failure("bad_url", detail=str(error))
    except _AddressRefusedError as error:
        return failure("address_refused", detail=str(error))
    except _UnresolvableError:
        return failure("unresolvable")
    except _TlsFailedError:
        return failure("tls_failed")
    except (_TooMuchError, httpx2.ProtocolError):
        return failure("bad_answer")
    except httpx2.TimeoutException:
        return failure("timeout")
    except httpx2.TransportError:
        return failure("unreachable")


def _receive(response: httpx2.Response, max_bytes: int) -> Outcome:
    """Keep the beginning of the answer. Its status counts, however the rest of it comes."""
    kept = bytearray()
    try:
        for piece in response.iter_raw():
            kept += piece[: max_bytes - len(kept)]
            if len(kept) >= max_bytes:
                break
    except (_TooMuchError, httpx2.TransportError):
        pass  # the status has arrived; the caller sees it
    outcome = answered(
        response.status_code,
        detail="" if response.is_success else _excerpt(bytes(kept)),
        retry_after_seconds=_retry_after(response.headers.get("Retry-After", "")),
    )
    return Outcome.from_json(outcome.as_json() | {"answer": bytes(kept)})


def _excerpt(answer: bytes) -> str:
    text = answer[: MAX_DETAIL_LENGTH * 4].decode("utf-8", "replace")
    # Control characters out: NUL is refused by the database, others play with terminals.
    return "".join(c if c.isprintable() else " " for c in text).strip()[:MAX_DETAIL_LENGTH]


def _retry_after(header: str) -> int | None:
    """Read seconds only; the form with a date is rare and would need the receiver's clock."""
    if not (header.isascii() and header.isdigit() and len(header) < 10):
        return None
    return min(int(header), MAX_RETRY_AFTER_SECONDS)


def _read(url: str, allowed: Collection[str]) -> httpx2.URL:
    """
    Parse once, with the parser of the client that will call it: two parsers could disagree.

    Raises: _BadUrlError, _AddressRefusedError, with a sentence for people.
    """
    if len(url) > MAX_URL_LENGTH:
        raise _BadUrlError(f"At most {MAX_URL_LENGTH} characters.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _BadUrlError("Only plain characters; write others percent-encoded.")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise _BadUrlError("Not an address.") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise _BadUrlError("Must begin with https:// or http://, and name a host.")
    if "@" in url.split("/", 3)[2]:
        raise _BadUrlError("No user name or password in the address.")
    host = parsed.raw_host.decode("ascii")
    port = _port_of(parsed)
    if _is_allowed(host, port, allowed):
        return parsed
    literal = find_address(host)
    if literal is None and not is_plain_name(host):
        raise _BadUrlError("The host must be a full domain name or an address in usual form.")
    if not is_open_port(port):
        raise _BadUrlError(f"Port {port} is not one for web servers.")
    if literal is not None and not is_public(literal):
        raise _AddressRefusedError("The host is not on the public internet.")
    return parsed


def _port_of(url: httpx2.URL) -> int:
    return url.port if url.port is not None else 443 if url.scheme == "https" else 80


def _is_allowed(host: str, port: int, allowed: Collection[str]) -> bool:
    return (f"[{host}]:{port}" if ":" in host else f"{host}:{port}") in allowed


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


@dataclass(slots=True)
class _Watch:
    """What is left of one call's time and bytes."""

    deadline: float
    bytes_left: int = MAX_WIRE_BYTES

    def seconds(self) -> float:
        """Return how long the next step may take. Raises: TimeoutError when nothing is left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, STEP_SECONDS)


class _PinnedTransport(httpx2.HTTPTransport):
    """httpx2's own transport over a pool that connects through `_Backend`."""

    def __init__(self, backend: _Backend, tls: ssl.SSLContext) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls, max_connections=1, network_backend=backend
        )


class _Backend(httpcore2.NetworkBackend):
    """Resolves, judges all addresses, and connects to one of them."""

    def __init__(self, network: Network, watch: _Watch, allowed: Collection[str]) -> None:
        self._network = network
        self._watch = watch
        self._allowed = allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the watch knows better
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        addresses = self._resolve(host, port)
        if not addresses:
            raise _UnresolvableError
        # All of them: a name with one public and one private address is an attempt, not a slip.
        if not _is_allowed(host, port, self._allowed) and not all(map(is_public, addresses)):
            raise _AddressRefusedError("The host is not on the public internet.")
        return _Stream(self._dial(addresses[:TRIED_ADDRESSES], port), self._watch)

    def _resolve(self, host: str, port: int) -> list[Address]:
        literal = find_address(host)
        if literal is not None:
            return [literal]
        found: list[Address] = []

        def look_up() -> None:
            try:
                found.extend(self._network.resolve(host, port))
            except (OSError, UnicodeError):
                found.clear()

        # The system's look-up has no time limit of its own, and the name server is a tenant's.
        thread = threading.Thread(target=look_up, name="outbound-look-up", daemon=True)
        thread.start()
        try:
            thread.join(self._watch.seconds())
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        if thread.is_alive():
            raise _UnresolvableError
        return found

    def _dial(self, addresses: list[Address], port: int) -> socket.socket:
        for address in addresses:
            try:
                link = self._network.dial(address, port, self._watch.seconds())
            except TimeoutError:
                raise httpcore2.ConnectTimeout from None
            except OSError:
                continue  # such as an IPv6 address on a host without IPv6
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return link
        raise httpcore2.ConnectError


class _Stream(httpcore2.NetworkStream):
    """A socket on which every step is measured against the call's time and bytes."""

    def __init__(self, link: socket.socket, watch: _Watch) -> None:
        self._link = link
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            self._link.settimeout(self._watch.seconds())
            piece = self._link.recv(max_bytes)
        except TimeoutError:
            raise httpcore2.ReadTimeout from None
        except OSError:
            raise httpcore2.ReadError from None
        self._watch.bytes_left -= len(piece)
        if self._watch.bytes_left < 0:
            raise _TooMuchError
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        rest = memoryview(buffer)
        try:
            while rest:
                self._link.settimeout(self._watch.seconds())
                rest = rest[self._link.send(rest[:WRITE_BYTES]) :]
        except TimeoutError:
            raise httpcore2.WriteTimeout from None
        except OSError:
            raise httpcore2.WriteError from None

    def close(self) -> None:
        self._link.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        try:
            self._link.settimeout(self._watch.seconds())
            return _Stream(
                ssl_context.wrap_socket(self._link, server_hostname=server_hostname), self._watch
            )
        except TimeoutError:
            self.close()
            raise httpcore2.ConnectTimeout from None
        except ssl.SSLCertVerificationError:
            self.close()
            raise _TlsFailedError from None
        except OSError:
            self.close()
            raise httpcore2.ConnectError from None

    def get_extra_info(self, info: str) -> Any:
        # The pool asks for these two; HTTP/2 is not offered, and no connection is used twice.
        return False if info == "is_readable" else None
