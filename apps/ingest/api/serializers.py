"""Mostly for the schema: request bodies are decoded by msgspec (`envelope`), which validates."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import PageQuery
from apps.telemetry.search.query_string import EventQuery


class RefusalOutput(serializers.Serializer[object]):
    kind = serializers.CharField()
    index = serializers.IntegerField()
    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField(help_text="The same item may be taken later.")


class BatchCommandOutput(serializers.Serializer[object]):
    run_id = serializers.UUIDField()
    epoch = serializers.IntegerField()
    command = serializers.ChoiceField(choices=["cancel", "pause", "resume", "suspend"])


class LostLeaseOutput(serializers.Serializer[object]):
    run_id = serializers.UUIDField()
    epoch = serializers.IntegerField()


class AnswerOutput(serializers.Serializer[object]):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = RefusalOutput(many=True)
    commands = BatchCommandOutput(many=True)
    lost = LostLeaseOutput(many=True)


class ItemInput(serializers.Serializer[object]):
    """One item; its fields stand in the reference of the ingest protocol."""


class BatchInput(serializers.Serializer[object]):
    runs = ItemInput(many=True, required=False)
    task_runs = ItemInput(many=True, required=False)
    logs = ItemInput(many=True, required=False)
    events = ItemInput(many=True, required=False)
    points = ItemInput(many=True, required=False)
    heartbeats = ItemInput(many=True, required=False)


class EventsInput(serializers.Serializer[object]):
    events = ItemInput(many=True)


class EventPageQuery(EventQuery, PageQuery):
    """Query parameters of the list of events."""


class ResourceOutput(serializers.Serializer[object]):
    kind = serializers.CharField()
    name = serializers.CharField()
    namespace = serializers.CharField(allow_null=True)


class RelationOutput(ResourceOutput):
    role = serializers.CharField()


class EventOutput(serializers.Serializer[object]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    resource = ResourceOutput(allow_null=True)
    related = RelationOutput(many=True)
    payload = serializers.DictField()
    run_id = serializers.UUIDField(allow_null=True)
    task_run_id = serializers.UUIDField(allow_null=True)
    follows = serializers.UUIDField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["source"] = serializers.CharField()  # as an attribute it would hide Field.source
        return fields


class EventPageOutput(serializers.Serializer[object]):
    items = EventOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    searched_to = serializers.DateTimeField(
        allow_null=True,
        help_text="The time for searching was up here: the next page goes on before it.",
    )
