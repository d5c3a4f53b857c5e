"""Who may do what in a workspace."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.tenancy import selectors, services
from apps.tenancy.api.serializers import PersonOutput
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope
from apps.tenancy.services import RoleChoice, Subject

KINDS = [(kind, kind) for kind in selectors.ASSIGNMENT_KINDS]


class MemberOutput(serializers.Serializer[Any]):
    """One role in the workspace; `id` is the assignment's, `subject_id` whose it is."""

    id = serializers.UUIDField()
    kind = serializers.SerializerMethodField()
    subject_id = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    members = serializers.SerializerMethodField(help_text="how many are in the team")
    user = PersonOutput(allow_null=True)
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    role_name = serializers.SerializerMethodField()
    custom_role_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_kind(self, row: Any) -> str:
        return _kind(row)

    def get_subject_id(self, row: Any) -> uuid.UUID:
        subject: uuid.UUID = getattr(row, f"{_kind(row)}_id")
        return subject

    def get_name(self, row: Any) -> str:
        if row.user is not None:
            return str(row.user.display_name)
        return str((row.team or row.service_account).name)

    def get_email(self, row: Any) -> str | None:
        return row.user.email if row.user is not None else None

    def get_members(self, row: Any) -> int | None:
        return (row.members or 0) if row.team_id is not None else None

    def get_role_name(self, row: Any) -> str:
        return selectors.role_name(row)


class MemberPage(serializers.Serializer[Any]):
    items = MemberOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class MemberQuery(PageQuery):
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    q = serializers.CharField(required=False, max_length=254)


class RoleInput(StrictSerializer):
    """Either of the two."""

    role = serializers.ChoiceField(choices=BuiltInRole.choices, required=False, allow_null=True)
    custom_role_id = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs.get("role") is None) == (attrs.get("custom_role_id") is None):
            raise serializers.ValidationError({"role": ["Give either a role or a custom role."]})
        return attrs


class MemberInput(RoleInput):
    member_id = serializers.UUIDField(required=False)
    team_id = serializers.UUIDField(required=False)
    service_account_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len([name for name in SUBJECTS if name in attrs]) != 1:
            raise serializers.ValidationError(
                {"member_id": ["Name a member, a team or a service account."]}
            )
        return super().validate(attrs)


SUBJECTS = ("member_id", "team_id", "service_account_id")


class Members(WorkspaceView):
    scopes: ClassVar = {"GET": Scope.MEMBERS_READ, "POST": Scope.MEMBERS_MANAGE}

    @extend_schema(operation_id="list_members", parameters=[MemberQuery], responses=MemberPage)
    def get(self, request: WorkspaceRequest) -> Response:
        asked = MemberQuery.read(request)
        return Response(
            page_of(
                selectors.list_members(
                    workspace_id=request.workspace.id,
                    kind=asked.get("kind"),
                    q=asked.get("q", ""),
                ),
                request=request,
                order=("created_at", "id"),
                render=lambda rows: MemberOutput(rows, many=True).data,
            )
        )

    @extend_schema(operation_id="add_member", request=MemberInput, responses={201: MemberOutput})
    @idempotent
    def post(self, request: WorkspaceRequest) -> Response:
        form = MemberInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        made = services.grant_role(
            actor=request.actor,
            workspace=request.workspace,
            subject=Subject(**{name: given.get(name) for name in SUBJECTS}),
            choice=_choice(given),
        )
        return _member(request, made.id, status=201)


class MemberDetail(WorkspaceView):
    scopes: ClassVar = {"PATCH": Scope.MEMBERS_MANAGE, "DELETE": Scope.MEMBERS_MANAGE}
    open_while_archived: ClassVar = frozenset({"DELETE"})  # it takes away

    @extend_schema(operation_id="change_member_role", request=RoleInput, responses=MemberOutput)
    def patch(self, request: WorkspaceRequest, member_id: uuid.UUID) -> Response:
        form = RoleInput(data=request.data)
        form.is_valid(raise_exception=True)
        assignment = selectors.get_member(
            workspace_id=request.workspace.id, assignment_id=member_id
        )
        choice = _choice(form.validated_data)
        services.change_role(
            actor=request.actor,
            assignment=assignment,
            role=choice.role,
            custom_role_id=choice.custom_role_id,
        )
        return _member(request, member_id, status=200)

    @extend_schema(operation_id="remove_member", responses={204: None})
    def delete(self, request: WorkspaceRequest, member_id: uuid.UUID) -> Response:
        assignment = selectors.get_member(
            workspace_id=request.workspace.id, assignment_id=member_id
        )
        services.remove_member(actor=request.actor, assignment=assignment)
        return Response(status=204)


def _kind(row: Any) -> str:
    if row.member_id is not None:
        return "member"
    return "team" if row.team_id is not None else "service_account"


def _choice(given: dict[str, Any]) -> RoleChoice:
    return RoleChoice(role=given.get("role"), custom_role_id=given.get("custom_role_id"))


def _member(request: WorkspaceRequest, assignment_id: uuid.UUID, *, status: int) -> Response:
    row = selectors.get_member(workspace_id=request.workspace.id, assignment_id=assignment_id)
    return Response(MemberOutput(row).data, status=status)
