"""What goes out of the overview of a workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from apps.core.http.query import RangeQuery
from apps.runs.wire import STATE_TYPES, NamedOutput, RunHistogramOutput, RunRowOutput

MAX_OVERVIEW = timedelta(days=366)


class OverviewQuery(RangeQuery):
    pass


class AttentionOutput(RunRowOutput):
    reason = serializers.CharField()


class FlowTickOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    duration_ms = serializers.IntegerField(allow_null=True)


class FlowHealthOutput(serializers.Serializer[Any]):
    flow = NamedOutput()
    deployment_id = serializers.UUIDField(allow_null=True)
    ticks = FlowTickOutput(many=True)
    success_ratio = serializers.FloatField(allow_null=True)
    p95_duration_ms = serializers.IntegerField(allow_null=True)
    next_run_at = serializers.DateTimeField(allow_null=True)


class ChecklistOutput(serializers.Serializer[Any]):
    has_key = serializers.BooleanField()
    has_run = serializers.BooleanField()
    has_deployment = serializers.BooleanField()
    has_agent = serializers.BooleanField()
    has_event = serializers.BooleanField()


class WindowOutput(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}


class OverviewOutput(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    window = WindowOutput()
    counts = serializers.DictField(child=serializers.IntegerField())
    attention = AttentionOutput(many=True)
    histogram = RunHistogramOutput()
    flows = FlowHealthOutput(many=True)
    checklist = ChecklistOutput()
