"""What goes in and out of the networks that an account admits."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.tenancy.api.key_serializers import KeyHolder, KeyWorkspace


class AllowedNetworkInput(StrictSerializer):
    cidr = serializers.CharField(max_length=60)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class AllowedNetworkOutput(serializers.Serializer[Any]):
    cidr = serializers.CharField()
    note = serializers.CharField()


class CutOffKeyOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    service_account = KeyHolder(allow_null=True)
    workspace = KeyWorkspace()
    last_used_at = serializers.DateTimeField()
    last_used_from = serializers.CharField()


class AllowedNetworksOutput(serializers.Serializer[Any]):
    items = AllowedNetworkOutput(many=True)
    own_address = serializers.CharField(allow_null=True)
    cut_off = CutOffKeyOutput(
        many=True,
        help_text="Keys that were used within seven days from where these networks admit nobody.",
    )


class NetworksQuery(StrictSerializer):
    preview = serializers.BooleanField(
        default=False, help_text="Say what would be, and change nothing."
    )
