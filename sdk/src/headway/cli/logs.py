"""`headway logs`, and following a run to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from headway._client import Client
from headway._errors import ApiError, ServerUnavailable
from headway._states import State, is_final
from headway.cli._edge import FAILED, find_run, get_client, plain, show_duration, show_state

POLL_SECONDS = 1.0
PAGE = 500
SETTLE_SECONDS = 1.0  # between the end of a run and the last look for lines that came late
LEVEL_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red", "DEBUG": "bright_black"}


@click.command()
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends, and exit as it ends.")
@click.pass_context
def logs(context: click.Context, run: str, follow: bool) -> None:
    """Show what RUN (its id or name) logged and printed."""
    client = get_client()
    run_id = find_run(client, run)
    if follow:
        context.exit(follow_run(client, run_id))
    for line in client.pages(f"runs/{run_id}/logs", {"order": "asc", "limit": PAGE}):
        show_line(line)


def show_line(line: dict[str, Any]) -> None:
    """Print one log line; warnings and errors in colour."""
    level = str(line["level"])
    text = f"{line['occurred_at'][11:23]} {level:<7} {plain(line['message'], lines=True)}"
    click.echo(click.style(text, fg=LEVEL_COLOURS.get(level)))


class Shown:
    """Prints each line once, wherever it comes from first."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self.cursor: str | None = None  # of the newest page of stored lines looked at

    def show(self, line: dict[str, Any]) -> None:
        """Print a line unless it was printed."""
        if line["id"] not in self._ids:
            self._ids.add(line["id"])
            show_line(line)


def follow_run(client: Client, run_id: str, *, pause: Callable[[float], None] = time.sleep) -> int:
    """Print a run's lines until it ends; return 0 when it completed, else 1."""
    shown = Shown()
    run = client.get(f"runs/{run_id}")
    _show_stored(client, run_id, shown)
    while not is_final(State(run["state"])):
        try:
            run = _follow_stream(client, run_id, shown, run)
        except ApiError:
            # The live process is away or out of reach; the API tells the same, a bit later.
            pause(POLL_SECONDS)
            try:
                run = client.get(f"runs/{run_id}")
                _show_stored(client, run_id, shown)
            except ServerUnavailable as error:
                click.echo(f"{error} Trying again.", err=True)
    pause(SETTLE_SECONDS)
    _show_stored(client, run_id, shown)
    click.echo(
        f"Run {plain(run['name'])} is {show_state(run)} "
        f"{show_duration(run.get('duration_ms'))}".rstrip(),
        err=True,
    )
    if why := explain(run):
        click.echo(plain(why, lines=True), err=True)
    return 0 if run["state"] in ("COMPLETED", "CACHED", "SKIPPED") else FAILED


def explain(run: dict[str, Any]) -> str:
    """
    Return why a run ended badly, in a line; empty when it did not, or nobody knows.

    >>> explain({"error": {"type": "ValueError", "message": "too much"}})
    'ValueError: too much'
    >>> explain({"cause": {"kind": "oom", "detail": "It used 550 MiB of 512 MiB."}})
    'oom: It used 550 MiB of 512 MiB.'
    >>> explain({"cause": {"kind": "exit_code", "exit_code": 3, "detail": "bye"}})
    'exit code 3, last line: bye'
    """
    error, cause = run.get("error"), run.get("cause")
    if error:
        return f"{error['type']}: {error['message']}"
    if not cause:
        return ""
    if cause["kind"] == "exit_code":
        said = f", last line: {cause['detail']}" if cause.get("detail") else ""
        return f"exit code {cause.get('exit_code')}{said}"
    return ": ".join(filter(None, (cause["kind"].replace("_", " "), cause.get("detail"))))


def _show_stored(client: Client, run_id: str, shown: Shown) -> None:
    while True:
        params: dict[str, Any] = {"order": "asc", "limit": PAGE}
        if shown.cursor is not None:
            params["cursor"] = shown.cursor
        page = client.get(f"runs/{run_id}/logs", params)
        for line in page["items"]:
            shown.show(line)
        if not page.get("next_cursor"):
            return
        shown.cursor = str(page["next_cursor"])


def _follow_stream(
    client: Client, run_id: str, shown: Shown, run: dict[str, Any]
) -> dict[str, Any]:
    """Return the run as the stream last told it, when it ended or the stream did."""
    for kind, data in stream(client, f"streams/runs/{run_id}"):
        if kind == "open":
            _show_stored(client, run_id, shown)  # what came between the last look and now
        elif kind == "log":
            shown.show(data)
        elif kind == "run":
            run = data
            if is_final(State(run["state"])):
                return run
    raise ServerUnavailable("The stream ended.", code="stream_ended", retryable=True)


def stream(client: Client, path: str) -> Iterator[tuple[str, Any]]:
    """
    Yield server-sent events as (type, data), and before them ("open", None).

    Raises: ServerUnavailable when there is no stream or it breaks.
    """
    import httpx2

    try:
        with client.connection.client().stream(
            "GET",
            client.url(path, live=True),
            headers={"Accept": "text/event-stream"},
            timeout=httpx2.Timeout(40.0, connect=5.0),  # the server says something every 15 s
        ) as response:
            if response.status_code != 200:
                raise ServerUnavailable("No stream.", status=response.status_code)
            yield "open", None
            yield from read_events(response.iter_lines())
    except httpx2.HTTPError as error:
        raise ServerUnavailable(f"The stream broke: {error}.", code="stream_broke") from error


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """
    Yield the events that lines of a text/event-stream spell out; comments are passed over.

    >>> list(read_events(iter([": hi", "event: log", 'data: {"n":', "data: 1}", ""])))
    [('log', {'n': 1})]
    """
    kind = "message"
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield kind, json.loads("\n".join(data))
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
