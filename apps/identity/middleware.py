"""What belongs to every answer to a person: last seen, known devices, steady and clear refusals."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.core.clock import utc_now
from apps.identity import devices, services, sessions, throttling

PREFIX = "/_allauth/browser/v1/"
_STEADY = frozenset({"auth/signup", "auth/password/request"})
_REDIRECT = "auth/provider/redirect"


class PeopleMiddleware:
    """Behind allauth's own. Costs nothing for requests with an API key."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        response = self.get_response(request)
        if request.path.startswith(PREFIX):
            response = _of_allauth(request, response, started)
        user_id = _person_of(request)
        if user_id is not None:
            key = request.session.session_key
            if key is not None and sessions.is_use_due(key):
                services.note_session_use(request=request, user_id=user_id, now=utc_now())
        return response


def _person_of(request: HttpRequest) -> uuid.UUID | None:
    """Return whose session it is, if somebody looked; it is not looked up for this."""
    found: uuid.UUID | None = getattr(request, "person_id", None)  # the API's authentication
    user = getattr(request, "_cached_user", None)  # Django's
    if found is None and user is not None and user.is_authenticated:
        found = user.pk
    return found


def _of_allauth(request: HttpRequest, response: HttpResponse, started: float) -> HttpResponse:
    path = request.path.removeprefix(PREFIX)
    if response.status_code == 429:
        seconds = throttling.seconds_of_refusal(request, path)
        words = f"Too many tries. Try again in {throttling.in_words(seconds)}."
        refusal = {"message": words, "code": "rate_limited"}
        response = JsonResponse({"status": 429, "errors": [refusal]}, status=429)
        response["Retry-After"] = str(math.ceil(seconds))
        return response
    if request.method == "POST" and _is_steady(path, response.status_code):
        time.sleep(max(0.0, started + settings.STEADY_ANSWER_SECONDS - time.monotonic()))
    if path == _REDIRECT and response.status_code == 302 and _wants_json(request):
        # A page may send a form to nobody but us (its CSP), and this answer would lead it on.
        location = {"status": 200, "data": {"location": response["Location"]}}
        cookies = response.cookies
        response = JsonResponse(location)
        response.cookies = cookies
    newcomer = getattr(request, "signed_in_person", None)
    if newcomer is not None:
        devices.remember(request, response, newcomer)
    return response


def _is_steady(path: str, status: int) -> bool:
    """SECURITY: say whether the answer's time must not tell whether an address is known here."""
    return status == 400 if path == "auth/login" else path in _STEADY and status != 400


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")
