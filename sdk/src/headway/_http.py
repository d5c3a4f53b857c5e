"""The one place that speaks HTTP: a connection, and what an answer was."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway._clock import now_ns
from headway._config import Config
from headway._version import __version__

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
USER_AGENT = f"headway/{__version__} python/{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, or why there is none. `problem` is set exactly when nothing was answered."""

    status: int = 0
    body: Any = None
    problem: str | None = None
    retry_after_seconds: float | None = None
    request_id: str | None = None


class Connection:
    """A keep-alive connection to one base URL, made on first use; safe to share by threads."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()

    def client(self) -> httpx2.Client:
        """Return the HTTP client. Importing it takes longer than all of `import headway`."""
        if self._client is None:
            with self._lock:
                if self._client is None:
                    import httpx2

                    _hush_own_requests()
                    self._client = httpx2.Client(
                        headers={
                            "Authorization": f"Bearer {self._config.api_key}",
                            "User-Agent": USER_AGENT,
                            "Accept": "application/json",
                        },
                        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                        follow_redirects=False,
                    )
        return self._client

    def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> Reply:
        """Ask once. The weather (no network, no answer in time, no JSON) is a value."""
        client = self.client()
        import httpx2

        try:
            with _asking():
                response = client.request(
                    method,
                    url,
                    content=content,
                    params=dict(params) if params else None,
                    headers=dict(headers) if headers else None,
                    timeout=httpx2.Timeout(read_seconds, connect=CONNECT_SECONDS),
                )
        except httpx2.TimeoutException:
            return Reply(problem="no answer in time")
        except httpx2.InvalidURL as error:
            return Reply(problem=f"invalid address: {error}")
        except httpx2.RequestError as error:
            return Reply(problem=str(error) or type(error).__name__)
        return _reply(response, _json(response))

    def download(
        self, url: str, *, params: Mapping[str, Any], target: Path, most_bytes: int
    ) -> Reply:
        """Ask once, and write what comes into a file; an answer that is a refusal is its body."""
        client = self.client()
        import httpx2

        try:
            with (
                _asking(),
                client.stream("GET", url, params=dict(params)) as response,
                target.open("wb") as file,
            ):
                if response.status_code >= 300:
                    response.read()
                    return _reply(response, _json(response))
                received = 0
                for chunk in response.iter_raw():
                    received += len(chunk)
                    if received > most_bytes:
                        return Reply(problem=f"more than {most_bytes} bytes came")
                    file.write(chunk)
                return _reply(response, None)
        except httpx2.TimeoutException:
            return Reply(problem="no answer in time")
        except httpx2.RequestError as error:
            return Reply(problem=str(error) or type(error).__name__)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            with _asking():
                client.close()

    def forget(self) -> None:
        """Drop the connection without touching its socket, which a forked parent still uses."""
        self._client = None
        self._lock = threading.Lock()


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json() if response.content else None
    except ValueError:
        return None


def _reply(response: httpx2.Response, body: Any) -> Reply:
    return Reply(
        status=response.status_code,
        body=body,
        retry_after_seconds=retry_after(response.headers.get("Retry-After")),
        request_id=response.headers.get("X-Request-Id"),
    )


class _NotOurs(logging.Filter):
    """Keeps our own requests out of the logs of a program that logs those of httpx2."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the calling thread is busy with something else than our requests."""
        return bool(record) and not getattr(_busy, "asking", False)


_busy = threading.local()


@contextmanager
def _asking() -> Iterator[None]:
    _busy.asking = True
    try:
        yield
    finally:
        _busy.asking = False


_not_ours = _NotOurs()


def _hush_own_requests() -> None:
    for name in ("httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.proxy"):
        logging.getLogger(name).addFilter(_not_ours)  # does nothing the second time


def retry_after(value: str | None) -> float | None:
    """
    Return the seconds a Retry-After header asks to wait, from either of its two forms.

    >>> retry_after("7"), retry_after(None), retry_after("soon")
    (7.0, None, None)
    """
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now_ns() / 1e9)
