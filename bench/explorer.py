"""
A store that fills, through HTTP: ingest at each size, and at the last one the explorer.

Rows are made in the store by SQL, with the rollups that ingest would have left. How many:
`EXPLORER_ROWS=50000000 python bench/run.py explorer` (5 million events otherwise, and a fifth as
many log lines), spread over 30 days. On the way there, at 1 and 10 million, batches of events are
sent and compared with COPY of the same rows into the same tables; at the last size once more, and
then pages and histograms of events by filter, logs and the live tail are asked for. Estimated
histograms are compared with what SQL counts. TimescaleDB's are measured once more when all parts
but those of the last week are compressed, as they are in use.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from apps.telemetry.search.parse import parse
from apps.telemetry.search.terms import EVENT_FIELDS
from apps.telemetry.store import conditions, tables
from bench import ingest
from bench.processes import live
from bench.stack import Outcome, Stack, fire, postgres, stack, stores
from bench.table import Row, Table

ROWS = int(os.environ.get("EXPLORER_ROWS", "5000000"))
LINES = ROWS // 5
DAYS = 30
STAGES = [*(size for size in (1_000_000, 10_000_000) if size < ROWS), ROWS]
PORTION = 250_000  # rows of one INSERT
RUN_EVENTS = 2_000  # every tenth of so many in a row belongs to one run
REPEATS = 100  # a p95 of fewer is the slowest of them
PAGE_MS = 150.0
HISTOGRAM_MS = 200.0
TAIL_MS = 1_000.0
TAIL_SECONDS = 15
TAIL_RATE = 1_000
BATCH = 50

# The run that row number n belongs to: a UUIDv7 of about the time of the first of its rows.
_RUN_OF = (
    "(lpad(to_hex((extract(epoch FROM %(began)s::timestamptz) * 1000)::bigint"
    f" - ((n - %(before)s) / {RUN_EVENTS} + 1) * (%(step)s * {RUN_EVENTS * 1_000})::bigint),"
    f" 12, '0') || '70008000' || lpad(to_hex(n / {RUN_EVENTS}), 12, '0'))::uuid"
)
_EVENTS = (
    "INSERT INTO telemetry_event (workspace_id, occurred_at, id, name, received_at,"
    " resource_kind, resource_name, resource_namespace, related, payload, run_id, source)"
    " SELECT %(workspace)s, at, gen_random_uuid(),"
    "  CASE WHEN n %% 100 = 99 THEN 'load.' || n / 100 %% 5 ELSE 'query.' || n %% 20 END,"
    "  at, 'table', 't' || n %% 50, 'lake',"
    "  jsonb_build_array(jsonb_build_object('role', 'by', 'kind', 'user', 'name',"
    "   'u' || n %% 30)),"
    "  jsonb_build_object('rows', n %% 1000, 'sql', 'select * from t' || n %% 50,"
    "   'status', CASE WHEN n %% 40 = 0 THEN 'timed out' ELSE 'ok' END),"
    f"  CASE WHEN n %% 10 = 0 THEN {_RUN_OF} END, 'sdk'"
    " FROM (SELECT n, %(began)s - make_interval(secs => (n - %(before)s) * %(step)s) AS at"
    "  FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) AS made"
)
_LINES = (
    "INSERT INTO telemetry_log_line SELECT %(workspace)s, CASE WHEN n %% 3 = 0"
    "  THEN '00000000-0000-0000-0000-000000000000'::uuid"
    f"  ELSE {_RUN_OF} END, %(began)s - make_interval(secs => (n - %(before)s) * %(step)s),"
    "  gen_random_uuid(), NULL, CASE WHEN n %% 50 = 0 THEN 40 ELSE 20 END,"
    "  'etl.' || n %% 9, 'loaded part ' || n || CASE WHEN n %% 40 = 0"
    "   THEN ' but it timed out' ELSE ' of the table' END"
    " FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n"
)

FILTERS = {
    "no filter": "",
    "a name": "name:query.7",
    "a beginning of names": "name:query.1*",
    "a resource": "kind:table resource:t7",
    "a path of the payload": "payload.rows:>900",
    "a text": '"timed out"',
    "a run": "run:{run}",
    "none of a name": "-name:query.*",
}
ESTIMATED = ("a resource", "a path of the payload", "a text")


def run() -> Table:
    """Measure on each store that the server offers."""
    rows: list[Row] = []
    with postgres() as server:
        for store in stores(server):
            with stack(server, store) as at:
                _make_room(at)
                held = 0
                for size in STAGES:
                    _fill(at, held, size)
                    _settle(at)
                    held = size
                    rows.append(_ingest(at, size))
                _roll_up(at)
                rows += _measure(at, _a_run(at))
                if store == "timescale":
                    _compress(at)
                    rows += [_histogram(at, what, "timescale, compressed") for what in ESTIMATED]
    return Table(
        title=f"Explorer, {ROWS:,} events and {LINES:,} log lines",
        rows=rows,
        notes=[
            f"{REPEATS} requests each, one client; times include HTTP and the client.",
            "Who asks for more than names has no rollup to count from: such histograms are"
            " estimated. How far the sum of all bars is off, and how many bars have their true"
            " count, as SQL counts it, within their margins.",
            f"Live tail: {TAIL_RATE:,} events/s for {TAIL_SECONDS} s by batches of {BATCH}, from"
            " before they are sent until a reader has them; of those that the tail shows.",
        ],
    )


def _make_room(at: Stack) -> None:
    now = datetime.now(UTC)
    rollups = (*tables.EVENT_ROLLUPS.values(), *tables.LOG_ROLLUPS.values())
    with at.connect("headway_owner") as link:
        for table in (tables.EVENT, tables.LOG_LINE, *rollups):
            for days in range(DAYS + 1):
                moment = now - timedelta(days=days)
                link.execute("SELECT telemetry_make_room(%s, %s)", (table.name, moment))


def _fill(at: Stack, held: int, size: int) -> None:
    """Add events until there are `size`, and a fifth as many lines; each time over all days."""
    _insert(at, _EVENTS, held, size)
    _insert(at, _LINES, held // 5, size // 5)
    with at.connect() as link:
        link.execute("VACUUM ANALYZE")


def _insert(at: Stack, statement: str, held: int, size: int) -> None:
    """Insert rows held + 1 to `size` by two connections, in portions."""
    values = {
        "workspace": at.workspace_id,
        "began": datetime.now(UTC),
        "before": held,
        "step": DAYS * 86_400 * 0.99 / (size - held),  # seconds between two rows
    }

    def insert(first: int) -> None:
        with at.connect() as link:
            link.execute("SET synchronous_commit = off")
            last = min(first + PORTION - 1, size)
            link.execute(statement, values | {"first": first, "last": last})

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(insert, range(held + 1, size + 1, PORTION)))


def _a_run(at: Stack) -> UUID:
    """Return a run whose events are a third of the way back."""
    with at.connect() as link:
        row = link.execute(
            "SELECT run_id FROM telemetry_event WHERE workspace_id = %s AND run_id IS NOT NULL"
            " AND occurred_at < now() - interval '10 days'"
            " ORDER BY occurred_at DESC LIMIT 1",
            (at.workspace_id,),
        ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def _ingest(at: Stack, size: int) -> Row:
    """Send events by HTTP and by COPY in turn, and take them out again."""
    began = datetime.now(UTC)
    sent, copied, share, _, _ = ingest.rates(at)
    with at.connect() as link:
        link.execute("DELETE FROM telemetry_event WHERE occurred_at >= %s", (began,))
        link.execute("VACUUM telemetry_event")
    return Row(
        what=f"events in batches of {ingest.BATCH}, {size / 1e6:g} million held ({at.store})",
        measured=f"{sent:,.0f}/s",
        reference=f"COPY of the same rows {copied:,.0f}/s",
        budget=f"{share:.0%} of ≥ 60 %",
        holds=share >= 0.6,
    )


def _settle(at: Stack) -> None:
    """Do at once what so many rows leave to be done: nothing else is measured along with it."""
    with at.connect() as link:
        link.execute("VACUUM (ANALYZE) telemetry_event")
        link.execute("CHECKPOINT")


def _roll_up(at: Stack) -> None:
    """Leave the counts that the rollup worker would have: minutes from rows, the rest from them."""
    with at.connect() as link:
        for kind, raw, counted in (
            ("event_count", "telemetry_event", ("name", "count(*)")),
            ("log_volume", "telemetry_log_line", ("level", "count(*), sum(octet_length(message))")),
        ):
            subject, measures = counted
            source, at_time = raw, "occurred_at"
            for width, unit in (("1m", "minute"), ("1h", "hour"), ("1d", "day")):
                link.execute(
                    f"INSERT INTO telemetry_{kind}_{width} SELECT workspace_id, {subject},"
                    f" date_trunc('{unit}', {at_time}, 'UTC'), {measures} FROM {source}"
                    " GROUP BY 1, 2, 3"
                )
                source, at_time = f"telemetry_{kind}_{width}", "bucket_at"
                measures = "sum(count)" + (", sum(bytes)" if kind == "log_volume" else "")


def _measure(at: Stack, run_id: UUID) -> list[Row]:
    now = datetime.now(UTC)
    span = f"from={_wire(now - timedelta(days=DAYS))}&to={_wire(now)}"
    rows: list[Row] = []
    for what, text in FILTERS.items():
        q = quote(text.format(run=run_id))
        page = _timed(at, f"{at.base}/events?limit=100&{span}&q={q}")
        rows.append(_row(at, f"page of events, {what}", page, PAGE_MS))
        rows.append(_histogram(at, what, at.store, run_id))
    rows += _logs(at, span)
    with live(at) as port:
        rows.append(_tail(at, port))
    return rows


def _histogram(at: Stack, what: str, where: str, run_id: UUID | None = None) -> Row:
    now = datetime.now(UTC)
    text = FILTERS[what].format(run=run_id)
    span = f"from={_wire(now - timedelta(days=DAYS))}&to={_wire(now)}"
    outcome = _timed(at, f"{at.base}/events/histogram?{span}&q={quote(text)}")
    found = json.loads(outcome.bodies[-1])
    reference = _off(at, text, found) if found["sample"] else ""
    return _row(at, f"30-day histogram, {what}", outcome, HISTOGRAM_MS, reference, where)


def _off(at: Stack, text: str, found: dict[str, Any]) -> str:
    """Return how far an estimate is off, by counting every event."""
    fits = conditions.of_events(parse(text, EVENT_FIELDS))
    step = found["step_seconds"]
    bars = {int(datetime.fromisoformat(bar["at"]).timestamp()): bar for bar in found["buckets"]}
    with at.connect() as link:
        counted = link.execute(
            "SELECT floor(extract(epoch FROM occurred_at))::bigint / %s * %s, count(*)"
            " FROM telemetry_event WHERE workspace_id = %s AND occurred_at >= to_timestamp(%s)"
            f" AND occurred_at < to_timestamp(%s){fits.sql} GROUP BY 1",
            (step, step, at.workspace_id, min(bars), max(bars) + step, *fits.parameters),
        ).fetchall()
    truth = dict.fromkeys(bars, 0) | {int(str(start)): int(str(count)) for start, count in counted}
    guessed = [start for start, bar in bars.items() if bar["is_estimate"]]
    held = sum(bars[start]["low"] <= truth[start] <= bars[start]["high"] for start in guessed)
    off = sum(bar["count"] for bar in bars.values()) / sum(truth.values()) - 1
    return f"{off:+.1%} of the true sum, {held} of {len(guessed)} bars within margins"


def _compress(at: Stack) -> None:
    """Compress as the janitor does."""
    with at.connect("headway_owner") as link:
        while link.execute(
            "SELECT telemetry_compress_before('telemetry_event', now() - interval '7 days')"
        ).fetchall():
            pass
    with at.connect() as link:
        link.execute("VACUUM ANALYZE telemetry_event")


def _logs(at: Stack, span: str) -> list[Row]:
    """Measure with the index that has the lines of all runs by time, and without it."""
    text = quote('"timed out"')
    asked = {
        "newest page of logs": f"{at.base}/logs?limit=100&{span}",
        "page of logs, a text": f"{at.base}/logs?limit=100&{span}&q={text}",
        "page of logs, errors": f"{at.base}/logs?limit=100&{span}&level=ERROR",
    }
    index = f"{tables.LOG_LINE.name}_workspace_id_occurred_at"
    with_index = {what: _timed(at, path) for what, path in asked.items()}
    with at.connect() as link:
        link.execute(f"DROP INDEX {index}")
    without = {what: _timed(at, path, repeats=4) for what, path in asked.items()}
    return [
        _row(
            at,
            what,
            outcome,
            PAGE_MS,
            reference=f"p95 {without[what].percentile(0.95):,.0f} ms without its index",
        )
        for what, outcome in with_index.items()
    ]


def _timed(at: Stack, path: str, *, repeats: int = REPEATS) -> Outcome:
    request = at.request("GET", path)
    fire(at.port, [request] * 2, clients=1)
    return fire(at.port, [request] * repeats, clients=1)


def _row(
    at: Stack,
    what: str,
    outcome: Outcome,
    limit: float,
    reference: str = "",
    where: str | None = None,
) -> Row:
    worst = outcome.percentile(0.95)
    body = json.loads(outcome.bodies[-1])
    if body.get("searched_to") or body.get("counted_from"):
        reference = reference or f"back to {body.get('searched_to') or body['counted_from']}"
    return Row(
        what=f"{what} ({where or at.store})",
        measured=f"p50 {outcome.percentile(0.5):.0f} ms, p95 {worst:.0f} ms",
        reference=reference,
        budget=f"p95 ≤ {limit:.0f} ms",
        holds=worst <= limit,
    )


def _wire(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _tail(at: Stack, port: int) -> Row:
    ages, counted = _listen(at, port)
    worst = _percentile(ages, 0.95)
    return Row(
        what=f"live tail, sent until shown ({at.store})",
        measured=f"p50 {_percentile(ages, 0.5):.0f} ms, p95 {worst:.0f} ms",
        reference=f"{len(ages):,} shown of {counted:,}",
        budget=f"p95 ≤ {TAIL_MS:.0f} ms",
        holds=worst <= TAIL_MS,
    )


def _percentile(values: Sequence[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)]


def _listen(at: Stack, port: int) -> tuple[list[float], int]:
    """Return how old the shown events were when they came, in ms, and how many came in all."""
    ages: list[float] = []
    hidden = 0
    path = f"{at.base}/streams/events?q={quote('name:tail.row')}"
    with socket.create_connection(("127.0.0.1", port), timeout=TAIL_SECONDS) as link:
        link.sendall(at.request("GET", path))
        frames = _frames(link)
        next(frames)  # it is open
        sender = threading.Thread(target=_send, args=(at,))
        sender.start()
        while len(ages) + hidden < TAIL_RATE * TAIL_SECONDS:
            kind, data = next(frames)
            if kind == "event":
                ages.append((time.time() - float(data["payload"]["sent_at"])) * 1_000)
            elif kind == "sampled":
                hidden += data["total"] - data["shown"]
            else:
                raise RuntimeError(f"The tail is {kind}: {data}")
        sender.join()
    return ages, len(ages) + hidden


def _send(at: Stack) -> None:
    began = time.monotonic()
    for step in range(TAIL_RATE * TAIL_SECONDS // BATCH):
        wait = began + step * BATCH / TAIL_RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        events = [
            {
                "name": "tail.row",
                "occurred_at": datetime.now(UTC).isoformat(),
                "payload": {"sent_at": time.time(), "number": step * BATCH + number},
            }
            for number in range(BATCH)
        ]
        body = json.dumps({"events": events}).encode()
        fire(at.port, [at.request("POST", f"{at.base}/ingest", body)], clients=1)


def _frames(link: socket.socket) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each event of the stream, and first that it is open; comments are passed over."""
    buffer, is_open = b"", False
    while data := link.recv(1 << 16):
        buffer += data
        if not is_open and b"retry:" in buffer:
            is_open = True
            yield "open", {}
        *whole, buffer = buffer.split(b"\n\n")
        for frame in whole:
            lines = [
                line for line in frame.split(b"\n") if line.startswith((b"event: ", b"data: "))
            ]
            if len(lines) == 2:
                yield lines[0][7:].decode(), json.loads(lines[1][6:])
