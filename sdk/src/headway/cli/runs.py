"""`headway runs`."""

from __future__ import annotations

from typing import Any

import click

from headway.cli._edge import find_run, get_client, plain, show_duration, show_state


@click.group(invoke_without_command=True)
@click.option("--state", "states", multiple=True, help="FAILED, RUNNING …; may be repeated.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@click.pass_context
def runs(context: click.Context, states: tuple[str, ...], limit: int) -> None:
    """List the newest runs, or act on one."""
    if context.invoked_subcommand is not None:
        return
    params: dict[str, Any] = {"limit": limit}
    if states:
        params["state"] = [state.upper().replace("-", "_") for state in states]
    page = get_client().get("runs", params)
    if not page["items"]:
        click.echo("No runs.", err=True)
    for run in page["items"]:
        click.echo(
            f"{run['id']}  {run['created_at'][:19].replace('T', ' ')}  "
            f"{click.style(show_state(run)):<12}  {show_duration(run.get('duration_ms')):>8}  "
            f"{plain(run['flow']['name'])}  {plain(run['name'])}"
        )


@runs.command()
@click.argument("run")
def cancel(run: str) -> None:
    """Cancel RUN (its id or name)."""
    client = get_client()
    cancelled = client.post(f"runs/{find_run(client, run)}/cancellation")
    click.echo(f"Run {plain(cancelled['name'])} is {show_state(cancelled)}.")
