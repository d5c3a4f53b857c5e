"""
Two databases in one server: one with TimescaleDB created, one without.

Import `each_store` into a conftest and each of its tests runs on both; where the server does not
offer the extension the second half is skipped and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from apps.telemetry import services
from infra.local.postgres import APPLICATION, OWNER
from tests.databases import migrated_template, superuser

STORES = ("partitions", "timescale")
_made: dict[str, str] = {}  # store → database


def _has_extension(name: str) -> bool:
    with superuser(name) as link:
        return (
            link.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
            is not None
        )


def _is_offered(name: str) -> bool:
    with superuser(name) as link:
        return (
            link.execute(
                "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
            ).fetchone()
            is not None
        )


def _switch(database: str, role: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database
    connection.settings_dict["USER"] = role


def _make(store: str, default: str) -> str:
    """Make the database of the store that the default database is not."""
    name = f"{default}_{store}"
    template = migrated_template(timescale=store == "timescale")
    with superuser("postgres") as link:
        link.execute(f'DROP DATABASE IF EXISTS "{name}"')
        link.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {OWNER}')
    return name


@pytest.fixture(scope="session")
def other_stores(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Drops at the end what `each_store` made."""
    yield
    default = connection.settings_dict["NAME"]
    for name in _made.values():
        if name != default:
            connection.close()
            with superuser("postgres") as link:
                link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _made.clear()


@pytest.fixture(scope="module", params=STORES, autouse=True)
def each_store(
    request: pytest.FixtureRequest, other_stores: None, django_db_blocker: Any
) -> Iterator[str]:
    """Connect the module's tests to a database of this store; its name is the value."""
    store: str = request.param
    with django_db_blocker.unblock():
        default = str(connection.settings_dict["NAME"])
        if store == "timescale" and not _is_offered(default):
            pytest.skip("The server does not offer the TimescaleDB extension.")
        if not _made:
            _made["timescale" if _has_extension(default) else "partitions"] = default
        if store not in _made:
            _made[store] = _make(store, default)
        _switch(_made[store], APPLICATION)
    yield store
    with django_db_blocker.unblock():
        _switch(default, APPLICATION)


@pytest.fixture(autouse=True)
def forget_series() -> None:
    """Series of another test's rolled back transaction must not count as known."""
    services.forget_series()
