"""What differs between the two stores. Everything else is the same SQL on the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from apps.telemetry.store.tables import TimeTable


class Cursor(Protocol):
    """The little of a database cursor that the stores use; Django's and psycopg's both fit."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One part of a table, with its indexes; rows are those that the database last counted, about.

    `bytes_before`: what it took before it was compressed; None when it is not.
    """

    since: datetime
    until: datetime
    size_bytes: int
    rows: int
    bytes_before: int | None = None


class Store(Protocol):
    """How a time-series table is made, gets room for new times, shrinks and loses old parts."""

    name: str
    compresses: bool

    def create(self, cursor: Cursor, tables: Sequence[TimeTable]) -> None:
        """Make the tables and the functions below; as the owner, in a migration."""

    def build_index(self, cursor: Cursor, table: TimeTable, columns: Sequence[str]) -> None:
        """
        Add an index to a table that is in use, if it is not there; as the owner.

        Outside of a transaction. What an interrupted call left behind the next one finishes.
        """

    def make_room(self, table: TimeTable, moments: Iterable[datetime]) -> None:
        """See that rows of these moments can be inserted. Commits apart from the caller."""

    def drop_before(self, table: TimeTable, moment: datetime) -> list[str]:
        """Drop the parts that lie wholly before the moment and return their names."""

    def compress_before(self, table: TimeTable, moment: datetime) -> list[str]:
        """Compress parts that lie wholly before the moment, where the store can."""

    def parts(self, table: TimeTable) -> list[Part]:
        """Return the parts of a table that is cut by times, the oldest first."""

    def allow_deletes(self) -> None:
        """Let the rest of the transaction delete from compressed parts, whatever they hold."""


def create_table_sql(table: TimeTable, suffix: str = "") -> str:
    """Return the statement that makes the table itself, with its unique key."""
    columns = ",\n    ".join(f"{name} {definition}" for name, definition in table.columns)
    return (
        f"CREATE TABLE {table.name} (\n    {columns},\n"
        f"    CONSTRAINT {table.name}_key UNIQUE ({', '.join(table.key)})\n) {suffix}"
    )


def create_index_sql(table: TimeTable) -> list[str]:
    """Return the statements for the indexes besides the key."""
    return [
        f"CREATE INDEX {index_name(table, columns)} ON {table.name} ({', '.join(columns)})"
        for columns in table.indexes
    ]


def index_name(table: TimeTable, columns: Sequence[str]) -> str:
    """Return what an index of these columns is called."""
    return f"{table.name}_{'_'.join(columns)}"


def privileges_sql(table: TimeTable) -> str:
    """Return who may do what: requests append to raw tables and only read rollups."""
    kept = "SELECT" if table.updated else "SELECT, INSERT"
    return (
        f"REVOKE ALL ON {table.name} FROM headway_app, headway_worker;"
        f"GRANT {kept} ON {table.name} TO headway_app;"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.name} TO headway_worker"
    )


def function_privileges_sql() -> str:
    """Return who may call the functions that run as the owner."""
    return """
        REVOKE ALL ON FUNCTION telemetry_make_room(text, timestamptz),
            telemetry_drop_before(text, timestamptz), telemetry_compress_before(text, timestamptz)
            FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION telemetry_make_room(text, timestamptz)
            TO headway_app, headway_worker;
        GRANT EXECUTE ON FUNCTION telemetry_drop_before(text, timestamptz),
            telemetry_compress_before(text, timestamptz) TO headway_worker
    """


def specs_sql(tables: Sequence[TimeTable]) -> str:
    """Return the tables as a VALUES list (name, days, by_id) for use inside the functions."""
    return ", ".join(
        f"('{table.name}', {table.days}, {str(table.cut == 'uuid').lower()})" for table in tables
    )
