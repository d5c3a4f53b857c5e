"""The base of every view below `/scim/v2`: the protocol's own words for what others share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import structlog
from django.http import Http404
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.errors import DomainError, Unauthenticated
from apps.core.http.json import JSONParser, JSONRenderer
from apps.sso.scim import protocol, tokens
from apps.sso.scim.errors import ScimError, ScimType
from apps.sso.scim.resources import Precondition
from apps.sso.scim.tokens import Caller
from apps.tenancy import audit
from apps.tenancy.actors import Actor
from apps.tenancy.isolation import account_scope

logger = structlog.get_logger(__name__)
MEDIA_TYPE = "application/scim+json"


class ScimRenderer(JSONRenderer):
    media_type = MEDIA_TYPE


class ScimParser(JSONParser):
    media_type = MEDIA_TYPE


class AsScim(BaseContentNegotiation):
    """Answer in the one form there is, whatever the provider says that it takes."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((each for each in parsers if each.media_type == kind), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:  # noqa: ARG002
        return renderers[0], renderers[0].media_type


class ScimTokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Actor, Caller]:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        caller = None
        if kind.lower() == "bearer":
            caller = tokens.find_caller(secret=secret.strip(), now=utc_now())
        if caller is None:
            raise Unauthenticated("The token is missing, not valid, or ended.")
        return caller.actor, caller

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return 'Bearer realm="headway-scim"'


class ScimRequest(Request):
    """What handlers of a ScimView receive. For annotations; DRF makes the object."""

    caller: Caller


class ScimView(APIView):
    """Handlers run inside the scope of the token's account: no other account's rows exist."""

    authentication_classes = (ScimTokenAuthentication,)
    renderer_classes = (ScimRenderer,)
    parser_classes = (ScimParser, JSONParser)
    content_negotiation_class = AsScim
    schema = None  # described by the protocol itself, at /Schemas
    # What only looks although it is a POST.
    reading: ClassVar[frozenset[str]] = frozenset({"GET", "HEAD", "OPTIONS"})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        caller = request.auth
        assert isinstance(caller, Caller)
        method = str(request.method)
        if caller.is_archived and method not in self.reading:
            raise ScimError(403, "The account is archived; nothing of it can be changed.")
        request.caller = caller  # type: ignore[attr-defined]
        audit.act_as(caller.actor)
        structlog.contextvars.bind_contextvars(account_id=str(caller.account_id))
        name = "get" if method == "HEAD" else method.lower()
        handler: Callable[..., Response] | None = getattr(self, name, None)
        if handler is None or name not in self.http_method_names:
            return  # DRF answers 405

        # DRF looks the handler up after `initial`: a refusal raised inside rolls back.
        def inside(request: Request, *args: Any, **kwargs: Any) -> Response:
            with account_scope(caller.account_id):
                return handler(request, *args, **kwargs)

        setattr(self, name, inside)

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle_exception

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


def precondition_of(request: Request) -> Precondition:
    return Precondition(
        if_match=request.headers.get("If-Match", ""),
        if_none_match=request.headers.get("If-None-Match", ""),
    )


# Refusals of others in the protocol's numbers: it knows no 402.
_STATUS_OF = {402: 403}


def handle_exception(error: Exception, context: Mapping[str, Any]) -> Response | None:  # noqa: ARG001
    """Render refusals as RFC 7644 §3.12 has it; bugs pass through to the 500 view and Sentry."""
    scim_type: ScimType | None = None
    headers: dict[str, str] = {}
    if isinstance(error, ScimError):
        status, detail, scim_type = error.status, error.detail, error.scim_type
    elif isinstance(error, DomainError):
        status, detail = _STATUS_OF.get(error.status, error.status), error.message
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="headway-scim"'
    elif isinstance(error, Http404):
        status, detail = 404, "There is nothing here."
    elif isinstance(error, exceptions.APIException):
        status, detail = error.status_code, str(error.detail)
        if isinstance(error, exceptions.ParseError):
            scim_type = ScimType.INVALID_SYNTAX
    else:
        return None
    logger.info("scim.refused", status=status, scim_type=scim_type)
    return Response(protocol.error_body(status, detail, scim_type), status=status, headers=headers)
