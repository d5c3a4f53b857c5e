"""What comes in and goes out where panels are answered."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.http.query import checked_range
from apps.core.http.serializers import StrictSerializer
from apps.dashboards import documents
from apps.dashboards.api.serializers import VariablesField
from apps.runs.wire import STATE_TYPES, STATES, RunHistogramOutput
from apps.telemetry.chart_wire import ChartOutput, ChartRefusedOutput, HeatMapOfOutput
from apps.telemetry.query import Rollup


@extend_schema_field(
    {
        "type": "array",
        "maxItems": documents.MAX_PANELS,
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "kind": {"type": "string", "enum": list(documents.KINDS)},
            },
            "required": ["id", "kind"],
            "additionalProperties": True,
        },
        "description": "As a dashboard has them, without place and title: see docs/metrics.md.",
    }
)
class AskedPanelsField(serializers.JSONField):
    """Panels without a place."""


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
        "description": "Values by variable; of what is left out its default. None: of everything.",
    }
)
class ChosenField(serializers.JSONField):
    """What is chosen for variables."""


class PanelsInput(StrictSerializer):
    panels = AskedPanelsField()
    variables = VariablesField(required=False)
    chosen = ChosenField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(source="since")
        fields["to"] = serializers.DateTimeField(source="until")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return checked_range(attrs)


class PanelRunOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Null for who has only a link.")
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    created_at = serializers.DateTimeField()


class PanelRunsOutput(serializers.Serializer[Any]):
    """The newest first."""

    items = PanelRunOutput(many=True)
    has_more = serializers.BooleanField()


class PanelEventOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Null for who has only a link.")
    name = serializers.CharField()
    resource = serializers.CharField(allow_null=True)
    occurred_at = serializers.DateTimeField()


class SearchedOutput(serializers.Serializer[Any]):
    has_more = serializers.BooleanField()
    searched_to = serializers.DateTimeField(
        allow_null=True, help_text="The time for searching was up here: there may be more before."
    )


class PanelEventsOutput(SearchedOutput):
    """The newest first."""

    items = PanelEventOutput(many=True)


class PanelEventBucketOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    count = serializers.IntegerField()
    is_estimate = serializers.BooleanField(
        help_text="From a few of very many events: see docs/explorer.md."
    )
    low = serializers.IntegerField(help_text="95 times of 100 it is at least this.")
    high = serializers.IntegerField()


class PanelEventCountsOutput(serializers.Serializer[Any]):
    step_seconds = serializers.IntegerField()
    buckets = PanelEventBucketOutput(many=True)
    counted_from = serializers.DateTimeField(
        allow_null=True, help_text="Nothing before this moment was counted: the time was up."
    )


class PanelLineOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Null for who has only a link.")
    level = serializers.ChoiceField(choices=[(each, each) for each in documents.LEVELS])
    message = serializers.CharField(help_text="Its first 500 characters.")
    occurred_at = serializers.DateTimeField()


class PanelLogsOutput(SearchedOutput):
    """The newest first."""

    items = PanelLineOutput(many=True)


class AnsweredPanelOutput(serializers.Serializer[Any]):
    """By the kind and the view of the panel one of these is there, or `error`; of texts none."""

    id = serializers.CharField()
    chart = ChartOutput(allow_null=True)
    marks = PanelEventsOutput(allow_null=True, help_text="Events to mark on the chart.")
    heat_map = HeatMapOfOutput(allow_null=True)
    runs = PanelRunsOutput(allow_null=True)
    run_counts = RunHistogramOutput(allow_null=True)
    events = PanelEventsOutput(allow_null=True)
    event_counts = PanelEventCountsOutput(allow_null=True)
    logs = PanelLogsOutput(allow_null=True)
    error = ChartRefusedOutput(allow_null=True)


class AnsweredPanelsOutput(serializers.Serializer[Any]):
    """Panels in the order in which they were asked for."""

    step_seconds = serializers.IntegerField()
    rollup = serializers.ChoiceField(choices=[each.value for each in Rollup])
    units = serializers.DictField(
        child=serializers.CharField(allow_null=True), help_text="By the name of the metric."
    )
    panels = AnsweredPanelOutput(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField()
        fields["to"] = serializers.DateTimeField()
        return fields
