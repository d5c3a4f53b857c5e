"""
The native store: declarative range partitions, made ahead by the janitor and on demand by ingest.

The application may not do DDL, so the partitions are made by a function that runs as the owner and
knows only these tables. It makes a table and attaches it, which locks the parent so weakly that
readers and writers go on (`CREATE TABLE … PARTITION OF` would stop both).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
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

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONNECTION_OPTIONS = {"dbname", "user", "password", "host", "port", "sslmode", "sslrootcert"}

# (database, table, slot): partitions that this process has seen. Dropped ones are old, and ingest
# refuses old items, so a stale entry is never used.
_seen: set[tuple[str, str, int]] = set()

_FUNCTIONS = """
CREATE FUNCTION telemetry_make_room(table_name text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $body$
DECLARE
    spec record;
    first date;
    part text;
    lower_bound text;
    upper_bound text;
BEGIN
    SELECT * INTO spec FROM (VALUES {specs}) AS known (name, days, by_id) WHERE name = table_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not a time-series table', table_name;
    END IF;
    -- Requests call this: nobody shall make partitions without end.
    IF at NOT BETWEEN now() - interval '11 years' AND now() + interval '30 days' THEN
        RAISE EXCEPTION 'no partition of % for %', table_name, at;
    END IF;
    first := date '1970-01-01'
        + ((at AT TIME ZONE 'UTC')::date - date '1970-01-01') / spec.days * spec.days;
    part := table_name || '_p' || to_char(first, 'YYYYMMDD');
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('telemetry_make_room'));
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    IF spec.by_id THEN
        SELECT rpad(lpad(to_hex((extract(epoch FROM first) * 1000)::bigint),
                         12, '0'), 32, '0')::uuid,
               rpad(lpad(to_hex((extract(epoch FROM first + spec.days) * 1000)::bigint),
                         12, '0'), 32, '0')::uuid
        INTO lower_bound, upper_bound;
    ELSE
        lower_bound := first::timestamp AT TIME ZONE 'UTC';
        upper_bound := (first + spec.days)::timestamp AT TIME ZONE 'UTC';
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING STORAGE)',
                   part, table_name);
    -- Whoever may use the parent reaches the partition through it, and only through it.
    EXECUTE format('REVOKE ALL ON public.%I FROM headway_app, headway_worker', part);
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   table_name, part, lower_bound, upper_bound);
    RETURN part;
END
$body$;

CREATE FUNCTION telemetry_drop_before(table_name text, before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '3s'
AS $body$
DECLARE
    spec record;
    part text;
BEGIN
    SELECT * INTO spec FROM (VALUES {specs}) AS known (name, days, by_id) WHERE name = table_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not a time-series table', table_name;
    END IF;
    FOR part IN
        SELECT child.relname
        FROM pg_inherits
        JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = ('public.' || table_name)::regclass
          -- CASE, because the planner may ask this of all that is in pg_class first.
          AND (CASE WHEN child.relname ~ '_p[0-9]{{8}}$' THEN
                  to_date(right(child.relname, 8), 'YYYYMMDD') END + spec.days)::timestamp
              AT TIME ZONE 'UTC' <= before
        ORDER BY child.relname
        LIMIT 1
    LOOP
        EXECUTE format('DROP TABLE public.%I', part);
        RETURN NEXT part;
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RETURN;  -- a long reader; the janitor comes again
END
$body$;

CREATE FUNCTION telemetry_compress_before(table_name text, before timestamptz) RETURNS SETOF text
LANGUAGE sql AS 'SELECT NULL::text WHERE false';
"""

# Takes no time, but waits for who is writing, and all who come then wait behind it: not for long.
_BRIEFLY = """
DO $body$ BEGIN
    FOR attempt IN 1..120 LOOP
        BEGIN
            SET LOCAL lock_timeout = '500ms';
            {};
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.5);
        END;
    END LOOP;
    RAISE lock_not_available USING MESSAGE = 'somebody writes for very long: try again';
END $body$
"""


class PartitionStore:
    """Plain Postgres."""

    name = "partitions"
    compresses = False

    def create(self, cursor: Cursor, tables: Sequence[TimeTable]) -> None:
        for table in tables:
            cursor.execute(create_table_sql(table, f"PARTITION BY RANGE ({table.column})"))
            for statement in create_index_sql(table):
                cursor.execute(statement)
            cursor.execute(privileges_sql(table))
        cursor.execute(_FUNCTIONS.format(specs=specs_sql(tables)))
        cursor.execute(function_privileges_sql())
        for table in tables:
            for days in (-1, 0, 1, 2):
                cursor.execute(
                    "SELECT telemetry_make_room(%s, now() + make_interval(days => %s))",
                    (table.name, days),
                )

    def build_index(self, cursor: Cursor, table: TimeTable, columns: Sequence[str]) -> None:
        # CONCURRENTLY knows no partitioned tables: each partition gets its own, while senders go
        # on, and then the parent's takes it in. Partitions of tomorrow have it by themselves.
        name, on = index_name(table, columns), f"({', '.join(columns)})"
        cursor.execute(
            _BRIEFLY.format(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY {table.name} {on}")
        )
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
            " WHERE inhparent = %s::regclass AND NOT EXISTS (SELECT FROM pg_inherits own"
            "  JOIN pg_index ON pg_index.indexrelid = own.inhrelid"
            "  WHERE own.inhparent = %s::regclass AND pg_index.indrelid = child.oid)"
            " ORDER BY child.relname DESC",
            (table.name, name),
        )
        for (part,) in cursor.fetchall():
            own = f"{part}_{'_'.join(columns)}"
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {own}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {own} ON {part} {on}")
            cursor.execute(f"ALTER INDEX {name} ATTACH PARTITION {own}")

    def make_room(self, table: TimeTable, moments: Iterable[datetime]) -> None:
        database = str(connection.settings_dict["NAME"])
        missing = {
            slot: at
            for at in moments
            if (database, table.name, slot := (at - _EPOCH).days // table.days) not in _seen
        }
        if not missing:
            return
        # A connection of its own, so that the locks of DDL end at once and not with the caller's
        # transaction, and so that what is remembered here was really committed.
        parameters = {
            name: value
            for name, value in connection.get_connection_params().items()
            if name in _CONNECTION_OPTIONS
        }
        with psycopg.connect(**parameters, autocommit=True) as own:
            for slot, at in sorted(missing.items()):
                # Who waited for another that made it may look with an old view of the catalogue.
                with suppress(psycopg.errors.DuplicateTable):
                    own.execute("SELECT telemetry_make_room(%s, %s)", (table.name, at))
                _seen.add((database, table.name, slot))

    def drop_before(self, table: TimeTable, moment: datetime) -> list[str]:
        return _call_until_done("telemetry_drop_before", table, moment)

    def compress_before(self, table: TimeTable, moment: datetime) -> list[str]:  # noqa: ARG002
        return []

    def parts(self, table: TimeTable) -> list[Part]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT right(child.relname, 8), pg_total_relation_size(child.oid),"
                " child.reltuples::bigint FROM pg_inherits JOIN pg_class child"
                " ON child.oid = inhrelid WHERE inhparent = %s::regclass ORDER BY child.relname",
                [table.name],
            )
            rows = cursor.fetchall()
        found = []
        for first, size, count in rows:
            since = datetime.strptime(first, "%Y%m%d").replace(tzinfo=UTC)
            until = since + timedelta(days=table.days)
            found.append(Part(since=since, until=until, size_bytes=size, rows=max(count, 0)))
        return found

    def allow_deletes(self) -> None:
        """Nothing is compressed here."""


def _call_until_done(function: str, table: TimeTable, moment: datetime) -> list[str]:
    """Call a function that treats one part at a time, each in a transaction of its own."""
    names: list[str] = []
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", (table.name, moment))
            found = [str(row[0]) for row in cursor.fetchall()]
        if not found:
            return names
        names += found


def slot_start(table: TimeTable, at: datetime) -> datetime:
    """Return where the part that holds this moment begins."""
    return _EPOCH + timedelta(days=(at - _EPOCH).days // table.days * table.days)
