"""What comes in and goes out of the routes of events."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import RangeQuery, checked_range
from apps.telemetry.search.query_string import EventQuery


class RangeInput(serializers.Serializer[Any]):
    """`from` is a word of Python's; hence the spelling in code."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(source="since")
        fields["to"] = serializers.DateTimeField(source="until")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return checked_range(attrs)


class HistogramQuery(RangeQuery, EventQuery):
    """As the list of events, and the range must be said."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return EventQuery.validate(self, checked_range(attrs))


class HistogramBucketOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    count = serializers.IntegerField()


class NameCountOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField()


class HistogramOutput(serializers.Serializer[Any]):
    step_seconds = serializers.IntegerField()
    buckets = HistogramBucketOutput(many=True)
    names = NameCountOutput(many=True)
    counted_from = serializers.DateTimeField(
        allow_null=True,
        help_text="The time for counting was up: nothing before this moment was counted.",
    )
