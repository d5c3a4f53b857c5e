"""`headway agent start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from headway.agent._loop import OnStop


@click.group()
def agent() -> None:
    """Execute runs of a pool on this machine."""


def _read_labels(given: tuple[str, ...]) -> dict[str, str]:
    labels = {}
    for label in given:
        key, equals, value = label.partition("=")
        if not (key and equals):
            raise click.BadParameter(f"{label!r} is not KEY=VALUE.", param_hint="--label")
        labels[key] = value
    return labels


@agent.command()
@click.option("--pool", default="default", show_default=True, help="Pool to take runs from.")
@click.option(
    "--capacity",
    default=4,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many runs at once.",
)
@click.option(
    "--runner",
    type=click.Choice(["process", "docker", "kubernetes", "ecs"]),
    help="What executes the runs: by itself that of the pool's kind. For keys without pools:read.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="What people know the agent by; may be given several times.",
)
@click.option("--name", help="Name of the agent; host and process id unless given.")
@click.option(
    "--on-stop",
    type=click.Choice(["wait", "cancel", "leave"]),
    default="wait",
    show_default=True,
    help="What becomes of running runs on SIGTERM or Ctrl-C; a second one cancels. What is left "
    "goes on where it is no process of this machine, and the next agent takes it up.",
)
@click.option(
    "--stop-seconds",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="How long to wait for them before cancelling.",
)
def start(
    pool: str,
    capacity: int,
    runner: str | None,
    labels: tuple[str, ...],
    name: str | None,
    on_stop: OnStop,
    stop_seconds: float,
) -> None:
    """Take runs of a pool and execute each as the pool's kind says, until stopped."""
    import sys

    from headway._config import get_config
    from headway.agent import Agent

    worker = Agent(
        get_config(),
        pool=pool,
        capacity=capacity,
        name=name,
        labels=_read_labels(labels),
        kind=None if runner is None else runner.upper(),
        on_stop=on_stop,
        stop_seconds=stop_seconds,
    )
    sys.exit(worker.run())
