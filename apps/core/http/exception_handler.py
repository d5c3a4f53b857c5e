"""The one error envelope (STYLE §7) for every status of 400 and above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.response import Response

from apps.core.errors import DomainError
from apps.core.http.json import dumps
from apps.core.http.request_context import new_request_id

logger = structlog.get_logger(__name__)

_BY_STATUS = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "batch_too_large",
    415: "unsupported_media",
    429: "rate_limited",
}


# Details that a caller's HTTP library may understand by itself.
_HEADER_OF = {
    "retry_after_seconds": "Retry-After",
    "rate_class": "Headway-Rate-Class",
}


def request_id_of(request: HttpRequest | None) -> str:
    return getattr(request, "request_id", None) or new_request_id()


def envelope(
    *,
    code: str,
    message: str,
    request_id: str,
    details: Mapping[str, object] | None = None,
    fields: Mapping[str, object] | None = None,
    retryable: bool = False,
) -> dict[str, object]:
    """Return the body of an error; shape in docs/errors.md."""
    return {
        "error": {
            "code": code,
            "message": message,
            "details": details or {},
            "fields": fields,
            "retryable": retryable,
            "request_id": request_id,
        }
    }


def refusal_body(error: DomainError, request_id: str) -> dict[str, object]:
    return envelope(
        code=error.code,
        message=error.message,
        details=error.details,
        fields=error.fields,
        retryable=error.retryable,
        request_id=request_id,
    )


def refusal_response(error: DomainError, request: HttpRequest | None) -> HttpResponse:
    """Render a refusal outside DRF (plain Django and live views)."""
    logger.info("request.refused", code=error.code, status=error.status)
    response = HttpResponse(
        dumps(refusal_body(error, request_id_of(request))),
        status=error.status,
        content_type="application/json",
    )
    _add_headers(response, error)
    return response


def _add_headers(response: HttpResponseBase, error: DomainError) -> None:
    for detail, header in _HEADER_OF.items():
        if value := error.details.get(detail):
            response[header] = str(value)


def _flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Turn DRF's nested error detail into `{"a.b.0": ["…"]}`."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            # DRF calls errors that belong to no field by this name; ours belong to the parent.
            own = (
                prefix
                if name == "non_field_errors"
                else f"{prefix}.{name}"
                if prefix
                else str(name)
            )
            found |= _flatten(inner, own)
        return found
    if isinstance(detail, list) and any(isinstance(item, (Mapping, list)) for item in detail):
        found = {}
        for index, inner in enumerate(detail):
            found |= _flatten(inner, f"{prefix}.{index}" if prefix else str(index))
        return found
    messages = detail if isinstance(detail, list) else [detail]
    return {prefix or "body": [str(message) for message in messages]} if messages else {}


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Render refusals and DRF's own exceptions; bugs pass through to the 500 view and Sentry."""
    request_id = request_id_of(getattr(context.get("request"), "_request", None))
    if isinstance(error, DomainError):
        logger.info("request.refused", code=error.code, status=error.status)
        response = Response(refusal_body(error, request_id), status=error.status)
        _add_headers(response, error)
        return response
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    fields = _flatten(error.detail) if isinstance(error, exceptions.ValidationError) else None
    message = (
        "Some fields are not valid: " + ", ".join(sorted(fields)) + "."
        if fields
        else str(getattr(error, "detail", error))
    )
    response = Response(
        envelope(
            code=_BY_STATUS.get(error.status_code, "refused"),
            message=message,
            fields=fields,
            retryable=error.status_code == 429,
            request_id=request_id,
        ),
        status=error.status_code,
    )
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


def handle_500(request: HttpRequest) -> HttpResponse:
    """Say only the request id; the rest is in the logs and in Sentry."""
    body = envelope(
        code="internal",
        message="Something went wrong on our side.",
        retryable=True,
        request_id=request_id_of(request),
    )
    return HttpResponse(dumps(body), status=500, content_type="application/json")


def handle_400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django itself refuses: a foreign Host header, a body over its limit, and the like."""
    too_large = isinstance(exception, RequestDataTooBig)
    body = envelope(
        code="batch_too_large" if too_large else "invalid_request",
        message="The body is too large." if too_large else "The request is malformed.",
        request_id=request_id_of(request),
    )
    status = 413 if too_large else 400
    return HttpResponse(dumps(body), status=status, content_type="application/json")


def handle_404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    body = envelope(
        code="not_found", message="There is nothing here.", request_id=request_id_of(request)
    )
    return HttpResponse(dumps(body), status=404, content_type="application/json")


def handle_403_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    body = envelope(
        code="permission_denied",
        message="The request's CSRF token is missing or wrong. Reload the page.",
        details={"reason": reason},
        request_id=request_id_of(request),
    )
    return HttpResponse(dumps(body), status=403, content_type="application/json")
