"""A real Postgres and a real web process, as `make up` starts them, for the time of a benchmark."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from infra.local.postgres import APPLICATION, OWNER, SUPERUSER, WORKER, EmbeddedPostgres

REPOSITORY = Path(__file__).resolve().parent.parent
STORES = ("partitions", "timescale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where things are, and a key that may do everything."""

    store: str
    port: int
    workspace_id: str
    slug: str
    key: str
    server: EmbeddedPostgres
    database: str

    @property
    def base(self) -> str:
        return f"/api/v1/workspaces/{self.slug}"

    def connect(self, user: str = SUPERUSER) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.server.dsn(user, self.database), autocommit=True)

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the bytes of a request."""
        return (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def manage(self, *words: str) -> None:
        """Run a management command against this stack."""
        subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=REPOSITORY,
            env=_environment(self.server, self.database),
            check=True,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def postgres() -> Iterator[EmbeddedPostgres]:
    """A durable server in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            server.bootstrap()
            yield server
        finally:
            server.stop()
            server.remove()


def stores(server: EmbeddedPostgres) -> Sequence[str]:
    """Return the stores that can be measured on this server."""
    return STORES if server.offers_timescaledb else STORES[:1]


@contextmanager
def stack(
    server: EmbeddedPostgres,
    store: str,
    *,
    workers: int = 2,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """Migrate a new database, sign somebody up and serve it; then drop it, for others need room."""
    database = f"bench_{store}"
    with psycopg.connect(server.dsn(SUPERUSER, "postgres"), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {database} TEMPLATE template0 OWNER {OWNER}")
    with psycopg.connect(server.dsn(SUPERUSER, database), autocommit=True) as link:
        link.execute(f"GRANT CREATE ON SCHEMA public TO {OWNER}")
        if store == "timescale":
            link.execute("CREATE EXTENSION timescaledb")
    environment = _environment(server, database)
    subprocess.run(
        [sys.executable, "-c", _SET_UP],
        cwd=REPOSITORY,
        env=environment | {"HEADWAY_DATABASE_ROLE": "owner"},
        check=True,
        capture_output=True,
        text=True,
    )
    with psycopg.connect(server.dsn(OWNER, database), autocommit=True) as link:
        link.execute(
            "CREATE TABLE bench_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)"
        )
    signed_up = subprocess.run(
        [sys.executable, "-c", _SIGN_UP],
        cwd=REPOSITORY,
        env=environment | {"HEADWAY_DATABASE_ROLE": "app"},
        check=True,
        capture_output=True,
        text=True,
    )
    workspace_id, slug, key = signed_up.stdout.split()[-3:]
    port = free_port()
    with tempfile.TemporaryFile() as log:
        web = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws"),
                *("--workers", str(workers), "--blocking-threads", "8", "--log-level", "error"),
                "apps.config.wsgi:application",
            ],
            cwd=REPOSITORY,
            env=environment
            | {"HEADWAY_DATABASE_ROLE": "app", "DJANGO_SETTINGS_MODULE": "bench.settings"}
            | dict(settings or {}),
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(port, web)
            yield Stack(
                store=store,
                port=port,
                workspace_id=workspace_id,
                slug=slug,
                key=key,
                server=server,
                database=database,
            )
        finally:
            web.terminate()
            web.wait(20)
            with psycopg.connect(server.dsn(SUPERUSER, "postgres"), autocommit=True) as link:
                link.execute(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def another_web(at: Stack) -> Iterator[int]:
    """Serve the same database by one more process; return its port."""
    port = free_port()
    with tempfile.TemporaryFile() as log:
        web = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws"),
                *("--workers", "1", "--blocking-threads", "8", "--log-level", "error"),
                "apps.config.wsgi:application",
            ],
            cwd=REPOSITORY,
            env=_environment(at.server, at.database)
            | {"HEADWAY_DATABASE_ROLE": "app", "DJANGO_SETTINGS_MODULE": "bench.settings"},
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(port, web)
            yield port
        finally:
            web.terminate()
            web.wait(20)


def run_inside(at: Stack, program: str) -> str:
    """Run Python with the application set up, as requests connect; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", "import django\ndjango.setup()\n" + program],
        cwd=REPOSITORY,
        env=_environment(at.server, at.database) | {"HEADWAY_DATABASE_ROLE": "app"},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


_SET_UP = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, interactive=False)
"""

_SIGN_UP = """
import django
django.setup()
from apps.core.clock import utc_now
from apps.identity.models import User
from apps.tenancy import selectors, services
from apps.tenancy.isolation import workspace_scope
now = utc_now()
user = User.objects.create_user("bench@headway.example", "correct horse battery", name="Bench")
workspace = services.create_account_for_new_user(user_id=user.id, display_name="Bench", now=now)
actor, _ = selectors.person_in_workspace(user_id=user.id, workspace=workspace.slug)
with workspace_scope(workspace.id):
    _, secret = services.create_api_key(
        actor=actor, workspace_id=workspace.id, name="bench", role="OWNER", scopes=[],
        expires_at=None)
print(workspace.id, workspace.slug, secret)
"""


def _environment(server: EmbeddedPostgres, database: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "apps.config.settings.local",
        "SECRET_KEY": "bench-" + "x" * 40,
        "ENCRYPTION_KEYS": "YmVuY2gtb25seS1iZW5jaC1vbmx5LWJlbmNoLW9ubHk=",
        "DATABASE_URL": server.dsn(APPLICATION, database),
        "DATABASE_WORKER_URL": server.dsn(WORKER, database),
        "DATABASE_OWNER_URL": server.dsn(OWNER, database),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
                link.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                if b"200" in link.recv(64):
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The web process did not come up.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a round of requests took."""

    seconds: float
    latencies_ms: Sequence[float]
    bodies: Sequence[bytes]

    def percentile(self, q: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(int(q * len(ordered)), len(ordered) - 1)]


def fire(port: int, requests: Sequence[bytes], *, clients: int) -> Outcome:
    """Send the requests over `clients` kept connections; every answer must be a 200 or 201."""
    latencies: list[float] = []
    bodies: list[bytes] = []
    troubles: list[BaseException] = []
    barrier = threading.Barrier(clients + 1)

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            barrier.wait()
            try:
                for request in requests[number::clients]:
                    began = time.perf_counter()
                    link.sendall(request)
                    bodies.append(_read(link))
                    latencies.append((time.perf_counter() - began) * 1_000)
            except BaseException as trouble:
                troubles.append(trouble)
                raise

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if troubles:
        raise troubles[0]
    return Outcome(seconds=seconds, latencies_ms=latencies, bodies=bodies)


def _read(link: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(link)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    length = lengths[0] if lengths else 0  # a 204 says none
    while len(body) < length:
        body += _some(link)
    if b" 20" not in head.split(b"\r\n")[0]:
        raise RuntimeError((head + body).decode(errors="replace")[:500])
    return body


def _some(link: socket.socket) -> bytes:
    data = link.recv(1 << 18)
    if not data:
        raise RuntimeError("The server closed the connection.")
    return data
