"""What is written as Parquet is read back by a reader that others use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.telemetry.parquet import GROUP_ROWS, Column, Kind, parquet

COLUMNS = (
    Column("name"),
    Column("began", Kind.TIME),
    Column("note", optional=True),
    Column("ended", Kind.TIME, optional=True),
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
AT = datetime(2026, 11, 22, 7, 30, 0, 123_456, tzinfo=UTC)


class Reader:
    """What DuckDB makes of a file. Times are read as microseconds: a zone is nothing but a view."""

    def __init__(self, path):
        self.path = path
        self.database = duckdb.connect()

    def read(self, rows, **sizes):
        self.path.write_bytes(b"".join(parquet(COLUMNS, rows, **sizes)))
        return self.ask("SELECT name, epoch_us(began), note, epoch_us(ended) FROM read_parquet(?)")

    def ask(self, question):
        return self.database.execute(question, [str(self.path)]).fetchall()


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    reader = Reader(tmp_path_factory.mktemp("parquet") / "rows.parquet")
    yield reader
    reader.database.close()


def in_microseconds(rows):
    def since(at):
        return at and (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    return [(name, since(at), note, since(ended)) for name, at, note, ended in rows]


def test_a_file_without_rows_has_its_columns(reader):
    assert reader.read([]) == []
    assert reader.ask("SELECT name, type FROM parquet_schema(?) WHERE num_children IS NULL") == [
        ("name", "BYTE_ARRAY"),
        ("began", "INT64"),
        ("note", "BYTE_ARRAY"),
        ("ended", "INT64"),
    ]


def test_times_are_moments_of_utc(reader):
    in_kolkata = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    early = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

    assert reader.read([("a", in_kolkata, None, early)]) == [
        ("a", int(AT.timestamp()) * 1_000_000 + 123_456, None, -1)
    ]
    assert reader.ask("DESCRIBE SELECT began FROM read_parquet(?)")[0][1] == (
        "TIMESTAMP WITH TIME ZONE"
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            TEXTS,
            MOMENTS,
            st.none() | TEXTS,
            st.none() | MOMENTS,
        ),
        max_size=60,
    ),
    st.integers(1, 20),
    st.integers(1, 200),
)
def test_what_is_written_is_read(reader, rows, group_rows, group_characters):
    found = reader.read(rows, group_rows=group_rows, group_characters=group_characters)

    assert found == in_microseconds(rows)


def test_groups_are_cut_by_rows_and_by_length(reader):
    rows = [(f"row {number}", AT, "x" if number % 3 else None, None) for number in range(25_000)]

    assert reader.read(rows) == in_microseconds(rows)
    groups = "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(?) ORDER BY 1"
    assert reader.ask(groups) == [(0, 10_000), (1, 10_000), (2, 5_000)]
    reader.read([("y" * 3_000_000, AT, None, None)] * 7)
    assert reader.ask(groups) == [(0, 3), (1, 3), (2, 1)]
    assert {each[0] for each in reader.ask("SELECT compression FROM parquet_metadata(?)")} == {
        "GZIP"
    }


def test_rows_are_taken_as_the_file_is_read():
    taken = []

    def rows():
        for number in range(25_000):
            taken.append(number)
            yield "a", AT, None, None

    file = parquet(COLUMNS, rows())
    next(file)
    assert taken == []
    next(file)
    assert len(taken) == GROUP_ROWS
