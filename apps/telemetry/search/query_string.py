"""The search as it stands in a query string; the same for every route that takes one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from rest_framework import serializers

from apps.core.clock import EARLIEST, LATEST, is_sensible
from apps.core.http.query import QuerySerializer
from apps.telemetry import limits
from apps.telemetry.search.parse import MAX_LENGTH, parse
from apps.telemetry.search.terms import EVENT_FIELDS, Fields, Query, text_is

_SHORTHANDS = {
    "name": "name",
    "resource_kind": "kind",
    "resource_name": "resource",
    "related_kind": "related.kind",
    "related_name": "related",
    "run_id": "run",
}
_LONGEST = limits.RESOURCE_NAME_LENGTH + 1


class SearchQuery(QuerySerializer):
    """`q` and an optional `from` and `to`; `read` returns it with `query`, `since` and `until`."""

    row_fields: ClassVar[Fields] = EVENT_FIELDS

    q = serializers.CharField(
        required=False,
        trim_whitespace=False,
        allow_blank=True,
        # One more: what is too long is refused with the place, as whatever else cannot be read.
        max_length=MAX_LENGTH * 4,
        help_text="What to look for, in the language of docs/explorer.md.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(source="since", required=False)
        fields["to"] = serializers.DateTimeField(source="until", required=False)
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since: datetime | None = attrs.get("since")
        until: datetime | None = attrs.get("until")
        for name, at in (("from", since), ("to", until)):
            if at is not None and not is_sensible(at):
                between = f"{EARLIEST.year} and {LATEST.year}"
                raise serializers.ValidationError({name: [f"Must be between {between}."]})
        if since is not None and until is not None and until <= since:
            raise serializers.ValidationError({"to": ["Must be after `from`."]})
        attrs["query"] = self._asked(attrs)
        return attrs

    def _asked(self, attrs: dict[str, Any]) -> Query:
        return parse(attrs.get("q", ""), self.row_fields)


class EventQuery(SearchQuery):
    """Which events: `q`, or parameters for the most usual; all of them must hold."""

    name = serializers.CharField(
        required=False, max_length=_LONGEST, help_text="Exact, or a prefix followed by `*`."
    )
    resource_kind = serializers.CharField(required=False, max_length=_LONGEST)
    resource_name = serializers.CharField(required=False, max_length=_LONGEST)
    related_kind = serializers.CharField(required=False, max_length=_LONGEST)
    related_name = serializers.CharField(required=False, max_length=_LONGEST)
    run_id = serializers.UUIDField(required=False)

    def _asked(self, attrs: dict[str, Any]) -> Query:
        plain = [
            text_is(field, str(attrs[name])) for name, field in _SHORTHANDS.items() if name in attrs
        ]
        return (*plain, *super()._asked(attrs))
