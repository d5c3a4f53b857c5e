"""`headway import-queries`: a query log as a file, sent in parts that the server takes."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from headway._client import Client
from headway._errors import ApiError, HeadwayError
from headway.cli._edge import FAILED, get_client, plain

PART_ROWS = 5_000
PART_BYTES = 2 * 1024 * 1024  # as it stands; it is packed on the way
LONGEST_WAIT_SECONDS = 120.0
PATIENCE = 100  # times that one part is sent again because of a rate limit
PRESETS = (
    *("generic", "snowflake", "bigquery", "redshift", "trino", "presto", "clickhouse"),
    "postgres",
)

Lines = io.BufferedReader | gzip.GzipFile


class Part(NamedTuple):
    """Rows of the file below its header; `before` is how many lines stand above them there."""

    content: bytes
    before: int


@click.command("import-queries")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preset", type=click.Choice(PRESETS), default="generic", show_default=True)
@click.option("--namespace", help="The server, as OpenLineage names it: snowflake://account")
@click.option("--dialect", help="Of the statements, where no preset says it.")
@click.option("--timezone", help="Of times without an offset, such as Europe/Berlin.")
@click.option("--ndjson/--csv", default=None, help="Else by the file's name and beginning.")
@click.pass_context
def import_queries(
    context: click.Context, /, file: Path, preset: str, ndjson: bool | None, **options: str | None
) -> None:
    """
    Send the query log in FILE: CSV or NDJSON, packed by gzip or not.

    The same file may be sent again: what is there adds nothing.
    """
    params = {"preset": preset} | {name: value for name, value in options.items() if value}
    client = get_client()
    sums = dict.fromkeys(("accepted", "duplicates", "skipped", "rejected_count"), 0)
    with _open(file) as lines:
        is_ndjson = _is_ndjson(file, lines) if ndjson is None else ndjson
        kind = "application/x-ndjson" if is_ndjson else "text/csv"
        has_header = not is_ndjson and preset != "postgres"
        for part in parts_of(lines, by_quotes=not is_ndjson, has_header=has_header):
            answer = send_part(client, part, kind, params)
            for name in sums:
                sums[name] += answer[name]
            for each in answer["rejected"]:
                field = f" ({each['field']})" if each["field"] else ""
                said = plain(f"{file.name}:{each['line'] + part.before}: {each['message']}{field}")
                click.echo(said, err=True)
    click.echo(
        f"{sums['accepted']:,} queries taken, {sums['duplicates']:,} there already, "
        f"{sums['skipped']:,} rows of no query, {sums['rejected_count']:,} refused"
    )
    if sums["rejected_count"]:
        context.exit(FAILED)


def parts_of(lines: Lines, *, by_quotes: bool, has_header: bool) -> Iterator[Part]:
    """
    Yield the file in parts that each begin with its header and end with a row.

    A row of CSV goes on as long as a quote is open, so it ends where their number is even.
    """
    header = _row(lines, by_quotes) if has_header else b""
    above = header.count(b"\n")
    rows: list[bytes] = []
    size = count = 0
    while row := _row(lines, by_quotes):
        if rows and (len(rows) >= PART_ROWS or size + len(row) > PART_BYTES):
            yield Part(header + b"".join(rows), count)
            count += sum(each.count(b"\n") for each in rows)
            rows, size = [], 0
        rows.append(row)
        size += len(row)
    if rows or above:
        yield Part(header + b"".join(rows), count)


def _row(lines: Lines, by_quotes: bool) -> bytes:
    row = lines.readline()
    while by_quotes and row.count(b'"') % 2 and (more := lines.readline()):
        row += more
        if len(row) > 20 * PART_BYTES:
            raise HeadwayError("A quote is opened and never closed: is it CSV?")
    return row


def send_part(
    client: Client,
    part: Part,
    content_type: str,
    params: dict[str, str],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Send it until all that can be taken is: what is over the rate limit is sent again."""
    taken = 0
    for _ in range(PATIENCE):
        try:
            answer: dict[str, Any] = client.submit(
                "query-log", part.content, content_type=content_type, params=params
            )
        except ApiError as error:
            if not error.retryable or error.retry_after_seconds is None:
                raise
            pause(min(error.retry_after_seconds, LONGEST_WAIT_SECONDS))
            continue
        # What was taken at the first try is there already at the second: it is told as taken.
        again = min(taken, answer["duplicates"])
        answer["duplicates"] -= again
        taken += answer["accepted"]
        answer["accepted"] = taken
        if not answer["retryable_count"]:
            return answer
        pause(5.0)
    raise HeadwayError("The workspace's rate limit leaves no room; try again later.")


def _open(file: Path) -> Lines:
    packed = file.open("rb")
    if packed.peek(2)[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=packed)
    return packed


def _is_ndjson(file: Path, lines: Lines) -> bool:
    if file.name.removesuffix(".gz").endswith((".ndjson", ".jsonl", ".json")):
        return True
    return lines.peek(64).lstrip()[:1] == b"{"
