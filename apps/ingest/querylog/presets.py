"""
What the columns of query logs are called, by whom. Pure.

Names are compared in lower case, with `_` for what is neither letter nor digit. A preset's own
names go before those that everybody's columns are known by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

Names = Mapping[str, str]  # a column's name → our field

_ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "statement": ("statement", "query", "query_text", "text", "sql", "sql_text", "querytxt"),
    "user": ("user", "user_name", "username", "usename", "user_email", "db_user"),
    "database": ("database", "database_name", "db", "dbname", "datname", "catalog"),
    "schema": ("schema", "schema_name"),
    "started_at": (
        "started_at",
        "start_time",
        "starttime",
        "query_start_time",
        "start",
        "began_at",
    ),
    "ended_at": ("ended_at", "end_time", "endtime", "end", "event_time", "timestamp", "time"),
    "duration_ms": ("duration", "duration_ms", "elapsed_ms", "total_elapsed_time", "elapsed"),
    "duration_s": ("duration_s", "duration_seconds", "elapsed_seconds"),
    "duration_us": ("duration_us", "elapsed_us"),
    "rows": ("rows", "row_count", "rows_produced", "result_rows", "output_rows"),
    "bytes_processed": (
        *("bytes", "bytes_processed", "bytes_scanned", "total_bytes_processed", "read_bytes"),
    ),
    "bytes_billed": ("bytes_billed", "total_bytes_billed"),
    "credits": ("credits", "credits_used"),
    "tables": ("tables",),
    "reads": ("reads", "referenced_tables"),
    "writes": ("writes", "destination_table"),
    "query_id": ("query_id", "queryid", "job_id"),
    "status": ("status", "state", "execution_status"),
    "error": ("error", "error_message", "error_result", "exception"),
    "warehouse": ("warehouse", "warehouse_name"),
    "tags": ("query_tag", "tags", "labels"),
}
EVERYBODY: Final[Names] = {name: ours for ours, names in _ALIASES.items() for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How one system's query log is read."""

    dialect: str | None = None
    names: Names = field(default_factory=dict)
    is_utc: bool = False  # times without an offset are UTC
    columns: Sequence[str] = ()  # of CSV without a header
    # What a row is, where rows are of several kinds: the column, and the values that count.
    kinds: tuple[str, frozenset[str]] | None = None
    in_message: bool = False  # the statement and its duration stand in a line for people


PRESETS: Final[Mapping[str, Preset]] = {
    "generic": Preset(),
    # SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY, and INFORMATION_SCHEMA's.
    "snowflake": Preset(dialect="snowflake", names={"total_elapsed_time": "duration_ms"}),
    # INFORMATION_SCHEMA.JOBS
    "bigquery": Preset(
        dialect="bigquery", names={"project_id": "database", "query": "statement"}, is_utc=True
    ),
    # STL_QUERY and SYS_QUERY_HISTORY: `query` is a number in the one.
    "redshift": Preset(
        dialect="redshift",
        names={
            "query": "query_id",
            "querytxt": "statement",
            "userid": "user",
            "user_id": "user",
            "aborted": "status",
            "elapsed_time": "duration_us",
            "execution_time": "duration_us",
        },
        is_utc=True,
    ),
    # system.runtime.queries, and the events of an event listener. `state` may be an error's.
    "trino": Preset(
        dialect="trino",
        names={"created": "started_at", "create_time": "started_at", "catalog": "database"},
        is_utc=True,
    ),
    # system.query_log: a query is there when it began and when it ended.
    "clickhouse": Preset(
        dialect="clickhouse",
        names={
            "current_database": "database",
            "query_duration_ms": "duration_ms",
            "query_start_time_microseconds": "started_at",
            "event_time_microseconds": "ended_at",
        },
        is_utc=True,
        kinds=("type", frozenset({"queryfinish", "exceptionwhileprocessing", "2", "4"})),
    ),
    # log_destination = csvlog: no header; with log_min_duration_statement.
    "postgres": Preset(
        dialect="postgres",
        is_utc=True,
        in_message=True,
        columns=(
            *("log_time", "user_name", "database_name", "process_id", "connection_from"),
            *("session_id", "session_line_num", "command_tag", "session_start_time"),
            *("virtual_transaction_id", "transaction_id", "error_severity", "sql_state_code"),
            *("message", "detail", "hint", "internal_query", "internal_query_pos", "context"),
            *("error_query", "query_pos", "location", "application_name", "backend_type"),
            *("leader_pid", "computed_id"),
        ),
    ),
}
PRESETS_BY_NAME: Final = {**PRESETS, "presto": PRESETS["trino"]}

_OTHER = re.compile(r"[^0-9a-z]+")


@lru_cache(maxsize=4_096)
def column_name(given: str) -> str:
    """Return a column's name as names are compared."""
    return _OTHER.sub("_", given.strip().lower()).strip("_")


def fields_of(columns: Sequence[str], preset: Preset) -> dict[str, list[str]]:
    """
    Return for each of our fields the columns that may hold it, the likeliest first.

    A preset's own names go before everybody's, and those before columns further right.
    """
    found: dict[str, list[str]] = {}
    for names in (preset.names, EVERYBODY):
        for column in columns:
            name = column_name(column)
            if (ours := names.get(name)) is None or (names is EVERYBODY and name in preset.names):
                continue
            if column not in (places := found.setdefault(ours, [])):
                places.append(column)
    return found
