"""Query logs: what csv and json write of a query is the event that was meant, in every preset."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.querylog.decode import EXECUTED, FAILED, Log, decode
from apps.ingest.querylog.presets import PRESETS
from apps.ingest.querylog.rows import CSV, NDJSON
from apps.ingest.querylog.values import MOST
from apps.telemetry.items import NewEvent, Relation, Resource
from tests.unit.ingest.generated import moments, round_trip, texts

SERVER = "postgres://db:5432"
# As databases print what is not there.
NOTHING = {"NULL", "\\N", "null"}


def words(most: int = 40) -> st.SearchStrategy[str]:
    """Any text that a cell can mean: blanks around it mean nothing."""
    return texts(1, most).map(str.strip).filter(lambda text: bool(text) and text not in NOTHING)


tables = st.lists(
    words(20).filter(lambda name: "," not in name and name[0] not in "[{"), max_size=3, unique=True
)


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query as a system knows it."""

    statement: str
    user: str
    database: str
    ended_at: datetime
    duration_ms: int
    rows: int
    bytes_read: int
    id: str
    error: str
    reads: list[str]
    writes: list[str]

    @property
    def began_at(self) -> datetime:
        return self.ended_at - timedelta(milliseconds=self.duration_ms)


counts = st.integers(0, MOST)
queries = st.builds(
    Query,
    statement=words(200),
    user=words(),
    database=words(),
    ended_at=moments,
    duration_ms=st.integers(0, 10**9),
    rows=counts,
    bytes_read=counts,
    id=words(),
    error=st.just("") | words(),
    reads=tables,
    writes=tables,
)


def printed(at: datetime) -> str:
    """As databases print a time of UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f").zfill(26)


def generic(query: Query) -> dict[str, str]:
    return {
        "Query Text": query.statement,
        "user": query.user,
        "database": query.database,
        "ended_at": query.ended_at.isoformat(),
        "elapsed_seconds": f"{query.duration_ms / 1_000:.3f}",
        "rows": str(query.rows),
        "bytes": str(query.bytes_read),
        "query_id": query.id,
        "error": query.error,
        "reads": json.dumps(query.reads),
        "writes": ",".join(query.writes),
    }


def snowflake(query: Query) -> dict[str, str]:
    abroad = query.began_at - timedelta(hours=8), query.ended_at - timedelta(hours=8)
    return {
        "QUERY_ID": query.id,
        "QUERY_TEXT": query.statement,
        "DATABASE_NAME": query.database,
        "USER_NAME": query.user,
        "EXECUTION_STATUS": "FAIL" if query.error else "SUCCESS",
        "ERROR_MESSAGE": query.error,
        "START_TIME": f"{printed(abroad[0])} -0800",
        "END_TIME": f"{printed(abroad[1])} -0800",
        "TOTAL_ELAPSED_TIME": str(query.duration_ms),
        "BYTES_SCANNED": str(query.bytes_read),
        "ROWS_PRODUCED": str(query.rows),
        "REFERENCED_TABLES": json.dumps(query.reads),
        "DESTINATION_TABLE": json.dumps(query.writes),
    }


def clickhouse(query: Query) -> dict[str, str]:
    return {
        "type": "ExceptionWhileProcessing" if query.error else "QueryFinish",
        "event_time": printed(query.ended_at)[:19],
        "event_time_microseconds": printed(query.ended_at),
        "query_start_time_microseconds": printed(query.began_at),
        "query_duration_ms": str(query.duration_ms),
        "read_bytes": str(query.bytes_read),
        "result_rows": str(query.rows),
        "query": query.statement,
        "current_database": query.database,
        "user": query.user,
        "query_id": query.id,
        "exception": query.error,
        "reads": json.dumps(query.reads),
        "writes": json.dumps(query.writes),
    }


def written(row: dict[str, str], form: str) -> tuple[bytes, str]:
    """Return the file that holds the row, and its content type."""
    if form == "ndjson":
        return json.dumps(row).encode() + b"\n", NDJSON
    out = io.StringIO()
    lines = csv.writer(out, delimiter={"comma": ",", "semicolon": ";", "tab": "\t"}[form])
    lines.writerows([row, row.values()])
    return out.getvalue().encode(), CSV


def read(body: bytes, content_type: str, preset: str) -> NewEvent:
    log = Log(preset=PRESETS[preset], namespace=SERVER, zone=UTC)
    found = decode(body, content_type=content_type, log=log)
    assert (found.decoded.refusals, found.skipped) == ([], 0)
    (event,) = found.decoded.batch.events
    return event


def related(query: Query) -> list[Relation]:
    of_tables = [
        Relation(role=role, kind="table", name=name, namespace=SERVER)
        for role, names in (("reads", query.reads), ("writes", query.writes))
        for name in names
    ]
    return [
        Relation(role="executed_by", kind="user", name=query.user),
        Relation(role="on", kind="database", name=query.database, namespace=SERVER),
        *of_tables,
    ]


@pytest.mark.parametrize("form", ["comma", "semicolon", "tab", "ndjson"])
@pytest.mark.parametrize(
    ("preset", "as_row"),
    [("generic", generic), ("snowflake", snowflake), ("clickhouse", clickhouse)],
    ids=["generic", "snowflake", "clickhouse"],
)
@round_trip
@given(query=queries)
def test_a_row_is_the_query_that_was_meant(preset, as_row, form, query):
    event = read(*written(as_row(query), form), preset)

    assert event.name == (FAILED if query.error else EXECUTED)
    assert event.occurred_at == query.ended_at
    assert event.resource == Resource(kind="database", name=query.database, namespace=SERVER)
    assert event.related == related(query)
    payload = json.loads(bytes(event.payload))
    assert datetime.fromisoformat(payload.pop("started_at")) == query.began_at
    dialect = {} if preset == "generic" else {"dialect": preset}
    error = {"error": query.error} if query.error else {}
    assert payload == dialect | error | {
        "text": query.statement,
        "user": query.user,
        "database": query.database,
        "duration_ms": query.duration_ms,
        "rows": query.rows,
        "bytes_processed": query.bytes_read,
        "query_id": query.id,
    }


@round_trip
@given(query=queries, number=st.integers(1, 1 << 60))
def test_a_line_of_postgres_is_the_query_that_was_meant(query, number):
    said = f"duration: {query.duration_ms}.000 ms  statement: {query.statement}"
    out = io.StringIO()
    cells = [f"{printed(query.ended_at)[:23]} UTC", query.user, query.database, "77", "10.0.0.1:1"]
    cells += ["66f.1", str(number), "SELECT", "", "3/1", "0", "LOG", "00000", said]
    csv.writer(out).writerow(cells + [""] * 12)

    event = read(out.getvalue().encode(), CSV, "postgres")

    ended_at = query.ended_at.replace(microsecond=query.ended_at.microsecond // 1_000 * 1_000)
    assert event.occurred_at == ended_at
    assert event.related == related(query)[:2]
    payload = json.loads(bytes(event.payload))
    assert (payload["text"], payload["duration_ms"]) == (query.statement, query.duration_ms)
    began_at = ended_at - timedelta(milliseconds=query.duration_ms)
    assert datetime.fromisoformat(payload["started_at"]) == began_at
