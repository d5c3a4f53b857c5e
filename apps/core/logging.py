"""structlog for us and for the standard library: one event name per fact, fields beside it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(r"(password|secret|token|authorization|api_key|cookie)", re.IGNORECASE)
_KEY = re.compile(r"(hw[a-z]?_)[0-9A-Za-z]{8,}")  # also of invitations: their links are logged
# The address of a webhook, and of what is shared by link, is its key, also when somebody spells it
# in a way that no router knows.
_ADDRESS = re.compile(r"(/(?:hooks|shared)/)[^/?#\s\"'<>]+")


def redacted(value: Any) -> Any:
    """
    Return the value with keys and tokens hidden wherever they stand, also in lists and mappings.

    What is neither text nor a collection is returned as it is.
    """
    if isinstance(value, str):
        if "hw" in value:
            value = _KEY.sub(r"\1[redacted]", value)
        if "/hooks/" in value or "/shared/" in value:
            value = _ADDRESS.sub(r"\1[redacted]", value)
        return value
    if isinstance(value, Mapping):
        return {redacted(name): redacted(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(each) for each in value]
    return value


def _redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide values of secret-looking names, and keys and tokens wherever they stand."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = "[redacted]"
        elif name == "request":  # Django's own lines carry the object, which says its address
            event[name] = redacted(repr(value))
        else:
            event[name] = redacted(value)
    return event


def configure(*, level: str, renderer: str) -> None:
    """Set both up once per process; `renderer` is "json" (production) or "console"."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # SECURITY: before the redaction, for messages of exceptions quote addresses.
        structlog.processors.format_exc_info,
        _redact,
    ]
    final: structlog.typing.Processor
    if renderer == "json":
        final = structlog.processors.JSONRenderer()
    else:
        final = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=28,
            exception_formatter=structlog.dev.plain_traceback,
        )

    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, final],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # httpx2 tells every address at INFO, and a webhook's address is its secret.
    for noisy in (
        "httpx2",
        "httpcore2",
        "django.request",
        "psycopg.pool",
        "celery.worker.strategy",
    ):
        logging.getLogger(noisy).setLevel("WARNING")
