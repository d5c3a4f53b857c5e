"""A second go for few: what it forgives, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.ci import twice

STEADY = "def test_steady():\n    pass\n"
BROKEN = "def test_broken():\n    assert False\n"
UNSTEADY = """
from pathlib import Path

def test_unsteady():
    second = Path("ran").exists()
    Path("ran").touch()
    assert second
"""


@pytest.fixture
def run(tmp_path):
    def run_these(*tests):
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_it.py").write_text("\n\n".join(tests))
        return subprocess.run(
            [sys.executable, str(Path(twice.__file__)), "-q", "-p", "no:django"],
            cwd=tmp_path,
            env={"PATH": "", "PYTEST_ADDOPTS": "-p no:django -p no:randomly"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_these


def test_one_that_passes_alone_is_named_and_forgiven(run):
    done = run(STEADY, UNSTEADY)

    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("Unsteady, passed alone:\n  test_it.py::test_unsteady\n")


def test_one_that_fails_twice_fails(run):
    done = run(UNSTEADY, BROKEN)

    assert done.returncode == 1
    assert "Unsteady" not in done.stdout


def test_many_have_no_second_go(run):
    many = [BROKEN.replace("broken", f"broken_{n}") for n in range(twice.MOST)]

    done = run(UNSTEADY, *many)

    assert done.returncode == 1
    assert "Once more" not in done.stdout


@pytest.mark.parametrize(
    ("tests", "status"),
    [(STEADY, 0), ("def test_(:", 2), ("", 5)],
    ids=["sound", "cannot be read", "none"],
)
def test_anything_else_is_what_pytest_says(run, tests, status):
    done = run(tests)

    assert done.returncode == status
    assert "Once more" not in done.stdout
