"""No test of compute keeps bundles anywhere but in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_folder(bundle_folder: Path) -> None:
    pass
