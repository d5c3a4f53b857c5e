"""What goes in and out of keys and of those who hold them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.clock import utc_now
from apps.core.http.serializers import StrictSerializer
from apps.tenancy.api.serializers import SCOPES, PersonOutput
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.selectors import KeyOwner, KeyState

DAY = 24 * 60 * 60


class KeyHolder(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ApiKeyOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    effective_scopes = serializers.ListField(
        child=serializers.CharField(),
        help_text="What of `scopes` its holder still has: nothing once they have left.",
    )
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    pool = serializers.SerializerMethodField(help_text="The only pool that the key serves, if any.")
    created_at = serializers.DateTimeField()
    created_by = PersonOutput(allow_null=True)
    service_account = KeyHolder(
        allow_null=True, help_text="Who holds the key; null: the person who made it."
    )
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="At most a minute behind.")
    last_used_from = serializers.CharField(allow_null=True, help_text="The caller's address then.")
    revoked_at = serializers.DateTimeField(allow_null=True)
    rotated_to = serializers.UUIDField(
        source="rotated_to_id", allow_null=True, help_text="The key that takes its place."
    )
    ends_by_rotation_at = serializers.DateTimeField(
        allow_null=True, help_text="The end of the overlap with `rotated_to`."
    )
    stale = serializers.BooleanField(
        source="is_stale", help_text="It would work, and was not used for 90 days."
    )

    def get_pool(self, key: Any) -> str | None:
        return key.pool or None


class ApiKeyPage(serializers.Serializer[Any]):
    items = ApiKeyOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class KeyWorkspace(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()


class PlacedApiKeyOutput(ApiKeyOutput):
    workspace = KeyWorkspace()


class PlacedApiKeyPage(serializers.Serializer[Any]):
    items = PlacedApiKeyOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class NewApiKeyOutput(ApiKeyOutput):
    secret = serializers.CharField()


def _future(moment: Any) -> Any:
    if moment is not None and moment <= utc_now():
        raise serializers.ValidationError("Must be in the future.")
    return moment


class ApiKeyInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    role = serializers.ChoiceField(choices=BuiltInRole.choices, required=False)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), required=False, allow_empty=False
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    pool = serializers.CharField(
        max_length=100,
        required=False,
        allow_null=True,
        help_text="With the role AGENT: the name of the only pool that the key serves.",
    )
    service_account_id = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="Who is to hold the key, if not the person who makes it.",
    )

    def validate_expires_at(self, moment: Any) -> Any:
        return _future(moment)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("role" in attrs) == ("scopes" in attrs):
            raise serializers.ValidationError({"role": ["Give either a role or scopes."]})
        return attrs


class RotationInput(StrictSerializer):
    overlap_seconds = serializers.IntegerField(
        min_value=0,
        max_value=7 * DAY,
        default=DAY,
        help_text="How long the old key goes on; a day, unless said otherwise.",
    )
    expires_at = serializers.DateTimeField(
        required=False, help_text="Of the new key; else it lives as long as this one was made for."
    )

    def validate_expires_at(self, moment: Any) -> Any:
        return _future(moment)


class HolderInput(StrictSerializer):
    service_account_id = serializers.UUIDField()


class KeyQuery(StrictSerializer):
    """The query parameters of a list of keys."""

    owner = serializers.ChoiceField(choices=[each.value for each in KeyOwner], required=False)
    state = serializers.ChoiceField(choices=[each.value for each in KeyState], required=False)
    service_account = serializers.UUIDField(required=False)
    pool = serializers.CharField(max_length=100, required=False)
    cursor = serializers.CharField(required=False)
    limit = serializers.CharField(required=False)


class ServiceAccountPlace(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="workspace.id")
    slug = serializers.CharField(source="workspace.slug")
    name = serializers.CharField(source="workspace.name")
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    role_name = serializers.SerializerMethodField(help_text="The words of either kind of role.")
    custom_role_id = serializers.UUIDField(allow_null=True)
    assignment_id = serializers.UUIDField(source="id")

    def get_role_name(self, row: Any) -> str:
        return row.custom_role.name if row.custom_role else BuiltInRole(row.role).label


class MakerOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class ServiceAccountOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    created_by = MakerOutput(allow_null=True)
    created_at = serializers.DateTimeField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Of its keys, the latest.")
    keys = serializers.IntegerField(help_text="How many of them work.")
    workspaces = ServiceAccountPlace(many=True)


class ServiceAccountPage(serializers.Serializer[Any]):
    items = ServiceAccountOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ServiceAccountInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ServiceAccountChange(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
