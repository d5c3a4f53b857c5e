from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from headway import _recording
from headway._ids import uuid7
from tests_support import Clock, ContractServer, start_python

# Both measure the machine, and who else is using it.
settings.register_profile("headway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("headway")

pytest_plugins = ["headway.testing.fixtures"]


def pytest_configure() -> None:
    # A shell that starts us in the background has SIGINT ignored, and our processes inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep tests away from the profile and the spool of whoever runs them."""
    for name in list(os.environ):
        if name.startswith("HEADWAY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HEADWAY_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("HEADWAY_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("HEADWAY_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HEADWAY_CODE_DIR", str(tmp_path / "code"))
    previous = _recording._recorder
    _recording.set_recorder(None)
    yield
    _recording.set_recorder(previous)


@pytest.fixture
def server() -> Iterator[ContractServer]:
    server = ContractServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python processes that do not outlive the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        process = start_python(tmp_path, *arguments, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Write a flow file."""

    def write(text: str, name: str = "flow_file.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket of a simulated S3, which this process and those it starts talk to."""
    # Not for those who need none: both take a second to import.
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("NO_PROXY", "*")
    # moto's stores are of the process: a name of its own for each test.
    name = f"bucket-{uuid7()}"
    boto3.client("s3").create_bucket(Bucket=name)
    yield name
    server.stop()
