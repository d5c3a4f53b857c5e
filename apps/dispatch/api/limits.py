"""Limits of what goes on at once: people set them, runs ask for slots of those with a name."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.dispatch import line, selectors, services
from apps.dispatch.api.views import refuse_other_epoch
from apps.dispatch.enums import LimitKind
from apps.runs import selectors as runs
from apps.runs.wire import STATES, NamedOutput
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.dispatch.models import ConcurrencyLimit, ConcurrencySlot

LIMIT_KINDS = [(kind.value, kind.value) for kind in LimitKind]
# Backfills have theirs from the backfill itself.
SET_KINDS = [(kind.value, kind.value) for kind in LimitKind if kind is not LimitKind.BACKFILL]
MOST = 1_000_000


class LimitInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=SET_KINDS)
    key = serializers.CharField(
        max_length=200,
        help_text="The id of the pool, queue, deployment or flow; the tag; or the name.",
    )
    slots = serializers.IntegerField(required=False, min_value=0, max_value=MOST)
    per_minute = serializers.IntegerField(required=False, min_value=1, max_value=MOST)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        is_rate = given["kind"] == LimitKind.RATE
        wanted, other = ("per_minute", "slots") if is_rate else ("slots", "per_minute")
        if wanted not in given:
            raise serializers.ValidationError({wanted: "Required for this kind."})
        if other in given:
            raise serializers.ValidationError({other: "Not of this kind."})
        return given


class LimitOutput(serializers.Serializer[Any]):
    """A limit and how much of it is taken."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=LIMIT_KINDS)
    key = serializers.CharField()
    name = serializers.CharField(help_text="What the key stands for, in words.")
    slots = serializers.IntegerField(allow_null=True)
    per_minute = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Runs kept back, and code that stands in line.")
    made_by_code = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class LimitPage(serializers.Serializer[Any]):
    items = LimitOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class SlotRunOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    deployment = NamedOutput(allow_null=True)


class SlotOutput(serializers.Serializer[Any]):
    """Who has some of a limit, or stands in line for it."""

    id = serializers.UUIDField()
    run = SlotRunOutput()
    amount = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    granted_at = serializers.DateTimeField(allow_null=True)


class SlotPage(serializers.Serializer[Any]):
    items = SlotOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class SlotInput(StrictSerializer):
    name = serializers.CharField(max_length=200)
    epoch = serializers.IntegerField(min_value=0, max_value=2_147_483_647)
    amount = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MOST)
    at_most = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=MOST
    )


class SlotAnswerOutput(serializers.Serializer[Any]):
    """Granted, or how far from the front."""

    slot_id = serializers.UUIDField()
    granted = serializers.BooleanField()
    position = serializers.IntegerField(help_text="1 is next; 0 when granted.")


class CallsInput(StrictSerializer):
    name = serializers.CharField(max_length=200)
    epoch = serializers.IntegerField(min_value=0, max_value=2_147_483_647)
    calls = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MOST)
    per_minute = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=MOST
    )


class CallsOutput(serializers.Serializer[Any]):
    wait_seconds = serializers.FloatField(
        allow_null=True, help_text="Then make the calls; null: ask again in a minute."
    )


class LimitInTheWayOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=LIMIT_KINDS)
    key = serializers.CharField()
    slots = serializers.IntegerField()
    used = serializers.IntegerField()


REASONS = [
    (kind, kind)
    for kind in (
        *("not_due", "held", "deployment_paused", "pool_paused", "queue_paused", "limit"),
        *("workspace_limit", "no_agent", "agents_full", "in_line"),
    )
]


class LineReasonOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=REASONS)
    text = serializers.CharField()
    limit = LimitInTheWayOutput(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class RunLineOutput(serializers.Serializer[Any]):
    """What a run waits for; no reasons when it waits for nothing."""

    ahead = serializers.IntegerField(
        allow_null=True, help_text="Runs that come first, 10,000 at most; null: in no line."
    )
    reasons = LineReasonOutput(many=True)


class Limits(WorkspaceView):
    """How much may go on at once."""

    scopes: ClassVar = {"GET": Scope.POOLS_READ, "PUT": Scope.DEPLOYMENTS_WRITE}

    @extend_schema(operation_id="list_limits", parameters=[PageQuery], responses=LimitPage)
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id
        return Response(
            page_of(
                selectors.list_limits(workspace_id=workspace_id),
                request=request,
                order=("created_at", "id"),
                render=lambda rows: limit_bodies(workspace_id, rows),
            )
        )

    @extend_schema(operation_id="set_limit", request=LimitInput, responses=LimitOutput)
    def put(self, request: WorkspaceRequest) -> Response:
        form = LimitInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        limit = services.set_limit(
            workspace_id=request.workspace.id,
            kind=LimitKind(given["kind"]),
            key=given["key"],
            much=given["per_minute" if given["kind"] == LimitKind.RATE else "slots"],
            now=utc_now(),
            asker=request.actor,
        )
        return Response(limit_bodies(request.workspace.id, [limit])[0])


class LimitDetail(WorkspaceView):
    """One limit."""

    scopes: ClassVar = {"DELETE": Scope.DEPLOYMENTS_WRITE}

    @extend_schema(operation_id="delete_limit", responses={204: None})
    def delete(self, request: WorkspaceRequest, limit_id: uuid.UUID) -> Response:
        services.delete_limit(
            workspace_id=request.workspace.id, limit_id=limit_id, asker=request.actor
        )
        return Response(status=204)


class LimitSlots(WorkspaceView):
    """Who has slots of a limit, and who stands in line, in the order of coming."""

    scopes: ClassVar = {"GET": Scope.POOLS_READ}

    @extend_schema(operation_id="list_limit_slots", parameters=[PageQuery], responses=SlotPage)
    def get(self, request: WorkspaceRequest, limit_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id
        limit = selectors.get_limit(workspace_id=workspace_id, limit_id=limit_id)
        return Response(
            page_of(
                selectors.list_slots(limit=limit),
                request=request,
                order=("created_at", "id"),
                render=lambda rows: _slot_bodies(workspace_id, rows),
            )
        )


class RunSlot(WorkspaceView):
    """A run's code asks for slots by name, and gives them back."""

    scopes: ClassVar = {"PUT": Scope.RUNS_REPORT, "DELETE": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"PUT", "DELETE"})

    @extend_schema(operation_id="ask_for_run_slot", request=SlotInput, responses=SlotAnswerOutput)
    def put(self, request: WorkspaceRequest, run_id: uuid.UUID, slot_id: uuid.UUID) -> Response:
        form = SlotInput(data=request.data)
        form.is_valid(raise_exception=True)
        refuse_other_epoch(request.actor, form.validated_data["epoch"])
        _refuse_others(request, run_id)
        answer = services.ask_for_slots(
            workspace_id=request.workspace.id,
            run_id=run_id,
            slot_id=slot_id,
            now=utc_now(),
            **form.validated_data,
        )
        return Response(
            {"slot_id": answer.slot_id, "granted": answer.granted, "position": answer.position}
        )

    @extend_schema(operation_id="give_run_slot_back", responses={204: None})
    def delete(self, request: WorkspaceRequest, run_id: uuid.UUID, slot_id: uuid.UUID) -> Response:
        _refuse_others(request, run_id)
        runs.get_run(workspace_id=request.workspace.id, run_id=run_id)
        services.give_slot_back(workspace_id=request.workspace.id, run_id=run_id, slot_id=slot_id)
        return Response(status=204)


class RunCalls(WorkspaceView):
    """A run's code asks when it may make calls of a rate."""

    scopes: ClassVar = {"POST": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"POST"})

    @extend_schema(operation_id="promise_run_calls", request=CallsInput, responses=CallsOutput)
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = CallsInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        refuse_other_epoch(request.actor, given["epoch"])
        _refuse_others(request, run_id)
        runs.get_run(workspace_id=request.workspace.id, run_id=run_id)
        wait = services.promise_calls(
            workspace_id=request.workspace.id,
            name=given["name"],
            amount=given["calls"],
            per_minute=given["per_minute"],
            now=utc_now(),
        )
        return Response({"wait_seconds": None if wait is None else wait.total_seconds()})


class RunLine(WorkspaceView):
    """Where a run is in line."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="get_run_line", responses=RunLineOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        run = runs.get_run(workspace_id=request.workspace.id, run_id=run_id)
        found = line.find_line(run=run, limits=request.workspace.limits, now=utc_now())
        return Response(
            {
                "ahead": found.ahead,
                "reasons": [
                    {
                        "kind": reason.kind,
                        "text": reason.text,
                        "limit": reason.limit,
                        "until": reason.until,
                    }
                    for reason in found.reasons
                ],
            }
        )


def _refuse_others(request: WorkspaceRequest, run_id: uuid.UUID) -> None:
    services.refuse_other_runs(
        workspace_id=request.workspace.id, actor=request.actor, run_ids=[run_id]
    )


def limit_bodies(
    workspace_id: uuid.UUID, limits: Sequence[ConcurrencyLimit]
) -> list[dict[str, object]]:
    """Fill LimitOutputs."""
    ids = [limit.id for limit in limits]
    names = selectors.names_of_limits(workspace_id=workspace_id, limits=limits)
    used = line.count_used(ids)
    waiting = selectors.count_waiting_for(workspace_id=workspace_id, limit_ids=ids)
    return [
        {
            "id": limit.id,
            "kind": limit.kind,
            "key": limit.key,
            "name": names.get(limit.id, limit.key),
            "slots": limit.slots,
            "per_minute": limit.per_minute,
            "used": used.get(limit.id, 0),
            "waiting": waiting.get(limit.id, 0),
            "made_by_code": limit.made_by_code,
            "created_at": limit.created_at,
            "updated_at": limit.updated_at,
        }
        for limit in limits
    ]


def _slot_bodies(
    workspace_id: uuid.UUID, slots: Iterable[ConcurrencySlot]
) -> list[dict[str, object]]:
    held = list(slots)
    rows = runs.list_runs_by_id(workspace_id=workspace_id, run_ids={slot.run_id for slot in held})
    of_run: dict[uuid.UUID, dict[str, object]] = defaultdict(dict)
    for run in rows:
        deployment = run.deployment and {"id": run.deployment.id, "name": run.deployment.name}
        of_run[run.id] = {
            "id": run.id,
            "name": run.name,
            "state": run.state,
            "deployment": deployment,
        }
    return [
        {
            "id": slot.id,
            "run": of_run[slot.run_id],
            "amount": slot.amount,
            "created_at": slot.created_at,
            "granted_at": slot.granted_at,
        }
        for slot in held
        if slot.run_id in of_run
    ]
