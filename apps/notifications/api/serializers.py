"""What comes in and goes out of the routes of channels. What is secret only comes in."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.notifications.enums import ChannelKind, DeliveryState, Purpose


class ChannelInput(StrictSerializer):
    """`config`: `{to: […]}` for EMAIL, `{url}` for SLACK, `{url, secret?}` for WEBHOOK."""

    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    config = serializers.DictField()


class ChannelChange(StrictSerializer):
    name = serializers.CharField(required=False, max_length=120)
    config = serializers.DictField(required=False)


class ChannelCreatorOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")
    email = serializers.EmailField()


class OutcomeOutput(serializers.Serializer[Any]):
    """
    What happened to one try to send.

    `error` is null exactly when the receiver answered; `status` is its answer's, of HTTP or of
    the mail server.
    """

    ok = serializers.BooleanField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()
    detail = serializers.CharField()
    retry_after_seconds = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField()


class DeliveryOutput(serializers.Serializer[Any]):
    """One message and what became of it."""

    id = serializers.UUIDField()
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    source = serializers.CharField(  # type: ignore[assignment] # Field has one of its own
        source="source_key", help_text="whose message it is, as `firing:<id>:<action>`"
    )
    subject = serializers.CharField()
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    attempts = serializers.IntegerField()
    interrupted = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = OutcomeOutput(allow_null=True)


class ChannelOutput(serializers.Serializer[Any]):
    """A channel; its `config` is masked."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    config = serializers.DictField(source="shown")
    created_at = serializers.DateTimeField()
    created_by = ChannelCreatorOutput(allow_null=True)
    updated_at = serializers.DateTimeField()
    last_delivery = DeliveryOutput(allow_null=True)


class NewChannelOutput(ChannelOutput):
    """`secret`: what a webhook's signatures are made with, shown here and never again."""

    secret = serializers.CharField(allow_null=True)


class ChannelPage(serializers.Serializer[Any]):
    items = ChannelOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class DeliveryPage(serializers.Serializer[Any]):
    items = DeliveryOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
