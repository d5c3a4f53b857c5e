"""Query strings as strict as bodies: a misspelt filter is an error, not the whole list."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request

from apps.core.clock import EARLIEST, LATEST, is_sensible
from apps.core.http.serializers import StrictSerializer


class QuerySerializer(StrictSerializer):
    """A query string: names in `repeatable` may come several times, unknown ones are refused."""

    repeatable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """Return the validated query; raises DRF's ValidationError."""
        query = request.query_params
        form = cls(
            data={
                name: query.getlist(name) if name in cls.repeatable else query[name]
                for name in query
            }
        )
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)


def checked_range(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return what holds `since` and `until`; refuse a range that is empty or out of all time."""
    for name, at in (("from", attrs["since"]), ("to", attrs["until"])):
        if not is_sensible(at):
            between = f"{EARLIEST.year} and {LATEST.year}"
            raise serializers.ValidationError({name: [f"Must be between {between}."]})
    if attrs["until"] <= attrs["since"]:
        raise serializers.ValidationError({"to": ["Must be after `from`."]})
    return attrs


class PageQuery(QuerySerializer):
    """What every keyset page takes; `page_of` reads both."""

    cursor = serializers.CharField(required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=500)


class RangeQuery(QuerySerializer):
    """`from` and `to`; `since` and `until` in code, since `from` is a word of Python's."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(source="since")
        fields["to"] = serializers.DateTimeField(source="until")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return checked_range(attrs)
