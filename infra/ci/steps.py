"""
`make test` and `make check`: run the steps, all of them, and sum up.

A step that fails does not stop the next one: a run tells everything there is to tell.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NamedTuple

from infra.ci import chromium

REPOSITORY: Final = Path(__file__).parents[2]
NPM: Final = str(REPOSITORY / "infra" / "local" / "npm")
FRONTEND: Final = REPOSITORY / "frontend"
OPENAPI: Final = FRONTEND / "src" / "schema" / "openapi.json"
STEP_SECONDS: Final = 2700  # of a step that hangs; none takes half of it on a slow machine
TEST_SETTINGS: Final = {"DJANGO_SETTINGS_MODULE": "apps.config.settings.test"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command whose exit status counts, or a function that returns one."""

    name: str
    command: list[str] | Callable[[Mapping[str, str]], int]
    working_dir: Path = REPOSITORY
    variables: Mapping[str, str] | None = None


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


_TWICE: Final = str(REPOSITORY / "infra" / "ci" / "twice.py")
# Three workers for two cores: the tests that start whole stacks mostly wait, for processes and for
# times to come. A module's tests stay together: a stack that one module starts for its journey is
# started once.
_IN_PARALLEL: Final = ("-n", "3", "--dist", "loadscope", "-q")

TESTS: Final = [
    Step(
        name="back end",
        # In the order that tests/conftest.py makes.
        command=python(_TWICE, "tests", *_IN_PARALLEL, "--no-loadscope-reorder"),
    ),
    Step(
        name="SDK",
        # Most of it waits for processes, while the front end's tests need the cores.
        command=python(_TWICE, "tests", "-n", "2", "--dist", "loadscope", "-q"),
        working_dir=REPOSITORY / "sdk",
    ),
    Step(name="front end", command=[NPM, "test", "--silent"], working_dir=FRONTEND),
]

CHECKS: Final = [
    Step(name="ruff check", command=python("-m", "ruff", "check", ".")),
    Step(name="ruff format", command=python("-m", "ruff", "format", "--check", ".")),
    Step(name="mypy", command=python("-m", "mypy")),
    Step(name="mypy (SDK)", command=python("-m", "mypy"), working_dir=REPOSITORY / "sdk"),
    Step(
        name="layers",
        command=[str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
    ),
    Step(
        name="migrations",
        # Without a database: the history in one cannot be compared, and a warning would say so.
        command=python("-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"),
        variables=TEST_SETTINGS,
    ),
    Step(name="OpenAPI", command=lambda environment: check_schema(environment)),
    Step(
        name="errors page",
        command=python("manage.py", "document_errors", "--check"),
        variables=TEST_SETTINGS,
    ),
    Step(name="UI types", command=[NPM, "run", "--silent", "schema:check"], working_dir=FRONTEND),
    Step(name="eslint", command=[NPM, "run", "--silent", "lint"], working_dir=FRONTEND),
    Step(
        name="tsc",
        command=[NPM, "exec", "--no", "--", "tsc", "--noEmit"],
        working_dir=FRONTEND,
    ),
]


def check_schema(environment: Mapping[str, str]) -> int:
    """Return 0 when the committed OpenAPI file is what the code says."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "openapi.json"
        done = subprocess.run(
            python("manage.py", "spectacular", "--format", "openapi-json", "--file", str(made)),
            cwd=REPOSITORY,
            env={**environment, **TEST_SETTINGS},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            return done.returncode
        if not OPENAPI.exists() or made.read_bytes() != OPENAPI.read_bytes():
            print(f"{OPENAPI.relative_to(REPOSITORY)} is stale: run `make schema` and commit it.")
            return 1
    return 0


class Outcome(NamedTuple):
    name: str
    status: int
    seconds: float


def run(step: Step, environment: Mapping[str, str], output: IO[bytes] | None = None) -> int:
    """Run one step and return its exit status; a step that hangs is a failed one."""
    if callable(step.command):
        return step.command(environment)
    try:
        return subprocess.run(
            step.command,
            cwd=step.working_dir,
            env={**environment, **(step.variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            timeout=STEP_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        print(f"{step.name} took more than {STEP_SECONDS} s.")
        return 124


def run_in_turn(steps: Sequence[Step], environment: Mapping[str, str]) -> list[Outcome]:
    """Run steps one after the other, each with its output as it comes."""
    outcomes = []
    for step in steps:
        print(_headline(step.name), flush=True)
        began_at = time.monotonic()
        outcomes.append(Outcome(step.name, run(step, environment), time.monotonic() - began_at))
    return outcomes


def run_side_by_side(
    lanes: Sequence[Sequence[Step]], environment: Mapping[str, str]
) -> list[Outcome]:
    """Run lanes of steps at the same time; a step's output is printed when it ends."""
    printing = threading.Lock()

    def run_lane(steps: Sequence[Step]) -> list[Outcome]:
        outcomes = []
        for step in steps:
            began_at = time.monotonic()
            with tempfile.TemporaryFile() as output:
                status = run(step, environment, output)
                outcomes.append(Outcome(step.name, status, time.monotonic() - began_at))
                output.seek(0)
                with printing:
                    print(_headline(step.name), output.read().decode(errors="replace"), flush=True)
        return outcomes

    with ThreadPoolExecutor(len(lanes)) as threads:
        return [outcome for lane in threads.map(run_lane, lanes) for outcome in lane]


def _headline(name: str) -> str:
    return f"\n── {name} {'─' * (76 - len(name))}\n"


def _install_clients(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """
    Begin to install the real clients that tests of the front doors start.

    Beside the tests, which takes a minute off the whole; whoever needs one of them waits for it.
    """
    return subprocess.Popen(
        python("-m", "tests.clients"),
        cwd=REPOSITORY,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
    )


def main() -> None:
    """Run the steps named on the command line: `test` or `check`."""
    steps = {"test": TESTS, "check": CHECKS}[sys.argv[1]]
    environment = dict(os.environ)
    if steps is TESTS and (browser := chromium.find()) is not None:
        environment[chromium.VARIABLE] = str(browser)
    ahead = _install_clients(environment) if steps is TESTS else None
    if steps is TESTS:
        back_end, *others = steps
        outcomes = run_in_turn([back_end], environment)
        outcomes += run_side_by_side([[step] for step in others], environment)
    else:
        # Each of them keeps one core busy.
        of_pages = [step for step in steps if step.working_dir == FRONTEND]
        others = [step for step in steps if step.working_dir != FRONTEND]
        outcomes = run_side_by_side([of_pages, others], environment)
    if ahead is not None:
        ahead.terminate()  # it is done long ago, unless the tests that need it were stopped
        ahead.wait()
    failed = [name for name, status, _ in outcomes if status != 0]
    print(f"\n── summary {'─' * 69}")
    for name, status, seconds in outcomes:
        verdict = "ok" if status == 0 else f"FAILED ({status})"
        print(f"  {name:<14} {verdict:<14} {seconds:6.1f} s")
    print(f"\n{', '.join(failed)} failed." if failed else "\nAll of it passed.", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
