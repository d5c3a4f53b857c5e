"""Backfills: many runs of a deployment, for past times or for partitions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import is_sensible, utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.serializers import MayField, StrictSerializer
from apps.dispatch import backfills, services
from apps.dispatch.enums import BackfillState
from apps.dispatch.parts import MAX_PARTS
from apps.dispatch.services import BackfillPlan, BackfillSpec
from apps.dispatch.services.backfills import targets_of
from apps.flows.wire import JsonObjectField
from apps.runs import selectors as runs
from apps.runs.enums import StateType
from apps.runs.wire import STATE_TYPES, STATES, CreatedByOutput, NamedOutput, named
from apps.tenancy import access
from apps.tenancy.actors import Actor
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.dispatch.models import Backfill, BackfillPart

BACKFILL_STATES = [(state.value, state.value) for state in BackfillState]
RANGE, PARTITIONS = "RANGE", "PARTITIONS"
KINDS = [(kind, kind) for kind in (RANGE, PARTITIONS)]
UNMADE = "UNMADE"
PART_STATES = [*STATE_TYPES, (UNMADE, UNMADE)]
MAY = frozenset({Scope.RUNS_WRITE, Scope.RUNS_CANCEL})
OF_RANGES = ("since", "until", "schedule_id", "interval_seconds", "cron", "timezone")
WHEN = ("schedule_id", "interval_seconds", "cron")


class BackfillInput(StrictSerializer):
    deployment_id = serializers.UUIDField()
    name = serializers.CharField(required=False, max_length=200)
    kind = serializers.ChoiceField(choices=KINDS)
    schedule_id = serializers.UUIDField(
        required=False, help_text="Of a range: the times of this schedule, with its parameters."
    )
    cron = serializers.CharField(required=False, max_length=200)
    interval_seconds = serializers.IntegerField(
        required=False, min_value=1, max_value=2_147_483_647, help_text="From `since` on."
    )
    timezone = serializers.CharField(
        required=False, max_length=64, help_text="Of `cron`, and of the dates of an interval."
    )
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Not itself part of the range.")
    partitions = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        allow_empty=False,
        max_length=MAX_PARTS,
    )
    parameter = serializers.CharField(
        max_length=200, help_text="The parameter that gets the part: its time or its partition."
    )
    parameters = JsonObjectField(required=False)
    concurrency = serializers.IntegerField(required=False, min_value=1, max_value=1_000)
    priority = serializers.IntegerField(required=False, min_value=-100, max_value=100)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        is_range = given["kind"] == RANGE
        surplus = [
            name
            for name in (("partitions",) if is_range else OF_RANGES)
            if given.get(name) is not None
        ]
        if surplus:
            kind = given["kind"]
            raise serializers.ValidationError(dict.fromkeys(surplus, f"Not of the kind {kind}."))
        if is_range:
            _check_range(given)
        elif "partitions" not in given:
            raise serializers.ValidationError({"partitions": "Required for this kind."})
        elif len(set(given["partitions"])) < len(given["partitions"]):
            raise serializers.ValidationError({"partitions": "Some are named twice."})
        if given["parameter"] in given.get("parameters", {}):
            raise serializers.ValidationError(
                {"parameters": f"{given['parameter']!r} gets the part."}
            )
        return given


def _check_range(given: dict[str, Any]) -> None:
    for name in ("since", "until"):
        if name not in given:
            raise serializers.ValidationError({name: "Required for this kind."})
        if not is_sensible(given[name]):
            raise serializers.ValidationError({name: "Too far from now."})
    if given["until"] <= given["since"]:
        raise serializers.ValidationError({"until": "Must be after `since`."})
    said = [name for name in WHEN if name in given]
    if len(said) != 1:
        message = f"One of {', '.join(WHEN)} says when."
        raise serializers.ValidationError(dict.fromkeys(said or ["schedule_id"], message))
    if "timezone" in given and "schedule_id" in given:
        raise serializers.ValidationError({"timezone": "The schedule has its own."})


class BackfillCostOutput(serializers.Serializer[Any]):
    """What the parts use if they are like past runs."""

    task_runs = serializers.IntegerField(allow_null=True, help_text="That complete.")
    vcpu_seconds = serializers.FloatField(allow_null=True, help_text="null but in managed pools")
    gb_seconds = serializers.FloatField(allow_null=True, help_text="null but in managed pools")


class BackfillEstimateOutput(serializers.Serializer[Any]):
    """From the deployment's newest successful runs; nulls while there are none."""

    past_runs = serializers.IntegerField(help_text="How many it rests on.")
    seconds_each = serializers.FloatField(allow_null=True)
    seconds_total = serializers.FloatField(allow_null=True)
    cost = BackfillCostOutput()


class BackfillPreviewOutput(serializers.Serializer[Any]):
    """What would be made."""

    parts = serializers.IntegerField()
    first = serializers.ListField(child=serializers.CharField(), help_text="Keys, 10 at most.")
    last = serializers.CharField()
    estimate = BackfillEstimateOutput()


class BackfillRowOutput(serializers.Serializer[Any]):
    """A backfill in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    state = serializers.ChoiceField(choices=BACKFILL_STATES)
    flow = NamedOutput()
    deployment = NamedOutput()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    parameter = serializers.CharField()
    priority = serializers.IntegerField()
    concurrency = serializers.IntegerField()
    parts_total = serializers.IntegerField()
    made = serializers.IntegerField(help_text="Parts that have their run.")
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Runs by the type of their state."
    )
    progress = serializers.FloatField(help_text="Of its parts, how many have ended: 0 to 1.")
    created_by = CreatedByOutput(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    may = MayField()


class BackfillOutput(BackfillRowOutput):
    """A backfill on its own page."""

    parameters = serializers.DictField()
    seconds_left = serializers.FloatField(
        allow_null=True, help_text="If it goes on as it went; null when nobody can know."
    )


class BackfillPage(serializers.Serializer[Any]):
    items = BackfillRowOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class BackfillsQuery(PageQuery):
    deployment_id = serializers.UUIDField(required=False)


class BackfillChange(StrictSerializer):
    concurrency = serializers.IntegerField(min_value=1, max_value=1_000)


class BackfillCancellationInput(StrictSerializer):
    running = serializers.BooleanField(
        required=False, default=False, help_text="Cancel what is going on too."
    )


class PartRunOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)


class BackfillPartOutput(serializers.Serializer[Any]):
    """One time or partition."""

    position = serializers.IntegerField()
    key = serializers.CharField()
    run_id = serializers.UUIDField(allow_null=True, help_text="null: not made yet")
    run = PartRunOutput(allow_null=True, help_text="null too when it is dropped for its age")


class BackfillPartPage(serializers.Serializer[Any]):
    items = BackfillPartOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class BackfillPartsQuery(PageQuery):
    state = serializers.ChoiceField(
        choices=PART_STATES, required=False, help_text="A state's type, or UNMADE."
    )


class Backfills(WorkspaceView):
    """Backfills, newest first."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ, "POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="list_backfills", parameters=[BackfillsQuery], responses=BackfillPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        query = BackfillsQuery.read(request)
        return Response(
            page_of(
                backfills.list_backfills(
                    workspace_id=request.workspace.id, deployment_id=query.get("deployment_id")
                ),
                request=request,
                order=("-created_at", "-id"),
                render=lambda rows: _rows(request, rows),
            )
        )

    @extend_schema(
        operation_id="create_backfill", request=BackfillInput, responses={201: BackfillOutput}
    )
    @idempotent
    def post(self, request: WorkspaceRequest) -> Response:
        actor = request.actor
        backfill = services.create_backfill(
            workspace_id=request.workspace.id,
            spec=_spec(request),
            created_by={"kind": actor.kind.value, "id": str(actor.id), "name": actor.name},
            now=utc_now(),
            asker=actor,
        )
        return Response(_body(request, backfill.id), status=201)


class BackfillPreview(WorkspaceView):
    """What a backfill would make, and how long that takes."""

    scopes: ClassVar = {"POST": Scope.RUNS_READ}

    @extend_schema(
        operation_id="preview_backfill", request=BackfillInput, responses=BackfillPreviewOutput
    )
    def post(self, request: WorkspaceRequest) -> Response:
        plan = services.plan_backfill(workspace_id=request.workspace.id, spec=_spec(request))
        return Response(
            {
                "parts": len(plan.keys),
                "first": plan.keys[:10],
                "last": plan.keys[-1],
                "estimate": {
                    "past_runs": plan.past.runs,
                    "seconds_each": plan.past.seconds_each,
                    "seconds_total": plan.seconds_total,
                    "cost": _cost(plan),
                },
            }
        )


class BackfillDetail(WorkspaceView):
    """One backfill."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ, "PATCH": Scope.RUNS_WRITE}

    @extend_schema(operation_id="get_backfill", responses=BackfillOutput)
    def get(self, request: WorkspaceRequest, backfill_id: uuid.UUID) -> Response:
        return Response(_body(request, backfill_id))

    @extend_schema(operation_id="change_backfill", request=BackfillChange, responses=BackfillOutput)
    def patch(self, request: WorkspaceRequest, backfill_id: uuid.UUID) -> Response:
        form = BackfillChange(data=request.data)
        form.is_valid(raise_exception=True)
        services.change_backfill(
            workspace_id=request.workspace.id,
            backfill_id=backfill_id,
            concurrency=form.validated_data["concurrency"],
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_body(request, backfill_id))


class BackfillPause(WorkspaceView):
    """Start none of its runs for now, or go on."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE, "DELETE": Scope.RUNS_WRITE}

    @extend_schema(operation_id="pause_backfill", request=None, responses=BackfillOutput)
    def post(self, request: WorkspaceRequest, backfill_id: uuid.UUID) -> Response:
        return self._set(request, backfill_id, paused=True)

    @extend_schema(operation_id="resume_backfill", responses=BackfillOutput)
    def delete(self, request: WorkspaceRequest, backfill_id: uuid.UUID) -> Response:
        return self._set(request, backfill_id, paused=False)

    def _set(self, request: WorkspaceRequest, backfill_id: uuid.UUID, *, paused: bool) -> Response:
        services.pause_backfill(
            workspace_id=request.workspace.id,
            backfill_id=backfill_id,
            paused=paused,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_body(request, backfill_id))


class BackfillCancellation(WorkspaceView):
    """Make nothing more of it."""

    scopes: ClassVar = {"POST": Scope.RUNS_CANCEL}

    @extend_schema(
        operation_id="cancel_backfill",
        request=BackfillCancellationInput,
        responses=BackfillOutput,
    )
    def post(self, request: WorkspaceRequest, backfill_id: uuid.UUID) -> Response:
        form = BackfillCancellationInput(data=request.data or {})
        form.is_valid(raise_exception=True)
        services.cancel_backfill(
            workspace_id=request.workspace.id,
            backfill_id=backfill_id,
            running=form.validated_data["running"],
            now=utc_now(),
            by=request.actor.name,
            asker=request.actor,
        )
        return Response(_body(request, backfill_id))


class BackfillParts(WorkspaceView):
    """Its parts in their order, each with its run."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="list_backfill_parts",
        parameters=[BackfillPartsQuery],
        responses=BackfillPartPage,
    )
    def get(self, request: WorkspaceRequest, backfill_id: uuid.UUID) -> Response:
        state = BackfillPartsQuery.read(request).get("state")
        workspace_id = request.workspace.id
        backfill = backfills.get_backfill(workspace_id=workspace_id, backfill_id=backfill_id)
        if state == UNMADE:
            parts = backfills.list_unmade_parts(backfill=backfill)
        else:
            parts = backfills.list_parts(
                backfill=backfill, state=StateType(state) if state else None
            )
        return Response(
            page_of(
                parts,
                request=request,
                order=("position",),
                render=lambda rows: _part_bodies(workspace_id, rows),
            )
        )


def _spec(request: WorkspaceRequest) -> BackfillSpec:
    form = BackfillInput(data=request.data)
    form.is_valid(raise_exception=True)
    given = dict(form.validated_data)
    given.pop("kind")
    return BackfillSpec(**given)


def _cost(plan: BackfillPlan) -> dict[str, object]:
    parts, past, size = len(plan.keys), plan.past, plan.deployment.size
    seconds = None if past.seconds_each is None else past.seconds_each * parts
    known = seconds is not None and size is not None
    return {
        "task_runs": None if past.task_runs_each is None else round(past.task_runs_each * parts),
        "vcpu_seconds": seconds * size.cpu if known and seconds and size else None,
        "gb_seconds": seconds * size.memory_mb / 1_024 if known and seconds and size else None,
    }


def _rows(request: WorkspaceRequest, rows: Sequence[Backfill]) -> list[dict[str, object]]:
    progress = backfills.progress_of(workspace_id=request.workspace.id, backfills=rows)
    return [_row(request.actor, row, progress[row.id]) for row in rows]


def _row(actor: Actor, backfill: Backfill, progress: backfills.Progress) -> dict[str, object]:
    deployment = backfill.deployment
    return {
        "id": backfill.id,
        "name": backfill.name,
        "kind": PARTITIONS if backfill.since is None else RANGE,
        "state": backfill.state,
        "flow": named(deployment.flow),
        "deployment": named(deployment),
        "since": backfill.since,
        "until": backfill.until,
        "parameter": backfill.parameter,
        "priority": backfill.priority,
        "concurrency": backfill.concurrency,
        "parts_total": backfill.parts_total,
        "made": progress.made,
        "counts": {kind.value: count for kind, count in sorted(progress.counts.items())},
        "progress": progress.progress,
        "created_by": backfill.created_by,
        "created_at": backfill.created_at,
        "ended_at": backfill.ended_at,
        "may": access.may_body(actor, MAY, *targets_of(backfill)),
    }


def _body(request: WorkspaceRequest, backfill_id: uuid.UUID) -> dict[str, object]:
    workspace_id = request.workspace.id
    backfill = backfills.get_backfill(workspace_id=workspace_id, backfill_id=backfill_id)
    progress = backfills.progress_of(workspace_id=workspace_id, backfills=[backfill])[backfill.id]
    return _row(request.actor, backfill, progress) | {
        "parameters": backfill.parameters,
        "seconds_left": backfills.seconds_left(backfill=backfill, progress=progress),
    }


def _part_bodies(workspace_id: uuid.UUID, parts: Sequence[BackfillPart]) -> list[dict[str, object]]:
    found = runs.list_runs_by_id(
        workspace_id=workspace_id, run_ids={part.run_id for part in parts if part.run_id}
    )
    bodies = {
        run.id: {
            "id": run.id,
            "name": run.name,
            "state": run.state,
            "state_type": run.state_type,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "duration_ms": run.duration_ms,
        }
        for run in found
    }
    return [
        {
            "position": part.position,
            "key": part.key,
            "run_id": part.run_id,
            "run": bodies.get(part.run_id) if part.run_id else None,
        }
        for part in parts
    ]
