"""The networks from which an account admits people and keys."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.request_context import current_origin
from apps.tenancy import selectors, services
from apps.tenancy.api import security_serializers as wire
from apps.tenancy.http import AccountRequest, AccountView
from apps.tenancy.scopes import AccountScope


def _body(account_id: Any, items: Any) -> Any:
    cut_off = selectors.list_cut_off(
        account_id=account_id, cidrs=[each["cidr"] for each in items], now=utc_now()
    )
    body = {"items": items, "own_address": current_origin().address or None, "cut_off": cut_off}
    return wire.AllowedNetworksOutput(body).data


class AllowedNetworks(AccountView):
    scopes = {"GET": AccountScope.SECURITY_MANAGE, "PUT": AccountScope.SECURITY_MANAGE}

    @extend_schema(operation_id="get_allowed_networks", responses=wire.AllowedNetworksOutput)
    def get(self, request: AccountRequest) -> Response:
        account_id = request.account.id
        return Response(_body(account_id, selectors.get_allowed_networks(account_id=account_id)))

    @extend_schema(
        operation_id="set_allowed_networks",
        parameters=[wire.NetworksQuery],
        request=wire.AllowedNetworkInput(many=True),
        responses=wire.AllowedNetworksOutput,
    )
    def put(self, request: AccountRequest) -> Response:
        query = wire.NetworksQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        form = wire.AllowedNetworkInput(data=request.data, many=True)
        form.is_valid(raise_exception=True)
        if query.validated_data["preview"]:
            items = services.read_networks(form.validated_data)
        else:
            items = services.allow_networks(
                account_id=request.account.id,
                networks=form.validated_data,
                own_address=current_origin().address,
            )
        return Response(_body(request.account.id, items))
