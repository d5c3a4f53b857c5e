"""
Databases for tests: migrated once in a session, copied for each worker, emptied after commits.

All of it goes through the superuser of the tests' own server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from infra.local.postgres import DATABASE_SQL, OWNER, SUPERUSER

# Made with the tables; no test writes them.
_KEPT = frozenset({"django_content_type", "auth_permission"})
_LOCK = 4711  # of whoever makes a template; the others wait for it


def superuser(database: str) -> psycopg.Connection[Any]:
    """Connect to a database of the tests' server as who may do everything."""
    parameters = connection.get_connection_params()
    return psycopg.connect(
        dbname=database,
        user=SUPERUSER,
        host=parameters["host"],
        port=parameters.get("port"),
        autocommit=True,
    )


def migrated_template(*, timescale: bool | None = None) -> str:
    """
    Return the name of a database that is migrated and stays empty; the first who asks makes it.

    `timescale`: with the extension or without it; None: with it when the server offers it.
    """
    with superuser("postgres") as link:
        if timescale is None:
            offered = "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
            timescale = link.execute(offered).fetchone() is not None
        name = f"headway_template_{'timescale' if timescale else 'partitions'}"
        link.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        # By this name it is not taken for a template if we are killed on the way.
        building = f"{name}_building"
        link.execute(f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)')
        # Not of template1, where a worker of TimescaleDB may be at work and keep us from it.
        link.execute(f'CREATE DATABASE "{building}" TEMPLATE template0 OWNER {OWNER}')
        with superuser(building) as inside:
            inside.execute(DATABASE_SQL.read_bytes())
            if timescale:
                inside.execute("CREATE EXTENSION timescaledb")
        with connected_to(building, OWNER):
            call_command("migrate", verbosity=0, interactive=False)
        # Who is connected to it keeps it from being renamed and copied; TimescaleDB's workers are.
        link.execute(f'ALTER DATABASE "{building}" ALLOW_CONNECTIONS false')
        link.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s",
            [building],
        )
        link.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
    return name


@contextmanager
def connected_to(database: str, role: str) -> Iterator[None]:
    """Let Django's connection be this one for the block."""
    before = {name: connection.settings_dict[name] for name in ("NAME", "USER")}
    connection.close()
    connection.settings_dict |= {"NAME": database, "USER": role}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= before


_EMPTY = """
DO $$
DECLARE
    name text;
    has_rows boolean;
BEGIN
    SET LOCAL lock_timeout = '30s';
    SET LOCAL session_replication_role = replica;
    FOREACH name IN ARRAY string_to_array('{tables}', ',') LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END
$$
"""


def empty_tables(_test_case: object) -> None:
    """
    Empty, after a test that commits, whichever database is connected to.

    Django truncates every table there is, a hundred and more, and makes content types and
    permissions anew: most of a second after a test that wrote ten rows. Here, of the same tables
    those that have rows are emptied, past foreign keys, row security and triggers. The store's are
    not among them, with Django neither: its rows are told apart by their workspace.
    """
    models = apps.get_models(include_auto_created=True)
    tables = {model._meta.db_table for model in models if model._meta.managed} - _KEPT
    # Not by the test's own connection, which a test that ran out of time leaves amid a statement.
    connection.close()
    with superuser(str(connection.settings_dict["NAME"])) as link:
        link.execute(_EMPTY.format(tables=",".join(sorted(tables))))
