"""What comes in and goes out. What stands in panels and variables is `documents`' to judge."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.dashboards import documents

_PANEL = {
    "type": "array",
    "maxItems": documents.MAX_PANELS,
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "kind": {"type": "string", "enum": list(documents.KINDS)},
            "title": {"type": "string"},
            **{side: {"type": "integer"} for side in "xywh"},
        },
        "required": ["id", "kind", "x", "y", "w", "h"],
        "additionalProperties": True,
    },
    "description": "On a grid of 12 columns, none over another. By kind: see docs/metrics.md.",
}
_VARIABLE = {
    "type": "array",
    "maxItems": documents.MAX_VARIABLES,
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "kind": {"type": "string", "enum": ["label", "deployment"]},
            "title": {"type": "string"},
            "metric": {"type": "string"},
            "label": {"type": "string"},
            "default": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["name", "kind"],
    },
}


@extend_schema_field(_PANEL)
class PanelsField(serializers.JSONField):
    """Panels of a dashboard."""


@extend_schema_field(_VARIABLE)
class VariablesField(serializers.JSONField):
    """Variables of a dashboard."""


class DashboardInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    range = serializers.ChoiceField(choices=documents.RANGES, default="24h")
    variables = VariablesField(required=False)
    panels = PanelsField(required=False)


class DashboardChange(StrictSerializer):
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="The one that the changes were made of."
    )
    name = serializers.CharField(required=False, max_length=120)
    range = serializers.ChoiceField(required=False, choices=documents.RANGES)
    variables = VariablesField(required=False)
    panels = PanelsField(required=False)


class DashboardRowOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    panel_count = serializers.SerializerMethodField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    updated_by = serializers.SerializerMethodField()

    def get_panel_count(self, row: Any) -> int:
        return len(row.panels)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_updated_by(self, row: Any) -> str | None:
        name: str | None = (row.updated_by or {}).get("name")
        return name


class DashboardOutput(DashboardRowOutput):
    range = serializers.ChoiceField(choices=documents.RANGES)
    variables = VariablesField()
    panels = PanelsField()


class DashboardPage(serializers.Serializer[Any]):
    items = DashboardRowOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
