"""
OpenLineage: events of runs, jobs and datasets. Pure.

One event a request, as the protocol says; a list of them is taken as well. The whole event stays
the payload. https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from apps.core.ids import derived_uuid7
from apps.ingest import limits
from apps.ingest.decode import Decoded, check_count, explain, malformed, readable
from apps.ingest.doors.items import (
    Collector,
    ItemRefused,
    Moment,
    Namespace,
    ResourceName,
    uuid_of,
)
from apps.telemetry.items import NewEvent, Relation, Resource
from apps.telemetry.limits import PAYLOAD_BYTES, RELATED_COUNT

SOURCE: Final = "openlineage"
# Of one event, of which all is read that is not stored, too: plans of Spark are that long at most.
EVENT_BYTES: Final = 8 * 1024 * 1024
KINDS: Final = frozenset({"start", "running", "complete", "fail", "abort", "other"})


class _Job(Struct, gc=False):
    namespace: Namespace
    name: ResourceName


class _RunId(Struct, rename="camel", gc=False):
    run_id: str


class _Root(Struct, gc=False):
    run: _RunId


class _Parent(Struct, gc=False):
    run: _RunId
    job: _Job
    root: _Root | None = None


class _RunFacets(Struct, gc=False):
    parent: _Parent | None = None


class _Run(Struct, rename="camel", gc=False):
    run_id: str
    facets: _RunFacets | None = None


class _Event(Struct, rename="camel", gc=False):
    event_time: Moment
    event_type: str | None = None
    run: _Run | None = None
    job: _Job | None = None
    dataset: _Job | None = None
    inputs: list[_Job] | None = None
    outputs: list[_Job] | None = None


_event = msgspec.json.Decoder(_Event)
_list = msgspec.json.Decoder(list[Raw])


def decode(body: bytes) -> Decoded:
    """
    Read one event, or a list of them.

    Raises: InvalidRequest when it is no JSON, BatchTooLarge for a list that is too long.
    """
    body = readable(body)
    found = Collector("events")
    for raw in _parts(body):
        found.begin(raw)
        try:
            found.add(*_read(raw))
        except ItemRefused as refused:
            found.refuse(refused)
    return found.decoded()


def _parts(body: bytes) -> list[bytes]:
    try:
        if body.lstrip()[:1] != b"[":
            msgspec.json.decode(body, type=Raw)
            return [body.strip()]
        parts = _list.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(error) from error
    check_count(len(parts), limits.FOREIGN_ITEMS)
    return [bytes(part) for part in parts]


def _read(raw: bytes) -> tuple[NewEvent, list[UUID]]:
    if len(raw) > EVENT_BYTES:
        raise ItemRefused(f"The event is over {EVENT_BYTES} bytes.", code="too_large")
    try:
        event = _event.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ItemRefused(*explain(error)) from error
    if event.run is not None and event.job is None:
        raise ItemRefused("An event of a run names its job.", "job")
    if event.job is not None:
        about = Resource(kind="job", namespace=event.job.namespace, name=event.job.name)
    elif event.dataset is not None:
        data = event.dataset
        about = Resource(kind="table", namespace=data.namespace, name=data.name)
    else:
        raise ItemRefused("Expected a run with a job, a job or a dataset.")
    if event.run is not None:
        name = f"openlineage.run.{_kind(event.event_type)}"
    else:
        name = "openlineage.job" if event.job is not None else "openlineage.dataset"
    related = [
        Relation(role=role, kind="table", namespace=each.namespace, name=each.name)
        for role, tables in (("reads", event.inputs), ("writes", event.outputs))
        for each in tables or ()
    ]
    claims: list[UUID] = []
    if event.run is not None:
        ids = [event.run.run_id]
        parent = event.run.facets and event.run.facets.parent
        if parent:
            ids.append(parent.run.run_id)
            if parent.root:
                ids.append(parent.root.run.run_id)
            job = parent.job
            # First, so that it is there also when an event names more tables than one may.
            related.insert(
                0, Relation(role="parent", kind="job", namespace=job.namespace, name=job.name)
            )
        claims = [found for each in ids if (found := uuid_of(each)) is not None]
    return (
        NewEvent(
            name=name,
            occurred_at=event.event_time,
            # By what was sent alone: whose it is may be found out between it and its repeat.
            id=derived_uuid7(event.event_time, SOURCE, raw.decode()),
            resource=about,
            related=related[:RELATED_COUNT],  # the payload has all of them
            payload=Raw(raw if len(raw) <= PAYLOAD_BYTES else _shortened(raw)),
            source=SOURCE,
        ),
        claims,
    )


def _kind(event_type: str | None) -> str:
    if event_type is None:
        return "other"
    kind = event_type.lower()
    if kind not in KINDS:
        raise ItemRefused("Expected START, RUNNING, COMPLETE, FAIL, ABORT or OTHER.", "eventType")
    return kind


def _shortened(raw: bytes) -> bytes:
    """
    Return the event without its largest facets, which `_headway.left_out` names.

    Query plans that engines send along are larger than anything that is asked of lineage.
    """
    event: dict[str, Any] = msgspec.json.decode(raw)
    places: list[tuple[int, str, dict[str, Any], str]] = []
    owners = [
        ("run", event.get("run")),
        ("job", event.get("job")),
        ("dataset", event.get("dataset")),
    ]
    for side in ("inputs", "outputs"):
        owners += [(f"{side}.{at}", each) for at, each in enumerate(event.get(side) or ())]
    for path, owner in owners:
        for group in ("facets", "inputFacets", "outputFacets"):
            facets = owner.get(group) if isinstance(owner, dict) else None
            if not isinstance(facets, dict):
                continue
            for name, facet in facets.items():
                size = len(msgspec.json.encode(facet)) + len(name) + 4
                places.append((size, f"{path}.{group}.{name}", facets, name))
    left_out: list[str] = []
    room = PAYLOAD_BYTES - len('"_headway":{"left_out":[]},')
    size = len(msgspec.json.encode(event))
    for facet_size, path, facets, name in sorted(places, key=lambda each: -each[0]):
        if size <= room:
            break
        del facets[name]
        left_out.append(path)
        size += len(path.encode()) + 3 - facet_size
    if size > room:
        raise ItemRefused(
            f"The event is over {PAYLOAD_BYTES} bytes, also without its facets.", code="too_large"
        )
    return msgspec.json.encode(event | {"_headway": {"left_out": left_out}})
