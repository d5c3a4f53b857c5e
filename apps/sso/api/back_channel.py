"""Where a provider of OpenID Connect signs somebody out by itself, in every browser at once."""

from __future__ import annotations

import uuid

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from apps.core.clock import utc_now
from apps.core.errors import DomainError
from apps.sso import selectors, services
from apps.sso.errors import ConnectionNotActive, ProviderUnreachable


class BackChannelLogout(View):
    """Answers as OpenID Connect Back-Channel Logout 1.0 §2.8 says, not with our envelope."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
        try:
            connection = selectors.open_connection(connection_id=connection_id)
        except ConnectionNotActive as error:
            return _answer(error)
        if not ratelimit.consume(request, action="sso_answer"):
            return _answer(None, status=429)
        try:
            services.end_by_provider(
                connection=connection, token=request.POST.get("logout_token", "")
            )
        except DomainError as error:
            services.note_refusal(
                connection=connection, error=error, email="", is_test=False, now=utc_now()
            )
            # Its keys cannot be asked for: the same token holds when it is sent again.
            return _answer(error, status=503 if isinstance(error, ProviderUnreachable) else 400)
        return _answer(None, status=200)


def _answer(error: DomainError | None, *, status: int = 400) -> HttpResponse:
    response = (
        HttpResponse(status=status)
        if error is None
        else JsonResponse(
            {"error": "invalid_request", "error_description": error.message}, status=status
        )
    )
    response["Cache-Control"] = "no-store"
    return response
