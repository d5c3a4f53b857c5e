"""What comes in and goes out of the routes of logs."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from apps.core.clock import is_sensible
from apps.core.http.query import PageQuery, QuerySerializer, RangeQuery
from apps.runs.api.serializers import LEVELS, LogLineOutput
from apps.telemetry.search.query_string import SearchQuery
from apps.telemetry.search.terms import LOG_FIELDS

MOST_AROUND = 200


class LogQuery(SearchQuery):
    """Which lines; `q` as in docs/explorer.md, with the keys `logger`, `run` and `task`."""

    row_fields: ClassVar = LOG_FIELDS

    level = serializers.ChoiceField(
        choices=LEVELS, required=False, help_text="The least one: WARNING brings errors too."
    )
    run_id = serializers.UUIDField(required=False)
    deployment_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "run_id" in attrs and "deployment_id" in attrs:
            raise serializers.ValidationError({"deployment_id": ["A run has one already."]})
        return super().validate(attrs)


class LogPageQuery(LogQuery, PageQuery):
    """Query parameters of the list of lines."""


class LogDownloadQuery(LogQuery):
    format = serializers.ChoiceField(choices=[("text", "text"), ("ndjson", "ndjson")])


class LogContextQuery(QuerySerializer):
    """The line by its key, and how many lines around it."""

    id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    run_id = serializers.UUIDField(required=False)
    before = serializers.IntegerField(default=10, min_value=0, max_value=MOST_AROUND)
    after = serializers.IntegerField(default=10, min_value=0, max_value=MOST_AROUND)

    def validate_occurred_at(self, at: Any) -> Any:
        if not is_sensible(at):
            raise serializers.ValidationError("Not a moment that a line can have.")
        return at


class LogVolumeQuery(RangeQuery):
    """The range; its steps are chosen, at most 60 and none below a minute."""


class RunOfLineOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    flow = serializers.CharField()
    deployment_id = serializers.UUIDField(allow_null=True)
    deployment = serializers.CharField(allow_null=True)


class LogSearchPage(serializers.Serializer[Any]):
    items = LogLineOutput(many=True)
    runs = RunOfLineOutput(many=True, help_text="Those that wrote these lines.")
    next_cursor = serializers.CharField(allow_null=True)
    searched_to = serializers.DateTimeField(
        allow_null=True,
        help_text="The time for searching was up here: the next page goes on before it.",
    )


class LogContextOutput(serializers.Serializer[Any]):
    """All oldest first."""

    before = LogLineOutput(many=True)
    line = LogLineOutput()
    after = LogLineOutput(many=True)


class VolumeBucketsField(serializers.ListField):
    """Pairs of lines and bytes, one a step; bytes are those of the messages in UTF-8."""

    child = serializers.ListField(child=serializers.IntegerField())


class LevelVolumeOutput(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=LEVELS)
    buckets = VolumeBucketsField(help_text="Pairs of lines and bytes, one a step.")


class DeploymentVolumeOutput(serializers.Serializer[Any]):
    deployment_id = serializers.UUIDField(allow_null=True, help_text="Null: all other lines.")
    deployment = serializers.CharField(allow_null=True)
    flow = serializers.CharField(allow_null=True)
    lines = serializers.IntegerField()
    bytes = serializers.IntegerField()
    buckets = VolumeBucketsField(help_text="Pairs of lines and bytes, one a step.")


class LogVolumeOutput(serializers.Serializer[Any]):
    """By level all of it; by deployment, the most bytes first, as far as it was counted."""

    step_seconds = serializers.IntegerField()
    levels = LevelVolumeOutput(many=True)
    deployments = DeploymentVolumeOutput(many=True)
    counted_from = serializers.DateTimeField(
        allow_null=True,
        help_text="By deployment nothing before this moment was counted: the time was up.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(help_text="When the first step begins.")
        return fields
