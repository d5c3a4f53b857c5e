"""What user code says about its work: events, metrics, log lines."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from headway._capture import prepare_loggers, root_logger
from headway._clock import iso, iso_from_ns, now_ns
from headway._context import find_run_id, find_scope
from headway._ids import uuid7
from headway._recording import get_recorder
from headway._say import say

if TYPE_CHECKING:
    from headway._records import RelatedRef, ResourceRef

MAX_PAYLOAD_BYTES = 64 * 1024


def emit_event(
    name: str,
    *,
    resource: ResourceRef | None = None,
    related: Sequence[RelatedRef] = (),
    payload: Mapping[str, object] | None = None,
    follows: str | None = None,
    occurred_at: datetime | None = None,
) -> str:
    """
    Record a fact with a time and return its id, for a later event that follows from it.

    Inside a flow the event belongs to the run and task run. The payload is taken as it is now;
    one over 64 KiB as JSON is refused here, since the server would.

    >>> from headway import emit_event
    >>> event_id = emit_event(
    ...     "table.loaded",
    ...     resource={"kind": "table", "name": "raw.orders"},
    ...     payload={"rows": 1200},
    ... )
    """
    if not name or not isinstance(name, str):
        raise ValueError("An event needs a name.")
    event_id = uuid7()
    recorder = get_recorder()
    if not recorder.enabled:
        return event_id
    import json

    from headway._json import encode
    from headway._records import EventRecord

    text = encode(payload) if payload is not None else None
    if text is not None and len(text.encode()) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"The payload of {name!r} is over 64 KiB as JSON.")
    scope = find_scope()
    recorder.event(
        EventRecord(
            id=event_id,
            name=name,
            occurred_at=iso(occurred_at) if occurred_at else iso_from_ns(now_ns()),
            resource=resource,
            related=list(related) or None,
            payload=json.loads(text) if text is not None else None,
            run_id=find_run_id(scope),
            task_run_id=scope.task_run.id if scope and scope.task_run else None,
            follows=follows,
        )
    )
    return event_id


def metric(
    name: str,
    value: float,
    *,
    unit: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> None:
    """
    Record a number now, as a point of the metric `name`.

    Labels tell series apart, so keep their values few. A value that is no number (NaN, infinite)
    is dropped with a word on stderr.

    >>> from headway import metric
    >>> metric("rows_loaded", 1200, unit="rows", labels={"table": "raw.orders"})
    """
    recorder = get_recorder()
    if not recorder.enabled:
        return
    number = float(value)
    if not math.isfinite(number):
        say(f"metric {name!r} is {number}; dropped.")
        return
    from headway._records import Point

    scope = find_scope()
    recorder.point(
        Point(
            id=uuid7(),
            name=name,
            occurred_ns=now_ns(),
            value=number,
            labels={key: str(label) for key, label in labels.items()} if labels else None,
            unit=unit,
            run_id=find_run_id(scope),
        )
    )


def get_logger(name: str | None = None) -> logging.Logger:
    """
    Return a logger whose lines are recorded with the run and task run they are logged in.

    It shows its lines on stderr unless the program has set up logging itself. Other loggers'
    lines are recorded too, from the level their configuration lets through.

    >>> from headway import get_logger
    >>> get_logger("orders").name
    'headway.run.orders'
    """
    prepare_loggers()
    return root_logger.getChild(name) if name else root_logger
