"""
Real clients of the front doors' protocols, in virtual environments of their own.

They pin what the server and its tests must not (dbt asks for an old protobuf), so they are
processes beside it. Made once and kept below .venv; `python -m tests.clients` makes them ahead.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".venv" / "clients"
INSTALL_SECONDS = 600
NAMES = ("senders", "dbt", "models")


def python_of(name: str) -> Path:
    """Return the environment's Python, installing it first where its list has changed."""
    wanted_list = HERE / f"{name}.txt"
    wanted = hashlib.sha256(wanted_list.read_bytes()).hexdigest()
    home = HOME / name
    python, done = home / "bin" / "python", home / ".installed"
    HOME.mkdir(parents=True, exist_ok=True)
    # Of several processes one installs; the others wait for it.
    with (HOME / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == wanted:
            return python
        shutil.rmtree(home, ignore_errors=True)
        quiet = ("-q", "--disable-pip-version-check", "--no-input")
        for command in (
            [sys.executable, "-m", "venv", str(home)],
            [str(python), "-m", "pip", "install", *quiet, "-r", str(wanted_list)],
        ):
            subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=INSTALL_SECONDS)
        done.write_text(wanted)
    return python
