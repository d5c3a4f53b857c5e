"""Reading pg_stat_statements, whose columns depend on the version of the extension."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headway._errors import ConfigError
from headway._postgres_changes import Reading, Statement

if TYPE_CHECKING:
    import psycopg

# Commands of a session that touch no data. Each of them would be a query of everybody's.
_NO_QUERIES = (
    "begin|start|commit|end|rollback|abort|savepoint|release|prepare|deallocate|discard|set|reset"
    "|show|listen|unlisten|notify|lock|fetch|close"
)
# A mark behind the first word stays in the text that the extension keeps; one before it may not.
_OWN = "SELECT /* headway */"

_EXTENSION = f"""{_OWN} quote_ident(n.nspname),
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
    (SELECT array_agg(a.attname::text) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements'
       AND a.attnum > 0 AND NOT a.attisdropped),
    EXISTS (SELECT FROM pg_class c
            WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements_info')
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'"""  # noqa: S608  of constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How the view of this server says what is asked of it, as SQL."""

    total_ms: str
    top_level: str
    since: str


def columns_of(there: Collection[str]) -> Columns:
    """
    Return how to read a view with these columns. Raises: ConfigError.

    By the columns and not by the server's version: an extension keeps those that it was created
    with until somebody updates it. They changed in Postgres 13 (`total_exec_time`, without the time
    for planning), 14 (`toplevel`) and 17 (`stats_since`).

    >>> columns_of({"queryid", "total_time"}).total_ms
    's.total_time'
    """
    time = next((name for name in ("total_exec_time", "total_time") if name in there), None)
    if time is None or "queryid" not in there:
        raise ConfigError("This pg_stat_statements is not known: it has no queryid or no times.")
    return Columns(
        total_ms=f"s.{time}",
        top_level="s.toplevel" if "toplevel" in there else "true",
        since="extract(epoch FROM s.stats_since)" if "stats_since" in there else "NULL::float8",
    )


def read(connection: psycopg.Connection[Any]) -> Reading:
    """Raises: ConfigError when the server does not tell, psycopg's errors."""
    with connection.cursor() as cursor:
        found = cursor.execute(_EXTENSION).fetchone()
        if found is None:
            raise ConfigError(
                "The database has no pg_stat_statements: CREATE EXTENSION pg_stat_statements."
            )
        schema, sees_all, there, has_info = found
        if not sees_all:
            raise ConfigError("The role must be in pg_read_all_stats, or it sees only its own.")
        columns = columns_of(there or ())
        reset = f"(SELECT extract(epoch FROM stats_reset) FROM {schema}.pg_stat_statements_info)"  # noqa: S608  quoted
        # The clock before the counters: what is counted from here on has begun after it.
        cursor.execute(
            f"{_OWN} system_identifier::text, extract(epoch FROM clock_timestamp()),"
            f" {reset if has_info else 'NULL'} FROM pg_control_system()"
        )
        server, began, reset_at = cursor.fetchone() or ("", 0, None)
        # Before 14 what a function executes has a line of its own, told apart by nothing.
        cursor.execute(
            f"{_OWN} concat_ws('/', s.userid, s.dbid, s.queryid), r.rolname, d.datname,"
            f" max(s.query), sum(s.calls), sum({columns.total_ms}), sum(s.rows),"
            f" max({columns.since})"
            f" FROM {schema}.pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
            " JOIN pg_database d ON d.oid = s.dbid"
            f" WHERE {columns.top_level} AND s.queryid IS NOT NULL"
            f" AND coalesce(s.query, '') NOT LIKE '{_OWN}%'"
            rf" AND coalesce(s.query, '') !~* '^\s*({_NO_QUERIES})\M'"
            " GROUP BY s.userid, s.dbid, s.queryid, r.rolname, d.datname"
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    info = connection.info
    host = "localhost" if info.host.startswith("/") or not info.host else info.host
    return Reading(
        server=str(server),
        name=f"postgres://{quote(host, safe=':[]')}:{info.port}",
        began=float(began),
        reset=_number(reset_at),
        at=datetime.now(UTC).isoformat(),
        statements=[
            Statement(
                key=key,
                user=_text(user, info.encoding),
                database=_text(database, info.encoding),
                text=None if text is None else _text(text, info.encoding),
                calls=float(calls),
                total_ms=float(total_ms),
                rows=float(count),
                since=_number(since),
            )
            for key, user, database, text, calls, total_ms, count, since in rows
        ],
    )


def _text(text: str, encoding: str) -> str:
    """Read as UTF-8 what came as Latin-1, of a database without an encoding: most of it is."""
    if encoding != "iso8859-1":
        return text
    return text.encode(encoding).decode("utf-8", errors="replace")


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
