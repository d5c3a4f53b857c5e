"""`headway poll-postgres`: what a Postgres server executes, by its pg_stat_statements."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from headway._errors import ApiError
from headway.cli._edge import FAILED, get_client, plain, read_interval

SHORTEST_SECONDS = 1.0
NAMESPACE_LENGTH = 200
SHOWN_REFUSALS = 5


def read_every(_context: click.Context, _option: click.Parameter, text: str) -> float:
    """Return the seconds between two readings."""
    seconds = read_interval(text)
    if seconds < SHORTEST_SECONDS:
        raise click.BadParameter("at least a second.")
    return seconds


def read_namespace(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> str | None:
    """Return the server's name as events may have it."""
    if text is not None and not 1 <= len(text.strip()) <= NAMESPACE_LENGTH:
        raise click.BadParameter(f"1 to {NAMESPACE_LENGTH} characters.")
    return text


@click.command("poll-postgres")
@click.option("--dsn", envvar="HEADWAY_POSTGRES_DSN", required=True, help="As libpq reads it.")
@click.option(
    "--every",
    default="60",
    show_default=True,
    callback=read_every,
    help="Between two readings: 30, 5m.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that remembers the last reading; without one, what runs while this does not is "
    "not told.",
)
@click.option(
    "--namespace",
    callback=read_namespace,
    help="The server's name; postgres://host:port when left out.",
)
@click.option("--once", is_flag=True, help="One reading, and end.")
@click.pass_context
def poll_postgres(
    context: click.Context,
    /,
    dsn: str,
    every: float,
    state: Path | None,
    namespace: str | None,
    once: bool,
) -> None:
    """
    Tell which statements a Postgres server executed, how often and for whom.

    Needs the extension pg_stat_statements and a role of pg_read_all_stats. Statements come as it
    keeps them, constants as $1, $2 …, and what others say in quotes is left out: no values leave
    the server. Connections go out only.
    """
    from headway._postgres import DatabaseAway, Poller

    poller = Poller(get_client(), dsn, state=state, namespace=namespace)
    idle = threading.Event()
    try:
        while True:
            try:
                told = poller.poll()
                click.echo(plain(str(told)))
                for why in told.refused[:SHOWN_REFUSALS]:
                    click.echo(plain(f"refused: {why}"), err=True)
                if len(told.refused) > SHOWN_REFUSALS:
                    click.echo(f"refused: {len(told.refused):,} in all", err=True)
                if once:
                    context.exit(FAILED if told.refused else 0)
            except (ApiError, DatabaseAway) as error:
                if once or not error.retryable:
                    raise
                click.echo(plain(f"{error} Trying again in {every:g} s."), err=True)
            idle.wait(every)
    finally:
        poller.close()
