"""
Views of the live process: ASGI, for waiting only.

They answer the same errors as the rest of the API. Their database work runs in threads, one short
transaction per look; nothing is held while they wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from io import BytesIO
from typing import IO, Any, ParamSpec, TypeVar

import structlog
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import RequestAborted, RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix
from django.utils.decorators import async_only_middleware

from apps.core.errors import DomainError
from apps.core.http.exception_handler import (
    envelope,
    handle_400,
    refusal_response,
    request_id_of,
)
from apps.core.http.json import MAX_BODY_BYTES, dumps

P = ParamSpec("P")
R = TypeVar("R")
logger = structlog.get_logger(__name__)

# Threads, not connections, bound how many looks happen at once; waiting costs neither.
_looks = ThreadPoolExecutor(max_workers=8, thread_name_prefix="look")


def _give_back(function: Callable[..., R]) -> R:
    try:
        return function()
    finally:
        # The connection goes back to the pool: a sleeping thread must not keep one.
        connection.close()


async def look(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """
    Run database work in a thread of the live process's own and give its connection back.

    It sees the caller's context; what it sets there stays its own.
    """
    call = partial(function, *args, **kwargs)
    # PERF: sync_to_async costs several times this, most of it to carry context back.
    run = copy_context().run
    return await asyncio.get_running_loop().run_in_executor(_looks, run, _give_back, call)


LiveView = Callable[..., Awaitable[HttpResponseBase]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def live_view(*methods: str) -> Callable[[LiveView], LiveView]:
    """Wrap an async view: allowed methods, CORS for the UI's own address, the error envelope."""

    def decorate(view: LiveView) -> LiveView:
        @wraps(view)
        async def wrapped(request: HttpRequest, **kwargs: object) -> HttpResponseBase:
            if request.method == "OPTIONS":
                return _allow_ui(request, HttpResponse(status=204))
            if request.method not in methods:
                return _not_allowed(request, methods)
            try:
                response = await view(request, **kwargs)
            except DomainError as error:
                response = refusal_response(error, request)
            return _allow_ui(request, response)

        wrapped.csrf_exempt = True  # type: ignore[attr-defined] # POST needs a key
        return wrapped

    return decorate


def _not_allowed(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    body = envelope(
        code="method_not_allowed",
        message=f"Method “{request.method}” not allowed.",
        request_id=request_id_of(request),
    )
    response = HttpResponse(dumps(body), status=405, content_type="application/json")
    response["Allow"] = ", ".join(methods)
    return response


class LiveHandler(ASGIHandler):
    """
    Django's handler, with an end to what it takes in, and without threads of its own.

    SECURITY: Django writes a body to disk before it looks at who sends it; here that could be
    anybody's endless one. All that this process is sent is what an agent says of itself.
    PERF: Django starts a thread for each request, to tell what listens to its signals that the
    request began and ended: to close old connections, which `look` does. That was an eighth of what
    a poll for leases costs this process.
    """

    async def handle(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        set_script_prefix(get_script_prefix(scope))
        request, refusal = self.create_request(scope, body)
        if request is None:
            assert refusal is not None  # one of the two there is
            await self.send_response(refusal, send)
            return
        answering = asyncio.create_task(self._answer(request, send))
        leaving = asyncio.ensure_future(receive())  # nothing but the caller's going can come
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()  # the server's own kind of future, of which nothing more is asked
        answering.cancel()  # unless it is done
        await asyncio.wait({answering})
        if not answering.cancelled():
            answering.result()

    async def _answer(self, request: ASGIRequest, send: Send) -> None:
        response = await self.run_get_response(request)
        try:
            await self.send_response(response, send)
        finally:
            response.close()

    async def read_body(self, receive: Receive) -> IO[bytes]:
        body = BytesIO()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            chunk = message.get("body", b"")
            if body.tell() + len(chunk) > MAX_BODY_BYTES:
                return _Refused()
            body.write(chunk)
            if not message.get("more_body", False):
                body.seek(0)
                return body

    def create_request(
        self, scope: Mapping[str, Any], body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        answer = super().create_request(scope, body_file)
        if answer[0] is not None and isinstance(body_file, _Refused):
            return None, handle_400(answer[0], RequestDataTooBig())
        return answer


class _Refused(BytesIO):
    """Stands for a body that was too large to be kept."""


def _allow_ui(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    origin = request.headers.get("Origin")
    if origin and origin in settings.CSRF_TRUSTED_ORIGINS:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Credentials"] = "true"
        response["Access-Control-Allow-Headers"] = "content-type, last-event-id"
        response["Vary"] = "Origin"
    return response


@async_only_middleware
def SessionCookie(  # noqa: N802 - named in settings beside classes
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Attach the browser’s session, read lazily, never written: streams only ask who it is."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        return await get_response(request)

    return middleware
