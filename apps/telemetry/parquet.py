"""
Parquet, written as a stream. Pure: rows in, bytes out.

The little of the format that a table of texts and times needs: one page a column and group, plain
values, packed by gzip. Readers take it as they take anybody's; the library that does all of the
format would weigh more than the rest of the server. (https://parquet.apache.org/docs/file-format/)
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import groupby
from typing import Final

GROUP_ROWS: Final = 10_000
GROUP_CHARACTERS: Final = 8 * 1024 * 1024  # in texts; memory holds one group and no more
MAGIC: Final = b"PAR1"
CREATED_BY: Final = "Headway"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    TIME = "time"  # in UTC, to the microsecond


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file; one that is not `optional` holds no None."""

    name: str
    kind: Kind = Kind.TEXT
    optional: bool = False


Cell = str | datetime | None
Row = Sequence[Cell]


def parquet(
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    group_rows: int = GROUP_ROWS,
    group_characters: int = GROUP_CHARACTERS,
) -> Iterator[bytes]:
    """
    Yield the file of these rows, a group at a time.

    Each row has one cell per column, in their order; times carry their zone.
    """
    writer = _Writer(columns)
    yield writer.begin()
    group: list[Row] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += sum(len(cell) for cell in row if isinstance(cell, str))
        if len(group) >= group_rows or characters >= group_characters:
            yield writer.group(group)
            group, characters = [], 0
    if group:
        yield writer.group(group)
    yield writer.end()


@dataclass(slots=True)
class _Writer:
    """What must be known at the end of a file: where everything stands."""

    columns: Sequence[Column]
    offset: int = 0
    count: int = 0
    groups: list[bytes] = field(default_factory=list)

    def begin(self) -> bytes:
        return self._at_offset(MAGIC)

    def group(self, rows: Sequence[Row]) -> bytes:
        """Return the pages of these rows, one of each column."""
        pages, chunks = [], []
        plain_size = packed_size = 0
        for place, column in enumerate(self.columns):
            plain = _page(column, [row[place] for row in rows])
            packed = gzip.compress(plain, compresslevel=1, mtime=0)
            header = _page_header(len(rows), plain=len(plain), packed=len(packed))
            sizes = len(header) + len(plain), len(header) + len(packed)
            chunks.append(_chunk(column, len(rows), at=self.offset, sizes=sizes))
            pages.append(self._at_offset(header + packed))
            plain_size, packed_size = plain_size + sizes[0], packed_size + sizes[1]
        self.groups.append(
            _struct(
                (1, _list(_STRUCT, chunks)),
                (2, _long(plain_size)),
                (3, _long(len(rows))),
                (6, _long(packed_size)),
            )
        )
        self.count += len(rows)
        return b"".join(pages)

    def end(self) -> bytes:
        root = _struct((4, _text("event")), (5, _int(len(self.columns))))
        footer = _struct(
            (1, _int(2)),
            (2, _list(_STRUCT, [root, *map(_schema, self.columns)])),
            (3, _long(self.count)),
            (4, _list(_STRUCT, self.groups)),
            (6, _text(CREATED_BY)),
        )
        return footer + struct.pack("<I", len(footer)) + MAGIC

    def _at_offset(self, data: bytes) -> bytes:
        self.offset += len(data)
        return data


def _page(column: Column, cells: Sequence[Cell]) -> bytes:
    """Return which cells are there, where some may not be, and those that are."""
    values = b"".join(_plain(cell) for cell in cells if cell is not None)
    if not column.optional:
        return values
    runs = (
        (is_there, sum(1 for _ in same))
        for is_there, same in groupby(cell is not None for cell in cells)
    )
    levels = b"".join(_varint(length << 1) + bytes([is_there]) for is_there, length in runs)
    return struct.pack("<I", len(levels)) + levels + values


def _plain(cell: str | datetime) -> bytes:
    if isinstance(cell, datetime):
        return struct.pack("<q", (cell - _EPOCH) // _MICROSECOND)
    data = cell.encode()
    return struct.pack("<I", len(data)) + data


# The numbers of parquet.thrift.
_INT64, _BYTE_ARRAY = 2, 6
_REQUIRED, _OPTIONAL = 0, 1
_UTF8, _TIMESTAMP_MICROS = 0, 10
_PLAIN, _RLE = 0, 3
_GZIP = 2


def _physical(column: Column) -> int:
    return _INT64 if column.kind is Kind.TIME else _BYTE_ARRAY


def _schema(column: Column) -> bytes:
    if column.kind is Kind.TIME:
        micros = _struct((2, _nested(_struct())))
        of_utc = _struct((1, (_TRUE, b"")), (2, _nested(micros)))
        converted, logical = _TIMESTAMP_MICROS, _struct((8, _nested(of_utc)))
    else:
        converted, logical = _UTF8, _struct((1, _nested(_struct())))
    return _struct(
        (1, _int(_physical(column))),
        (3, _int(_OPTIONAL if column.optional else _REQUIRED)),
        (4, _text(column.name)),
        (6, _int(converted)),
        (10, _nested(logical)),
    )


def _page_header(count: int, *, plain: int, packed: int) -> bytes:
    data_page = _struct((1, _int(count)), (2, _int(_PLAIN)), (3, _int(_RLE)), (4, _int(_RLE)))
    return _struct((1, _int(0)), (2, _int(plain)), (3, _int(packed)), (5, _nested(data_page)))


def _chunk(column: Column, count: int, *, at: int, sizes: tuple[int, int]) -> bytes:
    about = _struct(
        (1, _int(_physical(column))),
        (2, _list(_I32, [_zigzag(_PLAIN), _zigzag(_RLE)])),
        (3, _list(_BINARY, [_text(column.name)[1]])),
        (4, _int(_GZIP)),
        (5, _long(count)),
        (6, _long(sizes[0])),
        (7, _long(sizes[1])),
        (9, _long(at)),
    )
    return _struct((2, _long(at)), (3, _nested(about)))


# Thrift's compact protocol: what a file says of itself.
_TRUE, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 5, 6, 8, 9, 12
_LONG_LIST: Final = 15
_Value = tuple[int, bytes]  # type, encoded


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _zigzag(number: int) -> bytes:
    return _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _int(number: int) -> _Value:
    return _I32, _zigzag(number)


def _long(number: int) -> _Value:
    return _I64, _zigzag(number)


def _text(text: str) -> _Value:
    data = text.encode()
    return _BINARY, _varint(len(data)) + data


def _nested(encoded: bytes) -> _Value:
    return _STRUCT, encoded


def _list(kind: int, items: Sequence[bytes]) -> _Value:
    count = len(items)
    head = (
        bytes([count << 4 | kind])
        if count < _LONG_LIST
        else bytes([_LONG_LIST << 4 | kind]) + _varint(count)
    )
    return _LIST, head + b"".join(items)


def _struct(*fields: tuple[int, _Value]) -> bytes:
    """Return the fields, each by its distance from the one before; numbers ascend."""
    out, last = bytearray(), 0
    for number, (kind, encoded) in fields:
        out.append((number - last) << 4 | kind)
        out += encoded
        last = number
    return bytes(out) + b"\x00"
