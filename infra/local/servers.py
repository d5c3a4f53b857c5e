"""Servers of the user's own, named in the environment: looked at before anything relies on them."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local.place import DATABASE_VARIABLES
from infra.local.problems import Problem

CONNECT_SECONDS = 5


def require_servers(given: Mapping[str, str]) -> None:
    """Raise Problem, with the variable's name, unless each server that is named answers."""
    if "DATABASE_URL" in given:  # the other two without it mean nothing
        for name in DATABASE_VARIABLES:
            _require_postgres(name, given[name])
    if "REDIS_URL" in given:
        _require_redis(given["REDIS_URL"])


def _require_postgres(name: str, url: str) -> None:
    import psycopg  # the embedded server needs no client to be started

    if not url.startswith(("postgresql://", "postgres://")):
        raise Problem(f"{name} must be a postgresql:// address.")
    try:
        psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        raise Problem(f"{name} leads to no database: {_first_line(error)}") from None


def _require_redis(url: str) -> None:
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise Problem(f"REDIS_URL leads to no Redis or Valkey: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
