"""Budgets over HTTP: rules on what a month costs, said by an amount."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.automations import selectors, services
from apps.automations.api import budget_shapes as shapes
from apps.automations.budget import plain_amount
from apps.automations.sentence import sentence_of
from apps.core.clock import utc_now
from apps.costs import selectors as costs
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.automations.models import Automation


def _rows(workspace_id: uuid.UUID, budgets: Sequence[Automation]) -> list[dict[str, Any]]:
    names = selectors.names_in(
        workspace_id=workspace_id,
        actions=[action for each in budgets for action in each.actions],
        triggers=[each.rule.trigger for each in budgets],
    )
    measured = services.measure_budgets(workspace_id=workspace_id, budgets=budgets, now=utc_now())
    return [
        {
            "id": each.automation.id,
            "name": each.automation.name,
            "sentence": sentence_of(each.trigger, each.automation.actions, names),
            "amount": plain_amount(each.trigger.threshold or 0),
            "currency": each.currency,
            "of": {"kind": each.of.kind.value, "id": each.of.id, "name": each.name},
            "spent": str(costs.shown(each.spent)),
            "reached_at": each.reached_at,
            "paused": each.automation.paused,
            "created_at": each.automation.created_at,
        }
        for each in measured
    ]


class Budgets(WorkspaceView):
    """How much a month may cost."""

    scopes: ClassVar = {"GET": Scope.USAGE_READ, "POST": Scope.AUTOMATIONS_WRITE}

    @extend_schema(operation_id="list_budgets", responses=shapes.BudgetsOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        workspace_id = request.workspace.id
        budgets = selectors.list_budgets(workspace_id=workspace_id)
        return Response(shapes.BudgetsOutput({"items": _rows(workspace_id, budgets)}).data)

    # Not idempotent by key: the name is unique.
    @extend_schema(
        operation_id="create_budget",
        request=shapes.BudgetInput,
        responses={201: shapes.BudgetOutput},
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = shapes.BudgetInput(data=request.data)
        form.is_valid(raise_exception=True)
        workspace_id = request.workspace.id
        budget = services.create_budget(
            workspace_id=workspace_id, actor=request.actor, now=utc_now(), **form.validated_data
        )
        return Response(shapes.BudgetOutput(_rows(workspace_id, [budget])[0]).data, status=201)


class BudgetDetail(WorkspaceView):
    """One budget."""

    scopes: ClassVar = {"PATCH": Scope.AUTOMATIONS_WRITE, "DELETE": Scope.AUTOMATIONS_WRITE}

    @extend_schema(
        operation_id="change_budget", request=shapes.BudgetChange, responses=shapes.BudgetOutput
    )
    def patch(self, request: WorkspaceRequest, budget_id: uuid.UUID) -> Response:
        form = shapes.BudgetChange(data=request.data)
        form.is_valid(raise_exception=True)
        workspace_id = request.workspace.id
        budget = services.change_budget(
            workspace_id=workspace_id,
            budget_id=budget_id,
            changes=form.validated_data,
            actor=request.actor,
            now=utc_now(),
        )
        return Response(shapes.BudgetOutput(_rows(workspace_id, [budget])[0]).data)

    @extend_schema(operation_id="delete_budget", responses={204: None})
    def delete(self, request: WorkspaceRequest, budget_id: uuid.UUID) -> Response:
        workspace_id = request.workspace.id
        budget = services.get_budget(workspace_id=workspace_id, budget_id=budget_id)
        services.delete_automation(workspace_id=workspace_id, automation_id=budget.id)
        return Response(status=204)


class BudgetPreview(WorkspaceView):
    """In which of the last months a budget would have been reached."""

    scopes: ClassVar = {"POST": Scope.USAGE_READ}

    @extend_schema(
        operation_id="preview_budget",
        request=shapes.BudgetPreviewInput,
        responses=shapes.BudgetPreviewOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = shapes.BudgetPreviewInput(data=request.data)
        form.is_valid(raise_exception=True)
        months = services.play_budget(
            workspace_id=request.workspace.id, now=utc_now(), **form.validated_data
        )
        told = [
            {
                "month": each.month,
                "spent": str(costs.shown(each.spent)),
                "reached_on": each.reached_on,
            }
            for each in months
        ]
        return Response(shapes.BudgetPreviewOutput({"months": told}).data)
