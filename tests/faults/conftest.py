from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import Stack, running_stack

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack() as started:
        yield started


@pytest.fixture
def flow_file(tmp_path: Path) -> Path:
    return tmp_path / "flows.py"


def start_flow(stack: Stack, file: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Run a flow file as a user's cron would, its output in a file of the same name."""
    with output_of(file).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, str(file), *arguments],
            cwd=file.parent,
            env=stack.client_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def output_of(file: Path) -> Path:
    return file.with_suffix(".log")
