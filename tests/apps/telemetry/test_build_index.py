"""An index that comes later: built while senders go on, finished when it was interrupted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from apps.telemetry import store
from apps.telemetry.store.port import index_name
from apps.telemetry.store.tables import LOG_LINE
from tests.databases import superuser

pytestmark = pytest.mark.django_db(transaction=True)
COLUMNS = ("workspace_id", "occurred_at")
NAME = index_name(LOG_LINE, COLUMNS)
DAYS = 4


@pytest.fixture
def owner():
    """A database whose lines of some days have no index yet; afterwards they have it again."""
    with superuser(str(connection.settings_dict["NAME"])) as link:
        for days in range(DAYS):
            link.execute(
                "SELECT telemetry_make_room(%s, now() - make_interval(days => %s))",
                (LOG_LINE.name, days),
            )
            insert(link, days)
        link.execute(f"DROP INDEX {NAME}")
        yield link
        build(link)


def build(link):
    with link.cursor() as cursor:
        store.current().build_index(cursor, LOG_LINE, COLUMNS)


def insert(link, days=0):
    link.execute(
        f"INSERT INTO {LOG_LINE.name} SELECT gen_random_uuid(), gen_random_uuid(),"
        " now() - make_interval(days => %s), gen_random_uuid(), NULL, 20, '', ''",
        (days,),
    )


def indexes(link):
    """Return how many partitions or chunks have the index, whether it is whole, and used ones."""
    whole = link.execute(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (NAME,)
    ).fetchone()
    parts = link.execute(
        "SELECT count(*) FILTER (WHERE has), count(*) FROM (SELECT EXISTS ("
        "  SELECT FROM pg_index JOIN pg_class own ON own.oid = indexrelid"
        "  WHERE indrelid = child.oid AND indisvalid AND indnatts = 2"
        "  AND pg_get_indexdef(indexrelid) LIKE '%%(workspace_id, occurred_at)') AS has"
        " FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
        " WHERE inhparent = %s::regclass) AS found",
        (LOG_LINE.name,),
    ).fetchone()
    return whole and whole[0], parts


def test_every_part_gets_it_and_the_next_one_has_it(owner):
    assert indexes(owner)[0] is None

    build(owner)

    is_whole, (have, all_parts) = indexes(owner)
    assert is_whole
    assert have == all_parts >= DAYS
    owner.execute("SELECT telemetry_make_room(%s, now() - interval '9 days')", (LOG_LINE.name,))
    insert(owner, 9)
    _, (have, more_parts) = indexes(owner)
    assert have == more_parts == all_parts + 1


def test_it_is_built_once(owner):
    build(owner)
    before = owner.execute("SELECT to_regclass(%s)::oid", (NAME,)).fetchone()
    build(owner)

    assert owner.execute("SELECT to_regclass(%s)::oid", (NAME,)).fetchone() == before


def test_what_was_interrupted_is_finished(owner, each_store):
    if each_store == "partitions":
        owner.execute(f"CREATE INDEX {NAME} ON ONLY {LOG_LINE.name} (workspace_id, occurred_at)")
        (part,) = owner.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
            " LIMIT 1",
            (LOG_LINE.name,),
        ).fetchone()
        unfinished = f"{part}_workspace_id_occurred_at"
        owner.execute(f"CREATE INDEX {unfinished} ON {part} (workspace_id, occurred_at)")
    else:
        owner.execute(f"CREATE INDEX {NAME} ON {LOG_LINE.name} (workspace_id, occurred_at)")
        unfinished = NAME
    # As a build leaves it that was killed.
    owner.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", (unfinished,)
    )

    build(owner)

    is_whole, (have, all_parts) = indexes(owner)
    assert is_whole
    assert have == all_parts


def test_who_writes_meanwhile_does_not_wait_for_it(owner, each_store):
    if each_store == "timescale":
        pytest.skip("Chunk by chunk, each with a lock: writers wait for one of them at most.")
    database = str(connection.settings_dict["NAME"])
    with superuser(database) as slow, superuser(database) as sender, superuser(database) as builder:
        sender.execute("SET lock_timeout = '5s'")
        with ThreadPoolExecutor(1) as threads:
            with slow.transaction():
                insert(slow)  # whose end the build has to wait for
                building = threads.submit(build, builder)
                wait_until_waiting(owner, builder)
                insert(sender)
            building.result(60)

    assert indexes(owner)[0]


def wait_until_waiting(link, other):
    """Return once the other connection waits for somebody's lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
    for _ in range(10_000):
        (count,) = link.execute(waiting, (other.info.backend_pid,)).fetchone()
        if count:
            return
        link.execute("SELECT pg_sleep(0.01)")
    raise psycopg.OperationalError("it never waited")
