"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.costs import selectors, services
from apps.costs.api import serializers as wire
from apps.costs.enums import PER, CostKind, Group, Unit
from apps.costs.pricing import shown
from apps.runs import selectors as runs
from apps.tenancy import access
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.costs.models import Price
    from apps.costs.pricing import Rate
    from apps.costs.selectors import CostGroup, CostLine


def _plain(value: Decimal) -> str:
    """Return the number without zeros that say nothing, and never as 1E+3."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _sums(group: CostGroup) -> dict[str, Any]:
    return {
        "money": [
            {
                "currency": currency,
                "amount": str(shown(amount)),
                "by_example": str(shown(group.by_example.get(currency, Fraction()))),
            }
            for currency, amount in sorted(group.money.items())
        ],
        "quantities": [
            {"unit": unit, "quantity": _plain(quantity)}
            for unit, quantity in sorted(group.quantities.items())
        ],
        "unpriced": [
            {"subject": subject, "unit": unit, "quantity": _plain(quantity)}
            for (subject, unit), quantity in sorted(group.unpriced.items())
        ],
    }


def _line(line: CostLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "subject": line.subject,
        "unit": line.unit,
        "quantity": _plain(line.quantity),
        "count": line.count,
        "amount": None if line.amount is None else str(shown(line.amount)),
        "currency": None if line.rate is None else line.rate.currency,
        "price": None if line.rate is None else _plain(line.rate.price),
        "per": _plain(PER[Unit(line.unit)]),
        "is_example": line.rate is not None and line.rate.is_example,
        "is_free": line.is_free,
    }


def _rate(rate: Rate | Price) -> dict[str, Any]:
    return {
        "kind": rate.kind,
        "pattern": rate.pattern,
        "unit": rate.unit,
        "price": _plain(rate.price),
        "per": _plain(PER[Unit(rate.unit)]),
        "currency": rate.currency,
        "valid_from": rate.valid_from,
    }


def _price(price: Price) -> dict[str, Any]:
    body = _rate(price) | {
        "id": price.id,
        "created_at": price.created_at,
        "updated_at": price.updated_at,
    }
    return dict(wire.PriceOutput(body).data)


class RunCosts(WorkspaceView):
    """What a run used, and what that costs."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="get_run_cost", responses=wire.RunCostOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        workspace_id = request.workspace.id
        run = runs.get_run(workspace_id=workspace_id, run_id=run_id)
        found = selectors.get_run_cost(workspace_id=workspace_id, run_id=run.id)
        sums = _sums(found.total)
        return Response(
            {
                "money": sums["money"],
                "unpriced": sums["unpriced"],
                "lines": [_line(line) for line in found.lines],
            }
        )


class CostsOverview(WorkspaceView):
    """What some days cost, by what is asked for."""

    scopes: ClassVar = {"GET": Scope.USAGE_READ}

    @extend_schema(
        operation_id="get_costs", parameters=[wire.CostsQuery], responses=wire.CostsOutput
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.CostsQuery.read(request)
        by = Group(asked.get("by", Group.DEPLOYMENT.value))
        found = selectors.get_costs(
            workspace_id=request.workspace.id,
            by=by,
            since=asked["since"],
            until=asked["until"] + timedelta(days=1),
        )
        return Response(
            {
                "by": by.value,
                "since": asked["since"],
                "until": asked["until"],
                "total": _sums(found.total),
                "groups": [
                    {
                        "key": group.key,
                        "label": group.label,
                        "id": group.id,
                        "flow_id": group.flow_id,
                        **_sums(group),
                    }
                    for group in found.groups
                ],
                "truncated": found.truncated,
            }
        )


class CostRuns(WorkspaceView):
    """Which runs made an amount."""

    scopes: ClassVar = {"GET": Scope.USAGE_READ}

    @extend_schema(
        operation_id="list_cost_runs",
        parameters=[wire.CostRunsQuery],
        responses=wire.CostRunsOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        access.require(request.actor, Scope.RUNS_READ)
        asked = wire.CostRunsQuery.read(request)
        found = selectors.dearest_runs(
            workspace_id=request.workspace.id,
            by=Group(asked["by"]),
            key=asked["key"],
            since=asked["since"],
            until=asked["until"] + timedelta(days=1),
        )
        told = {
            "since": asked["since"],
            "until": asked["until"],
            "kept_from": (utc_now() - services.RUNS_KEPT).date(),
            "total": found.total,
            "runs": [
                {
                    "run_id": run.run_id,
                    "name": run.name,
                    "flow": run.flow,
                    "deployment": run.deployment,
                    "state": run.state,
                    "created_at": run.created_at,
                    "money": [
                        {"currency": currency, "amount": str(shown(amount))}
                        for currency, amount in sorted(run.money.items())
                    ],
                }
                for run in found.runs
            ],
        }
        return Response(wire.CostRunsOutput(told).data)


class Prices(WorkspaceView):
    """What the workspace says that things cost."""

    scopes: ClassVar = {"GET": Scope.USAGE_READ, "POST": Scope.TELEMETRY_MANAGE}

    @extend_schema(operation_id="list_prices", responses=wire.PricesOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        own = selectors.list_prices(workspace_id=request.workspace.id)
        return Response(
            {
                "items": [_price(price) for price in own],
                "examples": [
                    wire.RateOutput(_rate(rate)).data for rate in selectors.list_examples()
                ],
            }
        )

    # Not idempotent by key: pattern, unit and day are unique.
    @extend_schema(
        operation_id="create_price", request=wire.PriceInput, responses={201: wire.PriceOutput}
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.PriceInput(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        price = services.create_price(
            workspace_id=request.workspace.id,
            kind=CostKind(said["kind"]),
            pattern=said["pattern"],
            unit=Unit(said["unit"]),
            price=said["price"],
            currency=said["currency"],
            valid_from=said["valid_from"],
            now=utc_now(),
        )
        return Response(_price(price), status=201)


class PriceDetail(WorkspaceView):
    """One price."""

    scopes: ClassVar = {"PATCH": Scope.TELEMETRY_MANAGE, "DELETE": Scope.TELEMETRY_MANAGE}

    @extend_schema(
        operation_id="change_price", request=wire.PriceChange, responses=wire.PriceOutput
    )
    def patch(self, request: WorkspaceRequest, price_id: uuid.UUID) -> Response:
        form = wire.PriceChange(data=request.data)
        form.is_valid(raise_exception=True)
        price = services.change_price(
            workspace_id=request.workspace.id,
            price_id=price_id,
            changes=form.validated_data,
            now=utc_now(),
        )
        return Response(_price(price))

    @extend_schema(operation_id="delete_price", responses={204: None})
    def delete(self, request: WorkspaceRequest, price_id: uuid.UUID) -> Response:
        services.delete_price(workspace_id=request.workspace.id, price_id=price_id)
        return Response(status=204)
