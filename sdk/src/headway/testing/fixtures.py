"""Pytest fixtures; load them with `pytest_plugins = ["headway.testing.fixtures"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headway._port import SilentRecorder
from headway._recording import recording_to
from headway.testing import InMemoryTransport, record


@pytest.fixture
def headway_recorded() -> Iterator[InMemoryTransport]:
    """Record the test's flows in memory."""
    with record() as recorded:
        yield recorded


@pytest.fixture
def headway_silent() -> Iterator[None]:
    """Let the test's flows run unrecorded, whatever server this machine is logged in to."""
    with recording_to(SilentRecorder()):
        yield
