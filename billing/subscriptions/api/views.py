"""Thin: translate, call, answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.errors import BatchTooLarge
from apps.tenancy import selectors as tenancy
from apps.tenancy.http import AccountRequest, AccountView, WorkspaceRequest, WorkspaceView
from apps.tenancy.isolation import account_scope
from apps.tenancy.scopes import AccountScope, Scope
from billing.metering import selectors as metering
from billing.metering.meters import UNITS, Meter
from billing.metering.months import Month
from billing.metering.selectors import DeploymentUsage, MeterUsage
from billing.subscriptions import selectors, services
from billing.subscriptions.api import serializers as shapes
from billing.subscriptions.plans import PlanCode, limits_by_meter
from billing.subscriptions.selectors import PlanView

MAX_NOTICE_BYTES = 1024 * 1024  # Stripe's are a few kilobytes, an invoice of many lines a hundred


class WorkspaceUsage(WorkspaceView):
    """What the workspace used in a month."""

    scopes: ClassVar = {"GET": Scope.USAGE_READ}

    @extend_schema(
        operation_id="get_workspace_usage",
        parameters=[shapes.UsageQuery],
        responses=shapes.UsageOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        now = utc_now()
        month = shapes.UsageQuery.read(request).get("month") or Month.of(now)
        workspace = request.workspace
        usage = metering.usage_of_workspace(workspace_id=workspace.id, month=month, now=now)
        with account_scope(workspace.account_id):
            return Response(_usage_body(month, usage, workspace.account_id))


class AccountUsage(AccountView):
    """What all workspaces of the account used in a month."""

    scopes: ClassVar = {"GET": AccountScope.BILLING_READ}

    @extend_schema(
        operation_id="get_account_usage",
        parameters=[shapes.UsageQuery],
        responses=shapes.UsageOutput,
    )
    def get(self, request: AccountRequest) -> Response:
        now = utc_now()
        month = shapes.UsageQuery.read(request).get("month") or Month.of(now)
        account_id = request.account.id
        usage = metering.usage_of_account(account_id=account_id, month=month, now=now)
        return Response(_usage_body(month, usage, account_id))


class AccountPlan(AccountView):
    """What the account bought, what it allows, and what else there is."""

    scopes: ClassVar = {"GET": AccountScope.BILLING_READ}

    @extend_schema(operation_id="get_account_plan", responses=shapes.AccountPlanOutput)
    def get(self, request: AccountRequest) -> Response:
        account_id = request.account.id
        plan = selectors.get_plan(account_id=account_id)
        users, workspaces = tenancy.account_size(account_id=account_id)
        hold, managed_hold = tenancy.find_account_holds(account_id=account_id)
        body = {
            "billing": selectors.billing_is_on(),
            "plan": _plan_body(plan),
            "since": plan.since,
            "users": users,
            "workspaces": workspaces,
            "hold": hold,
            "managed_hold": managed_hold,
            "plans": [_plan_body(each) for each in selectors.list_plans()],
            "stripe": selectors.plans_can_be_bought(),
            "may_manage": AccountScope.BILLING_MANAGE in request.account_scopes,
            "subscription": selectors.find_payment(account_id=account_id),
        }
        return Response(shapes.AccountPlanOutput(body).data)


class AccountCheckout(AccountView):
    """Buy a plan: the answer is where to pay. Asked twice it is the same page."""

    scopes: ClassVar = {"POST": AccountScope.BILLING_MANAGE}
    in_transaction: ClassVar = False

    @extend_schema(
        operation_id="open_account_checkout",
        request=shapes.CheckoutInput,
        responses={201: shapes.PageOutput},
    )
    def post(self, request: AccountRequest) -> Response:
        given = shapes.CheckoutInput(data=request.data)
        given.is_valid(raise_exception=True)
        url = services.open_checkout(
            gateway=selectors.find_gateway(),
            account=request.account,
            plan=PlanCode(given.validated_data["plan"]),
            email=request.actor.email,
            return_to=given.validated_data["return_to"],
            now=utc_now(),
        )
        return Response({"url": url}, status=201)


class AccountPortal(AccountView):
    """Manage what was bought: invoices, cards, cancellation. The answer is where."""

    scopes: ClassVar = {"POST": AccountScope.BILLING_MANAGE}
    in_transaction: ClassVar = False
    # What is paid for has to be ended there before an account can be deleted.
    open_while_archived: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="open_account_portal",
        request=shapes.PortalInput,
        responses={201: shapes.PageOutput},
    )
    def post(self, request: AccountRequest) -> Response:
        given = shapes.PortalInput(data=request.data)
        given.is_valid(raise_exception=True)
        url = services.open_portal(
            gateway=selectors.find_gateway(),
            account=request.account,
            return_to=given.validated_data["return_to"],
        )
        return Response({"url": url}, status=201)


class StripeWebhook(APIView):
    """
    What Stripe tells us. Its signature is what lets it in; the body is read as it came.

    Answered as soon as it is stored: Stripe gives up on whoever thinks first.
    """

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        given = request._request
        length = given.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > MAX_NOTICE_BYTES:
            raise BatchTooLarge(f"The body is over {MAX_NOTICE_BYTES} bytes.")
        is_new = services.take_notice(
            gateway=selectors.find_gateway(),
            body=given.body,
            signature=given.headers.get("Stripe-Signature"),
            now=utc_now(),
        )
        return Response({"received": True, "known": not is_new})


def _plan_body(plan: PlanView) -> dict[str, object]:
    return {
        "code": plan.code.value,
        "name": plan.name,
        "at_limit": plan.at_limit.value,
        "entitlements": {key.value: value for key, value in plan.entitlements.items()},
    }


def _usage_body(
    month: Month, usage: Mapping[Meter, MeterUsage], account_id: uuid.UUID
) -> dict[str, object]:
    """Return the answer; inside the account's scope. Names are of its workspaces only."""
    limits = limits_by_meter(selectors.get_plan(account_id=account_id).entitlements)
    totals = metering.totals_of_account(account_id=account_id, month=month)
    hold, managed_hold = tenancy.find_account_holds(account_id=account_id)
    warnings = selectors.list_warnings(account_id=account_id, month=month.since)
    seen = {workspace_id for each in usage.values() for workspace_id in each.by_workspace}
    names = metering.workspace_names(account_id=account_id, workspace_ids=seen)
    return {
        "billing": selectors.billing_is_on(),
        "period": {"month": str(month), "starts_at": month.starts_at, "ends_at": month.ends_at},
        "meters": [
            {
                "meter": each.meter.value,
                "unit": UNITS[each.meter],
                "used": each.used,
                "account_used": totals.get(each.meter, 0),
                "limit": limits.get(each.meter),
                "forecast": each.forecast,
                "by_day": [
                    {"day": day, "quantity": quantity} for day, quantity in each.by_day.items()
                ],
                "by_workspace": [
                    {"workspace": _workspace(workspace_id, names), "quantity": quantity}
                    for workspace_id, quantity in each.by_workspace.items()
                ],
                "by_deployment": [_deployment(line) for line in each.by_deployment],
            }
            for each in usage.values()
        ],
        "warnings": shapes.UsageWarningOutput(warnings, many=True).data,
        "hold": shapes.AccountHoldOutput(hold).data if hold else None,
        "managed_hold": shapes.AccountHoldOutput(managed_hold).data if managed_hold else None,
    }


def _workspace(
    workspace_id: uuid.UUID, names: Mapping[uuid.UUID, tuple[str, str]]
) -> dict[str, object]:
    slug, name = names.get(workspace_id, (None, None))
    return {"id": workspace_id, "slug": slug, "name": name}


def _deployment(line: DeploymentUsage) -> dict[str, object]:
    if line.workspace_id is None:
        kind = "rest"
    else:
        kind = "local" if line.deployment_id is None else "deployment"
    return {
        "kind": kind,
        "workspace_id": line.workspace_id,
        "deployment_id": line.deployment_id,
        "name": line.name,
        "quantity": line.quantity,
    }
