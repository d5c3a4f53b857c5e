"""The person themselves: their name, and their end."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.http.serializers import StrictSerializer
from apps.identity.sessions import require_fresh_authentication
from apps.tenancy import selectors, services
from apps.tenancy.actors import Actor
from apps.tenancy.api import serializers as wire
from apps.tenancy.api import views
from apps.tenancy.enums import ActorKind
from apps.tenancy.errors import PeopleOnly
from apps.tenancy.selectors.leaving import Fate


class PersonChange(StrictSerializer):
    name = serializers.CharField(max_length=120, allow_blank=True)


class AccountFateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    fate = serializers.ChoiceField(
        choices=[each.value for each in Fate],
        help_text="`LEFT`: it goes on without you · `DELETED`: with all that is in it, you are its"
        " only member · `BLOCKED`: `code` and `message` say what has to be settled first",
    )
    members = serializers.IntegerField(help_text="with you")
    workspaces = serializers.ListField(child=serializers.CharField(), help_text="their names")
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True)


class LeavingOutput(serializers.Serializer[Any]):
    accounts = AccountFateOutput(many=True)
    keys = serializers.IntegerField(help_text="of yours that would end")
    may_delete = serializers.BooleanField()


class Me(views.Me):
    """Who am I, what am I called, and no more of me."""

    @extend_schema(
        operation_id="change_me", request=PersonChange, responses={200: wire.PersonOutput}
    )
    def patch(self, request: Request) -> Response:
        form = PersonChange(data=request.data)
        form.is_valid(raise_exception=True)
        person = services.rename_person(
            user_id=_person(request).id, name=form.validated_data["name"]
        )
        return Response(wire.PersonOutput(person).data)

    @extend_schema(
        operation_id="delete_me",
        responses={204: None},
        description="Needs a sign-in or a confirmation of the last minutes. `me/deletion` tells"
        " before what would be lost.",
    )
    def delete(self, request: Request) -> Response:
        person = _person(request)
        require_fresh_authentication(request._request)
        services.delete_user(user_id=person.id, now=utc_now())
        logout(request._request)
        return Response(status=204)


class MyDeletion(APIView):
    """What would be lost if I deleted myself, and what stands in the way?"""

    @extend_schema(operation_id="preview_my_deletion", responses=LeavingOutput)
    def get(self, request: Request) -> Response:
        leaving = selectors.preview_leaving(user_id=_person(request).id)
        body = {
            "accounts": leaving.accounts,
            "keys": leaving.keys,
            "may_delete": not leaving.obstacles,
        }
        return Response(LeavingOutput(body).data)


def _person(request: Request) -> Actor:
    actor: Actor = request.user  # type: ignore[assignment] # IsActor saw to it
    if actor.kind is not ActorKind.USER:
        raise PeopleOnly("This is for people; sign in.")
    return actor
