"""
What OpenLineage events tell of the world: jobs, datasets, and what their facets say of those.

Pure. The facets are those of OpenLineage's specification; docs/world.md names the ones that count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apps.lineage.names import Key, key_of, paths_of, place_of
from apps.lineage.told import (
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


def tell_of_openlineage(event: Facts, told: Told) -> None:
    payload = event.payload
    job = None
    if event.resource_kind and event.resource_name:
        job = key_of(event.resource_kind, event.resource_namespace, event.resource_name)
        told.things[job] = None
    for role, other in relations_of(event):
        if job is not None:
            told.link(job, PART_OF if role == PARENT else role, other)
        note_touches(event, told, [(role, other)])
    inputs = [_tell_of_dataset(each, told) for each in _dicts(payload.get("inputs"))]
    outputs = [_tell_of_dataset(each, told) for each in _dicts(payload.get("outputs"))]
    for described in _dicts([payload.get("dataset")]):
        _tell_of_dataset(described, told)
    if job is None:
        return
    facets = _facets(payload.get("job"))
    for role, tables in ((READS, inputs), (WRITES, outputs)):
        for key in tables:
            if key is not None:
                told.link(job, role, key)
                note_touches(event, told, [(role, key)])
    for owner in _owners(facets):
        told.link(job, OWNED_BY, owner)
    text = text_of(facets.get("sql", {}).get("query"))
    if text:
        place = place_of(next((key.namespace for key in [*outputs, *inputs] if key), None))
        query = note_query(text, place, told)
        told.link(query, EXECUTED_BY, job)
        for role, tables in ((READS, inputs), (WRITES, outputs)):
            for key in tables:
                if key is not None:
                    told.link(query, role, key)
    kind = facets.get("jobType", {})
    if integration := text_of(kind.get("integration")):
        told.facets[job, "integration"] = integration[:100]
    if description := text_of(facets.get("documentation", {}).get("description")):
        told.facets[job, "description"] = description[:2_000]


def _dicts(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [each for each in value[:PARTIES] if isinstance(each, dict)]


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


def _tell_of_dataset(described: Mapping[str, Any], told: Told) -> Key | None:
    name = text_of(described.get("name"))
    if name is None:
        return None
    table = key_of("table", text_of(described.get("namespace")), name)
    told.things[table] = None
    facets = _facets(described)
    if fields := columns_of(_dicts(facets.get("schema", {}).get("fields"))):
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
    _tell_of_columns(table, facets.get("columnLineage", {}), told)
    return table


def _tell_of_columns(table: Key, lineage: Mapping[str, Any], told: Told) -> None:
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
            origin = key_of("table", text_of(source.get("namespace")), name)
            told.link(made, DEPENDS_ON, origin.column(of[:200]))
            told.link(made, PART_OF, table)
            told.link(origin.column(of[:200]), PART_OF, origin)
            told.link(table, DEPENDS_ON, origin)
