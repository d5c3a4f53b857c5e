"""What comes in and goes out of the routes of runs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import PageQuery, QuerySerializer, RangeQuery
from apps.core.http.serializers import StrictSerializer
from apps.flows.wire import JsonObjectField
from apps.runs.enums import RunSource, RunState, StateType
from apps.runs.selectors import RunFilters
from apps.runs.wire import (
    APPROVAL_STATES,
    SOURCES,
    STATE_TYPES,
    STATES,
    ApprovalOutput,
    RunRowOutput,
    TaskRunOutput,
)

MAX_TIMELINE_ROWS = 100_000
MAX_NOTE = 10_000
LEVELS = [(level, level) for level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")]


class FiltersQuery(QuerySerializer):
    repeatable = frozenset({"state", "state_type"})

    state = serializers.ListField(child=serializers.ChoiceField(choices=STATES), required=False)
    state_type = serializers.ListField(
        child=serializers.ChoiceField(choices=STATE_TYPES), required=False
    )
    flow_id = serializers.UUIDField(required=False)
    deployment_id = serializers.UUIDField(required=False)
    pool_id = serializers.UUIDField(required=False)
    parent = serializers.UUIDField(  # type: ignore[assignment] # shadows DRF's own
        required=False, help_text="runs that this run started"
    )
    tag = serializers.CharField(required=False, max_length=100)
    source = serializers.ChoiceField(choices=SOURCES, required=False)  # type: ignore[assignment] # shadows DRF's own
    q = serializers.CharField(required=False, max_length=200)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)


class RunsQuery(FiltersQuery, PageQuery):
    pass


class HistogramQuery(FiltersQuery, RangeQuery):
    pass


def filters_of(query: dict[str, Any]) -> RunFilters:
    """Return the filters that a validated query names."""
    return RunFilters(
        states=frozenset(RunState(state) for state in query.get("state", ())),
        state_types=frozenset(StateType(kind) for kind in query.get("state_type", ())),
        flow_id=query.get("flow_id"),
        deployment_id=query.get("deployment_id"),
        pool_id=query.get("pool_id"),
        parent_run_id=query.get("parent"),
        tag=query.get("tag", ""),
        source=RunSource(query["source"]) if "source" in query else None,
        q=query.get("q", ""),
        created_after=query.get("created_after"),
        created_before=query.get("created_before"),
    )


class RetryInput(StrictSerializer):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        ways = [(way, way) for way in ("start", "failed")]
        return {"from": serializers.ChoiceField(choices=ways, default="start")}


class RunChange(StrictSerializer):
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_NOTE, trim_whitespace=False
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, required=False
    )


class ApprovalsQuery(PageQuery):
    state = serializers.ChoiceField(choices=APPROVAL_STATES, required=False)
    run_id = serializers.UUIDField(required=False)


class ApprovalPage(serializers.Serializer[Any]):
    items = ApprovalOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ApprovalAnswerInput(StrictSerializer):
    approved = serializers.BooleanField()
    values = JsonObjectField(required=False)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=MAX_NOTE)


class FlowOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_run = RunRowOutput(allow_null=True)


class FlowPage(serializers.Serializer[Any]):
    items = FlowOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class TaskRunsQuery(PageQuery):
    repeatable = frozenset({"state_type"})

    state_type = serializers.ListField(
        child=serializers.ChoiceField(choices=STATE_TYPES), required=False
    )


class TaskRunPage(serializers.Serializer[Any]):
    items = TaskRunOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class TimelineQuery(QuerySerializer):
    max_rows = serializers.IntegerField(
        required=False, default=20_000, min_value=1, max_value=MAX_TIMELINE_ROWS
    )
    cursor = serializers.CharField(required=False)


class TimelineRowsOutput(serializers.Serializer[Any]):
    """One list a column; all have the same length."""

    id = serializers.ListField(child=serializers.UUIDField())
    task = serializers.ListField(child=serializers.IntegerField())
    name = serializers.ListField(child=serializers.CharField())
    state = serializers.ListField(child=serializers.IntegerField())
    start_ms = serializers.ListField(child=serializers.IntegerField(allow_null=True))
    end_ms = serializers.ListField(child=serializers.IntegerField(allow_null=True))
    depends_on = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), allow_null=True
    )


class TimelineOutput(serializers.Serializer[Any]):
    epoch = serializers.IntegerField()
    total = serializers.IntegerField()
    origin_at = serializers.DateTimeField()
    task_names = serializers.ListField(child=serializers.CharField())
    states = serializers.ListField(child=serializers.ChoiceField(choices=STATES))
    rows = TimelineRowsOutput()
    depends_on_outside = serializers.ListField(
        child=serializers.ListField(), help_text="[row, id] of what is in other pages."
    )
    next_cursor = serializers.CharField(allow_null=True)


class LogsQuery(PageQuery):
    level = serializers.ChoiceField(choices=LEVELS, required=False)
    q = serializers.CharField(required=False, max_length=200)
    task_run_id = serializers.UUIDField(required=False)
    order = serializers.ChoiceField(choices=[("asc", "asc"), ("desc", "desc")], default="asc")


class LogLineOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    run_id = serializers.UUIDField(allow_null=True)
    task_run_id = serializers.UUIDField(allow_null=True)
    level = serializers.ChoiceField(choices=LEVELS)
    logger = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class LogLinePage(serializers.Serializer[Any]):
    items = LogLineOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RunMetricOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    unit = serializers.CharField(allow_null=True)
    labels = serializers.DictField(child=serializers.CharField())
    last = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()
    min = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)


class RunMetricsOutput(serializers.Serializer[Any]):
    items = RunMetricOutput(many=True)
