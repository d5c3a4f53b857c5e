"""What COPY reads of rows as we encode them is what they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import connection

from apps.telemetry.store.wire import encode_rows

pytestmark = pytest.mark.django_db

TEN, MAX = UUID(int=10), UUID(int=2**128 - 1)
MOMENT = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
BEFORE = datetime(1969, 7, 20, 20, 17, 40, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [TEN, None, MAX]),
        ("timestamptz", [MOMENT, None, BEFORE, datetime(9999, 12, 31, tzinfo=UTC)]),
        ("timestamptz", [MOMENT.astimezone(timezone(timedelta(hours=-9, minutes=-30))), BEFORE]),
        ("text", ["", None, "naïve ✓ 𝄞", "twice", "twice", "x" * 70_000]),
        ("bytea", [b"", None, bytes(range(256))]),
        ("smallint", [-(2**15), None, 2**15 - 1]),
        ("integer", [-(2**31), None, 2**31 - 1]),
        ("bigint", [-(2**63), None, 2**63 - 1]),
        ("double precision", [1e308, None, -0.1, 0.0]),
        ("boolean", [True, None, False]),
        ("text", ["one"]),
        ("text", [None]),
        ("uuid", [TEN] * 3),
        ("bytea", [None] * 3),
        ("bigint", []),
    ],
    ids=[
        *("uuid", "moments", "other zones", "text", "bytes", "smallint", "integer", "bigint"),
        *("doubles", "booleans", "one row", "one null", "the same", "nulls only", "no row"),
    ],
)
def test_values_come_back(kind, values):
    assert copied([kind], [(value,) for value in values]) == [(value,) for value in values]


def test_json_is_sent_as_its_bytes():
    rows = [(b'{"a": [1.50, "\\u00e9"]}', 1), (None, 2), (b"{}", 3)]

    assert copied(["jsonb", "integer"], rows, read="value0::text, value1") == [
        ('{"a": [1.50, "é"]}', 1),
        (None, 2),
        ("{}", 3),
    ]


def test_columns_keep_together_where_some_are_the_same_for_all():
    rows = [(TEN, "a", None, 1.5, MOMENT), (TEN, "b", None, 2.5, MOMENT)] * 3

    kinds = ["uuid", "text", "bytea", "double precision", "timestamptz"]
    assert copied(kinds, rows) == rows


def copied(kinds, rows, read="*"):
    columns = ", ".join(f"value{number} {kind}" for number, kind in enumerate(kinds))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE wired (place serial, {columns}) ON COMMIT DROP")
        names = ", ".join(f"value{number}" for number in range(len(kinds)))
        with cursor.copy(f"COPY wired ({names}) FROM STDIN (FORMAT binary)") as copy:
            copy.write(encode_rows(kinds, rows))
        cursor.execute(f"SELECT {names if read == '*' else read} FROM wired ORDER BY place")
        found = [tuple(row) for row in cursor.fetchall()]
        cursor.execute("DROP TABLE wired")
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in found]
