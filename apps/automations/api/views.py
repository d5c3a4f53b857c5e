"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.automations import selectors, services
from apps.automations.api import serializers as shapes
from apps.automations.conditions import read_key
from apps.automations.context import shown
from apps.automations.enums import Posture, Side
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.sentence import sentence_of
from apps.automations.services.check import parse_trigger
from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.outbound import place_of
from apps.tenancy import access
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.automations.models import Automation, Firing

NEWEST_FIRST = ("-created_at", "-id")
NEWEST_FIRED_FIRST = ("-fired_at", "-id")
DEFAULT_PREVIEW = timedelta(days=1)
MAX_PREVIEW = timedelta(days=31)


def _rows(request: WorkspaceRequest, automations: Sequence[Automation]) -> list[dict[str, Any]]:
    workspace_id = request.workspace.id
    activity = selectors.activity_of(
        workspace_id=workspace_id, automation_ids=[a.id for a in automations], now=utc_now()
    )
    standing = selectors.standing_of(automation_ids=[a.id for a in automations])
    names = selectors.names_in(
        workspace_id=workspace_id,
        actions=[each for a in automations for each in a.actions],
        triggers=[a.rule.trigger for a in automations],
    )
    return [
        {
            "id": automation.id,
            "name": automation.name,
            "sentence": sentence_of(automation.rule.trigger, automation.actions, names),
            "posture": _posture(automation),
            "trigger": automation.trigger,
            "paused": automation.paused,
            "trouble": automation.trouble or None,
            "standing": standing.get(automation.id),
            "last_fired_at": activity[automation.id].last_fired_at,
            "firings_7d": activity[automation.id].by_day,
            "version": automation.version,
            "created_at": automation.created_at,
            "updated_at": automation.updated_at,
        }
        for automation in automations
    ]


def _body(request: WorkspaceRequest, automation: Automation) -> dict[str, Any]:
    maker = automation.created_by
    # The address of a webhook is often its secret; who may not change it need not know it.
    sees_all = access.may(request.actor, Scope.AUTOMATIONS_WRITE)
    return _rows(request, [automation])[0] | {
        "description": automation.description,
        "actions": [
            action if sees_all or "url" not in action else _masked(action)
            for action in automation.actions
        ],
        "active_since": automation.active_since,
        "paused_at": automation.paused_at,
        "created_by": None if maker is None else shapes.AutomationMakerOutput(maker).data,
        "states": shapes.MetricStateOutput(
            [
                {
                    "key": _key(state.key),
                    "labels": state.labels,
                    "level": state.level,
                    "since": state.since,
                    "value": state.value,
                }
                for state in selectors.list_metric_states(automation=automation)
            ],
            many=True,
        ).data,
        "secret": automation.drawn_secret,
    }


def _masked(action: dict[str, Any]) -> dict[str, Any]:
    return action | {"url": f"{place_of(action['url'])}/…"}


def _posture(automation: Automation) -> str:
    trigger = automation.trigger
    waits = trigger["type"] == "absence" or trigger.get("is") == Side.ABSENT.value
    return (Posture.PROACTIVE if waits else Posture.REACTIVE).value


class Automations(WorkspaceView):
    """What is done when something happens, or fails to."""

    scopes: ClassVar = {"GET": Scope.AUTOMATIONS_READ, "POST": Scope.AUTOMATIONS_WRITE}

    @extend_schema(
        operation_id="list_automations", parameters=[PageQuery], responses=shapes.AutomationPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        return Response(
            page_of(
                selectors.list_automations(workspace_id=request.workspace.id),
                request=request,
                order=NEWEST_FIRST,
                render=lambda rows: _rows(request, rows),
            )
        )

    # Not idempotent by key: a stored reply would keep the secret in clear. The name is unique.
    @extend_schema(
        operation_id="create_automation",
        request=shapes.AutomationInput,
        responses={201: shapes.AutomationOutput},
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = shapes.AutomationInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        automation = services.create_automation(
            workspace_id=request.workspace.id,
            name=given["name"],
            description=given.get("description", ""),
            trigger=given["trigger"],
            actions=given["actions"],
            paused=given.get("paused", False),
            created_by=request.actor.user_id,
            actor=request.actor,
            now=utc_now(),
        )
        return Response(_body(request, automation), status=201)


class AutomationDetail(WorkspaceView):
    """One automation."""

    scopes: ClassVar = {
        "GET": Scope.AUTOMATIONS_READ,
        "PATCH": Scope.AUTOMATIONS_WRITE,
        "DELETE": Scope.AUTOMATIONS_WRITE,
    }

    @extend_schema(operation_id="get_automation", responses=shapes.AutomationOutput)
    def get(self, request: WorkspaceRequest, automation_id: uuid.UUID) -> Response:
        automation = selectors.get_automation(
            workspace_id=request.workspace.id, automation_id=automation_id
        )
        return Response(_body(request, automation))

    @extend_schema(
        operation_id="change_automation",
        request=shapes.AutomationChange,
        responses=shapes.AutomationOutput,
    )
    def patch(self, request: WorkspaceRequest, automation_id: uuid.UUID) -> Response:
        form = shapes.AutomationChange(data=request.data)
        form.is_valid(raise_exception=True)
        changes = dict(form.validated_data)
        version = changes.pop("version", None)
        automation = services.edit_automation(
            workspace_id=request.workspace.id,
            automation_id=automation_id,
            changes=changes,  # type: ignore[arg-type] # the form's fields are those of the changes
            version=version,
            now=utc_now(),
            actor=request.actor,
        )
        return Response(_body(request, automation))

    @extend_schema(operation_id="delete_automation", responses={204: None})
    def delete(self, request: WorkspaceRequest, automation_id: uuid.UUID) -> Response:
        services.delete_automation(workspace_id=request.workspace.id, automation_id=automation_id)
        return Response(status=204)


def _firings(firings: Sequence[Firing]) -> list[dict[str, Any]]:
    return [
        {
            "id": firing.id,
            "automation": {"id": firing.automation_id, "name": firing.automation.name},
            "version": firing.version,
            "key": _key(firing.key),
            "fired_at": firing.fired_at,
            "occurred_at": firing.occurred_at,
            "reason": firing.reason,
            "attempts": shapes.AttemptOutput(firing.attempts.all(), many=True).data,
        }
        for firing in firings
    ]


def _key(key: str) -> list[str]:
    values = read_key(key)
    return [key] if values is None else values


class AutomationFirings(WorkspaceView):
    """When this rule held, why, and what was then done; newest first."""

    scopes: ClassVar = {"GET": Scope.AUTOMATIONS_READ}

    @extend_schema(
        operation_id="list_automation_firings",
        parameters=[PageQuery],
        responses=shapes.FiringPage,
    )
    def get(self, request: WorkspaceRequest, automation_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        firings = selectors.list_firings(
            workspace_id=request.workspace.id, automation_id=automation_id
        )
        return Response(
            page_of(firings, request=request, order=NEWEST_FIRED_FIRST, render=_firings)
        )


class Firings(WorkspaceView):
    """When any rule of the workspace held; newest first."""

    scopes: ClassVar = {"GET": Scope.AUTOMATIONS_READ}

    @extend_schema(operation_id="list_firings", parameters=[PageQuery], responses=shapes.FiringPage)
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        firings = selectors.list_firings(workspace_id=request.workspace.id)
        return Response(
            page_of(firings, request=request, order=NEWEST_FIRED_FIRST, render=_firings)
        )


class Preview(WorkspaceView):
    """What a trigger would have made of the events that are there."""

    scopes: ClassVar = {"POST": Scope.AUTOMATIONS_READ}

    @extend_schema(
        operation_id="preview_automation",
        request=shapes.PreviewInput,
        responses=shapes.PreviewOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        access.require(request.actor, Scope.TELEMETRY_READ)
        form = shapes.PreviewInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        until = given.get("until") or utc_now()
        since = given.get("since") or until - DEFAULT_PREVIEW
        if not timedelta(0) < until - since <= MAX_PREVIEW:
            message = "Must lie before `to`, by at most 31 days."
            raise InvalidRequest("The range cannot be used.", fields={"from": [message]})
        found = services.preview_trigger(
            workspace_id=request.workspace.id, trigger=given["trigger"], since=since, until=until
        )
        trigger = parse_trigger(given["trigger"])
        names = selectors.names_in(workspace_id=request.workspace.id, triggers=[trigger])
        return Response(
            {
                "sentence": sentence_of(trigger, [], names),
                "events": [shown(event) for event in found.events],
                "total": found.total,
                "would_fire": [
                    {"at": one.at, "key": _key(one.key), "reason": one.reason}
                    for one in found.would_fire
                ],
                "fired": found.fired,
                "cut": found.is_cut,
                "read_until": found.read_until,
                "lines": [
                    {
                        "labels": line.labels,
                        "points": services.shown_points(trigger, line.looks),
                        "fired": line.fired,
                    }
                    for line in found.lines
                    if isinstance(trigger, MetricTrigger)
                ],
                "moments": found.moments,
            }
        )
