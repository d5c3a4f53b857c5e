"""
`/hooks/{token}`: deliveries of other people's services.

The token is the key: whoever knows the address may send there, and what a preset's signature proves
is checked besides. PERF: as all doors, this one does not pass through DRF.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from apps.core import outbound
from apps.core.clock import utc_now
from apps.core.errors import DomainError
from apps.core.http.request_context import client_address
from apps.core.outbound import Outcome
from apps.ingest import services
from apps.ingest.api.doors import JSONDoor, Message
from apps.ingest.decode import Decoded
from apps.ingest.hooks.port import Reply
from apps.tenancy.actors import Actor, WorkspaceRef

logger = structlog.get_logger(__name__)


class HookDoor(JSONDoor):
    """One delivery at a webhook's address."""

    name = "webhook"
    fetch: Callable[..., Outcome] = staticmethod(outbound.get)  # as_view() may say which
    opened: services.Opened
    reply: Reply | None = None

    def enter(self, request: HttpRequest, **named: Any) -> tuple[Actor, WorkspaceRef]:
        opened = services.open_webhook(
            token=str(named["token"]), address=client_address(request), now=utc_now()
        )
        self.opened = opened
        structlog.contextvars.bind_contextvars(webhook_id=str(opened.hook.id))
        return opened.actor, opened.workspace

    def check_media(self, request: HttpRequest) -> None:
        """The preset does, once it knows the sender."""

    def unpack(self, body: bytes, encoding: str) -> bytes:  # noqa: ARG002
        return body  # signatures are over what was sent

    def decode(self, message: Message) -> Decoded:
        headers = message.request.headers
        decoded, self.reply = services.read_delivery(
            self.opened,
            body=message.body,
            content_type=(message.request.content_type or "").lower(),
            encoding=headers.get("Content-Encoding", "").strip().lower(),
            headers={name.lower(): value for name, value in headers.items()},
            fetch=self.fetch,
            now=message.now,
        )
        return decoded

    def count_refused(
        self, workspace: WorkspaceRef, error: DomainError, body: bytes, now: datetime
    ) -> None:
        services.note_delivery(self.opened, taken=False, now=now)
        if not error.retryable:  # weather: the same delivery comes again
            super().count_refused(workspace, error, body, now)

    def take_in(
        self, request: HttpRequest, actor: Actor, workspace: WorkspaceRef, decoded: Decoded
    ) -> HttpResponse:
        if self.reply is not None:
            services.note_delivery(self.opened, taken=True, now=utc_now())
            return HttpResponse(self.reply.text, content_type="text/plain")
        response = super().take_in(request, actor, workspace, decoded)
        services.note_delivery(self.opened, taken=response.status_code < 400, now=utc_now())
        return response
