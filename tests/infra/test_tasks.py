"""What the local stack tells its processes of managed compute."""

import os
from pathlib import Path

import pytest

from infra.local import tasks
from infra.local.tasks import task_environment, tasks_note


def test_managed_runs_are_processes_of_this_machine(tmp_path):
    found = task_environment({"SECRET_KEY": "x"}, tmp_path)

    assert found["COMPUTE_BACKEND"] == "local"
    assert found["COMPUTE_LOCAL_DIR"] == str(tmp_path / "compute")
    assert found["SECRET_KEY"] == "x"
    assert (Path(found["HEADWAY_SDK"]) / "pyproject.toml").is_file()


def test_what_the_user_says_of_compute_wins(tmp_path):
    given = {"COMPUTE_BACKEND": "off", "COMPUTE_LOCAL_USER": "nobody"}

    assert given.items() <= task_environment(given, tmp_path).items()
    assert tasks_note(task_environment(given, tmp_path)) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_says_so_when_tasks_cannot_be_somebody_else(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    found = task_environment({}, closed)

    assert found["COMPUTE_LOCAL_USER"] == "root"
    assert "as root" in tasks_note(found)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_hands_tasks_to_somebody_else_where_that_works(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "_is_reachable", lambda _data: True)

    found = task_environment({}, tmp_path)

    assert "COMPUTE_LOCAL_USER" not in found
    assert tasks_note(found) == ""
