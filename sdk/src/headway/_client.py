"""The API as the CLI and the agent use it: JSON in and out, refusals as exceptions."""

from __future__ import annotations

import gzip
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from headway._config import Config, get_config
from headway._errors import (
    RETRYABLE_STATUSES,
    ApiError,
    ConfigError,
    ServerUnavailable,
    error_from_reply,
)
from headway._http import READ_SECONDS, Connection, Reply
from headway._ids import uuid7
from headway._json import encode

ATTEMPTS = 4
TRANSFER_SECONDS = 300.0  # for 50 MB over a thin line, and for the server to look through them
LONGEST_WAIT_SECONDS = 20.0


class Client:
    """A workspace of a Headway server."""

    def __init__(self, config: Config, *, attempts: int = ATTEMPTS) -> None:
        self.config = config
        self.connection = Connection(config)
        self._attempts = attempts
        self._me: dict[str, Any] | None = None

    def me(self, *, refresh: bool = False) -> dict[str, Any]:
        """Return who the key belongs to, its workspaces, and where the live process answers."""
        if self._me is None or refresh:
            answer = self.request("GET", f"{self.config.api_url}/api/v1/me")
            if "workspaces" not in answer:
                raise self._not_headway(200)
            self._me = answer
        return self._me

    def workspace(self) -> str:
        """Return the workspace, asking the server when the configuration does not say."""
        if self.config.workspace:
            return self.config.workspace
        workspaces = self.me().get("workspaces") or []
        if len(workspaces) != 1:
            names = ", ".join(str(item.get("slug")) for item in workspaces) or "none"
            raise ConfigError(f"Set HEADWAY_WORKSPACE to one of this key's workspaces: {names}.")
        return str(workspaces[0]["slug"])

    def url(self, path: str, *, live: bool = False) -> str:
        """Return the address of a path below the workspace."""
        base = self.config.api_url
        if live:
            base = str(self.me().get("live_url") or base).rstrip("/")
        return f"{base}/api/v1/workspaces/{quote(self.workspace(), safe='')}/{path}"

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Read below the workspace."""
        return self.request("GET", self.url(path), params=params)

    def post(self, path: str, body: object = None, **options: Any) -> Any:
        """Post below the workspace, with an idempotency key, so that it may be repeated."""
        return self.request("POST", self.url(path), body=body, **options)

    def put(self, path: str, body: object) -> Any:
        """Put below the workspace."""
        return self.request("PUT", self.url(path), body=body)

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the items of all pages of a list."""
        query = dict(params or {})
        while True:
            page = self.get(path, query)
            yield from page["items"]
            if not page.get("next_cursor"):
                return
            query["cursor"] = page["next_cursor"]

    def request(
        self,
        method: str,
        url: str,
        *,
        body: object = None,
        params: Mapping[str, Any] | None = None,
        read_seconds: float = READ_SECONDS,
        attempts: int | None = None,
    ) -> Any:
        """Ask until there is an answer or a refusal; the same idempotency key every time."""
        headers = {}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = encode(body).encode()
        if method == "POST":
            headers["Idempotency-Key"] = uuid7()

        def ask() -> Reply:
            return self.connection.request(
                method,
                url,
                content=content,
                params=params,
                headers=headers,
                read_seconds=read_seconds,
            )

        reply = self._insist(ask, attempts=attempts)
        if reply.status != 204 and not isinstance(reply.body, dict):
            raise self._not_headway(reply.status)
        return reply.body

    def submit(
        self, path: str, content: bytes, *, content_type: str, params: Mapping[str, Any]
    ) -> Any:
        """Post bytes below the workspace, packed; what is sent must bear being sent again."""
        url = self.url(path)
        headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
        packed = gzip.compress(content, 6, mtime=0)
        reply = self._insist(
            lambda: self.connection.request(
                "POST",
                url,
                content=packed,
                params=params,
                headers=headers,
                read_seconds=TRANSFER_SECONDS,
            )
        )
        if not isinstance(reply.body, dict):
            raise self._not_headway(reply.status)
        return reply.body

    def upload(self, path: str, content: bytes, *, content_type: str) -> Any:
        """Put bytes below the workspace."""
        url = self.url(path)
        headers = {"Content-Type": content_type}
        reply = self._insist(
            lambda: self.connection.request(
                "PUT", url, content=content, headers=headers, read_seconds=TRANSFER_SECONDS
            )
        )
        if not isinstance(reply.body, dict):
            raise self._not_headway(reply.status)
        return reply.body

    def download(
        self, path: str, target: Path, *, params: Mapping[str, Any], most_bytes: int
    ) -> None:
        """Write what is below the workspace into a file."""
        url = self.url(path)
        self._insist(
            lambda: self.connection.download(
                url, params=params, target=target, most_bytes=most_bytes
            )
        )

    def _insist(self, ask: Callable[[], Reply], *, attempts: int | None = None) -> Reply:
        allowed = attempts or self._attempts
        for attempt in range(1, allowed + 1):
            reply = ask()
            if reply.problem is None and reply.status < 300:
                return reply
            error = self._error(reply)
            if not error.retryable or attempt == allowed:
                raise error
            wait = error.retry_after_seconds
            if wait is None:
                wait = 0.2 * 2**attempt * (0.5 + random.random())  # noqa: S311
            if wait > LONGEST_WAIT_SECONDS:
                raise error
            time.sleep(wait)
        raise AssertionError("unreachable")  # the loop returns or raises

    def _error(self, reply: Reply) -> ApiError:
        if reply.problem is not None:
            return ServerUnavailable(
                f"{self.config.api_url} cannot be reached: {reply.problem}.",
                code="unreachable",
                retryable=True,
            )
        if reply.status < 500 and reply.status not in RETRYABLE_STATUSES and not _says_why(reply):
            return self._not_headway(reply.status)
        return error_from_reply(
            reply.status,
            reply.body,
            request_id=reply.request_id,
            retry_after_seconds=reply.retry_after_seconds,
        )

    def _not_headway(self, status: int) -> ApiError:
        return ApiError(
            f"{self.config.api_url} answered {status}, but not as a Headway server does; "
            "is the address right?",
            code="not_headway",
            details={"status": status},
        )


_shared: Client | None = None
_shared_lock = threading.Lock()


def shared_client() -> Client:
    """Return this process's client, for what flows ask of the server. Raises: ConfigError."""
    global _shared
    with _shared_lock:
        config = get_config()
        if _shared is None or _shared.config != config:
            _shared = Client(config)
        return _shared


def _says_why(reply: Reply) -> bool:
    return isinstance(reply.body, dict) and isinstance(reply.body.get("error"), dict)
