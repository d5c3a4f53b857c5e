"""The security page of an account: here, because it tells of single sign-on as well."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.request_context import current_origin
from apps.core.http.serializers import StrictSerializer
from apps.sso import selectors as sso
from apps.tenancy import selectors, services
from apps.tenancy.actors import Caller
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scopes import AccountScope


class OwnerOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The member's.")
    name = serializers.CharField(source="user.display_name")


class PeopleStandingOutput(serializers.Serializer[Any]):
    members = serializers.IntegerField()
    owners = OwnerOutput(many=True)
    without_mfa = serializers.IntegerField()
    inactive = serializers.IntegerField(help_text="Not seen for 90 days.")
    deactivated = serializers.IntegerField()
    invitations = serializers.IntegerField(help_text="Open ones.")


class KeyCountsOutput(serializers.Serializer[Any]):
    active = serializers.IntegerField()
    stale = serializers.IntegerField(help_text="Not used for 90 days.")
    endless = serializers.IntegerField()
    orphaned = serializers.IntegerField(
        help_text="Personal keys of people who are not in the account any more; they do nothing."
    )
    service = serializers.IntegerField(help_text="Held by service accounts.")


class WorkspaceKeysOutput(KeyCountsOutput):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class KeyStandingOutput(KeyCountsOutput):
    workspaces = WorkspaceKeysOutput(many=True)


class SsoStandingOutput(serializers.Serializer[Any]):
    connections = serializers.IntegerField()
    active = serializers.IntegerField()
    # Not a field's own `required`, but one of this name.
    required = serializers.BooleanField()  # type: ignore[assignment]


class SecurityOutput(serializers.Serializer[Any]):
    people = PeopleStandingOutput()
    keys = KeyStandingOutput()
    sso = SsoStandingOutput()
    require_mfa = serializers.BooleanField()
    allowed_networks = serializers.IntegerField()
    own_address = serializers.CharField(allow_null=True)


class SecurityChange(StrictSerializer):
    require_mfa = serializers.BooleanField()


class Security(AccountView):
    scopes = {"GET": AccountScope.SECURITY_MANAGE, "PATCH": AccountScope.SECURITY_MANAGE}

    @extend_schema(operation_id="get_account_security", responses=SecurityOutput)
    def get(self, request: AccountRequest) -> Response:
        account_id = request.account.id
        facts = selectors.get_security(account_id=account_id, now=utc_now())
        body = {
            "people": facts.people,
            "keys": _counts(facts.keys)
            | {
                "workspaces": [
                    {"id": each.id, "slug": each.slug, "name": each.name} | _counts(each.counts)
                    for each in facts.workspaces
                ]
            },
            "sso": {
                "connections": sso.list_connections(account_id=account_id).count(),
                "active": sso.count_active(account_id=account_id),
                "required": facts.sso_required,
            },
            "require_mfa": facts.require_mfa,
            "allowed_networks": facts.allowed_networks,
            "own_address": current_origin().address or None,
        }
        return Response(SecurityOutput(body).data)

    @extend_schema(
        operation_id="change_account_security", request=SecurityChange, responses=SecurityOutput
    )
    def patch(self, request: AccountRequest) -> Response:
        form = SecurityChange(data=request.data)
        form.is_valid(raise_exception=True)
        services.require_second_factor(
            account_id=request.account.id,
            required=form.validated_data["require_mfa"],
            held=_proved(request),
        )
        return self.get(request)


def _proved(request: AccountRequest) -> bool:
    """Say whether this session would be let in when a second factor is asked for."""
    caller: Caller = request.auth  # type: ignore[assignment] # set with the actor
    session = caller.session
    return session is not None and (session.mfa or session.sso_account_id == request.account.id)


def _counts(counts: selectors.KeyCounts) -> dict[str, Any]:
    return {
        "active": counts.active,
        "stale": counts.stale,
        "endless": counts.endless,
        "orphaned": counts.orphaned,
        "service": counts.service,
    }
