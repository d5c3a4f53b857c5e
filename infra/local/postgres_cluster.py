"""The files of a Postgres server: how they are made and configured, and who serves them now."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.local.postgres_user import ServerUser
from infra.local.problems import Problem

Settings = Mapping[str, str | int]


class Cluster:
    """One folder of data, and the user whose it is. `programs`: the folder of Postgres' own."""

    def __init__(self, folder: Path, *, user: ServerUser) -> None:
        self.folder = folder
        self._user = user

    @property
    def exists(self) -> bool:
        return (self.folder / "PG_VERSION").exists()

    @property
    def major(self) -> int:
        """The version of Postgres that made it."""
        return int((self.folder / "PG_VERSION").read_text())

    def create(self, *, programs: Path, superuser: str, durable: bool) -> None:
        """Make an empty cluster, all of it or nothing."""
        options = [] if durable else ["--no-sync"]
        # Into a sibling, then renamed: an interrupted initdb leaves nothing like a cluster.
        building = self.folder.with_name(f"{self.folder.name}.building")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        self._user.give(building)
        done = self._user.run(
            [
                str(programs / "initdb"),
                f"--pgdata={building}",
                f"--username={superuser}",
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
            raise Problem(f"Postgres could not create {self.folder}: {last_line(done.stderr)}")
        building.rename(self.folder)

    def refuse_other_version(self, *, programs: Path) -> None:
        """Raises: Problem when another version of Postgres made it."""
        found = (self.folder / "PG_VERSION").read_text().strip()
        done = self._user.run([str(programs / "postgres"), "--version"])
        match = re.search(r"(\d+)\.\d+|(\d+)", done.stdout)
        ours = (match[1] or match[2]) if match else "unknown"
        if found != ours:
            raise Problem(
                f"{self.folder} was made by Postgres {found}, but this is Postgres {ours}: keep "
                f"it for the other version and choose a new folder with DATA=…, or `make reset`."
            )

    def configure(self, settings: Settings) -> None:
        """Write our part of its configuration; what people put into local.conf comes after it."""
        lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
        own = self.folder / "headway.conf"
        own.write_text(
            "# Written at each start. Put changes of yours into local.conf.\n"
            + "\n".join(lines)
            + "\n"
        )
        self._user.give(own)
        main = self.folder / "postgresql.conf"
        includes = "include_if_exists = 'headway.conf'\ninclude_if_exists = 'local.conf'\n"
        if includes not in main.read_text():
            with main.open("a") as file:
                file.write("\n" + includes)

    def passwords(self, roles: Iterable[str]) -> dict[str, str]:
        """Return the roles' passwords for TCP, drawn once."""
        path = self.folder / "passwords.json"
        if not path.exists():
            drawn = {role: secrets.token_urlsafe(24) for role in roles}
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(drawn, file)
        passwords: dict[str, str] = json.loads(path.read_text())
        return passwords

    def running_pid(self) -> int | None:
        """Return the process id of the server on the folder; a stale pid file means None."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
            # A number alone proves nothing: after a crash it may belong to somebody else by now.
            if Path(os.readlink(f"/proc/{pid}/cwd")) != self.folder.resolve():
                return None
            # A zombie keeps its entry until its parent looks.
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return None
        return None if state == "Z" else pid

    def status(self) -> str:
        """Return the last line of the pid file: "starting", "stopping", "ready" or ""."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return ""
        return lines[7].strip() if len(lines) > 7 else ""

    def servers_at_work(self) -> list[int]:
        """Return the Postgres processes that work in the folder."""
        folder = self.folder.resolve()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if (
                        Path(os.readlink(entry / "cwd")) == folder
                        and (entry / "comm").read_text().strip() == "postgres"
                    ):
                        found.append(int(entry.name))
                except OSError:  # gone, or somebody else's
                    continue
        return found


def settings_of(
    *,
    major: int,
    port: int | None,
    socket_port: int,
    socket_dir: Path,
    durable: bool,
    timescaledb: bool,
) -> dict[str, str | int]:
    """Return what we configure: small, and without what one server for itself has no use for."""
    settings: dict[str, str | int] = {
        "listen_addresses": "127.0.0.1" if port is not None else "",
        "port": socket_port,
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": 80 if durable else 120,
        "shared_buffers": "64MB" if durable else "128MB",
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
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    if major >= 18:
        settings["io_method"] = "sync"  # the default keeps three more processes
    if timescaledb:
        settings |= {
            "shared_preload_libraries": "timescaledb",
            "timescaledb.telemetry_level": "off",
            "timescaledb.max_background_workers": 4,
        }
    return settings


def last_line(text: str) -> str:
    """Return the most telling line: the last FATAL, PANIC or error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|error:|could not", line)]
    return (telling or lines or ["no message"])[-1]


def _quoted(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
