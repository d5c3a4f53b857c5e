"""Give each request an id, bind it to the logs and answer it in a header."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

from apps.core.ids import uuid7

_ACCEPTABLE = re.compile(r"^[0-9A-Za-z_-]{8,64}$")
logger = structlog.get_logger(__name__)


def new_request_id() -> str:
    return f"req_{uuid7().hex}"


def _begin(request: HttpRequest) -> str:
    """Return the request's id. Raises: Http404 for addresses that hold a NUL, as no name can."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _ACCEPTABLE.match(given) else new_request_id()
    request.request_id = request_id  # type: ignore[attr-defined] # read by the error envelope
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    if "\x00" in request.path:
        raise Http404
    return request_id


class RequestContextMiddleware:
    """Keep a caller's well-formed X-Request-Id, else make one; log one line per request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = _begin(request)
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        if request.path.startswith(("/api/", "/_allauth/")):
            logger.info(
                "request.served",
                method=request.method,
                path=request.path,
                status=response.status_code,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
            )
        return response


@async_only_middleware
def LiveRequestContext(  # noqa: N802 - named in settings beside its sibling
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """The same for the live process; its requests are waits, so no line is logged for each."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        request_id = _begin(request)
        response = await get_response(request)
        response["X-Request-Id"] = request_id
        return response

    return middleware
