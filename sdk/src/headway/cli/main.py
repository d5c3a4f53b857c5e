"""The front door of the `headway` command; each command imports what it needs when it runs."""

from __future__ import annotations

import click

from headway._version import __version__
from headway.cli._edge import EXIT_CODES, HeadwayGroup
from headway.cli.agent import agent
from headway.cli.deploy import deploy, deployments
from headway.cli.import_queries import import_queries
from headway.cli.login import flush, login
from headway.cli.logs import logs
from headway.cli.poll_postgres import poll_postgres
from headway.cli.run import run
from headway.cli.runs import runs


@click.group(
    cls=HeadwayGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="headway")
def main() -> None:
    """Run flows, deploy them, and see what they do."""


for command in (
    login,
    run,
    deploy,
    deployments,
    agent,
    runs,
    logs,
    flush,
    import_queries,
    poll_postgres,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
