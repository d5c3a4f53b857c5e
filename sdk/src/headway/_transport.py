"""How batches reach the server. A port with two implementations: HTTP here, memory in testing."""

from __future__ import annotations

import gzip
from typing import Protocol

from headway._client import Client
from headway._config import Config
from headway._errors import ApiError, ConfigError
from headway._http import Reply

GZIP_FROM_BYTES = 1_000
SEND_SECONDS = 15.0  # heartbeats wait behind it, and a lease lasts 30


class Transport(Protocol):
    """Takes one encoded batch and says what became of it."""

    def send(self, body: bytes) -> Reply: ...
    def workspace(self) -> str | None: ...
    def forget(self) -> None: ...
    def close(self) -> None: ...


class HttpTransport:
    """Posts batches to the ingest front door; one try each, the recorder decides what next."""

    def __init__(self, config: Config) -> None:
        self._client = Client(config, attempts=1)
        self._workspace = config.workspace

    def send(self, body: bytes) -> Reply:
        """Post one batch."""
        try:
            if self._workspace is None:
                self._workspace = self._client.workspace()
            url = self._client.url("ingest")
        except ApiError as error:
            return Reply(
                status=error.status,
                problem=str(error) if error.status == 0 else None,
                body={"error": {"code": error.code, "message": error.message}},
                retry_after_seconds=error.retry_after_seconds,
                request_id=error.request_id,
            )
        except ConfigError as error:
            return Reply(
                status=403, body={"error": {"code": "no_workspace", "message": str(error)}}
            )
        headers = {"Content-Type": "application/json"}
        if len(body) >= GZIP_FROM_BYTES:
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._client.connection.request(
            "POST", url, content=body, headers=headers, read_seconds=SEND_SECONDS
        )

    def workspace(self) -> str | None:
        """Return the workspace as far as it is known."""
        return self._workspace

    def forget(self) -> None:
        """Leave the connection to the parent process after a fork."""
        self._client.connection.forget()

    def close(self) -> None:
        """Close the connection."""
        self._client.connection.close()
