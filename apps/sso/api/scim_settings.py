"""Where an account sets its provider's access up: tokens, and how many are managed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.sso.scim import resources, tokens
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scopes import AccountScope

if TYPE_CHECKING:
    from apps.sso.models import ScimToken


class ScimTokenMaker(serializers.Serializer[object]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ScimTokenOutput(serializers.Serializer[object]):
    id = serializers.UUIDField()
    prefix = serializers.CharField(help_text="The first characters, to tell tokens apart.")
    created_at = serializers.DateTimeField()
    created_by = ScimTokenMaker(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewScimTokenOutput(ScimTokenOutput):
    secret = serializers.CharField(help_text="Shown now and never again.")


class ScimSettingsOutput(serializers.Serializer[object]):
    enabled = serializers.BooleanField(help_text="Whether there is a token.")
    base_url = serializers.CharField(help_text="What the provider asks for as the base URL.")
    created_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    tokens = ScimTokenOutput(many=True)
    most_tokens = serializers.IntegerField(help_text="How many may be in use at once.")
    people = serializers.IntegerField(help_text="How many people the provider manages.")
    groups = serializers.IntegerField(help_text="How many teams the provider manages.")


def _token(token: ScimToken) -> dict[str, object]:
    maker = token.created_by
    return {
        "id": token.pk,
        "prefix": token.prefix,
        "created_at": token.created_at,
        "created_by": {"id": maker.pk, "name": maker.display_name} if maker else None,
        "last_used_at": token.last_used_at,
    }


class ScimSettings(AccountView):
    """The provider that keeps the account's people and teams by SCIM."""

    # SECURITY: who holds a token moves people's logins to other addresses, and decides who is in
    # the teams that the provider keeps. Only owners hold all that this gives.
    scopes: ClassVar = {"GET": AccountScope.SSO_MANAGE, "POST": AccountScope.ACCOUNT_MANAGE}

    @extend_schema(operation_id="get_scim", responses=ScimSettingsOutput)
    def get(self, request: AccountRequest) -> Response:
        standing = tokens.get_standing(account_id=request.account.id)
        return Response(
            {
                "enabled": bool(standing.tokens),
                "base_url": resources.base_url(),
                "created_at": standing.created_at,
                "last_used_at": standing.last_used_at,
                "tokens": [_token(each) for each in standing.tokens],
                "most_tokens": tokens.MOST_TOKENS,
                "people": standing.people,
                "groups": standing.groups,
            }
        )

    @extend_schema(
        operation_id="create_scim_token", request=None, responses={201: NewScimTokenOutput}
    )
    def post(self, request: AccountRequest) -> Response:
        token, secret = tokens.create_token(
            account_id=request.account.id, actor=request.actor, now=utc_now()
        )
        return Response(_token(token) | {"secret": secret}, status=201)


class OneScimToken(AccountView):
    scopes: ClassVar = {"DELETE": AccountScope.SSO_MANAGE}
    open_while_archived: ClassVar = frozenset({"DELETE"})  # it takes away

    @extend_schema(operation_id="end_scim_token", responses={204: None})
    def delete(self, request: AccountRequest, scim_token_id: uuid.UUID) -> Response:
        tokens.end_token(account_id=request.account.id, token_id=scim_token_id, now=utc_now())
        return Response(status=204)
