"""Groups of an account's members."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.tenancy import selectors, services
from apps.tenancy.api.key_serializers import ServiceAccountPlace
from apps.tenancy.api.serializers import PersonOutput
from apps.tenancy.enums import AccountRole
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scopes import AccountScope

READ, MANAGE = AccountScope.MEMBERS_READ, AccountScope.TEAMS_MANAGE


class TeamPlace(ServiceAccountPlace):
    """A workspace in which the team has a role."""


class TeamOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    members = serializers.IntegerField(help_text="how many")
    external_id = serializers.CharField()
    provided = serializers.BooleanField(help_text="the account's identity provider keeps it")
    created_at = serializers.DateTimeField()
    workspaces = TeamPlace(many=True)


class TeamPage(serializers.Serializer[Any]):
    items = TeamOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class TeamQuery(PageQuery):
    q = serializers.CharField(required=False, max_length=200)


class TeamInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class TeamChange(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class TeamMemberOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="member_id", help_text="of the member of the account")
    user = PersonOutput()
    account_role = serializers.ChoiceField(source="member.role", choices=AccountRole.choices)
    joined_at = serializers.DateTimeField(source="created_at")
    deactivated_at = serializers.DateTimeField(source="member.deactivated_at", allow_null=True)


class TeamMemberPage(serializers.Serializer[Any]):
    items = TeamMemberOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class TeamMemberInput(StrictSerializer):
    member_id = serializers.UUIDField()


def _bodies(teams: Sequence[Any]) -> Any:
    places = selectors.assignments_of_teams(team_ids=[team.id for team in teams])
    rows = [
        {
            "id": team.id,
            "name": team.name,
            "description": team.description,
            "members": team.size,
            "external_id": team.external_id,
            "provided": team.is_provided,
            "created_at": team.created_at,
            "workspaces": places.get(team.id, []),
        }
        for team in teams
    ]
    return TeamOutput(rows, many=True).data


def _team(request: AccountRequest, team_id: uuid.UUID) -> Any:
    team = selectors.get_team(account_id=request.account.id, team_id=team_id)
    return _bodies([team])[0]


class Teams(AccountView):
    scopes: ClassVar = {"GET": READ, "POST": MANAGE}

    @extend_schema(operation_id="list_teams", parameters=[TeamQuery], responses=TeamPage)
    def get(self, request: AccountRequest) -> Response:
        asked = TeamQuery.read(request)
        found = selectors.list_teams(account_id=request.account.id, q=asked.get("q", ""))
        return Response(page_of(found, request=request, order=("name", "id"), render=_bodies))

    @extend_schema(operation_id="create_team", request=TeamInput, responses={201: TeamOutput})
    @idempotent
    def post(self, request: AccountRequest) -> Response:
        form = TeamInput(data=request.data)
        form.is_valid(raise_exception=True)
        team = services.create_team(
            account_id=request.account.id,
            now=utc_now(),
            **({"description": ""} | form.validated_data),
        )
        return Response(_team(request, team.id), status=201)


class TeamDetail(AccountView):
    scopes: ClassVar = {"GET": READ, "PATCH": MANAGE, "DELETE": MANAGE}

    @extend_schema(operation_id="get_team", responses=TeamOutput)
    def get(self, request: AccountRequest, team_id: uuid.UUID) -> Response:
        return Response(_team(request, team_id))

    @extend_schema(operation_id="change_team", request=TeamChange, responses=TeamOutput)
    def patch(self, request: AccountRequest, team_id: uuid.UUID) -> Response:
        form = TeamChange(data=request.data)
        form.is_valid(raise_exception=True)
        services.edit_team(
            account_id=request.account.id, team_id=team_id, changes=form.validated_data
        )
        return Response(_team(request, team_id))

    @extend_schema(operation_id="delete_team", responses={204: None})
    def delete(self, request: AccountRequest, team_id: uuid.UUID) -> Response:
        services.dissolve_team(account_id=request.account.id, team_id=team_id)
        return Response(status=204)


class TeamMembers(AccountView):
    scopes: ClassVar = {"GET": READ, "POST": MANAGE}

    @extend_schema(
        operation_id="list_team_members", parameters=[PageQuery], responses=TeamMemberPage
    )
    def get(self, request: AccountRequest, team_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        selectors.get_team(account_id=request.account.id, team_id=team_id)
        found = selectors.list_team_members(account_id=request.account.id, team_id=team_id)
        return Response(
            page_of(
                found,
                request=request,
                order=("created_at", "id"),
                render=lambda rows: TeamMemberOutput(rows, many=True).data,
            )
        )

    @extend_schema(
        operation_id="add_team_member",
        request=TeamMemberInput,
        responses={201: TeamMemberOutput},
    )
    @idempotent
    def post(self, request: AccountRequest, team_id: uuid.UUID) -> Response:
        form = TeamMemberInput(data=request.data)
        form.is_valid(raise_exception=True)
        made = services.join_team(
            actor=request.actor,
            account_id=request.account.id,
            team_id=team_id,
            member_id=form.validated_data["member_id"],
            now=utc_now(),
        )
        return Response(TeamMemberOutput(made).data, status=201)


class TeamMemberDetail(AccountView):
    scopes: ClassVar = {"DELETE": MANAGE}

    @extend_schema(operation_id="remove_team_member", responses={204: None})
    def delete(self, request: AccountRequest, team_id: uuid.UUID, member_id: uuid.UUID) -> Response:
        services.leave_team(account_id=request.account.id, team_id=team_id, member_id=member_id)
        return Response(status=204)
