"""What goes in and out of the log of changes and of where it is sent."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.tenancy.enums import ActorKind


class AuditActorOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=ActorKind.choices)
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()


class AuditBehalfOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class AuditObjectOutput(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class AuditPlaceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField(allow_null=True, help_text="null: the workspace is gone.")
    name = serializers.CharField()


class AuditEntryOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    actor = AuditActorOutput()
    on_behalf_of = AuditBehalfOutput(
        allow_null=True, help_text="Whose key acted: a person's, or a service account's."
    )
    action = serializers.CharField(help_text="noun.verb_past; docs/audit.md lists them.")
    object = AuditObjectOutput()
    workspace = AuditPlaceOutput(allow_null=True)
    before = serializers.DictField(allow_null=True, help_text="What differs only; no secrets.")
    after = serializers.DictField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField()
    request_id = serializers.CharField(allow_null=True)


class AuditPageOutput(serializers.Serializer[Any]):
    items = AuditEntryOutput(many=True)
    next_cursor = serializers.CharField(
        allow_null=True, help_text="Go on while there is one, also after a page without items."
    )


class AuditNarrowing(StrictSerializer):
    """Query parameters that narrow the log."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    actor = serializers.UUIDField(
        required=False, help_text="A person (also what keys did for them), a key, …"
    )
    action = serializers.RegexField(
        r"^[a-z_]+(\.[a-z_]*)?$", max_length=60, required=False, help_text="Or how it begins."
    )
    object_kind = serializers.CharField(max_length=40, required=False)
    object_id = serializers.CharField(max_length=64, required=False)
    workspace = serializers.CharField(max_length=64, required=False, help_text="Slug or id.")
    q = serializers.CharField(max_length=100, required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        # Words of Python that the API uses.
        fields["from"], fields["to"] = fields.pop("since"), fields.pop("until")
        return fields


class AuditQuery(AuditNarrowing):
    cursor = serializers.CharField(required=False)
    limit = serializers.CharField(required=False)


class AuditExportQuery(AuditNarrowing):
    format = serializers.ChoiceField(choices=["csv", "ndjson"], default="csv")


class AuditStreamInput(StrictSerializer):
    url = serializers.CharField(max_length=2000)
    secret = serializers.CharField(
        min_length=16,
        max_length=200,
        required=False,
        help_text="Signs what is sent. Left out: the one that is there stays.",
    )


class AuditStreamOutput(serializers.Serializer[Any]):
    url = serializers.CharField()
    state = serializers.ChoiceField(choices=["ACTIVE", "PAUSED"])
    last_error = serializers.CharField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    last_sent_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    pending = serializers.IntegerField(help_text="Entries that wait; 10,000 means at least so many")
    lag_seconds = serializers.IntegerField(help_text="Age of the oldest of them; 0 without one.")
