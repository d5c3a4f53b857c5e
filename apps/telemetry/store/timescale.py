"""
The TimescaleDB store: hypertables with compression; only here is the extension spoken to.

Parts come by themselves. Compression and dropping are called by the janitor and not by the
extension's own background jobs: one place decides about retention in both stores, and a server
without background workers loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from apps.telemetry.store.port import (
    Cursor,
    Part,
    create_index_sql,
    create_table_sql,
    function_privileges_sql,
    index_name,
    privileges_sql,
    specs_sql,
)
from apps.telemetry.store.tables import TimeTable

_FUNCTIONS = """
CREATE FUNCTION telemetry_make_room(table_name text, at timestamptz) RETURNS text
LANGUAGE sql AS 'SELECT NULL::text';

CREATE FUNCTION telemetry_drop_before(table_name text, before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '3s'
AS $body$
DECLARE
    part text;
BEGIN
    IF table_name NOT IN (SELECT name FROM (VALUES {specs}) AS known (name, days, by_id)) THEN
        RAISE EXCEPTION '% is not a time-series table', table_name;
    END IF;
    FOR part IN SELECT drop_chunks(('public.' || table_name)::regclass, older_than => before)
    LOOP
        RETURN NEXT part;
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RETURN;  -- a long reader; the janitor comes again
END
$body$;

CREATE FUNCTION telemetry_compress_before(table_name text, before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '3s'
AS $body$
DECLARE
    part regclass;
BEGIN
    IF table_name NOT IN (SELECT name FROM (VALUES {specs}) AS known (name, days, by_id)) THEN
        RAISE EXCEPTION '% is not a time-series table', table_name;
    END IF;
    FOR part IN
        SELECT chunk
        FROM show_chunks(('public.' || table_name)::regclass, older_than => before) AS chunk
        JOIN timescaledb_information.chunks
            ON format('%I.%I', chunk_schema, chunk_name)::regclass = chunk
        WHERE NOT is_compressed
        LIMIT 1
    LOOP
        PERFORM compress_chunk(part);
        RETURN NEXT part::text;
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$body$;
"""


class TimescaleStore:
    """Postgres with the TimescaleDB extension created in the database."""

    name = "timescale"
    compresses = True

    def create(self, cursor: Cursor, tables: Sequence[TimeTable]) -> None:
        for table in tables:
            cursor.execute(create_table_sql(table))
            cursor.execute(
                f"SELECT create_hypertable('{table.name}',"
                f" by_range('{table.column}', interval '{table.days} days'),"
                " create_default_indexes => false)"
            )
            for statement in create_index_sql(table):
                cursor.execute(statement)
            cursor.execute(
                f"ALTER TABLE {table.name} SET (timescaledb.compress,"
                f" timescaledb.compress_segmentby = '{', '.join(table.segment_by)}',"
                f" timescaledb.compress_orderby = '{', '.join(table.order_by)}')"
            )
            cursor.execute(privileges_sql(table))
        cursor.execute(_FUNCTIONS.format(specs=specs_sql(tables)))
        cursor.execute(function_privileges_sql())

    def build_index(self, cursor: Cursor, table: TimeTable, columns: Sequence[str]) -> None:
        name = index_name(table, columns)
        cursor.execute(
            "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid", (name,)
        )
        if cursor.fetchone() is not None:
            cursor.execute(f"DROP INDEX {name}")
        # One chunk after the other: senders wait for the one that they write to, and no longer.
        cursor.execute(
            f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({', '.join(columns)})"
            " WITH (timescaledb.transaction_per_chunk)"
        )

    def make_room(self, table: TimeTable, moments: Iterable[datetime]) -> None:
        """Hypertables make their chunks themselves."""

    def drop_before(self, table: TimeTable, moment: datetime) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT telemetry_drop_before(%s, %s)", (table.name, moment))
            return [str(row[0]) for row in cursor.fetchall()]

    def parts(self, table: TimeTable) -> list[Part]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT part.range_start, part.range_end, size.total_bytes,"
                " approximate_row_count(format('%%I.%%I', chunk_schema, chunk_name)::regclass),"
                " stats.before_compression_total_bytes"
                " FROM timescaledb_information.chunks AS part"
                " JOIN chunks_detailed_size(%s) AS size USING (chunk_schema, chunk_name)"
                " LEFT JOIN chunk_compression_stats(%s) AS stats USING (chunk_schema, chunk_name)"
                " WHERE part.hypertable_name = %s ORDER BY part.range_start",
                [table.name] * 3,
            )
            rows = cursor.fetchall()
        return [
            Part(since=since, until=until, size_bytes=size, rows=max(count, 0), bytes_before=before)
            for since, until, size, count, before in rows
        ]

    def allow_deletes(self) -> None:
        with connection.cursor() as cursor:
            # 100,000 rows otherwise: a busy workspace has more than that in one part.
            cursor.execute("SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0")

    def compress_before(self, table: TimeTable, moment: datetime) -> list[str]:
        names: list[str] = []
        while True:
            # One chunk a transaction: each holds its locks only as long as it needs.
            with connection.cursor() as cursor:
                cursor.execute("SELECT telemetry_compress_before(%s, %s)", (table.name, moment))
                found = [str(row[0]) for row in cursor.fetchall()]
            if not found:
                return names
            names += found
