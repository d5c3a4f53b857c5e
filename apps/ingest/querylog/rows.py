"""Bytes → rows of a query log, each with the line where it begins. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from apps.core.errors import InvalidRequest
from apps.ingest import limits
from apps.ingest.decode import check_count, explain, with_whole_characters
from apps.ingest.doors.items import ItemRefused

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
COLUMNS: Final = 300
# The module's own limit would end a file at its first long statement. What a request may hold is
# bounded before, and nothing else here reads CSV.
csv.field_size_limit(limits.UNPACKED_BYTES)

_object = msgspec.json.Decoder(dict[str, Any])


class Row(NamedTuple):
    """One row as it came; `values` are texts in CSV, and whatever JSON has in NDJSON."""

    line: int
    raw: bytes
    values: dict[str, Any] | ItemRefused


def rows_of_csv(body: bytes, columns: Sequence[str]) -> tuple[list[str], Iterator[Row]]:
    """
    Return the header, and the rows below it; `columns` is the header of files that have none.

    Raises: InvalidRequest without a header, BatchTooLarge while the rows are read.
    """
    lines = io.StringIO(_text(body).replace("\x00", ""), newline="")
    start = lines.read(4_096)
    lines.seek(0)
    delimiter = max(",;\t|", key=start.partition("\n")[0].count) if not columns else ","
    reader = csv.reader(lines, delimiter=delimiter)
    header = list(columns)
    if not header:
        header = [name.strip() for name in next(_without_faults(reader), [])]
        if not any(header):
            raise InvalidRequest("The first line names the columns.")
    if len(header) > COLUMNS:
        raise InvalidRequest(f"More than {COLUMNS} columns.")
    return header, _read(reader, header, exact=not columns)


def _without_faults(reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise InvalidRequest(f"The body is no CSV: {error}") from error


def _read(reader: Any, header: list[str], *, exact: bool) -> Iterator[Row]:
    count = 0
    ended = reader.line_num
    for cells in _without_faults(reader):
        line, ended = ended + 1, reader.line_num
        if not any(cells):
            continue
        count += 1
        check_count(count, limits.FOREIGN_ITEMS)
        raw = ",".join(cells).encode()
        if len(cells) > len(header) or (exact and len(cells) < len(header)):
            told = ItemRefused(f"Expected {len(header)} columns, got {len(cells)}.")
            yield Row(line, raw, told)
        else:
            yield Row(line, raw, dict(zip(header, cells, strict=False)))


def rows_of_ndjson(body: bytes) -> Iterator[Row]:
    """
    Return the rows of a file with a JSON object on each line.

    Raises: InvalidRequest for what is no text, BatchTooLarge while the rows are read.
    """
    _text(body)
    count = 0
    # Line by line: of a body of empty ones a list would be ten times its size.
    for number, ended in enumerate(io.BytesIO(body.removeprefix(b"\xef\xbb\xbf")), start=1):
        line = ended.removesuffix(b"\n")
        if not line.strip():
            continue
        count += 1
        check_count(count, limits.FOREIGN_ITEMS)
        try:
            values = _object.decode(with_whole_characters(line))
        except (msgspec.DecodeError, RecursionError) as error:
            yield Row(number, line, ItemRefused(explain(error)[0]))
            continue
        if len(values) > COLUMNS:
            yield Row(number, line, ItemRefused(f"More than {COLUMNS} columns."))
            continue
        yield Row(number, line, values)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest("The body is not UTF-8 text.") from error
