"""What comes in and goes out of the routes of saved views."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.dashboards.enums import ViewPage
from apps.dashboards.services import may_change

MAX_QUERY = 4_000


class QueryStringField(serializers.RegexField):
    """A query string as it stands in an address."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            r"\A[!-~]*\Z",
            max_length=MAX_QUERY,
            allow_blank=True,
            trim_whitespace=False,
            help_text="What stands behind the `?` of the page’s address, percent-encoded.",
            error_messages={"invalid": "Must be percent-encoded: no spaces, ASCII only."},
            **options,
        )


class SavedViewQuery(PageQuery):
    page = serializers.ChoiceField(choices=ViewPage.choices, required=False)


class SavedViewInput(StrictSerializer):
    page = serializers.ChoiceField(choices=ViewPage.choices)
    name = serializers.CharField(max_length=120)
    query = QueryStringField()
    is_shared = serializers.BooleanField(
        default=False, help_text="For everybody in the workspace; needs `telemetry:manage`."
    )


class SavedViewChange(StrictSerializer):
    name = serializers.CharField(required=False, max_length=120)
    query = QueryStringField(required=False)
    is_shared = serializers.BooleanField(required=False)


class SavedViewOutput(serializers.Serializer[Any]):
    """Needs `actor` in its context."""

    id = serializers.UUIDField()
    page = serializers.ChoiceField(choices=ViewPage.choices)
    name = serializers.CharField()
    query = serializers.CharField()
    is_shared = serializers.BooleanField()
    owner = serializers.SerializerMethodField(help_text="Their name; null when a key made it.")
    may_change = serializers.SerializerMethodField(help_text="Also whether it may be deleted.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_owner(self, row: Any) -> str | None:
        return (row.owner and row.owner.name) or None

    def get_may_change(self, row: Any) -> bool:
        return may_change(row, self.context["actor"])


class SavedViewPage(serializers.Serializer[Any]):
    items = SavedViewOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
