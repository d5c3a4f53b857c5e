"""
Bytes on disk for each stored event, with its indexes, against the JSON that was sent.

On native partitions, and on TimescaleDB, where it is there, before and after compression.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from bench.ingest import _event
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table

BATCH = 500
BATCHES = 200
AGE = timedelta(days=10)  # compressed is what does not change any more


def run() -> Table:
    """Measure each store."""
    rows: list[Row] = []
    with postgres() as server:
        for store in stores(server):
            with stack(server, store) as at:
                rows += _measure(at)
    return Table(title="Storage", rows=rows, notes=[f"{BATCH * BATCHES:,} events of ten days ago."])


def _measure(at: Stack) -> list[Row]:
    sent = _send(at)
    count = BATCH * BATCHES
    plain = _size(at)
    rows = [_row(at, "as stored", plain, sent, count)]
    if at.store == "timescale":
        with at.connect() as link:
            link.execute(
                "SELECT compress_chunk(chunk, true) FROM show_chunks('telemetry_event') AS chunk"
            )
        rows.append(_row(at, "compressed", _size(at), sent, count))
    return rows


def _row(at: Stack, how: str, stored: int, sent: int, count: int) -> Row:
    return Row(
        what=f"an event on {at.store}, {how}",
        measured=f"{stored / count:,.0f} B",
        reference=f"its JSON {sent / count:,.0f} B",
        budget=f"{stored / sent:.2f} of it, no budget",
    )


def _send(at: Stack) -> int:
    """Send the events; return how many bytes of JSON they were, without lists and headers."""
    began = datetime.now(UTC) - AGE
    size = 0
    requests = []
    for batch in range(BATCHES):
        events = [
            _event(number, began + timedelta(milliseconds=number))
            for number in range(batch * BATCH, (batch + 1) * BATCH)
        ]
        size += sum(len(json.dumps(event, separators=(",", ":"))) for event in events)
        requests.append(at.request("POST", f"{at.base}/events", json.dumps(events).encode()))
    fire(at.port, requests, clients=2)
    return size


def _size(at: Stack) -> int:
    """Return what the table takes with its indexes, after a vacuum."""
    with at.connect() as link:
        link.execute("VACUUM (ANALYZE) telemetry_event")
        if at.store == "timescale":
            query = "SELECT hypertable_size('telemetry_event')"
        else:
            query = (
                "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits"
                " WHERE inhparent = 'telemetry_event'::regclass"
            )
        found = link.execute(query).fetchone()
    assert found is not None
    return int(str(found[0]))
