"""
Run pytest; a few tests that failed beside all others have one more go, alone.

Tests that start whole stacks beside thousands of others sometimes measure the machine. One that
fails twice fails, and so do many at once: those are defects. One that passes alone is named, so
that somebody looks for what makes it unsteady.

    python infra/ci/twice.py ARGUMENTS-OF-PYTEST…

The exit status is pytest's. Run it in the folder whose tests are meant.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

MOST: Final = 4
_SOME_FAILED: Final = 1
_FAILED_LAST: Final = Path(".pytest_cache", "v", "cache", "lastfailed")


def _pytest(*arguments: str) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


def main() -> int:
    status = _pytest("--cache-clear", *sys.argv[1:])
    if status != _SOME_FAILED:
        return status
    failed = sorted(json.loads(_FAILED_LAST.read_text()))
    if len(failed) > MOST:
        return status
    print(f"\n{len(failed)} failed beside others. Once more, alone:", flush=True)
    status = _pytest("-q", "--last-failed", "--last-failed-no-failures=none", "-n0")
    if status == 0:
        print("\nUnsteady, passed alone:", *failed, sep="\n  ", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
