"""What comes in and goes out of the routes of the world view."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from rest_framework import serializers

from apps.core.clock import is_sensible
from apps.core.http.query import PageQuery, QuerySerializer
from apps.core.http.serializers import StrictSerializer
from apps.lineage.roles import Direction
from apps.lineage.selectors import MAX_DEPTH

DIRECTIONS = [(each.value, each.value) for each in Direction]
MAX_KINDS = 20


def _sensible(at: datetime) -> None:
    if not is_sensible(at):
        raise serializers.ValidationError("Out of all time.")


class ResourcesQuery(PageQuery):
    """`kind` may come several times."""

    repeatable: ClassVar = frozenset({"kind"})

    kind = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=MAX_KINDS
    )
    q = serializers.CharField(required=False, max_length=200)
    namespace = serializers.CharField(required=False, max_length=1_024, allow_blank=True)
    seen_since = serializers.DateTimeField(required=False, validators=[_sensible])


class GraphQuery(QuerySerializer):
    """`kind`: of those left out by default (`query`, `column`), which are wanted."""

    repeatable: ClassVar = frozenset({"kind"})

    focus = serializers.UUIDField()
    depth = serializers.IntegerField(required=False, min_value=1, max_value=MAX_DEPTH)
    direction = serializers.ChoiceField(choices=DIRECTIONS, required=False)
    kind = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=MAX_KINDS
    )
    columns = serializers.BooleanField(required=False)
    since = serializers.DateTimeField(required=False, validators=[_sensible])
    until = serializers.DateTimeField(required=False, validators=[_sensible])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        if since is not None and until is not None and until <= since:
            raise serializers.ValidationError({"until": ["Must be after `since`."]})
        return attrs


class ImpactQuery(QuerySerializer):
    since = serializers.DateTimeField(required=False, validators=[_sensible])


class AliasInput(StrictSerializer):
    """`alias_id` is then shown as `target_id`."""

    alias_id = serializers.UUIDField()
    target_id = serializers.UUIDField()


class WorldResourceOutput(serializers.Serializer[Any]):
    """One thing. `name` is normalised; `label` is what people read."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # Field has one of its own
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    count = serializers.IntegerField()


class ListedResourceOutput(WorldResourceOutput):
    alias_of = serializers.UUIDField(allow_null=True)


class WorldResourcePage(serializers.Serializer[Any]):
    items = ListedResourceOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    kinds = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many there are of each kind, unfiltered."
    )


class NeighbourOutput(serializers.Serializer[Any]):
    resource = WorldResourceOutput()
    role = serializers.CharField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    count = serializers.IntegerField()
    text = serializers.CharField(allow_null=True, help_text="Of a query: its last text.")


class NeighboursOutput(serializers.Serializer[Any]):
    """The most recent ones; `total` is how many there are."""

    items = NeighbourOutput(many=True)
    total = serializers.IntegerField()


class ColumnOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField(allow_blank=True)


class SchemaChangeOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    added = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    retyped = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Name, type before, type after.",
    )
    breaks_readers = serializers.BooleanField()


class ReadingOutput(serializers.Serializer[Any]):
    measure = serializers.CharField()
    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="Pairs of milliseconds since 1970 and value, the last of each hour.",
    )


class CheckOutput(serializers.Serializer[Any]):
    assertion = serializers.CharField()
    column = serializers.CharField(allow_null=True)
    ok = serializers.BooleanField()


class WorldResourceDetail(serializers.Serializer[Any]):
    """All that is known of one thing, of its aliases with it."""

    resource = WorldResourceOutput()
    alias_of = WorldResourceOutput(allow_null=True)
    aliases = WorldResourceOutput(many=True)
    description = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_null=True, help_text="Of a query.")
    dialect = serializers.CharField(allow_null=True)
    location = serializers.CharField(
        allow_null=True, help_text="Where the files of a table lie that a catalog calls otherwise."
    )
    checks = CheckOutput(many=True, help_text="The last ones that were told.")
    checked_at = serializers.DateTimeField(allow_null=True)
    columns = ColumnOutput(many=True)
    schema_changes = SchemaChangeOutput(many=True)
    readings = ReadingOutput(many=True)
    written_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)
    readers = NeighboursOutput()
    writers = NeighboursOutput()
    queries = NeighboursOutput()
    sources = NeighboursOutput()
    users_of = NeighboursOutput()
    owners = NeighboursOutput()
    parts = NeighboursOutput()
    others = NeighboursOutput()


class GraphNodeOutput(WorldResourceOutput):
    """`level`: steps from the focus, negative towards its sources. `more_…`: not shown."""

    level = serializers.IntegerField()
    more_up = serializers.IntegerField()
    more_down = serializers.IntegerField()


class GraphLineOutput(serializers.Serializer[Any]):
    """In the direction in which data flows; where none does, as it was told."""

    source_id = serializers.UUIDField()
    target_id = serializers.UUIDField()
    role = serializers.CharField()
    flows = serializers.BooleanField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    count = serializers.IntegerField()


class GraphOutput(serializers.Serializer[Any]):
    focus_id = serializers.UUIDField()
    nodes = GraphNodeOutput(many=True)
    lines = GraphLineOutput(many=True)
    truncated = serializers.BooleanField()


class AffectedOutput(serializers.Serializer[Any]):
    resource = WorldResourceOutput()
    distance = serializers.IntegerField()
    through_id = serializers.UUIDField(help_text="The one before it on the way.")


class WorldOwnerOutput(serializers.Serializer[Any]):
    resource = WorldResourceOutput()
    owns = serializers.ListField(child=serializers.UUIDField())


class ImpactOutput(serializers.Serializer[Any]):
    """Who is affected, nearest first."""

    affected = AffectedOutput(many=True)
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="By kind.")
    owners = WorldOwnerOutput(many=True)
    truncated = serializers.BooleanField()


class AliasOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    alias = WorldResourceOutput()
    target = WorldResourceOutput()
    created_at = serializers.DateTimeField()
    created_by = serializers.JSONField(allow_null=True)


class AliasPage(serializers.Serializer[Any]):
    items = AliasOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
