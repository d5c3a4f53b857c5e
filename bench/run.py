"""`python bench/run.py [name …]`: run the benchmarks and print their tables."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench.table import print_table  # noqa: E402

NOT_BENCHMARKS = {"__init__", "run", "table"}


def names() -> list[str]:
    """Return the modules here that can be run: those with a function `run`."""
    return sorted(
        path.stem
        for path in HERE.glob("*.py")
        if path.stem not in NOT_BENCHMARKS and "\ndef run(" in path.read_text()
    )


def main(wanted: list[str]) -> int:
    known = names()
    if unknown := sorted(set(wanted) - set(known)):
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    missed = False
    for name in wanted or known:
        started = time.perf_counter()
        table = import_module(f"bench.{name}").run()
        print_table(table)
        print(f"\n({name}: {time.perf_counter() - started:.0f} s)", flush=True)
        missed |= not table.holds
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
