"""The supervisor with real processes: order of ends, restarts, and nobody left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest

from infra.local.problems import Problem
from infra.local.supervisor import MARK_VARIABLE, Program, Supervisor
from tests.infra.stack_of_children import child

REPOSITORY = Path(__file__).parents[2]
PATIENCE_SECONDS = 20


def eventually(condition: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > give_up_at:
            pytest.fail(f"never: {what}")
        time.sleep(0.02)


def journal(folder: Path) -> list[str]:
    path = folder / "journal"
    return path.read_text().splitlines() if path.exists() else []


def started_pids(folder: Path) -> dict[str, int]:
    words = [line.split() for line in journal(folder)]
    return {name: int(rest[1]) for name, *rest in words if rest[0] == "started"}


def processes_of(folder: Path) -> list[int]:
    """Every live process that names the folder: the children, and what they started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
                words = (entry / "cmdline").read_bytes().decode().split("\0")
                if str(folder) in words and not zombie:
                    found.append(int(entry.name))
    return found


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    launched = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "tests.infra.stack_of_children", str(tmp_path), *words]
        process = subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE)
        launched.append(process)
        eventually(lambda: {"store", "web", "agent"} <= set(started_pids(tmp_path)), "all started")
        return process

    yield start
    for process in launched:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    for pid in processes_of(tmp_path):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_the_stages_in_reverse_and_the_store_last(launch, tmp_path, how):
    process = launch()

    process.send_signal(how)

    assert process.wait(PATIENCE_SECONDS) == 0
    ends = [line for line in journal(tmp_path) if "stopped" in line]
    assert ends == ["agent stopped by SIGTERM", "web stopped by SIGTERM", "store stopped by SIGINT"]
    assert processes_of(tmp_path) == []


def test_nobody_outlives_a_supervisor_that_was_killed(launch, tmp_path):
    process = launch()
    children = set(started_pids(tmp_path).values())

    process.kill()
    process.wait()

    eventually(lambda: children.isdisjoint(processes_of(tmp_path)), "children gone")


def test_the_next_start_ends_what_an_earlier_one_left_behind(launch, tmp_path):
    # web's own child has no lifeline: it is what survives when everything above it is killed.
    process = launch()
    process.kill()
    process.wait()
    eventually(lambda: len(processes_of(tmp_path)) == 1, "only web's child left")

    with Supervisor(mark=str(tmp_path), out=StringIO()):
        assert processes_of(tmp_path) == []


def test_a_second_signal_hurries_what_would_not_stop(launch, tmp_path):
    process = launch("stubborn")
    eventually(lambda: "mule" in started_pids(tmp_path), "mule started")

    process.send_signal(signal.SIGINT)
    eventually(lambda: "mule stopped by SIGTERM" in journal(tmp_path), "mule was asked")
    asked_at = time.monotonic()
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE_SECONDS) == 0
    assert time.monotonic() - asked_at < 15  # its own patience is 60 s
    assert journal(tmp_path)[-1] == "store stopped by SIGINT"
    assert processes_of(tmp_path) == []


def test_a_crashed_program_comes_back_and_its_own_children_do_not_pile_up(launch, tmp_path):
    process = launch()
    first = started_pids(tmp_path)["web"]
    before = len(processes_of(tmp_path))

    os.kill(first, signal.SIGKILL)

    eventually(lambda: started_pids(tmp_path)["web"] != first, "web started again")
    eventually(lambda: len(processes_of(tmp_path)) == before, "one web with one child")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    said = process.stdout.read().decode()
    assert "web was killed by SIGKILL; starting it again in 0.5 s." in said


def test_the_wait_before_a_restart_doubles(tmp_path):
    out = StringIO()
    broken = Program(
        name="broken",
        argv=[sys.executable, "-c", "raise SystemExit(3)"],
        environment={},
        stage=0,
    )

    with Supervisor(mark=str(tmp_path), out=out) as supervisor:
        supervisor.start(broken)
        with pytest.raises(Problem, match="broken keeps ending"):
            supervisor.run_until(lambda: False, timeout_seconds=PATIENCE_SECONDS, what="nothing")

    waits = [line.split(" in ")[1] for line in out.getvalue().splitlines() if "again in" in line]
    assert waits == ["0.5 s.", "1 s.", "2 s.", "4 s."]


def test_lines_are_prefixed_aligned_and_logged(tmp_path):
    out = StringIO()
    log_path = tmp_path / "stack.log"

    with Supervisor(mark=str(tmp_path), out=out, log_path=log_path, name_width=6) as supervisor:
        supervisor.start(child(tmp_path, "web", stage=1))
        supervisor.run_until(
            lambda: "hello" in out.getvalue(), timeout_seconds=PATIENCE_SECONDS, what="a greeting"
        )

    assert "web    │ hello from web" in out.getvalue().splitlines()
    logged = [line.split(" ", 1)[1] for line in log_path.read_text().splitlines()]
    assert "web    hello from web" in logged


def test_run_once_returns_the_answer_without_showing_it(tmp_path):
    out = StringIO()
    code = "import sys; print('the secret'); print('a remark', file=sys.stderr); sys.exit(4)"
    program = Program(name="seed", argv=[sys.executable, "-c", code], environment={}, stage=1)

    with Supervisor(mark=str(tmp_path), out=out) as supervisor:
        status, answer = supervisor.run_once(program, timeout_seconds=PATIENCE_SECONDS, show=False)

    assert (status, answer) == (4, "the secret\n")
    assert "a remark" in out.getvalue()
    assert "the secret" not in out.getvalue()


def test_a_program_that_does_not_exist_is_named(tmp_path):
    out = StringIO()
    program = Program(name="ghost", argv=["/nonexistent/program"], environment={}, stage=1)

    with Supervisor(mark=str(tmp_path), out=out) as supervisor:
        status, _ = supervisor.run_once(program, timeout_seconds=PATIENCE_SECONDS)

    assert status == 1
    assert "/nonexistent/program: No such file or directory" in out.getvalue()


def test_children_carry_the_mark_and_nothing_else_of_ours(tmp_path):
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    program = Program(
        name="env", argv=[sys.executable, "-c", code], environment={"LC_CTYPE": "C.UTF-8"}, stage=1
    )

    with Supervisor(mark=str(tmp_path), out=StringIO()) as supervisor:
        _, answer = supervisor.run_once(program, timeout_seconds=PATIENCE_SECONDS, show=False)

    assert sorted(json.loads(answer)) == sorted([MARK_VARIABLE, "LC_CTYPE"])


def test_a_sigterm_that_comes_twice_at_once_is_one_wish(tmp_path):
    """To a whole process group it does: from whoever sent it, and through make."""
    out = StringIO()
    sleeper = Program(name="sleeper", argv=["sleep", "60"], environment={}, stage=0)

    with Supervisor(mark=str(tmp_path), out=out) as supervisor:
        supervisor.start(sleeper)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.run_for_ever()

    assert out.getvalue().count("Stopping; once more to hurry.") == 1
    assert "Hurrying" not in out.getvalue()
