"""`headway deploy` and `headway deployments`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headway.cli._edge import (
    get_client,
    import_flow,
    plain,
    read_interval,
    show_state,
    split_pairs,
)


@click.command(short_help="Make a flow runnable from Headway, by hand or on schedules.")
@click.argument("entrypoint")
@click.option("--name", help="Name of the deployment; the flow's unless given.")
@click.option("--pool", default="default", show_default=True, help="Pool that runs it.")
@click.option("--cron", multiple=True, help='Schedule, e.g. "0 6 * * 1-5"; may be repeated.')
@click.option("--interval", multiple=True, help="Schedule, e.g. 90, 15m, 1h; may be repeated.")
@click.option("--rrule", multiple=True, help='Rule, e.g. "FREQ=MONTHLY;BYDAY=-1FR"; may repeat.')
@click.option("--at", "moments", multiple=True, help="Once, e.g. 2027-01-01T06:00; may repeat.")
@click.option("--jitter", help="Start up to so much after each time of the schedules, e.g. 5m.")
@click.option(
    "--missed",
    type=click.Choice(["latest", "skip", "all"]),
    help="What of the times that passed while Headway was down runs after all.",
)
@click.option("--timezone", default="UTC", show_default=True, help="Zone of the schedules.")
@click.option("-p", "--parameter", "pairs", multiple=True, help="name=value; may be repeated.")
@click.option("--tag", "tags", multiple=True, help="May be repeated.")
@click.option("--description", help="What it is for; the flow's docstring unless given.")
@click.option("--version", help="Version of the code, e.g. a commit.")
@click.option("--timeout", help="Time limit of a run, e.g. 30m.")
@click.option("--retries", type=click.IntRange(min=0), help="Retries of a run as a whole.")
@click.option("--retry-delay", help="Wait before such a retry, e.g. 5m.")
@click.option(
    "--overlap",
    type=click.Choice(["allow", "skip", "queue", "cancel-running"]),
    help="What becomes of a run that is made while others still go on.",
)
@click.option(
    "--concurrency-limit",
    type=click.IntRange(min=1),
    help="How many of its runs go on at once.",
)
@click.option(
    "--git",
    metavar="URL",
    help="Agents get the code from this repository, with their own credentials, not from here.",
)
@click.option("--ref", help="With --git: branch, tag or commit; what HEAD names unless given.")
@click.option("--folder", help="With --git, --image: in which folder of it the code is.")
@click.option("--image", help="Pools of images: run in this image, which has the code.")
@click.option(
    "--bundle-url",
    metavar="URL",
    help="Agents get the code from this zip: s3://bucket/key, https://… or file:///….",
)
@click.option("--bundle-sha256", help="With --bundle-url: the zip has this hash, or it is not run.")
@click.option(
    "--job-setting",
    "job_settings",
    multiple=True,
    help="name=value, over the pool's, e.g. memory_mb=2048, env.REGION=eu; may be repeated.",
)
@click.option(
    "--owner",
    "owners",
    multiple=True,
    help="Whom to ask about it: address or name of a member or a team; may be repeated.",
)
@click.option(
    "--requirements",
    "requirements_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Managed pools: what to install; requirements.txt beside the file unless given.",
)
@click.option(
    "--requirement",
    "requirements",
    multiple=True,
    help='Managed pools: one thing to install, e.g. "polars>=1"; may be repeated.',
)
@click.option("--cpu", type=float, help="Managed pools: vCPU of a run, e.g. 0.5.")
@click.option("--memory", "memory_mb", type=int, help="Managed pools: memory of a run in MiB.")
@click.option("--include", multiple=True, help="Managed pools: pattern of files to send after all.")
@click.option("--exclude", multiple=True, help="Managed pools: pattern of files not to send.")
def deploy(
    entrypoint: str,
    name: str | None,
    pool: str,
    cron: tuple[str, ...],
    interval: tuple[str, ...],
    rrule: tuple[str, ...],
    moments: tuple[str, ...],
    jitter: str | None,
    missed: str | None,
    timezone: str,
    pairs: tuple[str, ...],
    tags: tuple[str, ...],
    description: str | None,
    version: str | None,
    timeout: str | None,
    retries: int | None,
    retry_delay: str | None,
    overlap: str | None,
    concurrency_limit: int | None,
    git: str | None,
    ref: str | None,
    folder: str | None,
    image: str | None,
    bundle_url: str | None,
    bundle_sha256: str | None,
    job_settings: tuple[str, ...],
    owners: tuple[str, ...],
    requirements_file: Path | None,
    requirements: tuple[str, ...],
    cpu: float | None,
    memory_mb: int | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
) -> None:
    """
    Make the flow behind ENTRYPOINT (file.py:flow) runnable from Headway.

    An agent runs it from this folder, or with --git, --image or --bundle-url from there; the flow
    is read here all the same, for its name and parameters. To a managed pool the folder of the file
    is sent, without what is no code (.git, virtual environments, caches, .env). Deploying the same
    name again replaces the deployment and the schedules it was deployed with; those that somebody
    made on its page stay.
    """
    from headway._schema import parameter_schema, read_text
    from headway._values import read_given
    from headway.cli._bundle import ManagedOptions, describe_code, is_managed
    from headway.cli._described import (
        CodeOptions,
        describe_place,
        find_owners,
        read_job_settings,
    )

    elsewhere = CodeOptions(
        git=git,
        ref=ref,
        folder=folder,
        image=image,
        bundle_url=bundle_url,
        bundle_sha256=bundle_sha256,
    )
    code = elsewhere.describe()
    place, _, attribute = entrypoint.partition(":")
    flow = import_flow(entrypoint, elsewhere.folder_here(place))
    schema = parameter_schema(flow.fn)
    parameters = {name: read_text(schema, name, text) for name, text in split_pairs(pairs).items()}
    read_given(flow.fn, parameters)  # what is missing may come with the run
    times: list[dict[str, Any]] = [
        *({"kind": "CRON", "cron": text} for text in cron),
        *(
            {"kind": "INTERVAL", "interval_seconds": _whole(read_interval(text))}
            for text in interval
        ),
        *({"kind": "RRULE", "rrule": text} for text in rrule),
        *({"kind": "ONCE", "once_at": _read_moment(text, timezone)} for text in moments),
    ]
    how: dict[str, Any] = {"timezone": timezone}
    if jitter is not None:
        how["jitter_seconds"] = _whole(read_interval(jitter))
    if missed is not None:
        how["missed_policy"] = missed.upper()
    schedules = [each | how for each in times]
    client = get_client()
    body: dict[str, Any] = {
        "flow_name": flow.name,
        "name": name or flow.name,
        "entrypoint": f"{place}:{attribute or flow.fn.__name__}",
        "path": str(Path.cwd()) if code is None else None,
        "code": code,
        "job_settings": read_job_settings(client, pool, job_settings) or None,
        "owners": find_owners(client, owners) or None,
        "parameters": parameters,
        "parameter_schema": schema,
        "pool": pool,
        "tags": list(tags) or list(flow.options.get("tags", ())),
        "schedules": schedules,
        "description": description or flow.description,
        "version": version or ref,
        "timeout_seconds": _whole(read_interval(timeout)) if timeout else None,
        "retries": retries,
        "retry_delay_seconds": _whole(read_interval(retry_delay)) if retry_delay else None,
        "overlap": overlap.upper().replace("-", "_") if overlap else None,
        "concurrency_limit": concurrency_limit,
    }
    options = ManagedOptions(
        requirements_file=requirements_file,
        requirements=requirements,
        cpu=cpu,
        memory_mb=memory_mb,
        include=include,
        exclude=exclude,
    )
    if is_managed(client, pool):
        if elsewhere.given():
            raise click.UsageError(
                f"{', '.join(elsewhere.given())}: not for managed pools; this folder is sent."
            )
        body |= describe_code(client, place, options)
        body["entrypoint"] = f"{body.pop('place', place)}:{attribute or flow.fn.__name__}"
    elif options.given():
        raise click.UsageError(
            f"{', '.join(options.given())}: only for managed pools, and {pool!r} is none. "
            "Agents have their own environment."
        )
    deployment = client.put(
        "deployments", {key: value for key, value in body.items() if value is not None}
    )
    full_name = f"{flow.name}/{deployment['name']}"
    number = deployment.get("version_number")
    as_version = f" as version {number}" if number else ""
    click.echo(f"Deployed {full_name} to pool {pool}{as_version}.")
    if code is not None:
        click.echo(f"Agents get its code from {describe_place({'code': code})}.")
    if deployment.get("next_run_at"):
        click.echo(f"Next run at {deployment['next_run_at']}.")
    click.echo(f"Run it now: headway deployments run {full_name}")


def _read_moment(text: str, timezone: str) -> str:
    """Return a moment with its offset; without one it is on the wall clock of the zone."""
    from datetime import datetime
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time; write 2027-01-01T06:00, or with an offset."
        ) from None
    if moment.tzinfo is not None:
        return moment.isoformat()
    try:
        return moment.replace(tzinfo=ZoneInfo(timezone)).isoformat()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"No time zone is called {timezone!r}.") from None


def _whole(seconds: float) -> float | int:
    return int(seconds) if seconds == int(seconds) else seconds


@click.group()
def deployments() -> None:
    """See deployments and start runs of them."""


@deployments.command("list")
def list_deployments() -> None:
    """List the deployments of the workspace, and where their code is."""
    from headway.cli._described import describe_place

    for deployment in get_client().pages("deployments", {"limit": 200}):
        runs = deployment.get("recent_runs") or []
        state = show_state(runs[0]) if runs else "-"
        paused = " (paused)" if deployment.get("paused") else ""
        following = deployment.get("next_run_at") or "-"
        name = plain(f"{deployment['flow']['name']}/{deployment['name']}")
        place = describe_place(deployment)
        click.echo(f"{name}{paused}  last {state}  next {following}  code {place}")


@deployments.command("run")
@click.argument("name")
@click.option("-p", "--parameter", "pairs", multiple=True, help="name=value; may be repeated.")
@click.option("--watch", is_flag=True, help="Follow the run, and exit as it ends.")
@click.pass_context
def run_deployment(context: click.Context, name: str, pairs: tuple[str, ...], watch: bool) -> None:
    """Start a run of the deployment NAME (flow/deployment)."""
    from headway._schema import read_text
    from headway.cli.logs import follow_run

    client = get_client()
    deployment = client.get(f"deployments/{find_deployment(client.pages('deployments'), name)}")
    schema = deployment.get("parameter_schema") or {}
    parameters = {key: read_text(schema, key, text) for key, text in split_pairs(pairs).items()}
    run = client.post(f"deployments/{deployment['id']}/runs", {"parameters": parameters})
    click.echo(f"Run {plain(run['name'])} ({run['id']}) is {show_state(run)}.", err=watch)
    if watch:
        context.exit(follow_run(client, run["id"]))


@deployments.command("versions")
@click.argument("name")
def list_versions(name: str) -> None:
    """List what was deployed as NAME (flow/deployment), newest first."""
    client = get_client()
    id_ = find_deployment(client.pages("deployments"), name)
    for version in client.pages(f"deployments/{id_}/versions", {"limit": 50}):
        label = plain(version["label"] or "-")
        by = plain((version["created_by"] or {}).get("name") or "-")
        changes = ", ".join(version["changes"]) or "-"
        back = f" (again {version['of_number']})" if version["of_number"] else ""
        current = "*" if version["current"] else " "
        click.echo(
            f"{current} {version['number']}{back}  {version['created_at']}  {label}  by {by}"
            f"  changed {changes}"
        )


@deployments.command("rollback")
@click.argument("name")
@click.argument("number", type=click.IntRange(min=1))
def roll_back(name: str, number: int) -> None:
    """Deploy once more what version NUMBER of NAME (flow/deployment) said."""
    client = get_client()
    id_ = find_deployment(client.pages("deployments"), name)
    deployment = client.post(f"deployments/{id_}/rollback", {"number": number})
    full_name = plain(f"{deployment['flow']['name']}/{deployment['name']}")
    click.echo(
        f"{full_name} is as version {number} said, as version {deployment['version_number']}."
    )


def find_deployment(items: Any, name: str) -> str:
    """Return the id of `flow/deployment`, or of a deployment whose name alone is unique."""
    from headway._errors import NotFound

    full: list[str] = []
    matches: list[str] = []
    for item in items:
        full_name = f"{item['flow']['name']}/{item['name']}"
        if name in (full_name, item["id"]):
            return str(item["id"])
        full.append(full_name)
        if item["name"] == name:
            matches.append(str(item["id"]))
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(full[:10]) or "none yet"
    problem = "There is no deployment" if not matches else "There are several deployments"
    raise NotFound(f"{problem} {name!r}. Deployments: {known}.", code="not_found", status=404)
