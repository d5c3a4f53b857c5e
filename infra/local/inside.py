"""
Run a Python program with the environment of the stack, as if the stack had started it.

    python -m infra.local.inside [--port 8400] [--data .headway] manage.py shell
    python -m infra.local.inside demo/up.py
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from infra.local.place import (
    DEFAULT_DATA,
    DEFAULT_PORT,
    MARKER,
    Place,
    given_environment,
    own_database,
)
from infra.local.problems import Problem
from infra.local.up import answers


def main() -> None:
    """Become the program named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("words", nargs=argparse.REMAINDER, help="a Python program and its words")
    options = parser.parse_args()
    given = given_environment()
    place = Place(
        data=options.data.absolute(),
        port=options.port,
        own_database=own_database(given),
    )
    credentials = place.credentials() if (place.data / MARKER).exists() else None
    if credentials is None or not answers(place.port, "/health/ready"):
        sys.exit(f"headway: not running at {place.public_url}; `make up` in another shell first.")
    try:
        environment = place.environment(given)
    except Problem as problem:
        sys.exit(f"headway: {problem}")
    environment |= place.demo_environment(credentials)
    os.execve(sys.executable, [sys.executable, *options.words], environment)  # noqa: S606


if __name__ == "__main__":
    main()
