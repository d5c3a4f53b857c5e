"""Where one local stack lives: its folder, its addresses, and what its processes are told."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypedDict

from infra.local.folders import digest, require_space
from infra.local.postgres import APPLICATION, OWNER, WORKER, EmbeddedPostgres
from infra.local.problems import Problem
from infra.local.valkey import EmbeddedValkey

REPOSITORY: Final = Path(__file__).parents[2]
DEFAULT_DATA: Final = REPOSITORY / ".headway"
DEFAULT_PORT: Final = 8400
MARKER: Final = ".made-by-headway"
SPACE_TO_RUN_BYTES: Final = 300 << 20
DATABASE_VARIABLES: Final = {
    "DATABASE_URL": APPLICATION,
    "DATABASE_WORKER_URL": WORKER,
    "DATABASE_OWNER_URL": OWNER,
}


class Credentials(TypedDict):
    """What `manage.py seed_demo` made: how to sign in, and keys for a person and for the agent."""

    login: str
    password: str
    api_key: str
    agent_key: str
    workspace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The data folder and the ports of one stack."""

    data: Path
    port: int
    own_database: str | None = None  # the address of a server that is not the embedded one

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def live_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def postgres(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.data / "postgres")

    @property
    def valkey(self) -> EmbeddedValkey:
        return EmbeddedValkey(self.data / "valkey")

    def claim(self) -> IO[str]:
        """
        Make the folder, or accept it when an earlier start made it; return the lock to hold.

        Raises: Problem when the folder holds other things, or another process runs the stack in it.
        """
        if self.data.exists() and not self.data.is_dir():
            raise Problem(f"DATA={self.data} is not a folder: choose another.")
        if self.data.exists() and any(self.data.iterdir()) and not (self.data / MARKER).exists():
            raise Problem(
                f"DATA={self.data} holds files that are not Headway's: choose a new folder."
            )
        try:
            # Others may pass: root's Postgres runs as another user. What is inside is closed.
            self.data.mkdir(mode=0o711, parents=True, exist_ok=True)
            (self.data / MARKER).touch()
        except OSError as error:
            raise Problem(
                f"Cannot write to {self.data} ({error.strerror}): choose another DATA=…"
            ) from None
        require_space(self.data, SPACE_TO_RUN_BYTES)
        lock = (self.data / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise Problem(
                f"Headway already runs in {self.data} (process {holder}): stop that one first, or "
                f"choose another place with DATA=… PORT=…"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock

    def remove(self) -> None:
        """Delete the data and what was put elsewhere for it. Raises: Problem when not ours."""
        if not self.data.exists():
            return
        if not (self.data / MARKER).exists():
            raise Problem(f"{self.data} was not made by Headway: nothing removed.")
        with self.claim():
            self.postgres.remove()
            self.valkey.remove()
            shutil.rmtree(self.data)

    def secret_key(self) -> str:
        """Return the key that signs sessions; drawn once, so that a restart signs nobody out."""
        path = self.data / "secret_key"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def encryption_keys(self) -> str:
        """Return the key under which secrets are stored; whoever loses the file loses them."""
        path = self.data / "encryption_keys"
        if not path.exists():
            write_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return path.read_text().strip()

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """
        Return the variables for the processes of the stack.

        What the user gave wins: DATABASE_URL (then its two siblings as well) and REDIS_URL point to
        real servers instead of the embedded ones.
        """
        environment = dict(given)
        if "DATABASE_URL" in given:
            missing = [name for name in DATABASE_VARIABLES if name not in given]
            if missing:
                raise Problem(
                    f"DATABASE_URL is set, {' and '.join(missing)} not: set all three "
                    f"(roles: infra/postgres/roles.sql), or none."
                )
        else:
            postgres = self.postgres
            environment |= {name: postgres.dsn(role) for name, role in DATABASE_VARIABLES.items()}
        if "REDIS_URL" not in given:
            valkey = self.valkey
            environment |= {"REDIS_URL": valkey.url, "CELERY_BROKER_URL": valkey.broker_url}
        return environment | {
            "DJANGO_SETTINGS_MODULE": given.get(
                "DJANGO_SETTINGS_MODULE", "apps.config.settings.local"
            ),
            "SECRET_KEY": given.get("SECRET_KEY") or self.secret_key(),
            "ENCRYPTION_KEYS": given.get("ENCRYPTION_KEYS") or self.encryption_keys(),
            "PUBLIC_URL": self.public_url,
            "LIVE_URL": self.live_url,
            "HEADWAY_DATA": str(self.data),
            "LOG_FORMAT": given.get("LOG_FORMAT", "console"),
            "PATH": os.pathsep.join(
                [str(Path(sys.executable).parent), given.get("PATH", os.defpath)]
            ),
            "PYTHONUNBUFFERED": "1",
            # glibc gives each thread its own arena; two keep a process of many threads small.
            "MALLOC_ARENA_MAX": given.get("MALLOC_ARENA_MAX", "2"),
        }

    def client_environment(self, credentials: Credentials) -> dict[str, str]:
        """Return the variables by which SDK, CLI and agent find this stack."""
        return {
            "HEADWAY_API_URL": self.public_url,
            "HEADWAY_API_KEY": credentials["api_key"],
            "HEADWAY_WORKSPACE": credentials["workspace"],
            "HEADWAY_SPOOL_DIR": str(self.data / "spool"),
            "HEADWAY_DEMO_DIR": str(self.data / "demo"),
        }

    def demo_environment(self, credentials: Credentials) -> dict[str, str]:
        """Return those of a client, and the login: for the demo alone, not for what agents run."""
        return self.client_environment(credentials) | {
            "HEADWAY_DEMO_LOGIN": credentials["login"],
            "HEADWAY_DEMO_PASSWORD": credentials["password"],
        }

    def kept(self, name: str) -> Path:
        """Return the file that notes something about the database in use, and about no other."""
        if self.own_database is None:
            return self.data / name
        stem, dot, suffix = name.partition(".")
        return self.data / f"{stem}-{digest(self.own_database)}{dot}{suffix}"

    def credentials(self) -> Credentials | None:
        """Return what the seed made in this place and database, or None before it did."""
        path = self.kept("credentials.json")
        if not path.exists():
            return None
        found: Credentials = json.loads(path.read_text())
        # A file of an older version lacks what is new: then everything is made anew.
        return found if Credentials.__required_keys__ <= found.keys() else None

    def keep_credentials(self, credentials: Credentials) -> None:
        """Store what the seed made; the API key is shown by the server only once."""
        write_private(self.kept("credentials.json"), json.dumps(credentials, indent=2))


def own_database(given: Mapping[str, str]) -> str | None:
    """Return the address of the user's own database server, if there is one."""
    return given.get("DATABASE_OWNER_URL") if "DATABASE_URL" in given else None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, complete or not at all."""
    building = path.with_name(path.name + ".new")
    building.unlink(missing_ok=True)
    descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    building.replace(path)


def given_environment() -> dict[str, str]:
    """Return what the caller's shell told us, the one place where the stack reads it."""
    return dict(os.environ)
