"""Read settings from the environment; a bad or missing value stops the start, by name."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
FERNET_KEY_BYTES = 32


def env_str(name: str, default: str | None = None) -> str:
    """Return the variable's text; without a default a missing one is a configuration error."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set.")
    return value


def env_bool(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in _TRUE:
        return True
    if value.strip().lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def env_int(name: str, default: int | None = None) -> int:
    value = os.environ.get(name)
    if value is None:
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set.")
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def env_limit(name: str) -> int:
    """Read how much is allowed; 0, the default, means that nothing is limited."""
    value = env_int(name, 0)
    if value < 0:
        raise ImproperlyConfigured(f"{name} must not be negative; 0 means no limit.")
    return value


def env_float(name: str, default: float) -> float:
    value = os.environ.get(name)
    try:
        return default if value is None else float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None


def env_choice(name: str, choices: Sequence[str], default: str) -> str:
    value = os.environ.get(name, default).strip()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def env_list(name: str, default: str = "") -> list[str]:
    """Split on commas; empty parts are dropped."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_groups(name: str, default: str = "") -> dict[str, tuple[str, ...]]:
    """Read `KEY=a,b OTHER=c`: what belongs to each key, in its order."""
    groups: dict[str, tuple[str, ...]] = {}
    for entry in os.environ.get(name, default).split():
        key, _, members = entry.partition("=")
        found = tuple(part for part in members.split(",") if part)
        if not key or not found or key in groups:
            raise ImproperlyConfigured(f"{name}: {entry!r} must be KEY=value,value, each key once.")
        groups[key] = found
    return groups


def env_inherited(names: Sequence[str], prefixes: Sequence[str]) -> dict[str, str]:
    """Return the variables of these names, in either case, and of names that begin like this."""
    wanted = {name.upper() for name in names}
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in wanted or name.startswith(tuple(prefixes))
    }


def env_hosts(name: str) -> frozenset[str]:
    """Read a comma-separated list of exact `host:port` entries; IPv6 hosts stand in brackets."""
    entries = frozenset(entry.lower() for entry in env_list(name))
    for entry in entries:
        host, _, port = entry.rpartition(":")
        if not host or not port.isdecimal() or "/" in entry or "*" in entry:
            raise ImproperlyConfigured(f"{name}: {entry!r} must be host:port, exactly.")
    return entries


def env_secret(name: str, default: str | None = None) -> str:
    """Like `env_str`, but `NAME_FILE` may name a file that holds the value."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return env_str(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error.strerror}.") from None


def env_keys(name: str) -> list[str]:
    """Read one or more Fernet keys, separated by commas or white space; the first one encrypts."""
    keys = env_secret(name).replace(",", " ").split()
    if not keys:
        raise ImproperlyConfigured(f"{name} is empty.")
    for number, key in enumerate(keys, start=1):
        try:
            size = len(urlsafe_b64decode(key))
        except ValueError:
            size = 0
        if size != FERNET_KEY_BYTES:
            # Not the value: it may be a good key with one character lost.
            raise ImproperlyConfigured(
                f"{name}: key {number} is not {FERNET_KEY_BYTES} bytes in URL-safe base64."
            )
    return keys


def database_from_url(name: str, url: str) -> dict[str, Any]:
    """
    Turn `postgresql://user:password@host:port/database?option=value` into Django's settings.

    A socket folder goes into `?host=/folder`, as in libpq.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgresql:// address.")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    port = options.pop("port", None) or str(parts.port or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "headway",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": dict(options),
    }
