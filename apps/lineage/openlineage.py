"""
What OpenLineage events tell of the world: jobs, datasets, and what their facets say of those.

Pure. The facets are those of OpenLineage's specification; docs/world.md names the ones that count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from apps.lineage.names import Key, key_of, paths_of, place_of
from apps.lineage.told import (
    COLUMNS,
    DEPENDS_ON,
    EXECUTED_BY,
    OWNED_BY,
    PARENT,
    PART_OF,
    PARTIES,
    READS,
    WRITES,
    Facts,
    Told,
    columns_of,
    note_query,
    note_touches,
    number_of,
    relations_of,
    text_of,
)

COLUMN_LINKS: Final = 1_000  # of one event
OWNERS: Final = 20
NAME_LENGTH: Final = 2_000  # of a table, in its catalog
# What breaks those who read; how columns are altered is told by what they become.
LIFECYCLE: Final = frozenset({"DROP", "RENAME", "TRUNCATE"})
LOCATION: Final = "location"  # a facet: where the files of a table lie


def tell_of_openlineage(event: Facts, told: Told) -> None:
    payload = event.payload
    inputs, outputs = _dicts(payload.get("inputs")), _dicts(payload.get("outputs"))
    datasets = _dicts([payload.get("dataset")])
    catalog = _Catalog([*inputs, *outputs, *datasets])
    job = None
    if event.resource_kind and event.resource_name:
        job = catalog.key_of(event.resource_kind, event.resource_namespace, event.resource_name)
        told.things[job] = None
    for role, named in relations_of(event):
        other = catalog.known_as.get(named, named)
        if job is not None:
            told.link(job, PART_OF if role == PARENT else role, other)
        note_touches(event, told, [(role, other)])
    read = [_tell_of_dataset(event, each, catalog, told) for each in inputs]
    written = [_tell_of_dataset(event, each, catalog, told) for each in outputs]
    for described in datasets:
        _tell_of_dataset(event, described, catalog, told)
    if job is None:
        return
    facets = _facets(payload.get("job"))
    for role, tables in ((READS, read), (WRITES, written)):
        for key in tables:
            if key is not None:
                told.link(job, role, key)
                note_touches(event, told, [(role, key)])
    for owner in _owners(facets):
        told.link(job, OWNED_BY, owner)
    text = text_of(facets.get("sql", {}).get("query"))
    if text:
        place = place_of(next((key.namespace for key in [*written, *read] if key), None))
        query = note_query(text, place, told)
        told.link(query, EXECUTED_BY, job)
        for role, tables in ((READS, read), (WRITES, written)):
            for key in tables:
                if key is not None:
                    told.link(query, role, key)
    kind = facets.get("jobType", {})
    if integration := text_of(kind.get("integration")):
        told.facets[job, "integration"] = integration[:100]
    if description := text_of(facets.get("documentation", {}).get("description")):
        told.facets[job, "description"] = description[:2_000]


class _Catalog:
    """
    By which names the datasets of one event are known.

    Engines that write files name a table by where those lie, and say beside it (`symlinks`) what
    the catalog calls it. That name is the table's, for it is the one that queries use.
    """

    def __init__(self, datasets: Iterable[Mapping[str, Any]]) -> None:
        self.known_as: dict[Key, Key] = {}
        for described in datasets:
            name, called = text_of(described.get("name")), _symlink(described, "TABLE")
            if name is not None and called is not None:
                own = key_of("table", text_of(described.get("namespace")), name)
                self.known_as[own] = key_of("table", *called)

    def key_of(self, kind: str, namespace: str | None, name: str) -> Key:
        own = key_of(kind, namespace, name)
        return self.known_as.get(own, own)


def _symlink(described: Mapping[str, Any], kind: str) -> tuple[str | None, str] | None:
    """Return the first other identity of this kind, as namespace and name."""
    for each in _dicts(_facets(described).get("symlinks", {}).get("identifiers")):
        name = text_of(each.get("name"))
        namespace = text_of(each.get("namespace"))
        short = len(name or "") <= NAME_LENGTH and len(namespace or "") <= NAME_LENGTH
        if name is not None and short and str(each.get("type")).upper() == kind:
            return namespace, name
    return None


def _dicts(value: object, most: int = PARTIES) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [each for each in value[:most] if isinstance(each, dict)]


def _facets(holder: object, name: str = "facets") -> dict[str, dict[str, Any]]:
    found = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(found, dict):
        return {}
    return {key: each for key, each in found.items() if isinstance(each, dict)}


def _owners(facets: Mapping[str, dict[str, Any]]) -> list[Key]:
    names = [
        text_of(each.get("name")) or ""
        for each in _dicts(facets.get("ownership", {}).get("owners"))
    ]
    return [
        # `team:data`, `user:jane@…`: the spec leaves the form to the sender.
        key_of("user", None, name.removeprefix("user:")) for name in paths_of(names)[:OWNERS]
    ]  # fmt: skip


def _tell_of_dataset(
    event: Facts, described: Mapping[str, Any], catalog: _Catalog, told: Told
) -> Key | None:
    name = text_of(described.get("name"))
    if name is None:
        return None
    own = key_of("table", text_of(described.get("namespace")), name)
    table = catalog.known_as.get(own, own)
    told.things[table] = None
    location = _symlink(described, "LOCATION")
    if table != own or location is not None:
        lies_at = key_of("table", *location) if location is not None else own
        told.facets[table, LOCATION] = {"namespace": lies_at.namespace, "name": lies_at.name}
    facets = _facets(described)
    if fields := columns_of(_dicts(facets.get("schema", {}).get("fields"), COLUMNS)):
        told.schemas[table] = fields
    for owner in _owners(facets):
        told.link(table, OWNED_BY, owner)
    if description := text_of(facets.get("documentation", {}).get("description")):
        told.facets[table, "description"] = description[:2_000]
    statistics = _facets(described, "outputFacets").get("outputStatistics", {})
    quality = (
        _facets(described, "inputFacets").get("dataQualityMetrics")
        or facets.get("dataQualityMetrics")
        or {}
    )
    # Rows written are not rows held: an append writes some, a metric counts all.
    for measure, value in (
        ("rows", quality.get("rowCount")),
        ("bytes", quality.get("bytes")),
        ("rows_written", statistics.get("rowCount")),
        ("bytes_written", statistics.get("size")),
    ):
        if (number := number_of(value)) is not None:
            told.readings[table, measure] = number
    checks = _facets(described, "inputFacets").get("dataQualityAssertions") or facets.get(
        "dataQualityAssertions"
    )
    if checks is not None:
        results = [
            {
                "assertion": str(each.get("assertion"))[:200],
                "column": str(each["column"])[:200] if each.get("column") else None,
                "ok": each.get("success") is True,
            }
            for each in _dicts(checks.get("assertions"))
        ]
        if results:
            told.facets[table, "checks"] = results
    run_id = str(event.run_id) if event.run_id is not None else None
    _tell_of_lifecycle(table, facets.get("lifecycleStateChange", {}), run_id, catalog, told)
    _tell_of_columns(table, facets.get("columnLineage", {}), catalog, told)
    return table


def _tell_of_lifecycle(
    table: Key, changed: Mapping[str, Any], run_id: str | None, catalog: _Catalog, told: Told
) -> None:
    change = str(changed.get("lifecycleStateChange")).upper()
    if change not in LIFECYCLE:
        return
    previous = changed.get("previousIdentifier")
    if change == "RENAME" and isinstance(previous, dict) and text_of(previous.get("name")):
        # The dataset bears the new name: who reads it by the one before finds nothing.
        table = catalog.key_of("table", text_of(previous.get("namespace")), previous["name"])
        told.things[table] = None
    told.facets[table, "lifecycle"] = {"change": change, "run_id": run_id}


def _tell_of_columns(table: Key, lineage: Mapping[str, Any], catalog: _Catalog, told: Told) -> None:
    fields = lineage.get("fields")
    if not isinstance(fields, dict):
        return
    links = 0
    for column, described in fields.items():
        if not isinstance(described, dict) or not isinstance(column, str) or not column.strip():
            continue
        made = table.column(column[:200])
        for source in _dicts(described.get("inputFields")):
            name, of = text_of(source.get("name")), text_of(source.get("field"))
            if name is None or of is None:
                continue
            if links >= COLUMN_LINKS:
                return
            links += 1
            origin = catalog.key_of("table", text_of(source.get("namespace")), name)
            told.link(made, DEPENDS_ON, origin.column(of[:200]))
            told.link(made, PART_OF, table)
            told.link(origin.column(of[:200]), PART_OF, origin)
            told.link(table, DEPENDS_ON, origin)
