"""Invitations: an account's own, and the one that somebody holds a link to."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.tenancy import audit, selectors, services
from apps.tenancy.actors import Actor
from apps.tenancy.api import account_wire as wire
from apps.tenancy.api.accounts import signed_in_person
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scopes import AccountScope
from apps.tenancy.services import Grant

if TYPE_CHECKING:
    from apps.tenancy.models import Invitation


class Invitations(AccountView):
    scopes: ClassVar = {
        "GET": AccountScope.MEMBERS_MANAGE,
        "POST": AccountScope.MEMBERS_MANAGE,
    }

    @extend_schema(
        operation_id="list_invitations",
        parameters=[wire.InvitationQuery],
        responses=wire.InvitationPage,
    )
    def get(self, request: AccountRequest) -> Response:
        asked, now, account_id = wire.InvitationQuery.read(request), utc_now(), request.account.id
        return Response(
            page_of(
                selectors.list_invitations(
                    account_id=account_id,
                    state=asked.get("state"),
                    q=asked.get("q", ""),
                    now=now,
                ),
                request=request,
                order=("-created_at", "-id"),
                render=lambda rows: (
                    wire.InvitationOutput(
                        selectors.invitation_rows(rows, account_id=account_id, now=now), many=True
                    ).data
                ),
            )
        )

    @extend_schema(
        operation_id="create_invitation",
        request=wire.InvitationInput,
        responses={201: wire.InvitationOutput},
    )
    @idempotent
    def post(self, request: AccountRequest) -> Response:
        form = wire.InvitationInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        invitation = services.invite(
            account=request.account,
            inviter=request.actor,
            held=request.account_scopes,
            email=given["email"],
            account_role=given["account_role"],
            grants=[Grant(**grant) for grant in given.get("grants", [])],
            team_ids=given.get("team_ids", []),
            now=utc_now(),
        )
        return _invitation(request, invitation, status=201)


class InvitationDetail(AccountView):
    scopes: ClassVar = {"DELETE": AccountScope.MEMBERS_MANAGE}
    open_while_archived: ClassVar = frozenset({"DELETE"})  # it takes away

    @extend_schema(operation_id="revoke_invitation", responses={204: None})
    def delete(self, request: AccountRequest, invitation_id: uuid.UUID) -> Response:
        services.revoke_invitation(
            account_id=request.account.id, invitation_id=invitation_id, now=utc_now()
        )
        return Response(status=204)


class InvitationSending(AccountView):
    """Mail a new link; the one before ends."""

    scopes: ClassVar = {"POST": AccountScope.MEMBERS_MANAGE}

    @extend_schema(
        operation_id="send_invitation_again", request=None, responses=wire.InvitationOutput
    )
    def post(self, request: AccountRequest, invitation_id: uuid.UUID) -> Response:
        invitation = services.send_invitation_again(
            account=request.account,
            sender=request.actor,
            held=request.account_scopes,
            invitation_id=invitation_id,
            now=utc_now(),
        )
        return _invitation(request, invitation, status=200)


class Offer(APIView):
    """What the holder of a link is invited to. Open to everybody: the token is the secret."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="get_offer", responses=wire.OfferOutput)
    def get(self, request: Request, token: str) -> Response:
        person = request.user if isinstance(request.user, Actor) else None
        offer = services.show_offer(
            token=token,
            user_id=person.id if person and person.workspace is None else None,
            now=utc_now(),
        )
        return Response(wire.OfferOutput(offer).data)


class OfferAcceptance(APIView):
    @extend_schema(operation_id="accept_offer", request=None, responses=wire.AcceptedOutput)
    def post(self, request: Request, token: str) -> Response:
        person = signed_in_person(request)
        audit.act_as(person)
        accepted = services.accept_invitation(token=token, person=person, now=utc_now())
        return Response(wire.AcceptedOutput(accepted).data)


def _invitation(request: AccountRequest, invitation: Invitation, *, status: int) -> Response:
    (row,) = selectors.invitation_rows([invitation], account_id=request.account.id, now=utc_now())
    return Response(wire.InvitationOutput(row).data, status=status)
