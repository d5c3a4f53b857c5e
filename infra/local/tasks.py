"""Managed compute of the local stack: tasks are processes of this machine, beside the agent's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.local.place import REPOSITORY

SAME_USER: Final = "root"
TASKS_ID: Final = 61_184  # the first of apps.compute.backends.local: nobody's files belong to it


def task_environment(environment: Mapping[str, str], data: Path) -> dict[str, str]:
    """
    Return the stack's variables with those of managed compute; what the user gave wins.

    When root runs the stack, tasks run as a user that owns nothing, provided that it can reach our
    Python and our data. Else they run as root, as the agent's do, and `tasks_note` says so.
    """
    found = {
        "COMPUTE_BACKEND": "local",
        "COMPUTE_LOCAL_DIR": str(data / "compute"),
        "BUNDLE_FOLDER": str(data / "bundles"),
        "HEADWAY_SDK": str(REPOSITORY / "sdk"),  # tasks install this checkout's, from no index
        **environment,
    }
    needs_a_user = os.geteuid() == 0 and "COMPUTE_LOCAL_USER" not in environment
    if needs_a_user and not _is_reachable(data):
        found["COMPUTE_LOCAL_USER"] = SAME_USER
    return found


def tasks_note(environment: Mapping[str, str]) -> str:
    """Return what the person should know about whom managed runs run as; mostly nothing."""
    is_same = environment.get("COMPUTE_LOCAL_USER") == SAME_USER
    if environment.get("COMPUTE_BACKEND") != "local" or not is_same or os.geteuid() != 0:
        return ""
    return (
        "Runs of the pool `managed` run as root: other users cannot reach this Python or the data "
        "folder."
    )


_TRY: Final = "import headway, os, sys; os.chdir(sys.argv[1])"


def _is_reachable(data: Path) -> bool:
    """Tell whether a user that owns nothing can run this Python with its packages."""
    try:
        tried = subprocess.run(
            [sys.executable, "-P", "-c", _TRY, str(data)],
            cwd="/",
            env={"PATH": os.defpath},
            user=TASKS_ID,
            group=TASKS_ID,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return tried.returncode == 0
