"""
Where browsers pass by on their way to a provider and back. They answer with redirects only.

A refusal is written down and shown by the UI (/sso/error?code=…); its words stand there, because
nothing that a provider or a stranger sends is put on a page of ours.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from apps.core.clock import utc_now
from apps.core.errors import DomainError, NotFound, RateLimited
from apps.sso import parties, saml, selectors, services, sessions
from apps.sso.assertions import Asserted, as_email
from apps.sso.enums import ConnectionKind
from apps.sso.errors import AttemptNotValid, ConnectionNotActive
from apps.tenancy import access
from apps.tenancy.authentication import find_session_caller
from apps.tenancy.http import enter_account
from apps.tenancy.scopes import AccountScope

if TYPE_CHECKING:
    from apps.sso.models import SsoConnection

COOKIE = "headway_sso"
COOKIE_SECONDS = 24 * 3600
HOME = "/"
ERROR_PAGE = "/sso/error"


def safe_path(path: str) -> str:
    """Return the path if it is one of ours, else the way home."""
    if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return path[:500]
    return HOME


class Page(View):
    """Finds the connection and turns every refusal into a redirect."""

    action = "sso_answer"  # the limit of settings.allauth that a request counts against

    def dispatch(self, request: Any, *_args: Any, **kwargs: Any) -> Any:
        connection_id: uuid.UUID = kwargs["connection_id"]
        try:
            connection = selectors.open_connection(connection_id=connection_id)
        except ConnectionNotActive as error:
            return error_page(error, connection_id)
        handler: Callable[..., HttpResponse] | None = getattr(
            self, str(request.method).lower(), None
        )
        if handler is None:
            return self.http_method_not_allowed(request)
        if not ratelimit.consume(request, action=self.action):
            return error_page(RateLimited("Too many tries. Wait a minute."), connection_id)
        try:
            return handler(request, connection)
        except DomainError as error:
            services.note_refusal(
                connection=connection, error=error, email="", is_test=False, now=utc_now()
            )
            return error_page(error, connection_id)


def error_page(error: DomainError, connection_id: uuid.UUID) -> HttpResponse:
    shown = {"code": error.code, "connection": str(connection_id)}
    reason = error.details.get("reason")
    if isinstance(reason, str):
        shown["reason"] = reason
    return see(f"{ERROR_PAGE}?{urlencode(shown)}")


def see(path: str) -> HttpResponse:
    """303: whatever the method was, the next one is GET."""
    response = HttpResponseRedirect(path if path.startswith("http") else settings.PUBLIC_URL + path)
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def browser_of(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")


class LoginPage(Page):
    """The way out. `test=1` is a test by the admin who is signed in; `next`, where to go after."""

    action = "sso_begin"

    def get(self, request: HttpRequest, connection: SsoConnection) -> HttpResponse:
        now = utc_now()
        tested_by = _tester(request, connection) if request.GET.get("test") else None
        browser = browser_of(request) or secrets.token_urlsafe(32)
        hint = as_email(request.GET.get("hint", ""))
        begun = services.begin(
            connection=connection,
            browser=browser,
            next_path=safe_path(request.GET.get("next", "")),
            login_hint=hint,
            tested_by=tested_by,
            now=now,
        )
        response = see(begun.url)
        response.set_cookie(
            COOKIE,
            browser,
            max_age=COOKIE_SECONDS,
            path="/sso/",
            secure=settings.PUBLIC_URL.startswith("https:"),
            httponly=True,
            # Lax: the way back is a GET from another site.
            samesite="Lax",
        )
        return response


def _tester(request: HttpRequest, connection: SsoConnection) -> uuid.UUID:
    """Return who tests: somebody signed in who may set up the account's connections."""
    caller = find_session_caller(request, connection.account_id)
    if caller is None:
        raise ConnectionNotActive("Sign in first; then test.")
    try:
        actor, _ = enter_account(caller, connection.account_id, request=request, writes=True)
    except NotFound:
        raise ConnectionNotActive("Nobody can sign in this way.") from None
    access.require(actor, AccountScope.SSO_MANAGE)
    return actor.id


class CallbackPage(Page):
    """The way back from OpenID Connect."""

    def get(self, request: HttpRequest, connection: SsoConnection) -> HttpResponse:
        now = utc_now()
        answer = {name: value for name, value in request.GET.items() if isinstance(value, str)}
        attempt, made = services.receive_code(
            connection=connection, browser=browser_of(request), answer=answer, now=now
        )
        try:
            asserted = services.redeem_code(connection=connection, made=made, answer=answer)
        except DomainError as error:
            return _refused(connection, error, attempt.pk if attempt.is_test else None)
        return _arrived(
            request,
            connection,
            services.Returned(
                attempt_id=attempt.pk,
                is_test=attempt.is_test,
                started_by=attempt.started_by_id,
                next_path=attempt.next_path,
                asserted=asserted,
            ),
        )


class AcsPage(Page):
    """The way back from SAML: a form posted from the provider's site, so without our cookies."""

    def post(self, request: HttpRequest, connection: SsoConnection) -> HttpResponse:
        now = utc_now()
        posted = services.receive_saml(
            connection=connection, encoded=request.POST.get("SAMLResponse", ""), now=now
        )
        try:
            handle, _ = services.accept_saml(connection=connection, posted=posted, now=now)
        except DomainError as error:
            test = posted.attempt.pk if posted.attempt and posted.attempt.is_test else None
            return _refused(connection, error, test)
        return see(f"/sso/{connection.pk}/finish?{urlencode({'handle': handle})}")


class FinishPage(Page):
    """The same browser's next request, which has its cookies."""

    def get(self, request: HttpRequest, connection: SsoConnection) -> HttpResponse:
        returned = services.finish_saml(
            connection=connection,
            browser=browser_of(request),
            handle=request.GET.get("handle", ""),
            now=utc_now(),
        )
        return _arrived(request, connection, returned)


def _arrived(
    request: HttpRequest, connection: SsoConnection, returned: services.Returned
) -> HttpResponse:
    now, asserted = utc_now(), returned.asserted
    if returned.is_test:
        services.finish_test(
            connection=connection,
            attempt_id=returned.attempt_id,
            asserted=asserted,
            refusal=None,
            now=now,
        )
        return _test_page(connection)
    try:
        person = services.sign_in(connection=connection, asserted=asserted, now=now)
    except DomainError as error:
        return _refused(connection, error, None, asserted)
    if not sessions.open_session(
        request, connection=connection, user_id=person.user_id, asserted=asserted
    ):
        return see(f"/login?{urlencode({'next': safe_path(returned.next_path)})}")
    return see(safe_path(returned.next_path))


def _refused(
    connection: SsoConnection,
    error: DomainError,
    test: uuid.UUID | None,
    asserted: Asserted | None = None,
) -> HttpResponse:
    now = utc_now()
    services.note_refusal(
        connection=connection,
        error=error,
        email=asserted.email if asserted else "",
        is_test=test is not None,
        now=now,
    )
    if test is None:
        return error_page(error, connection.pk)
    services.finish_test(
        connection=connection, attempt_id=test, asserted=asserted, refusal=error, now=now
    )
    return _test_page(connection)


def _test_page(connection: SsoConnection) -> HttpResponse:
    return see(f"/account/{connection.account_id}/sso?tested={connection.pk}")


class SignOutPage(Page):
    """
    SAML's single sign-out: the provider ends our session, or sends us back after ending its own.

    Only what it signed ends anything; ours was ended before we went there.
    """

    def get(self, request: HttpRequest, connection: SsoConnection) -> HttpResponse:
        if connection.kind != ConnectionKind.SAML:
            raise AttemptNotValid("There is nothing to sign out from here.")
        if "SAMLRequest" not in request.GET:
            return see("/login")
        url = saml.answer_sign_out(
            parties.saml_party(connection), _texts(request.GET), request.META["QUERY_STRING"]
        )
        facts = sessions.sign_out_facts(request)
        if facts is not None and facts.get("connection") == str(connection.pk):
            sessions.end_session(request)
        return see(url)


class MetadataPage(View):
    """What a SAML provider needs to know of us."""

    def get(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:  # noqa: ARG002
        try:
            connection = selectors.open_connection(connection_id=connection_id)
        except ConnectionNotActive as error:
            return error_page(error, connection_id)
        if connection.kind != ConnectionKind.SAML:
            return error_page(ConnectionNotActive("There is no metadata."), connection_id)
        xml = saml.our_metadata(parties.saml_party(connection))
        return HttpResponse(xml, content_type="application/samlmetadata+xml; charset=utf-8")


def _texts(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items()}
