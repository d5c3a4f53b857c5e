"""Which columns tables have, and when those changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import connection
from django.db.models import F, Window
from django.db.models.functions import DenseRank

from apps.lineage.models import SchemaSighting, SchemaVersion
from apps.lineage.schemas import Columns, SchemaChange, changes_of

VERSIONS: Final = 50  # of one table
VERSIONS_IN_ALL: Final = 1_000  # of several tables
DAYS: Final = 200  # on which a table was seen, the last ones


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """The columns that a table was last seen with, and how they came about, newest first."""

    columns: Columns
    changes: list[SchemaChange]


def schema_of(*, workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID]) -> TableSchema:
    """Return what is known of one table's columns, told under any of its ids."""
    versions = SchemaVersion.objects.filter(
        workspace_id=workspace_id, resource_id__in=list(resource_ids)
    )
    newest = list(versions.order_by("-last_seen", "hash")[:VERSIONS])
    if not newest:
        return TableSchema(columns=[], changes=[])
    columns = {version.hash: version.columns for version in newest}
    sightings = _sightings(workspace_id, resource_ids, columns) if len(columns) > 1 else {}
    return TableSchema(
        columns=newest[0].columns,
        changes=changes_of((one for each in sightings.values() for one in each), columns),
    )


def schema_changes(
    *, workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID], since: datetime, until: datetime
) -> list[tuple[uuid.UUID, SchemaChange]]:
    """Return what became of these tables' columns in this time."""
    columns: dict[uuid.UUID, dict[str, Columns]] = {}
    versions = SchemaVersion.objects.filter(
        workspace_id=workspace_id, resource_id__in=list(resource_ids), first_seen__lte=until
    )
    for version in versions.order_by("-last_seen", "resource_id", "hash")[:VERSIONS_IN_ALL]:
        columns.setdefault(version.resource_id, {})[version.hash] = version.columns
    # Most tables never had other columns, and of those nothing more is asked.
    several = [id_ for id_, known in columns.items() if len(known) > 1]
    changed = _seen_otherwise(workspace_id, several, since=since, until=until)
    return [
        (resource_id, change)
        for resource_id, seen in _sightings(
            workspace_id, changed, {hash_ for id_ in changed for hash_ in columns[id_]}, until
        ).items()
        for change in changes_of(seen, columns[resource_id])
        if since <= change.at <= until
    ]


# PERF: of 200 tables that two engines see each day, reading all days took six seconds.
_SEEN_OTHERWISE: Final = """
    SELECT DISTINCT resource_id FROM (
        SELECT resource_id, day, hashes,
               lag(hashes) OVER (PARTITION BY resource_id ORDER BY day) AS before
        FROM (
            SELECT resource_id, day, array_agg(hash ORDER BY hash) AS hashes
            FROM lineage_schemasighting
            WHERE workspace_id = %s AND resource_id = ANY(%s) AND first_seen <= %s
            GROUP BY resource_id, day
        ) AS days
    ) AS compared WHERE day BETWEEN %s AND %s AND hashes IS DISTINCT FROM before
"""


def _seen_otherwise(
    workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID], *, since: datetime, until: datetime
) -> list[uuid.UUID]:
    """
    Return those that were seen otherwise on a day of this time than on the day before.

    No others changed in it: a change is told of what was not seen on the day before, or is not
    seen any more.
    """
    if not resource_ids:
        return []
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(_SEEN_OTHERWISE, [workspace_id, list(resource_ids), until, first, last])
        return [resource_id for (resource_id,) in cursor.fetchall()]


def _sightings(
    workspace_id: uuid.UUID,
    resource_ids: Sequence[uuid.UUID],
    hashes: Iterable[str],
    until: datetime | None = None,
) -> dict[uuid.UUID, list[SchemaSighting]]:
    if not resource_ids:
        return {}
    rows = SchemaSighting.objects.filter(
        workspace_id=workspace_id,
        resource_id__in=list(resource_ids),
        # Whoever sends other columns with each event has more sets than are looked at.
        hash__in=list(hashes),
    )
    if until is not None:
        rows = rows.filter(first_seen__lte=until)
    # Whole days: of a day cut in two, the next one would seem to bring the rest.
    ago = Window(DenseRank(), partition_by="resource_id", order_by=F("day").desc())
    found: dict[uuid.UUID, list[SchemaSighting]] = {}
    for sighting in rows.annotate(ago=ago).filter(ago__lte=DAYS):
        found.setdefault(sighting.resource_id, []).append(sighting)
    return found
