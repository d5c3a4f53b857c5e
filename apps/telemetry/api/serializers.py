"""What comes in and goes out of the telemetry routes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import checked_range
from apps.core.http.serializers import StrictSerializer
from apps.telemetry import limits
from apps.telemetry.query import MAX_SERIES, Aggregate, Fill, Rollup

MAX_QUERIES = 20
MAX_STEP_SECONDS = 366 * 86_400


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


class MetricOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    unit = serializers.CharField(allow_null=True)
    series = serializers.IntegerField()
    last_at = serializers.DateTimeField()
    labels = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class MetricsOutput(serializers.Serializer[Any]):
    items = MetricOutput(many=True)


class MetricQueryInput(StrictSerializer):
    name = serializers.CharField(max_length=limits.NAME_LENGTH)
    aggregate = serializers.ChoiceField(choices=[each.value for each in Aggregate])
    group_by = serializers.ListField(
        child=serializers.CharField(max_length=limits.LABEL_KEY_LENGTH),
        required=False,
        max_length=5,
    )
    where = serializers.DictField(
        child=serializers.ListField(
            child=serializers.CharField(max_length=limits.LABEL_VALUE_LENGTH, allow_blank=True),
            min_length=1,
            max_length=100,
        ),
        required=False,
    )

    def validate_where(self, where: dict[str, list[str]]) -> dict[str, list[str]]:
        if any("\x00" in label or len(label) > limits.LABEL_KEY_LENGTH for label in where):
            raise serializers.ValidationError("Not the name of a label.")
        return where


class MetricsQueryInput(StrictSerializer, RangeInput):
    queries = MetricQueryInput(many=True)
    step_seconds = serializers.IntegerField(required=False, min_value=1, max_value=MAX_STEP_SECONDS)
    fill = serializers.ChoiceField(choices=[each.value for each in Fill], default=Fill.NULL.value)

    def validate_queries(self, queries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not 1 <= len(queries) <= MAX_QUERIES:
            raise serializers.ValidationError(f"Must be 1 to {MAX_QUERIES}.")
        return queries


class LineOutput(serializers.Serializer[Any]):
    labels = serializers.DictField(child=serializers.CharField())
    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(allow_null=True)),
        help_text="Pairs of milliseconds since 1970 and value.",
    )


class QueryResultOutput(serializers.Serializer[Any]):
    query = serializers.IntegerField()
    series = LineOutput(many=True, help_text=f"At most {MAX_SERIES} in one answer.")


class MetricsQueryOutput(serializers.Serializer[Any]):
    step_seconds = serializers.IntegerField()
    rollup = serializers.ChoiceField(choices=[each.value for each in Rollup])
    results = QueryResultOutput(many=True)
