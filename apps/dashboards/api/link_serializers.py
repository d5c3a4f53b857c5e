"""What comes in and goes out of the routes of links."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.clock import is_sensible
from apps.core.http.serializers import StrictSerializer
from apps.dashboards import documents
from apps.dashboards.api.panel_serializers import (
    AnsweredPanelOutput,
    AnsweredPanelsOutput,
    ChosenField,
)
from apps.dashboards.api.serializers import PanelsField


class SharingInput(StrictSerializer):
    allowed = serializers.BooleanField()


class SharingOutput(serializers.Serializer[Any]):
    allowed = serializers.BooleanField()
    allowed_at = serializers.DateTimeField(allow_null=True)
    allowed_by = serializers.CharField(allow_null=True)


class LinkInput(StrictSerializer):
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="Of the dashboard: what you saw is shown."
    )
    range = serializers.ChoiceField(choices=documents.RANGES, required=False)
    chosen = ChosenField(required=False)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Null: when it is taken back."
    )

    def validate_expires_at(self, at: Any) -> Any:
        if at is not None and not is_sensible(at):
            raise serializers.ValidationError("Not a moment at which something could end.")
        return at


class LinkOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    token_start = serializers.CharField(help_text="To tell addresses apart.")
    version = serializers.IntegerField(help_text="Of the dashboard, that is shown.")
    range = serializers.ChoiceField(choices=documents.RANGES)
    chosen = ChosenField()
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    created_by = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_created_by(self, link: Any) -> str | None:
        name: str | None = (link.created_by or {}).get("name")
        return name


class NewLinkOutput(LinkOutput):
    address = serializers.CharField(help_text="Told this once: only its hash is kept.")


class LinkPage(serializers.Serializer[Any]):
    items = LinkOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class SharedDashboardOutput(AnsweredPanelsOutput):
    """The panels to draw, without what they are narrowed to, and what they show, without ids."""

    name = serializers.CharField()
    range = serializers.ChoiceField(choices=documents.RANGES)
    panels = PanelsField()  # type: ignore[assignment] # here the panels themselves
    answers = AnsweredPanelOutput(many=True)
