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

    exact = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Estimate nothing: count, the newest first, as far as 1.5 seconds reach.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return EventQuery.validate(self, checked_range(attrs))


class HistogramBucketOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    count = serializers.IntegerField()
    is_estimate = serializers.BooleanField()
    low = serializers.IntegerField(
        help_text="95 times of 100 the true count is from `low` to `high`; exact: both are `count`."
    )
    high = serializers.IntegerField()


class NameCountOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField()
    is_estimate = serializers.BooleanField()


class HistogramSampleOutput(serializers.Serializer[Any]):
    """What the estimated steps rest on."""

    examined = serializers.IntegerField(help_text="Events that were looked at.")
    of = serializers.IntegerField(
        help_text="Events in these steps, when names are asked for only those of such names."
    )
    low = serializers.IntegerField(
        help_text="95 times of 100 the sum of all steps is from `low` to `high`."
    )
    high = serializers.IntegerField()
    one_in = serializers.IntegerField(
        help_text="What is rarer than one event in so many may not show; 0: nothing is known."
    )


class HistogramOutput(serializers.Serializer[Any]):
    step_seconds = serializers.IntegerField()
    buckets = HistogramBucketOutput(many=True)
    names = NameCountOutput(many=True)
    counted_from = serializers.DateTimeField(
        allow_null=True,
        help_text="The time for counting was up: nothing before this moment was counted.",
    )
    sample = HistogramSampleOutput(allow_null=True, help_text="Null: nothing is estimated.")
