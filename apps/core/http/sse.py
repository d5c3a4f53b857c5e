"""Server-sent events: one direction, plain HTTP, survives every proxy that HTTP survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.http import StreamingHttpResponse

from apps.core.http.json import dumps

KEEPALIVE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One server-sent event; `cursor` becomes its id, which browsers send back on reconnect."""

    event: str
    data: object
    cursor: str | None = None

    def encode(self) -> bytes:
        head = f"event: {self.event}\n".encode()
        if self.cursor is not None:
            head += f"id: {self.cursor}\n".encode()
        return head + b"data: " + dumps(self.data) + b"\n\n"


async def _with_keepalive(messages: AsyncIterator[Message]) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    pending: asyncio.Task[Message] | None = None
    try:
        while True:
            if pending is None:
                pending = asyncio.ensure_future(anext(messages))
            done, _ = await asyncio.wait({pending}, timeout=KEEPALIVE_SECONDS)
            if not done:
                yield b": keep-alive\n\n"
                continue
            try:
                message = pending.result()
            except StopAsyncIteration:
                return
            pending = None
            yield message.encode()
    finally:
        # The reader left, or the process stops: end the source, so that it gives up what it holds.
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        aclose = getattr(messages, "aclose", None)
        if aclose is not None:
            await aclose()


def sse_response(messages: AsyncIterator[Message]) -> StreamingHttpResponse:
    """Stream the messages until the source ends or the reader leaves; a comment each 15 s."""
    response = StreamingHttpResponse(_with_keepalive(messages), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return response
