"""`make reset`: remove the data of a stopped stack, and only what the stack itself made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.local.place import DEFAULT_DATA, DEFAULT_PORT, Place
from infra.local.problems import Problem


def main() -> None:
    """Remove the data folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    data = parser.parse_args().data.absolute()
    existed = data.exists()
    try:
        Place(data=data, port=DEFAULT_PORT).remove()
    except Problem as problem:
        sys.exit(f"headway: {problem}")
    print(f"Removed {data}." if existed else f"There is nothing at {data}.")


if __name__ == "__main__":
    main()
