"""The real live and web processes, as in production, at the database of the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.db import connection

from tests.stack import wait_until

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60


def live_process() -> AbstractContextManager[str]:
    """Serve the streams and the lease long poll of what was committed; yields the address."""
    return _serving("asginl", "apps.config.live:application")


def web_process() -> AbstractContextManager[str]:
    """Serve requests by threads, of what was committed; yields the address."""
    return _serving("wsgi", "apps.config.wsgi:application")


@contextmanager
def _serving(interface: str, application: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", interface),
                *("--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws"),
                *("--workers", "1", "--log-level", "error", "--workers-kill-timeout", "5"),
                application,
            ],
            cwd=ROOT,
            env=_environment(url),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

        def answers() -> bool:
            assert process.poll() is None, "The process ended."
            health = httpx2.get(f"{url}/health/live", timeout=5, trust_env=False)
            return health.status_code == 200

        try:
            wait_until("the process to answer", answers, seconds=START_SECONDS)
            yield url
        except BaseException:
            log.seek(0)
            print(log.read().decode(errors="replace")[-4_000:])
            raise
        finally:
            process.terminate()
            process.wait(timeout=30)


def _environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    database: dict[str, Any] = connection.settings_dict
    place = f"@/{database['NAME']}?host={database['HOST']}"
    return kept | {
        "DJANGO_SETTINGS_MODULE": "apps.config.settings.local",
        "SECRET_KEY": settings.SECRET_KEY,  # with which the cookies of the tests are signed
        "ENCRYPTION_KEYS": os.environ["ENCRYPTION_KEYS"],
        "PUBLIC_URL": url,
        "DATABASE_URL": f"postgresql://headway_app{place}",
        "DATABASE_WORKER_URL": f"postgresql://headway_worker{place}",
        "DATABASE_OWNER_URL": f"postgresql://headway_owner{place}",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
