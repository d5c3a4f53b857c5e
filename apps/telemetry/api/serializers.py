"""What comes in and goes out of the routes of events."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import checked_range
from apps.telemetry import limits


class RangeInput(serializers.Serializer[Any]):
    """`from` is a word of Python's; hence the spelling in code."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(source="since")
        fields["to"] = serializers.DateTimeField(source="until")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return checked_range(attrs)


class HistogramInput(RangeInput):
    name = serializers.CharField(required=False, max_length=limits.NAME_LENGTH + 1)


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
