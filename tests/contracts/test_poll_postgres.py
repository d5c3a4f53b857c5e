"""`headway poll-postgres` between a real server of Postgres and the real server of Headway."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from apps.core.clock import utc_now
from apps.lineage import services as lineage
from apps.telemetry.models import Event, MetricSeries
from apps.tenancy.isolation import workspace_scope
from headway._client import Client
from headway._config import Config
from headway._errors import ConfigError, ServerUnavailable
from headway._postgres import DatabaseAway, Poller
from infra.local.postgres import SUPERUSER, EmbeddedPostgres
from tests.factories.lineage import edges
from tests.factories.tenancy import make_key
from tests.stack import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

SDK = Path(__file__).resolve().parents[2] / "sdk" / "src"
SERVER = "postgres://db.acme.example:5432"
READER = "reader"  # no superuser: may only read statistics
READS = "SELECT id FROM orders WHERE secret = 'hush'"
# What the extension is after it was created by Postgres 12, 13, 14, 16 and 17 and never updated.
VERSIONS = ("1.7", "1.8", "1.9", "1.10", "1.11")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("polled") / "data", durable=False)
    server.init()
    (server.data_dir / "local.conf").write_text("shared_preload_libraries = 'pg_stat_statements'\n")
    server.start()
    with _link(server, "postgres") as link:
        link.execute(f"CREATE ROLE {READER} LOGIN IN ROLE pg_read_all_stats")
        link.execute("CREATE ROLE stranger LOGIN")
        link.execute("CREATE DATABASE shop")
        link.execute("CREATE DATABASE bare")
        link.execute(
            "CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc"
            " LOCALE 'C' TEMPLATE template0"
        )
        for version in VERSIONS:
            link.execute(f'CREATE DATABASE "of {version}"')
    with _link(server, "shop") as link:
        link.execute("CREATE SCHEMA watching")
        link.execute("CREATE EXTENSION pg_stat_statements SCHEMA watching")
        link.execute(f"GRANT USAGE ON SCHEMA watching TO {READER}, stranger")
        link.execute("CREATE TABLE orders (id int, secret text)")
    for version in VERSIONS:
        with _link(server, f"of {version}") as link:
            link.execute(f"CREATE EXTENSION pg_stat_statements VERSION '{version}'")
    yield server
    server.remove()


def _link(server: EmbeddedPostgres, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(server.dsn(SUPERUSER, database), autocommit=True)


@pytest.fixture
def run(postgres: EmbeddedPostgres) -> Callable[..., None]:
    def execute(times: int, statement: str = READS) -> None:
        with _link(postgres, "shop") as link:
            for _ in range(times):
                link.execute(statement)

    return execute


class Told:
    """What Headway has been told of by the poller."""

    def __init__(self, person: Any) -> None:
        self.workspace = person.workspace

    def payloads(self, part: str = "FROM orders") -> list[dict[str, Any]]:
        with workspace_scope(self.workspace.id):
            events = Event.objects.for_workspace(self.workspace.id)
            rows = list(events.filter(name="query.executed", occurred_at__lte=utc_now()))
        return [row.payload for row in rows if part in row.payload["text"]]

    def calls(self, part: str = "FROM orders") -> int:
        """Return how often statements with this in them were told to be executed."""
        return sum(each["calls"] for each in self.payloads(part))


class Losing(Client):
    """A line on which answers get lost, once `is_losing`."""

    is_losing = False

    def post(self, path: str, body: object = None, **options: Any) -> Any:
        answer = super().post(path, body, **options)
        if self.is_losing:
            raise ServerUnavailable("The answer got lost.", retryable=True)
        return answer


@pytest.fixture
def told(alice: Any) -> Told:
    return Told(alice)


@pytest.fixture
def client(live_server: Any, valkey: Any, alice: Any) -> Iterator[Losing]:
    key = make_key(alice, role="AGENT")
    config = Config(api_url=live_server.url, api_key=key, workspace=alice.workspace.slug)
    client = Losing(config)
    yield client
    client.connection.close()


@pytest.fixture
def poll(postgres: EmbeddedPostgres, client: Losing, tmp_path: Path) -> Callable[..., Any]:
    """Poll once by a poller of its own, that goes on from the file of the one before."""

    def once(database: str = "shop", user: str = READER) -> Any:
        dsn = postgres.dsn(user, database)
        poller = Poller(client, dsn, state=tmp_path / "state.json", namespace=SERVER)
        try:
            return poller.poll()
        finally:
            poller.close()

    return once


@pytest.fixture
def command(
    postgres: EmbeddedPostgres, client: Losing, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(*arguments: str, **more: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(SDK),
            "PYTHONUNBUFFERED": "1",
            "HEADWAY_API_URL": client.config.api_url,
            "HEADWAY_API_KEY": client.config.api_key,
            "HEADWAY_WORKSPACE": client.config.workspace or "",
            "HEADWAY_SPOOL_DIR": str(tmp_path / "spool"),
            "HEADWAY_POSTGRES_DSN": postgres.dsn(READER, "shop"),
            "NO_PROXY": "*",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "headway", "poll-postgres", *arguments],
            cwd=tmp_path,
            env=environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_world_joins_user_statement_and_table_and_no_value_leaves(
    command: Any, run: Any, told: Told
) -> None:
    arguments = ("--state", "state.json", "--namespace", SERVER, "--once")

    def once() -> str:
        process = command(*arguments)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        return out

    run(5)
    assert "The first reading" in once()
    assert told.payloads("") == []
    run(3)
    run(1, "ALTER ROLE stranger PASSWORD 'sesame'")
    run(1, "SET application_name = 'nobody'")
    assert "statements, executed" in once()
    once()

    (payload,) = told.payloads()
    assert payload["text"] == "SELECT id FROM orders WHERE secret = $1"
    assert (payload["calls"], payload["user"], payload["database"]) == (3, SUPERUSER, "shop")
    assert payload["total_ms"] > 0
    everything = str(told.payloads(""))
    assert "ALTER ROLE stranger PASSWORD '?'" in everything
    assert not [word for word in ("hush", "sesame", "nobody", "headway */") if word in everything]
    with workspace_scope(told.workspace.id):
        lineage.build_world(workspace_id=told.workspace.id)
        found = edges(told.workspace)
        series = MetricSeries.objects.filter(workspace_id=told.workspace.id)
        names = {row.name for row in series if row.labels["user"] == SUPERUSER}
    table, user = "table:shop.public.orders", f"user:{SUPERUSER}"
    assert (user, "reads", table) in found
    (query,) = {each[0] for each in found if each[1:] == ("reads", table)} - {user}
    assert (query, "executed_by", user) in found
    assert (table, "part_of", "database:shop") in found
    assert names == {f"postgres.statements.{name}" for name in ("calls", "time", "rows")}


def test_the_command_goes_on_when_the_database_is_back_and_after_its_own_death(
    command: Any, run: Any, told: Told, postgres: EmbeddedPostgres
) -> None:
    arguments = ("--state", "state.json", "--every", "1")
    first = command(*arguments)
    assert "The first reading" in first.stdout.readline()
    run(2)
    wait_until("two calls", lambda: told.calls() == 2)
    postgres.stop()
    assert "cannot be asked" in (said := first.stderr.readline())
    assert said.endswith("Trying again in 1 s.\n")
    postgres.start()
    run(3)
    wait_until("five calls", lambda: told.calls() == 5)
    first.kill()
    first.wait()
    run(4)

    second = command(*arguments, "--once")

    out, err = second.communicate(timeout=60)
    assert (second.returncode, err) == (0, ""), out
    assert told.calls() == 9


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_of_the_extension_tells_each_call_once(
    version: str, poll: Any, run: Any, told: Told, postgres: EmbeddedPostgres
) -> None:
    mark = f"FROM orders AS of_{version.replace('.', '_')}"
    statement = f"SELECT id {mark}"
    database = f"of {version}"
    run(5, statement)
    assert poll(database).first
    run(3, statement)
    assert not poll(database).first
    poll(database)
    assert told.calls(mark) == 3

    run(1, "SELECT watching.pg_stat_statements_reset()")
    run(4, statement)
    poll(database)
    assert told.calls(mark) == 7

    run(1, statement)
    postgres.restart()  # counters are kept
    run(1, statement)
    poll(database)
    assert told.calls(mark) == 9

    crash(postgres)  # counters are lost
    run(2, statement)
    poll(database)
    poll(database)
    assert told.calls(mark) == 11
    assert all(each["total_ms"] > 0 for each in told.payloads(mark))


def crash(postgres: EmbeddedPostgres) -> None:
    """Kill the server as a lack of memory does, and start it again."""
    pid = postgres.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until("its end", lambda: not postgres.is_running())
    postgres.start()


def test_what_ran_in_functions_is_told_once(poll: Any, run: Any, told: Told) -> None:
    run(1, "CREATE OR REPLACE FUNCTION peek() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM orders'")
    poll()
    run(2, "SET pg_stat_statements.track = 'all'; SELECT peek()")

    poll()

    assert told.calls("peek()") == 2
    assert told.calls("FROM orders") == 0


def test_answers_that_get_lost_double_nothing(
    poll: Any, run: Any, told: Told, client: Losing
) -> None:
    poll()
    run(3)
    client.is_losing = True
    for _ in range(2):
        with pytest.raises(ServerUnavailable):
            poll()
    run(2)
    client.is_losing = False

    poll()

    assert told.calls() == 5


def test_a_database_that_is_away_can_be_asked_later(
    poll: Any, run: Any, told: Told, postgres: EmbeddedPostgres
) -> None:
    poll()
    run(2)
    postgres.stop()
    with pytest.raises(DatabaseAway):
        poll()
    postgres.start()

    poll()

    assert told.calls() == 2


@pytest.mark.parametrize(
    ("database", "user", "words"),
    [
        pytest.param("bare", READER, "CREATE EXTENSION", id="no extension"),
        pytest.param("shop", "stranger", "pg_read_all_stats", id="not the role"),
    ],
)
def test_a_server_that_cannot_tell_is_not_asked_for_ever(
    database: str, user: str, words: str, command: Any, postgres: EmbeddedPostgres
) -> None:
    process = command("--every", "1", HEADWAY_POSTGRES_DSN=postgres.dsn(user, database))

    _, err = process.communicate(timeout=60)

    assert process.returncode == 3
    assert words in err


@pytest.fixture
def without_encoding(postgres: EmbeddedPostgres) -> Iterator[Callable[[str, str], None]]:
    """Execute in a database of SQL_ASCII, written in an encoding."""
    with _link(postgres, "bytes") as link:
        link.execute("CREATE EXTENSION pg_stat_statements")

    def execute(statement: str, encoding: str) -> None:
        with psycopg.connect(
            postgres.dsn(SUPERUSER, "bytes"), autocommit=True, client_encoding=encoding
        ) as link:
            link.execute(statement.encode(encoding))

    yield execute
    with _link(postgres, "bytes") as link:
        link.execute("SELECT pg_stat_statements_reset()")
        link.execute("DROP EXTENSION pg_stat_statements")


def test_statements_in_bytes_of_no_encoding_are_told(
    poll: Any, told: Told, without_encoding: Any
) -> None:
    poll("bytes")
    without_encoding('SELECT 1 AS "naïve"', "utf-8")
    without_encoding('SELECT 1, 2 AS "caf\u00e9"', "latin-1")
    poll("bytes")

    texts = [each["text"] for each in told.payloads("SELECT $1")]
    assert set(texts) == {'SELECT $1 AS "naïve"', 'SELECT $1, $2 AS "caf\ufffd"'}


def test_a_server_with_such_a_database_is_read_through_it(
    poll: Any, told: Told, run: Any, without_encoding: Any
) -> None:
    poll("bytes")
    without_encoding('SELECT 1 AS "caf\u00e9"', "latin-1")
    run(2)

    with pytest.raises(ConfigError, match="SQL_ASCII"):
        poll("shop")
    poll("bytes")

    assert told.calls() == 2


def test_a_connection_string_that_is_none_is_not_repeated(command: Any) -> None:
    process = command("--once", HEADWAY_POSTGRES_DSN="host=db sesame 'x")

    _, err = process.communicate(timeout=60)

    assert (process.returncode, "sesame" in err) == (3, False)
    assert "connection string" in err


def test_one_file_of_state_has_one_poller(
    postgres: EmbeddedPostgres, client: Losing, tmp_path: Path
) -> None:
    dsn, state = postgres.dsn(READER, "shop"), tmp_path / "state.json"
    first = Poller(client, dsn, state=state)
    with pytest.raises(ConfigError, match="Another process"):
        Poller(client, dsn, state=state)
    first.close()

    Poller(client, dsn, state=state).close()

    with pytest.raises(ConfigError, match="cannot be kept"):
        Poller(client, dsn, state=tmp_path / "nowhere" / "state.json")
