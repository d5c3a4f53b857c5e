"""Built-in roles and those of an account's own, side by side."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.serializers import StrictSerializer
from apps.tenancy import access, selectors, services
from apps.tenancy.api.serializers import SCOPES
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scope_words import SCOPE_WORDS
from apps.tenancy.scopes import AccountScope, Scope, scopes_of, sorted_scopes

WORDS = {
    BuiltInRole.OWNER: "Everything, people and the workspace itself included",
    BuiltInRole.DEVELOPER: "Builds and runs everything; manages neither people nor the workspace",
    BuiltInRole.RUNNER: "Starts and cancels runs, and looks at everything",
    BuiltInRole.VIEWER: "Looks at everything",
    BuiltInRole.AGENT: "What an agent's key needs; not for people",
}


class RoleOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(help_text="OWNER …, or the id: one name for either kind")
    name = serializers.CharField()
    description = serializers.CharField()
    built_in = serializers.BooleanField()
    based_on = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))
    adds = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), help_text="beyond `based_on`"
    )
    lacks = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), help_text="of `based_on`"
    )
    used_by = serializers.IntegerField(help_text="how often it is given")


class ScopeOutput(serializers.Serializer[Any]):
    scope = serializers.ChoiceField(choices=SCOPES)
    group = serializers.CharField()
    description = serializers.CharField()


class RoleList(serializers.Serializer[Any]):
    items = RoleOutput(many=True)
    scopes = ScopeOutput(many=True)


class RoleChange(StrictSerializer):
    name = serializers.CharField(max_length=60, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    based_on = serializers.ChoiceField(choices=BuiltInRole.choices, required=False)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), required=False)

    def validate_scopes(self, names: list[str]) -> list[Scope]:
        return [Scope(name) for name in names]


class CustomRoleInput(RoleChange):
    name = serializers.CharField(max_length=60)
    based_on = serializers.ChoiceField(choices=BuiltInRole.choices)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))


def _built_in(role: BuiltInRole, used_by: int) -> dict[str, object]:
    return {
        "id": None,
        "key": role.value,
        "name": role.label,
        "description": WORDS[role],
        "built_in": True,
        "based_on": None,
        "scopes": sorted_scopes(scopes_of(role.value)),
        "adds": [],
        "lacks": [],
        "used_by": used_by,
    }


def _own(role: Any) -> dict[str, object]:
    change = access.difference(role.scopes, role.based_on)
    return {
        "id": role.id,
        "key": str(role.id),
        "name": role.name,
        "description": role.description,
        "built_in": False,
        "based_on": role.based_on,
        "scopes": sorted_scopes(role.as_scopes()),
        "adds": sorted_scopes(change.adds),
        "lacks": sorted_scopes(change.lacks),
        "used_by": getattr(role, "used_by", 0),
    }


class Roles(AccountView):
    scopes: ClassVar = {"GET": AccountScope.MEMBERS_READ, "POST": AccountScope.ROLES_MANAGE}

    @extend_schema(operation_id="list_roles", responses=RoleList)
    def get(self, request: AccountRequest) -> Response:
        account_id = request.account.id
        uses = selectors.count_built_in_uses(account_id=account_id)
        items = [_built_in(role, uses.get(role.value, 0)) for role in BuiltInRole]
        items += [_own(role) for role in selectors.list_roles(account_id=account_id)]
        return Response(RoleList({"items": items, "scopes": SCOPE_WORDS}).data)

    @extend_schema(operation_id="create_role", request=CustomRoleInput, responses={201: RoleOutput})
    @idempotent
    def post(self, request: AccountRequest) -> Response:
        form = CustomRoleInput(data=request.data)
        form.is_valid(raise_exception=True)
        role = services.create_role(
            account_id=request.account.id,
            now=utc_now(),
            **({"description": ""} | form.validated_data),
        )
        return Response(RoleOutput(_own(role)).data, status=201)


class RoleDetail(AccountView):
    scopes: ClassVar = {
        "PATCH": AccountScope.ROLES_MANAGE,
        "DELETE": AccountScope.ROLES_MANAGE,
    }

    @extend_schema(operation_id="change_role", request=RoleChange, responses=RoleOutput)
    def patch(self, request: AccountRequest, role_id: uuid.UUID) -> Response:
        form = RoleChange(data=request.data)
        form.is_valid(raise_exception=True)
        services.edit_role(
            actor=request.actor,
            account_id=request.account.id,
            role_id=role_id,
            changes=form.validated_data,
        )
        role = selectors.list_roles(account_id=request.account.id).get(pk=role_id)
        return Response(RoleOutput(_own(role)).data)

    @extend_schema(operation_id="delete_role", responses={204: None})
    def delete(self, request: AccountRequest, role_id: uuid.UUID) -> Response:
        services.delete_role(account_id=request.account.id, role_id=role_id)
        return Response(status=204)
