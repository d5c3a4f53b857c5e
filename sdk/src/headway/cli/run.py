"""`headway run`."""

from __future__ import annotations

import click

from headway.cli._edge import FAILED, import_flow, split_pairs


@click.command()
@click.argument("entrypoint")
@click.option("-p", "--parameter", "pairs", multiple=True, help="name=value; may be repeated.")
@click.pass_context
def run(context: click.Context, entrypoint: str, pairs: tuple[str, ...]) -> None:
    """Run the flow behind ENTRYPOINT (file.py:flow) here and now."""
    import sys
    import traceback

    from headway._errors import HeadwayError, RunCancelled
    from headway._schema import parameter_schema, read_text
    from headway._tracebacks import users_part
    from headway._values import read_parameters

    flow = import_flow(entrypoint)
    schema = parameter_schema(flow.fn)
    given = {name: read_text(schema, name, text) for name, text in split_pairs(pairs).items()}
    parameters = read_parameters(flow.fn, given)
    try:
        result = flow(**parameters)
        if flow.is_async:
            import asyncio

            asyncio.run(result)
    except SystemExit:
        raise
    except RunCancelled as error:
        click.echo(error.message, err=True)
        context.exit(FAILED)
    except Exception as error:
        if isinstance(error, HeadwayError) and error.__traceback__ is None:
            raise
        traceback.print_exception(type(error), error, users_part(error.__traceback__))
        sys.exit(FAILED)
