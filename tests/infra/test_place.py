"""The data folder of the stack: whose it is, who holds it, what the processes are told."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from infra.local.place import Place
from infra.local.problems import Problem

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(data=tmp_path / "data", port=8400)


def test_a_folder_with_somebody_elses_files_is_refused(place):
    place.data.mkdir()
    (place.data / "thesis.tex").write_text("years")

    with pytest.raises(Problem, match="not Headway's"):
        place.claim()

    assert [path.name for path in place.data.iterdir()] == ["thesis.tex"]


def test_reset_removes_what_was_made_and_nothing_else(place):
    place.claim().close()
    (place.data / "postgres").mkdir()

    place.remove()

    assert not place.data.exists()
    place.data.mkdir()
    (place.data / "thesis.tex").write_text("years")
    with pytest.raises(Problem, match="nothing removed"):
        place.remove()
    assert (place.data / "thesis.tex").exists()


def test_reset_refuses_while_the_stack_runs(place):
    # A lock of the same process would be granted twice: another process has to ask.
    with place.claim():
        asked = subprocess.run(
            [sys.executable, "-m", "infra.local.reset", "--data", str(place.data)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    assert asked.returncode == 1
    assert f"already runs in {place.data} (process {os.getpid()})" in asked.stderr
    assert place.data.exists()


def test_the_secret_key_is_drawn_once_and_private(place):
    place.claim().close()

    first = place.secret_key()

    assert place.secret_key() == first
    assert len(first) >= 50
    assert stat.S_IMODE((place.data / "secret_key").stat().st_mode) == 0o600


def test_the_encryption_key_is_drawn_once_private_and_a_key(place):
    place.claim().close()

    first = place.encryption_keys()

    assert place.encryption_keys() == first
    assert place.environment({})["ENCRYPTION_KEYS"] == first
    assert place.environment({"ENCRYPTION_KEYS": "given"})["ENCRYPTION_KEYS"] == "given"
    assert Fernet(first)
    assert stat.S_IMODE((place.data / "encryption_keys").stat().st_mode) == 0o600


def test_processes_are_told_where_everything_is(place):
    place.claim().close()

    told = place.environment({"PATH": "/usr/bin", "SENTRY_DSN": "given"})

    assert told["DATABASE_URL"].startswith("postgresql://headway_app@/headway?host=")
    assert told["DATABASE_WORKER_URL"].startswith("postgresql://headway_worker@/")
    assert told["DATABASE_OWNER_URL"].startswith("postgresql://headway_owner@/")
    assert told["REDIS_URL"].startswith("unix:///")
    assert told["CELERY_BROKER_URL"].startswith("redis+socket:///")
    assert told["PUBLIC_URL"] == "http://127.0.0.1:8400"
    assert told["LIVE_URL"] == "http://127.0.0.1:8401"
    assert told["SENTRY_DSN"] == "given"
    place.postgres.remove()


def test_servers_of_the_user_replace_the_embedded_ones(place):
    place.claim().close()
    given = {
        "DATABASE_URL": "postgresql://a@db/x",
        "DATABASE_WORKER_URL": "postgresql://w@db/x",
        "DATABASE_OWNER_URL": "postgresql://o@db/x",
        "REDIS_URL": "redis://broker/0",
    }

    told = place.environment(given)

    assert {name: told[name] for name in given} == given
    assert "CELERY_BROKER_URL" not in told
    assert not (place.data / "postgres").exists()


def test_half_a_database_configuration_is_refused_by_name(place):
    place.claim().close()

    with pytest.raises(Problem, match="DATABASE_WORKER_URL and DATABASE_OWNER_URL not"):
        place.environment({"DATABASE_URL": "postgresql://a@db/x"})
