"""orjson for DRF: faster, and strict about what JSON is (no NaN, no duplicate decoders)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from apps.core.errors import BatchTooLarge

MAX_BODY_BYTES = 2 * 1024 * 1024  # of anything but ingest, which has its own door and limit
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _fallback(value: object) -> object:
    # DRF hands out ReturnDict, lazy strings and Decimals, all of which have an obvious text.
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (list, tuple, set)):
        return list(value)
    return str(value)


def dumps(value: object) -> bytes:
    """Encode for the wire: UUIDs and datetimes as text, times in UTC with `Z`."""
    return orjson.dumps(value, default=_fallback, option=_OPTIONS)


def wire_time(at: datetime) -> str:
    """Write a moment as the API does: ISO 8601, UTC, microseconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        return b"" if data is None else dumps(data)


class JSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        meta = parser_context["request"].META if parser_context else {}
        # Django counts only what it reads into `request.body`, which this does not pass through.
        if int(meta.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
            raise BatchTooLarge(f"The body is over {MAX_BODY_BYTES} bytes.")
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise ParseError(f"Malformed JSON: {error}") from error
