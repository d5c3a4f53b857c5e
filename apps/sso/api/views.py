"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from allauth.core import ratelimit
from django.conf import settings
from django.utils.http import urlencode
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.errors import RateLimited
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.sso import oidc, parties, saml, selectors, services, sessions
from apps.sso.api import bodies
from apps.sso.api import serializers as shapes
from apps.sso.enums import ConnectionKind
from apps.sso.errors import ConnectionNotActive
from apps.tenancy import selectors as tenancy
from apps.tenancy.authentication import BrowserAuthentication
from apps.tenancy.enums import AccountRole
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.isolation import account_scope
from apps.tenancy.scopes import AccountScope

JOINING = ("joins_new_people", "default_role", "default_grants", "group_teams")
NEWEST_FIRST = ("-created_at", "-id")


def _settings(kind: str, given: dict[str, Any], *, partial: bool = False) -> dict[str, Any]:
    form = shapes.SETTINGS_INPUT[kind](data=given, partial=partial)
    if not form.is_valid():
        raise ValidationError({"settings": form.errors})
    return dict(form.validated_data)


class Connections(AccountView):
    """The providers by which an account's people sign in."""

    scopes: ClassVar = {"GET": AccountScope.SSO_MANAGE, "POST": AccountScope.SSO_MANAGE}
    # The provider is asked who it is: services enter the scope by themselves.
    in_transaction: ClassVar[bool] = False

    @extend_schema(operation_id="list_sso_connections", responses=shapes.SsoConnectionList)
    def get(self, request: AccountRequest) -> Response:
        with account_scope(request.account.id):
            found = selectors.list_connections(account_id=request.account.id)
            return Response({"items": [bodies.connection_body(each) for each in found]})

    @extend_schema(
        operation_id="create_sso_connection",
        request=shapes.SsoConnectionInput,
        responses={201: shapes.SsoConnectionOutput},
    )
    def post(self, request: AccountRequest) -> Response:
        form = shapes.SsoConnectionInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        connection = services.create_connection(
            account_id=request.account.id,
            connection_id=given.get("id"),
            actor=request.actor,
            kind=ConnectionKind(given["kind"]),
            name=given["name"],
            settings=_settings(given["kind"], given["settings"]),
            client_secret=given.get("client_secret", ""),
            joining={name: given[name] for name in JOINING if name in given},
            now=utc_now(),
        )
        return Response(bodies.connection_body(connection), status=201)


class ConnectionDetail(AccountView):
    """One provider."""

    scopes: ClassVar = {
        "GET": AccountScope.SSO_MANAGE,
        "PATCH": AccountScope.SSO_MANAGE,
        "DELETE": AccountScope.SSO_MANAGE,
    }
    in_transaction: ClassVar[bool] = False

    @extend_schema(operation_id="get_sso_connection", responses=shapes.SsoConnectionOutput)
    def get(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        with account_scope(request.account.id):
            connection = selectors.get_connection(
                account_id=request.account.id, connection_id=connection_id
            )
            return Response(bodies.connection_body(connection))

    @extend_schema(
        operation_id="change_sso_connection",
        request=shapes.SsoConnectionChange,
        responses=shapes.SsoConnectionOutput,
    )
    def patch(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        form = shapes.SsoConnectionChange(data=request.data)
        form.is_valid(raise_exception=True)
        changes = dict(form.validated_data)
        with account_scope(request.account.id):
            kind = selectors.get_connection(
                account_id=request.account.id, connection_id=connection_id
            ).kind
        if "settings" in changes:
            changes["settings"] = _settings(kind, changes["settings"], partial=True)
        connection = services.update_connection(
            account_id=request.account.id,
            connection_id=connection_id,
            actor=request.actor,
            changes=changes,
            now=utc_now(),
        )
        return Response(bodies.connection_body(connection))

    @extend_schema(operation_id="delete_sso_connection", responses={204: None})
    def delete(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        with account_scope(request.account.id):
            services.delete_connection(account_id=request.account.id, connection_id=connection_id)
        return Response(status=204)


class ConnectionTest(AccountView):
    """A test sign-in: what the provider says, and what would happen. It signs nobody in."""

    scopes: ClassVar = {"GET": AccountScope.SSO_MANAGE, "POST": AccountScope.SSO_MANAGE}

    @extend_schema(operation_id="get_sso_connection_test", responses=shapes.SsoTestOutput)
    def get(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        selectors.get_connection(account_id=request.account.id, connection_id=connection_id)
        found = selectors.find_last_test(account_id=request.account.id, connection_id=connection_id)
        return Response(bodies.test_body(found))

    @extend_schema(
        operation_id="test_sso_connection", request=None, responses=shapes.SsoTestUrlOutput
    )
    def post(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        selectors.get_connection(account_id=request.account.id, connection_id=connection_id)
        return Response({"url": f"{parties.base_url(connection_id)}/login?test=1"})


class ConnectionActivation(AccountView):
    """Whether people can sign in by it."""

    # SECURITY: an active provider can come as anybody, as an owner too. Only who is one lets it.
    scopes: ClassVar = {"POST": AccountScope.ACCOUNT_MANAGE, "DELETE": AccountScope.SSO_MANAGE}

    @extend_schema(
        operation_id="activate_sso_connection", request=None, responses=shapes.SsoConnectionOutput
    )
    def post(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        connection = services.activate_connection(
            account_id=request.account.id, connection_id=connection_id, now=utc_now()
        )
        return Response(bodies.connection_body(connection))

    @extend_schema(operation_id="deactivate_sso_connection", responses=shapes.SsoConnectionOutput)
    def delete(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        connection = services.deactivate_connection(
            account_id=request.account.id, connection_id=connection_id
        )
        return Response(bodies.connection_body(connection))


class ConnectionPeople(AccountView):
    """Who signs in by it."""

    scopes: ClassVar = {"GET": AccountScope.SSO_MANAGE}

    @extend_schema(
        operation_id="list_sso_people", parameters=[PageQuery], responses=shapes.SsoIdentityPage
    )
    def get(self, request: AccountRequest, connection_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        selectors.get_connection(account_id=request.account.id, connection_id=connection_id)
        return Response(
            page_of(
                selectors.list_identities(
                    account_id=request.account.id, connection_id=connection_id
                ),
                request=request,
                order=NEWEST_FIRST,
                render=bodies.identity_bodies,
            )
        )


class ConnectionPerson(AccountView):
    """One of them."""

    scopes: ClassVar = {"DELETE": AccountScope.SSO_MANAGE}

    @extend_schema(operation_id="unlink_sso_person", responses={204: None})
    def delete(
        self, request: AccountRequest, connection_id: uuid.UUID, identity_id: uuid.UUID
    ) -> Response:
        services.unlink_identity(
            account_id=request.account.id, connection_id=connection_id, identity_id=identity_id
        )
        return Response(status=204)


class Policy(AccountView):
    """Whether the account's people must come by its provider."""

    scopes: ClassVar = {"GET": AccountScope.SSO_MANAGE, "PATCH": AccountScope.SSO_MANAGE}

    @extend_schema(operation_id="get_sso_policy", responses=shapes.SsoPolicyOutput)
    def get(self, request: AccountRequest) -> Response:
        return Response(_policy(request))

    @extend_schema(
        operation_id="change_sso_policy",
        request=shapes.SsoPolicyInput,
        responses=shapes.SsoPolicyOutput,
    )
    def patch(self, request: AccountRequest) -> Response:
        form = shapes.SsoPolicyInput(data=request.data)
        form.is_valid(raise_exception=True)
        services.require_sso(
            account_id=request.account.id,
            actor=request.actor,
            required=form.validated_data["required"],
        )
        return Response(_policy(request))


def _policy(request: AccountRequest) -> dict[str, Any]:
    account_id, user_id = request.account.id, request.actor.id
    state = tenancy.find_member_state(account_id=account_id, user_id=user_id)
    return {
        "required": tenancy.is_sso_required(account_id=account_id),
        "active_connections": selectors.count_active(account_id=account_id),
        "came_by_provider": selectors.has_signed_in(account_id=account_id, user_id=user_id),
        "is_owner": state.role == AccountRole.OWNER,
    }


class Domains(AccountView):
    """The mail domains that the account claims, and which of them are shown to be its own."""

    scopes: ClassVar = {"GET": AccountScope.SSO_MANAGE, "POST": AccountScope.SSO_MANAGE}

    @extend_schema(operation_id="list_sso_domains", responses=shapes.SsoDomainList)
    def get(self, request: AccountRequest) -> Response:
        found = selectors.list_domains(account_id=request.account.id)
        return Response({"items": [bodies.domain_body(each) for each in found]})

    @extend_schema(
        operation_id="add_sso_domain",
        request=shapes.SsoDomainInput,
        responses={201: shapes.SsoDomainOutput},
    )
    def post(self, request: AccountRequest) -> Response:
        form = shapes.SsoDomainInput(data=request.data)
        form.is_valid(raise_exception=True)
        domain = services.add_domain(
            account_id=request.account.id,
            domain=form.validated_data["domain"],
            connection_id=form.validated_data.get("connection_id"),
            now=utc_now(),
        )
        return Response(bodies.domain_body(domain), status=201)


class DomainDetail(AccountView):
    """One of them."""

    scopes: ClassVar = {
        "GET": AccountScope.SSO_MANAGE,
        "PATCH": AccountScope.SSO_MANAGE,
        "DELETE": AccountScope.SSO_MANAGE,
    }

    @extend_schema(operation_id="get_sso_domain", responses=shapes.SsoDomainOutput)
    def get(self, request: AccountRequest, domain_id: uuid.UUID) -> Response:
        domain = selectors.get_domain(account_id=request.account.id, domain_id=domain_id)
        return Response(bodies.domain_body(domain))

    @extend_schema(
        operation_id="change_sso_domain",
        request=shapes.SsoDomainChange,
        responses=shapes.SsoDomainOutput,
    )
    def patch(self, request: AccountRequest, domain_id: uuid.UUID) -> Response:
        form = shapes.SsoDomainChange(data=request.data)
        form.is_valid(raise_exception=True)
        domain = services.route_domain(
            account_id=request.account.id,
            domain_id=domain_id,
            connection_id=form.validated_data["connection_id"],
        )
        return Response(bodies.domain_body(domain))

    @extend_schema(operation_id="remove_sso_domain", responses={204: None})
    def delete(self, request: AccountRequest, domain_id: uuid.UUID) -> Response:
        services.remove_domain(account_id=request.account.id, domain_id=domain_id)
        return Response(status=204)


class DomainVerification(AccountView):
    """Look for the record now."""

    scopes: ClassVar = {"POST": AccountScope.SSO_MANAGE}
    in_transaction: ClassVar[bool] = False  # name servers take their time

    @extend_schema(operation_id="verify_sso_domain", request=None, responses=shapes.SsoDomainOutput)
    def post(self, request: AccountRequest, domain_id: uuid.UUID) -> Response:
        domain = services.verify_domain(
            account_id=request.account.id, domain_id=domain_id, now=utc_now()
        )
        return Response(bodies.domain_body(domain))


class Discovery(APIView):
    """
    Where somebody with this address signs in.

    SECURITY: for strangers. By the verified domain alone, and the same for every address in it:
    nobody learns who is known here, and which providers there are only by guessing domains.
    """

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="discover_sso",
        request=shapes.SsoDiscoveryInput,
        responses=shapes.SsoDiscoveryOutput,
    )
    def post(self, request: Request) -> Response:
        if not ratelimit.consume(request._request, action="sso_discovery"):
            raise RateLimited("Too many tries. Wait a minute.", retry_after_seconds=60)
        form = shapes.SsoDiscoveryInput(data=request.data)
        form.is_valid(raise_exception=True)
        email = form.validated_data["email"]
        found = selectors.find_connection_for(email=email)
        if found is None:
            return Response({"url": None})
        hint = urlencode({"hint": email.strip().lower()})
        return Response({"url": f"{parties.base_url(found)}/login?{hint}"})


class SignOut(APIView):
    """End this browser's session, and say where the provider's is ended."""

    authentication_classes = (BrowserAuthentication,)
    permission_classes = ()

    @extend_schema(operation_id="sign_out", request=None, responses=shapes.SsoSignOutOutput)
    def post(self, request: Request) -> Response:
        facts = sessions.sign_out_facts(request._request)
        sessions.end_session(request._request)
        return Response({"url": None if facts is None else _provider_sign_out(facts)})


def _provider_sign_out(facts: dict[str, Any]) -> str | None:
    try:
        connection = selectors.open_connection(connection_id=uuid.UUID(facts["connection"]))
    except ConnectionNotActive:
        return None
    if connection.kind == ConnectionKind.SAML:
        return saml.sign_out_url(parties.saml_party(connection), facts)
    return oidc.sign_out_url(
        parties.oidc_client(connection),
        id_token=facts.get("id_token", ""),
        back_to=f"{settings.PUBLIC_URL}/login",
    )
