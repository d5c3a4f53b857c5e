"""Tables named by statements."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.lineage import sql
from apps.lineage.sql import TEXT_LENGTH, fingerprint, read_statement, shape_of


@pytest.mark.parametrize(
    ("text", "dialect", "reads", "writes"),
    [
        ("SELECT * FROM a JOIN s.b USING (id), c", "postgres", {"a", "s.b", "c"}, set()),
        ("INSERT INTO t (x) SELECT x FROM a", "postgres", {"a"}, {"t"}),
        ("INSERT INTO t VALUES (1, 'FROM nowhere')", "mysql", set(), {"t"}),
        ("CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv('/x.csv')", "duckdb", set(), {"t"}),
        ("CREATE VIEW v AS SELECT * FROM a", "snowflake", {"a"}, {"v"}),
        ("UPDATE t SET x = a.x FROM a WHERE a.id = t.id", "postgres", {"a"}, {"t"}),
        ("DELETE FROM t WHERE id IN (SELECT id FROM a)", "postgres", {"a"}, {"t"}),
        (
            "MERGE INTO t USING a ON t.id = a.id WHEN MATCHED THEN UPDATE SET x = 1",
            "snowflake",
            {"a"},
            {"t"},
        ),
        ("COPY t FROM '/x.csv'", "postgres", set(), {"t"}),
        ("COPY t TO '/x.csv'", "postgres", {"t"}, set()),
        ("TRUNCATE TABLE t", "snowflake", set(), {"t"}),
        ("DROP TABLE IF EXISTS s.t", "postgres", set(), {"s.t"}),
        ("ALTER TABLE t ADD COLUMN x int", "postgres", set(), {"t"}),
        ("SELECT * FROM `p.d.t`", "bigquery", {"`p`.`d`.`t`"}, set()),
        # Names that a WITH gives are no tables; within its own definition the table is meant.
        ("WITH x AS (SELECT * FROM a) SELECT * FROM x JOIN b", "postgres", {"a", "b"}, set()),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", "postgres", {"a"}, set()),
        # FROM is not always followed by a table.
        ("SELECT extract(year FROM d), substring(x FROM 1) FROM a", "postgres", {"a"}, set()),
        ("SELECT * FROM a WHERE x IS DISTINCT FROM y", "postgres", {"a"}, set()),
        ("SELECT 1; SELECT * FROM a; INSERT INTO t SELECT * FROM b", "duckdb", {"a", "b"}, {"t"}),
        ("/* FROM x */ SELECT * FROM a -- FROM y", "postgres", {"a"}, set()),
        ("SELECT * FROM a WHERE day = ? AND n > $1 AND z = %(x)s", "postgres", {"a"}, set()),
        ("select from where (", "postgres", set(), set()),
        ("VACUUM ANALYZE t", "postgres", set(), set()),
        ("{'find': 'orders'}", None, set(), set()),
        ("", None, set(), set()),
    ],
)
def test_what_a_statement_touches(text, dialect, reads, writes):
    found = read_statement(text, dialect=dialect)

    assert (set(found.reads), set(found.writes)) == (reads, writes)


def test_statements_that_differ_in_literals_only_are_one():
    texts = [
        "SELECT * FROM a WHERE id = 1 AND name = 'x' AND k IN (1, 2, 3)",
        "SELECT *  FROM a\nWHERE id = 22 AND name = 'it''s' AND k IN (4, 5) -- by hand\n;",
    ]

    assert len({fingerprint(shape_of(text)) for text in texts}) == 1
    assert fingerprint(shape_of("SELECT * FROM b")) != fingerprint(shape_of("SELECT * FROM a"))


def test_a_known_shape_is_not_read_again():
    sql._read_shape.cache_clear()
    for number in range(50):
        read_statement(f"SELECT * FROM a WHERE id = {number} AND x = 'v{number}'", dialect=None)

    assert sql._read_shape.cache_info().misses == 1


def test_a_text_beyond_the_limit_is_not_read():
    text = "SELECT * FROM a WHERE x IN (" + ", ".join(["y"] * TEXT_LENGTH) + ")"

    assert read_statement(text, dialect="postgres").reads == ()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 9_000,
        "SELECT " + "(" * 4_000 + "1" + ")" * 4_000,
        "'" + "\\'" * 4_900,
        '"' * 9_999,
        "/*" * 5_000,
        "SELECT " + "CASE WHEN a THEN " * 500,
        "SELECT * FROM a" + " JOIN a" * 1_300,
        "SELECT * FROM " + "(SELECT * FROM " * 600 + "a" + ")" * 600,
    ],
    ids=["open", "nested", "escapes", "quotes", "comments", "cases", "joins", "subqueries"],
)
def test_hostile_texts_end_without_an_error(text):
    began = time.process_time()

    found = read_statement(text, dialect="postgres")
    shape_of(text)

    assert len(found.reads) <= sql.MOST_TABLES
    # Not a measure of the machine: what grows with the square of the length takes minutes.
    assert time.process_time() - began < 20


@given(st.text(alphabet="SELCTFROMab01'\"`;,.()*-/ \n$?\\é", max_size=200))
def test_any_text_is_read_or_left(text):
    assert isinstance(shape_of(text), str)
    read_statement(text, dialect="postgres")
