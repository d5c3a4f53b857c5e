"""Who may do what to single objects, and what somebody may do at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.errors import NotFound
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery, QuerySerializer
from apps.core.http.serializers import StrictSerializer
from apps.tenancy import access, selectors, services
from apps.tenancy.access import Kind, Target
from apps.tenancy.api.serializers import SCOPES, PersonOutput
from apps.tenancy.enums import AccountRole, BuiltInRole, ObjectKind
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope, sorted_scopes

NAMED = ("member", "team", "service_account")
NAMED_KINDS = [(kind, kind) for kind in (*NAMED, "owners")]


class RuleOutput(serializers.Serializer[Any]):
    """One whom an object is left to, for one scope; `owners` when nobody is named."""

    id = serializers.UUIDField()
    object_kind = serializers.ChoiceField(choices=ObjectKind.choices)
    object_id = serializers.UUIDField()
    object_name = serializers.SerializerMethodField()
    scope = serializers.ChoiceField(choices=SCOPES)
    kind = serializers.SerializerMethodField()
    subject_id = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_object_name(self, rule: Any) -> str | None:
        """Null when the object is gone."""
        names: dict[tuple[str, uuid.UUID], str] = self.context["names"]
        return names.get((rule.object_kind, rule.object_id))

    @extend_schema_field(serializers.ChoiceField(choices=NAMED_KINDS))
    def get_kind(self, rule: Any) -> str:
        return _kind(rule)

    def get_subject_id(self, rule: Any) -> uuid.UUID | None:
        found: uuid.UUID | None = getattr(rule, f"{_kind(rule)}_id", None)
        return found

    def get_name(self, rule: Any) -> str:
        if rule.member is not None:
            return str(rule.member.user.display_name)
        named = rule.team or rule.service_account
        return str(named.name) if named else "Owners only"


def _kind(rule: Any) -> str:
    return next((name for name in NAMED if getattr(rule, f"{name}_id") is not None), "owners")


def _bodies(workspace_id: uuid.UUID, rules: Sequence[Any]) -> Any:
    names = selectors.object_names(
        workspace_id=workspace_id,
        objects=[(rule.object_kind, rule.object_id) for rule in rules],
    )
    return RuleOutput(rules, many=True, context={"names": names}).data


class RulePage(serializers.Serializer[Any]):
    items = RuleOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RuleQuery(PageQuery):
    object_kind = serializers.ChoiceField(choices=ObjectKind.choices, required=False)
    object_id = serializers.UUIDField(required=False)


class RuleInput(StrictSerializer):
    object_kind = serializers.ChoiceField(choices=ObjectKind.choices)
    object_id = serializers.UUIDField()
    scope = serializers.ChoiceField(choices=SCOPES)
    member_id = serializers.UUIDField(required=False)
    team_id = serializers.UUIDField(required=False)
    service_account_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len([name for name in NAMED if f"{name}_id" in attrs]) > 1:
            raise serializers.ValidationError(
                {"member_id": ["Name one member, team or service account; nobody: owners only."]}
            )
        return attrs


class Rules(WorkspaceView):
    scopes: ClassVar = {"GET": Scope.MEMBERS_READ, "POST": Scope.ROLES_MANAGE}

    @extend_schema(operation_id="list_rules", parameters=[RuleQuery], responses=RulePage)
    def get(self, request: WorkspaceRequest) -> Response:
        asked = RuleQuery.read(request)
        found = selectors.list_rules(
            workspace_id=request.workspace.id,
            kind=asked.get("object_kind"),
            object_id=asked.get("object_id"),
        )
        return Response(
            page_of(
                found,
                request=request,
                order=("created_at", "id"),
                render=lambda rows: _bodies(request.workspace.id, rows),
            )
        )

    @extend_schema(operation_id="create_rule", request=RuleInput, responses={201: RuleOutput})
    @idempotent
    def post(self, request: WorkspaceRequest) -> Response:
        form = RuleInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        target = Target(Kind(given.pop("object_kind")), given.pop("object_id"))
        rule = services.add_rule(
            actor=request.actor,
            workspace=request.workspace,
            target=target,
            scope=Scope(given.pop("scope")),
            now=utc_now(),
            **given,
        )
        made = selectors.get_rule(workspace_id=request.workspace.id, rule_id=rule.id)
        return Response(_bodies(request.workspace.id, [made])[0], status=201)


class RuleDetail(WorkspaceView):
    scopes: ClassVar = {"DELETE": Scope.ROLES_MANAGE}

    @extend_schema(operation_id="delete_rule", responses={204: None})
    def delete(self, request: WorkspaceRequest, rule_id: uuid.UUID) -> Response:
        services.remove_rule(actor=request.actor, workspace=request.workspace, rule_id=rule_id)
        return Response(status=204)


class ViaOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class GrantOutput(serializers.Serializer[Any]):
    """One role, and the team that it comes from, if any."""

    assignment_id = serializers.UUIDField(source="id")
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    role_name = serializers.SerializerMethodField()
    custom_role_id = serializers.UUIDField(allow_null=True)
    scopes = serializers.SerializerMethodField()
    via = ViaOutput(source="team", allow_null=True)

    def get_role_name(self, row: Any) -> str:
        return selectors.role_name(row)

    def get_scopes(self, row: Any) -> list[str]:
        return sorted_scopes(row.scopes)


class ShutOutput(serializers.Serializer[Any]):
    object_kind = serializers.ChoiceField(choices=ObjectKind.choices)
    object_id = serializers.UUIDField()
    scope = serializers.ChoiceField(choices=SCOPES)


class AccessOutput(serializers.Serializer[Any]):
    """What somebody may do in the workspace, and through what."""

    member_id = serializers.UUIDField()
    user = PersonOutput()
    account_role = serializers.ChoiceField(choices=AccountRole.choices)
    deactivated_at = serializers.DateTimeField(allow_null=True)
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    role_name = serializers.CharField()
    owner = serializers.BooleanField(help_text="rules do not narrow owners")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))
    grants = GrantOutput(many=True)
    shut = ShutOutput(many=True, help_text="objects that rules close to them, and for what")


class AccessQuery(QuerySerializer):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `as` is a word of Python's.
        return super().get_fields() | {
            "as": serializers.UUIDField(
                required=False, help_text="a member's id; without it, oneself"
            )
        }


class WorkspaceAccess(WorkspaceView):
    scopes: ClassVar = {"GET": Scope.WORKSPACE_READ}

    @extend_schema(operation_id="explain_access", parameters=[AccessQuery], responses=AccessOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        member_id = AccessQuery.read(request).get("as") or request.actor.member_id
        if member_id is None:
            raise NotFound("A service account's key is no member; name one.")
        if member_id != request.actor.member_id:
            access.require(request.actor, Scope.MEMBERS_READ)
        found = selectors.explain_access(
            workspace_id=request.workspace.id,
            account_id=request.workspace.account_id,
            member_id=member_id,
        )
        body = {
            "member_id": found.member.id,
            "user": found.member.user,
            "account_role": found.member.role,
            "deactivated_at": found.member.deactivated_at,
            "role": found.held.role,
            "role_name": found.held.role_name,
            "owner": found.held.is_owner,
            "scopes": sorted_scopes(found.held.scopes),
            "grants": found.grants,
            "shut": [
                {"object_kind": kind, "object_id": object_id, "scope": scope}
                for kind, object_id, scope in found.shut
            ],
        }
        return Response(AccessOutput(body).data)
