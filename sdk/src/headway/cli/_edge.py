"""Where refusals become exit codes and one readable line."""

from __future__ import annotations

import re
import sys
import unicodedata
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headway._client import Client
from headway._config import get_config, spool_folder
from headway._errors import (
    ApiError,
    ConfigError,
    HeadwayError,
    NotFound,
    PermissionDenied,
    ServerUnavailable,
    Unauthenticated,
)

if TYPE_CHECKING:
    from headway._flow import Flow

FAILED, USAGE, NOT_CONFIGURED, NOT_THERE, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 4, 5, 130
DRAIN_SECONDS = 3.0

EXIT_CODES = """\b
Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 not logged in or not
allowed, 4 not found, 5 server away, 130 after Ctrl-C, 143 after SIGTERM."""


def exit_code(error: Exception) -> int:
    """
    Return the exit code an error stands for.

    >>> exit_code(NotFound("gone")), exit_code(ServerUnavailable("away"))
    (4, 5)
    """
    if isinstance(error, ConfigError | Unauthenticated | PermissionDenied):
        return NOT_CONFIGURED
    if isinstance(error, NotFound):
        return NOT_THERE
    if isinstance(error, ServerUnavailable) or (isinstance(error, ApiError) and error.retryable):
        return UNAVAILABLE
    return FAILED


class HeadwayGroup(click.Group):
    """A group of commands whose refusals are lines, not tracebacks."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        try:
            return super().main(*args, **kwargs)
        except HeadwayError as error:
            said = plain(str(error), lines=True)
            click.echo(f"{click.style('error:', fg='red')} {said}", err=True)
            sys.exit(exit_code(error))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; Ctrl-C ends it as it ends other programs."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):  # Abort: Ctrl-C at a prompt
            ctx.exit(INTERRUPTED)


def import_flow(entrypoint: str, folder: Path | None = None) -> Flow[..., Any]:
    """Import the flow from this folder; what its module raises is shown, and ends the command."""
    from headway._entrypoint import load_flow

    try:
        return load_flow(entrypoint, folder=folder or Path.cwd())
    except HeadwayError:
        raise
    except Exception as error:  # noqa: BLE001  a mistake in the file, shown as one
        import traceback

        from headway._tracebacks import users_part

        # Of a file that is no Python there are only our frames; the message names file and line.
        trace = None if isinstance(error, SyntaxError) else users_part(error.__traceback__)
        traceback.print_exception(type(error), error, trace)
        if isinstance(error, ImportError):
            click.echo(
                f"\n{entrypoint.partition(':')[0]} is imported here to read the flow's name and "
                "parameters: install what it imports in this environment, too.",
                err=True,
            )
        sys.exit(FAILED)


def get_client() -> Client:
    """Return the API of the configured workspace; what is left in the spool is sent meanwhile."""
    config = get_config()
    if any(spool_folder().glob("*/*.segment")):
        from headway._recorder import RecorderSettings
        from headway._recording import open_recorder

        open_recorder(config, settings=RecorderSettings(exit_seconds=DRAIN_SECONDS)).start()
    return Client(config)


def find_run(client: Client, text: str) -> str:
    """Return the id of the run that `text` is the id or the name of; raises NotFound."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        pass  # a name, then
    page = client.get("runs", {"q": text, "limit": 100})
    matches = [str(run["id"]) for run in page["items"] if run["name"] == text]
    if len(matches) == 1:
        return matches[0]
    problem = (
        f"Several runs are called {text!r}; take an id: {', '.join(matches[:10])}"
        if matches
        else f"There is no run {text!r}; `headway runs` lists the newest"
    )
    raise NotFound(f"{problem}.", code="not_found", status=404)


_INTERVAL = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d)?$")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, None: 1}


def read_interval(text: str) -> float:
    """
    Return the seconds that `90`, `15m`, `1.5h` or `1d` mean.

    >>> read_interval("15m"), read_interval("1.5h")
    (900.0, 5400.0)
    """
    match = _INTERVAL.match(text.strip())
    if match is None or float(match[1]) <= 0:
        raise click.BadParameter(f"{text!r} is no interval; write 90, 15m, 1h or 1d.")
    return float(match[1]) * _UNITS[match[2]]


def split_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """
    Return `name=value` arguments as a dict.

    >>> split_pairs(("day=2026-03-01", "note=a=b"))
    {'day': '2026-03-01', 'note': 'a=b'}
    """
    split = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{pair!r} is not of the form name=value.")
        split[name] = value
    return split


COLOURS = {
    "COMPLETED": "green",
    "FAILED": "red",
    "CRASHED": "red",
    "CANCELLED": "bright_black",
    "CANCELLING": "bright_black",
    "RUNNING": "blue",
    "SCHEDULED": "bright_black",
}


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str, *, lines: bool = False) -> str:
    """
    Return somebody else's text without what would steer the terminal it is shown on.

    >>> plain("\\x1b[31mred\\x1b[0m"), plain("two\\nlines"), plain("two\\nlines", lines=True)
    ('red', 'two�lines', 'two\\nlines')
    """
    kept = "\n\t" if lines else ""
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if each in _BIDI or (unicodedata.category(each) == "Cc" and each not in kept)
        else each
        for each in click.unstyle(text)
    )


def show_state(run: dict[str, Any]) -> str:
    """Return a run's state in its colour."""
    return click.style(str(run["state"]), fg=COLOURS.get(str(run.get("state_type"))))


def show_duration(duration_ms: float | None) -> str:
    """
    Return a duration as people read it.

    >>> show_duration(850), show_duration(61_000), show_duration(None)
    ('0.85s', '1m01s', '')
    """
    if duration_ms is None:
        return ""
    seconds = duration_ms / 1000
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"
