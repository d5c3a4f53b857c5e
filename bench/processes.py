"""The other processes of a stack, for benchmarks that need them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench.stack import REPOSITORY, Stack, _environment, _wait_for, free_port


@contextmanager
def live(at: Stack, port: int = 0) -> Iterator[int]:
    """Serve the live process and return its port; one of its own when none is given."""
    port = port or free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asgi"),
        *("--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws"),
        *("--workers", "1", "--log-level", "error"),
        "apps.config.live:application",
    ]
    with _running(at, "app", command) as process:
        _wait_for(port, process)
        yield port


@contextmanager
def workers(at: Stack, *names: str, settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run loops."""
    command = [sys.executable, "manage.py", "run_worker", *names]
    with _running(at, "worker", command, settings):
        yield


@contextmanager
def _running(
    at: Stack, role: str, command: list[str], settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    environment = _environment(at.server, at.database) | {"HEADWAY_DATABASE_ROLE": role}
    environment |= settings or {}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)
