"""Give each request an id, bind it to the logs and answer it in a header."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

from apps.core.ids import uuid7

_ACCEPTABLE = re.compile(r"^[0-9A-Za-z_-]{8,64}$")
logger = structlog.get_logger(__name__)
MAX_AGENT = 300  # characters of a User-Agent that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from; all empty outside of one."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""


_origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - it is frozen


def current_origin() -> Origin:
    """Return where the request that is being served comes from."""
    return _origin.get()


def client_address(request: HttpRequest) -> str:
    """
    Return the caller's address: the peer's, or what the outermost proxy of ours was told.

    Each proxy appends its peer to X-Forwarded-For, so of what stands there only as many entries
    from the right can be believed as there are proxies of ours (TRUSTED_PROXY_COUNT).
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if not proxies:
        return peer
    told = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
    found = told[-proxies] if len(told) >= proxies else peer
    return found if is_address(found) else peer


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def new_request_id() -> str:
    return f"req_{uuid7().hex}"


def origin_of(request: HttpRequest, request_id: str) -> Origin:
    address = client_address(request)
    return Origin(
        address=address if is_address(address) else "",  # none behind a Unix socket
        user_agent=request.headers.get("User-Agent", "")[:MAX_AGENT],
        request_id=request_id,
    )


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
        token = _origin.set(origin_of(request, request_id))
        try:
            response = self.get_response(request)
        finally:
            _origin.reset(token)
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
        # Not reset: a stream goes on after this returns, in the context of its own task.
        _origin.set(origin_of(request, request_id))
        response = await get_response(request)
        response["X-Request-Id"] = request_id
        return response

    return middleware
