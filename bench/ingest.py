"""
Events through HTTP against raw COPY of the same rows into the same table and indexes.

Both sides use as many clients, commit every 500 rows, and share the machine's cores with the
database. The reference is what a program with access to the database would do: processes that
COPY Python values with psycopg, in the binary format, checking nothing. A second one sends bytes
that were encoded beforehand; it measures the database and nothing else.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from apps.core.ids import uuid7
from apps.telemetry.store.tables import EVENT
from bench import cost
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table

BATCH = 500
BATCHES = 96
ROUNDS = 15  # of less than a second each: any hiccup of the machine is a whole one
SINGLE_ROUNDS = 5
# Which web process takes a connection is chance. Of four, all went to one of the two processes in
# every fourth round, and that round measured one core.
CLIENTS = 8
SINGLES = 3_000
SINGLE_CLIENTS = 16

Ready = Callable[[], object]


def _event(number: int, at: datetime) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "name": ("query.finished", "table.loaded", "query.started")[number % 3],
        "occurred_at": at.isoformat(),
        "resource": {"kind": "table", "name": f"orders_{number % 50}", "namespace": "warehouse"},
        "payload": {
            "sql": f"select * from orders where id = {number}",
            "rows": number % 977,
            "duration_ms": random.random() * 100,
            "user": "alice",
        },
        "run_id": str(uuid7()),
        "source": "sdk",
    }


def _events(count: int) -> list[dict[str, object]]:
    now = datetime.now(UTC)
    return [_event(n, now + timedelta(microseconds=n)) for n in range(count)]


def _row(event: dict[str, object], workspace_id: UUID, now: datetime) -> tuple[object, ...]:
    resource = event["resource"]
    assert isinstance(resource, dict)
    return (
        workspace_id,
        datetime.fromisoformat(str(event["occurred_at"])),
        UUID(str(event["id"])),
        event["name"],
        now,
        resource["kind"],
        resource["namespace"],
        resource["name"],
        None,
        Jsonb(event["payload"]),
        UUID(str(event["run_id"])),
        None,
        None,
        event["source"],
    )


class _Encoded(psycopg.copy.Writer):
    """Keeps what psycopg would send."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data


_COPY = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
    sql.Identifier(EVENT.name), sql.SQL(", ").join(map(sql.Identifier, EVENT.column_names))
)


def _encode(at: Stack, batches: Sequence[Sequence[dict[str, object]]]) -> list[bytes]:
    """Return each batch as the bytes of a binary COPY."""
    workspace_id, now = UUID(at.workspace_id), datetime.now(UTC)
    encoded: list[bytes] = []
    with at.connect() as link:
        for batch in batches:
            writer = _Encoded()
            with psycopg.Copy(link.cursor(), binary=True, writer=writer) as copy:
                copy.set_types(EVENT.column_types)
                for event in batch:
                    copy.write_row(_row(event, workspace_id, now))
            encoded.append(bytes(writer.data))
    return encoded


def _side_by_side(clients: int, client: Callable[[int, Ready], None]) -> float:
    """Run `client` in as many processes; return the seconds from when all were ready."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(clients + 1)
    processes = [
        context.Process(target=client, args=(number, ready.wait)) for number in range(clients)
    ]
    for process in processes:
        process.start()
    ready.wait()
    started = time.perf_counter()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - started
    assert all(process.exitcode == 0 for process in processes)
    return seconds


def _rows(
    at: Stack, batches: Sequence[Sequence[dict[str, object]]]
) -> list[list[tuple[object, ...]]]:
    workspace_id, now = UUID(at.workspace_id), datetime.now(UTC)
    return [[_row(event, workspace_id, now) for event in batch] for batch in batches]


def _copy_rows(at: Stack, rows: Sequence[Sequence[tuple[object, ...]]]) -> float:
    """Return the seconds that COPY takes for batches of rows, given as Python values."""

    def client(number: int, ready: Ready) -> None:
        with psycopg.connect(at.server.dsn("headway_app", at.database)) as link:
            ready()
            for batch in rows[number::CLIENTS]:
                with link.cursor().copy(_COPY) as copy:
                    copy.set_types(EVENT.column_types)
                    for row in batch:
                        copy.write_row(row)
                link.commit()

    return _side_by_side(CLIENTS, client)


def _copy_bytes(at: Stack, batches: Sequence[Sequence[dict[str, object]]]) -> float:
    """Return the seconds that COPY takes for the batches, encoded beforehand."""
    encoded = _encode(at, batches)

    def client(number: int, ready: Ready) -> None:
        with psycopg.connect(at.server.dsn("headway_app", at.database)) as link:
            ready()
            for data in encoded[number::CLIENTS]:
                with link.cursor().copy(_COPY) as copy:
                    copy.write(data)
                link.commit()

    return _side_by_side(CLIENTS, client)


def _batches() -> list[list[dict[str, object]]]:
    events = _events(BATCH * BATCHES)
    return [events[start : start + BATCH] for start in range(0, len(events), BATCH)]


class Rates(NamedTuple):
    """
    Events per second, medians of rounds in turn, and what one costs in processor time.

    `share`: what is sent of what is copied, the median of what each round gave.
    """

    sent: float
    copied: float
    share: float
    sent_cost: str
    copied_cost: str


def rates(at: Stack) -> Rates:
    """Send events by HTTP and by COPY."""
    count = BATCH * BATCHES
    warm = [
        at.request("POST", f"{at.base}/events", json.dumps(_events(BATCH)).encode())
        for _ in range(4 * CLIENTS)
    ]
    fire(at.port, warm, clients=CLIENTS)
    copied: list[float] = []
    sent: list[float] = []
    copied_cost, sent_cost = Counter[str](), Counter[str]()
    for _ in range(ROUNDS):
        rows = _rows(at, _batches())
        before = cost.spent()
        copied.append(_copy_rows(at, rows))
        copied_cost.update(cost.between(before, cost.spent()))
        requests = [
            at.request("POST", f"{at.base}/events", json.dumps(batch).encode())
            for batch in _batches()
        ]
        before = cost.spent()
        outcome = fire(at.port, requests, clients=CLIENTS)
        sent_cost.update(cost.between(before, cost.spent()))
        accepted = sum(json.loads(body)["accepted"] for body in outcome.bodies)
        assert accepted == count, f"{accepted} of {count} accepted"
        sent.append(outcome.seconds)
    return Rates(
        count / statistics.median(sent),
        count / statistics.median(copied),
        statistics.median(each / ours for each, ours in zip(copied, sent, strict=True)),
        cost.per_row(sent_cost, count * ROUNDS),
        cost.per_row(copied_cost, count * ROUNDS),
    )


def _measure_batches(at: Stack) -> list[Row]:
    http, copy, share, http_cost, copy_cost = rates(at)
    encoded = BATCH * BATCHES / _copy_bytes(at, _batches())
    return [
        Row(
            what=f"events in batches of {BATCH}, {CLIENTS} clients ({at.store})",
            measured=f"{http:,.0f}/s",
            reference=f"COPY of the same rows by {CLIENTS} processes {copy:,.0f}/s",
            budget=f"{share:.0%} of ≥ 60 %",
            holds=share >= 0.6,
        ),
        Row(
            what="… by µs of processor time an event",
            measured=http_cost,
            reference=f"COPY: {copy_cost}",
            budget="no budget",
        ),
        Row(
            what="… against the database alone",
            measured=f"{http:,.0f}/s",
            reference=f"COPY of bytes encoded beforehand {encoded:,.0f}/s",
            budget=f"{http / encoded:.0%}, no budget",
        ),
    ]


def _measure_singles(at: Stack) -> Row:
    inserts = [
        at.request("POST", "/bench/insert", json.dumps(event).encode())
        for event in _events(SINGLES)
    ]
    fire(at.port, inserts[:200], clients=SINGLE_CLIENTS)
    empty: list[float] = []
    single: list[float] = []
    for _ in range(SINGLE_ROUNDS):
        empty.append(fire(at.port, inserts, clients=SINGLE_CLIENTS).seconds)
        requests = [
            at.request("POST", f"{at.base}/events", json.dumps([event]).encode())
            for event in _events(SINGLES)
        ]
        outcome = fire(at.port, requests, clients=SINGLE_CLIENTS)
        assert all(json.loads(body)["accepted"] == 1 for body in outcome.bodies)
        single.append(outcome.seconds)
    ours, reference = SINGLES / statistics.median(single), SINGLES / statistics.median(empty)
    return Row(
        what=f"single events, {SINGLE_CLIENTS} clients ({at.store})",
        measured=f"{ours:,.0f}/s, p95 {outcome.percentile(0.95):.0f} ms",
        reference=f"empty view with one INSERT {reference:,.0f}/s",
        budget=f"{ours / reference:.0%} of ≥ 50 %",
        holds=ours / reference >= 0.5,
    )


def run() -> Table:
    """Measure on each store that the server offers."""
    rows: list[Row] = []
    with postgres() as server:
        for store in stores(server):
            with stack(server, store) as at:
                rows += [*_measure_batches(at), _measure_singles(at)]
    notes = [
        f"Medians of {ROUNDS} rounds ({SINGLE_ROUNDS} of single events), each of one side and then"
        " the other, and of what each gave of the other; two web processes, durable "
        "commits. Everything, the clients included, shares the machine's cores."
    ]
    if len(rows) < 8:
        notes.append("The server does not offer TimescaleDB: measured on native partitions only.")
    return Table(title="Ingest", rows=rows, notes=notes)
