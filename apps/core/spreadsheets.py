"""
CSV that people open in a spreadsheet.

SECURITY: spreadsheets execute what looks like a formula, and what others sent us looks as they
like. Also within a cell: where `;` is the separator, as in much of Europe, a comma is none and the
quotes around a cell mean nothing, so that a formula may begin behind any `;`, tab or line break.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

_FORMULA: Final = re.compile(r"(?:\A|(?<=[;\t\r\n]))(?=[=+\-@＝＋－＠])|\A(?=[\t\r\n])")


def inert(text: str) -> str:
    """Return the text with an apostrophe before whatever would begin a formula."""
    return _FORMULA.sub("'", text)


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Return the rows as CSV (RFC 4180, UTF-8), no cell of them a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
