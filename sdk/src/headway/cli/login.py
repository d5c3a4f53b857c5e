"""`headway login` and `headway flush`."""

from __future__ import annotations

import click

from headway._client import Client
from headway._config import Config, config_path, get_config, write_profile
from headway._errors import ConfigError, HeadwayError


@click.command(short_help="Check a key and keep it for this user.")
@click.option(
    "--url", prompt="Server URL", envvar="HEADWAY_API_URL", help="Address of the Headway server."
)
@click.option(
    "--key",
    prompt="API key",
    hide_input=True,
    envvar="HEADWAY_API_KEY",
    help="API key, hw_…; asked for when not given.",
)
@click.option("--workspace", help="Which workspace, if the key sees several.")
def login(url: str, key: str, workspace: str | None) -> None:
    """Check a key and keep it in ~/.config/headway/config.toml (readable by you alone)."""
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"The URL must begin with http:// or https://, not {url!r}.")
    config = Config(api_url=url.rstrip("/"), api_key=key.strip(), workspace=workspace)
    client = Client(config)
    me = client.me()
    slugs = [str(item["slug"]) for item in me.get("workspaces") or []]
    chosen = client.workspace()
    if chosen not in slugs:
        raise ConfigError(f"The key does not see {chosen!r}, only: {', '.join(slugs) or 'none'}.")
    path = config_path()
    try:
        write_profile(
            path, Config(api_url=config.api_url, api_key=config.api_key, workspace=chosen)
        )
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"Logged in to {chosen} as {me['actor']['name']}; kept in {path}.")


@click.command(short_help="Send what waits on disk for the server.")
def flush() -> None:
    """Send what earlier flows could not, because the server was away."""
    from headway._recording import open_recorder

    recorder = open_recorder(get_config())
    if not recorder.drain():
        raise HeadwayError("Not everything could be sent yet; it stays on disk.")
    click.echo("Everything is sent.")
