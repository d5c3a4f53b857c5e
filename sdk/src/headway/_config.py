"""Where the server is and who we are there: environment first, then the file of `headway login`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from headway._errors import ConfigError

OFF = frozenset({"0", "off", "false", "no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One server, one key, one workspace (learned from the server when not given)."""

    api_url: str
    api_key: str = field(repr=False)
    workspace: str | None = None


def config_path() -> Path:
    """Return where `headway login` keeps the key."""
    given = os.environ.get("HEADWAY_CONFIG")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "headway" / "config.toml"


def spool_folder() -> Path:
    """Return where items wait for a server that is away."""
    given = os.environ.get("HEADWAY_SPOOL_DIR")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "headway" / "spool"


def find_config() -> Config | None:
    """
    Return the configuration in force, or None when no server is configured.

    Raises: ConfigError when the profile file cannot be read or half of a pair is missing.
    """
    url = os.environ.get("HEADWAY_API_URL")
    key = os.environ.get("HEADWAY_API_KEY")
    workspace = os.environ.get("HEADWAY_WORKSPACE")
    if not (url and key):
        profile = read_profile(config_path())
        url = url or profile.get("api_url")
        # A key belongs to its server: never send the profile's key to another address.
        if url and url.rstrip("/") == profile.get("api_url", "").rstrip("/"):
            key = key or profile.get("api_key")
            workspace = workspace or profile.get("workspace")
    if not url and not key:
        return None
    if not url:
        raise ConfigError("HEADWAY_API_KEY is set, HEADWAY_API_URL is not.")
    if not key:
        raise ConfigError(f"No API key for {url}: set HEADWAY_API_KEY or run `headway login`.")
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"HEADWAY_API_URL must begin with http:// or https://, not {url!r}.")
    return Config(api_url=url.rstrip("/"), api_key=key.strip(), workspace=workspace or None)


def get_config() -> Config:
    """Return the configuration in force; raises ConfigError when there is none."""
    config = find_config()
    if config is None:
        raise ConfigError(
            "No Headway server is configured. Run `headway login`, or set HEADWAY_API_URL and "
            "HEADWAY_API_KEY."
        )
    return config


def is_recording_off() -> bool:
    """Return whether HEADWAY_RECORDING says that flows shall not report, server or not."""
    return os.environ.get("HEADWAY_RECORDING", "").lower() in OFF


def read_profile(path: Path) -> dict[str, str]:
    """Return the profile's settings; an absent file is an empty profile."""
    import tomllib

    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    return {name: value for name, value in values.items() if isinstance(value, str)}


def write_profile(path: Path, config: Config) -> None:
    """Write the profile so that only its owner can read it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [f"api_url = {_quoted(config.api_url)}", f"api_key = {_quoted(config.api_key)}"]
    if config.workspace:
        lines.append(f"workspace = {_quoted(config.workspace)}")
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    scratch.replace(path)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if any(ord(character) < 32 for character in text):
        raise ConfigError("A setting contains control characters.")
    return f'"{escaped}"'
