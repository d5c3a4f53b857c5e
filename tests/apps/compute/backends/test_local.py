"""Tasks as real processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from apps.compute.backends import local
from apps.compute.backends.local import LocalBackend
from apps.compute.backends.port import LaunchRefused, LiveState
from apps.core.clock import utc_now
from tests.apps.compute.backends.contract import SLEEPER, BackendContract, spec
from tests.stack import wait_until


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.fixture
def backend(home):
    # The interpreter of whoever runs the tests may be closed to everybody else.
    made = LocalBackend(home=home, slots=4, user="root" if os.geteuid() == 0 else "")
    yield made
    for live in made.list_live():
        made.stop(live.external_id, "The test is over.")
    wait_until("tasks to end", lambda: not made.list_live(), every=0.02)


def python(code):
    return [sys.executable, "-c", code]


def ended(backend, task):
    external_id = backend.launch(task)
    return wait_until(
        "the task to end",
        lambda: (r := backend.describe([external_id])[0]).state is LiveState.STOPPED and r,
        every=0.02,
    )


class TestContract(BackendContract):
    """The contract of all backends."""


def test_the_exit_code_and_the_last_line_are_kept(backend):
    report = ended(backend, spec(python("print('so long'); raise SystemExit(3)")))

    assert (report.exit_code, report.signal, report.oom) == (3, None, False)
    assert report.reason == "so long"
    assert report.started_at <= report.stopped_at


def test_last_words_explain_nothing_when_all_went_well(backend):
    report = ended(backend, spec(python("print('so long')")))

    assert (report.exit_code, report.reason) == (0, "")


def test_a_signal_is_named(backend):
    report = ended(backend, spec(python("import os; os.kill(os.getpid(), 11)")))

    assert (report.exit_code, report.signal) == (None, "SIGSEGV")


def test_more_memory_than_its_size_is_out_of_memory(backend):
    hog = "import time; kept = bytearray(200 << 20); time.sleep(60)"

    report = ended(backend, spec(python(hog), memory_mb=100))

    assert report.oom
    assert "of 100 MiB" in report.reason


def test_memory_counts_over_all_its_processes(backend):
    half = "import time; kept = bytearray(70 << 20); time.sleep(60)"
    start = f"subprocess.Popen([sys.executable, '-c', {half!r}], start_new_session=True)"
    both = f"import subprocess, sys, time\nfor _ in 'ab': {start}\ntime.sleep(60)"

    report = ended(backend, spec(python(both), memory_mb=100))

    assert report.oom


def test_what_a_task_leaves_behind_ends_with_it(backend, tmp_path):
    pid_file = tmp_path / "pid"
    leaver = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen({SLEEPER!r}, start_new_session=True)\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))"
    )

    report = ended(backend, spec(python(leaver)))

    assert report.exit_code == 0
    assert not psutil.pid_exists(int(pid_file.read_text()))


def test_a_task_sees_its_own_variables_and_what_the_operator_lets_through(home, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "of the server")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@/headway")
    backend = LocalBackend(
        home=home,
        slots=1,
        user="root" if os.geteuid() == 0 else "",
        inherited={"HTTPS_PROXY": "http://proxy.example"},
        stack_mark="/the/stack",
    )

    ended(backend, spec(python("import json, os; print(json.dumps(dict(os.environ)))")))

    (folder,) = (home / "tasks").iterdir()
    seen = json.loads((folder / "output.log").read_text().splitlines()[-1])
    seen.pop("LC_CTYPE", None)  # Python's own
    work = str(folder / "work")
    assert seen == {
        "HEADWAY_API_KEY": "hw_secret",
        "HEADWAY_ENVIRONMENTS_DIR": str(home / "environments" / str(uuid.UUID(int=7))),
        "HEADWAY_TASK_DIR": work,
        "HOME": work,
        "HTTPS_PROXY": "http://proxy.example",
        "LANG": "C.UTF-8",
        "LOGNAME": "headway",
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "TMPDIR": work,
        "USER": "headway",
    }


def test_the_runs_key_is_never_on_the_disk(backend, home):
    ended(backend, spec(python("pass"), HEADWAY_API_KEY="hw_very_secret"))

    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"hw_very_secret" not in written


def test_a_stubborn_task_is_killed_after_the_grace(backend, monkeypatch):
    monkeypatch.setattr(local, "STOP_GRACE", timedelta(seconds=0.5))
    stubborn = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\n"
    stubborn += "time.sleep(60)"
    external_id = backend.launch(spec(python(stubborn)))
    log = backend._tasks / external_id / "output.log"
    wait_until("the task to be up", lambda: log.exists() and log.read_text(), every=0.02)

    backend.stop(external_id, "Cancelled by Alice.")

    report = wait_until(
        "the task to end",
        lambda: (r := backend.describe([external_id])[0]).state is LiveState.STOPPED and r,
        every=0.02,
    )
    assert report.signal == "SIGKILL"
    assert report.reason == "Cancelled by Alice. Killed after the grace period."


def test_a_task_stopped_before_its_launch_never_starts(backend, tmp_path):
    task = spec(python(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    backend.stop(task.token, "Cancelled before it began.")

    report = ended(backend, task)

    assert report.never_started
    assert report.reason == "Cancelled before it began."
    assert not (tmp_path / "ran").exists()


def test_a_killed_shim_takes_its_task_along_and_the_end_is_known(backend):
    external_id = backend.launch(spec())
    begun = backend._tasks / external_id / "begun.json"
    pid = json.loads(begun.read_text())["pid"]

    psutil.Process(pid).parent().send_signal(signal.SIGKILL)

    wait_until("the task to die", lambda: not _lives(pid), every=0.02)
    report = wait_until(
        "its end to be known",
        lambda: (r := backend.describe([external_id])[0]).state is LiveState.STOPPED and r,
        every=0.02,
    )
    assert report.signal == "SIGKILL"
    assert "watched over" in report.reason
    backend.launch(spec(run_id=None))  # others go on


def test_an_ended_token_is_not_launched_again(backend, tmp_path):
    count = tmp_path / "count"
    task = spec(python(f"open({str(count)!r}, 'a').write('x')"))
    ended(backend, task)

    again = ended(backend, task)

    assert again.exit_code == 0
    assert count.read_text() == "x"


def test_many_launches_of_one_token_at_once_are_one_task(backend, tmp_path):
    count = tmp_path / "count"
    task = spec(python(f"open({str(count)!r}, 'a').write('x'); import time; time.sleep(1)"))
    threads = [threading.Thread(target=backend.launch, args=(task,)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_until("the task to run", count.exists, every=0.02)
    ended(backend, task)
    assert count.read_text() == "x"


def test_a_task_outlives_whoever_launched_it(home, tmp_path):
    script = f"""
import os, sys, pathlib
sys.path.insert(0, {str(Path(__file__).parents[4])!r})
from apps.compute.backends.local import LocalBackend
from tests.apps.compute.backends.contract import spec
backend = LocalBackend(home=pathlib.Path({str(home)!r}), slots=1, user="root")
print(backend.launch(spec(["/bin/sh", "-c", "sleep 1; exit 5"])), flush=True)
os.kill(os.getpid(), 9)
"""
    launcher = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert launcher.returncode == -signal.SIGKILL, launcher.stderr

    backend = LocalBackend(home=home, slots=1, user="root" if os.geteuid() == 0 else "")
    report = wait_until(
        "the task to end",
        lambda: (
            (r := backend.describe([launcher.stdout.strip()])[0]).state is LiveState.STOPPED and r
        ),
        every=0.05,
    )
    assert report.exit_code == 5


def test_output_is_kept_within_bounds(backend):
    loud = "import sys\nfor _ in range(60): sys.stdout.write('x' * 100_000 + '\\n')"

    ended(backend, spec(python(loud)))

    (folder,) = backend._tasks.iterdir()
    sizes = [path.stat().st_size for path in folder.glob("output.log*")]
    assert len(sizes) == 2
    assert max(sizes) <= 1 << 20


def test_a_program_that_is_not_there_never_started(backend):
    report = ended(backend, spec(["/no/such/program"]))

    assert report.never_started
    assert "could not be started" in report.reason


def test_a_token_that_is_no_token_is_no_path(backend):
    with pytest.raises(LaunchRefused):
        backend.describe(["../../etc"])


def test_folders_of_old_tasks_go_and_those_of_live_ones_stay(backend):
    ended(backend, spec(python("pass")))
    live = backend.launch(spec())

    backend.tidy(utc_now())
    assert len(list(backend._tasks.iterdir())) == 2
    backend.tidy(utc_now() + timedelta(days=2))

    assert [path.name for path in backend._tasks.iterdir()] == [live]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_roots_tasks_run_as_a_user_who_cannot_read_what_is_ours(home, monkeypatch, tmp_path):
    monkeypatch.setattr(local, "_require_reachable", lambda *_: None)
    reachable = _open_to_others(home)
    backend = LocalBackend(home=reachable, slots=1)
    secret = reachable / "secret"
    secret.write_text("x")
    secret.chmod(0o600)

    report = ended(backend, spec(["/bin/sh", "-c", f"id -u; id -G; touch ok && cat {secret}"]))

    (folder,) = (reachable / "tasks").iterdir()
    uid, groups, refusal = (folder / "output.log").read_text().splitlines()
    assert (uid, groups) == ("61184", "61184")
    assert "Permission denied" in refusal
    assert report.exit_code == 1
    assert (folder / "work" / "ok").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_no_workspace_reads_or_changes_what_another_ones_tasks_have(home, monkeypatch):
    monkeypatch.setattr(local, "_require_reachable", lambda *_: None)
    home = _open_to_others(home)
    backend = LocalBackend(home=home, slots=3)
    key = "cp /proc/$$/environ $HEADWAY_ENVIRONMENTS_DIR/e; echo $$ > pid; sleep 60"
    victim = spec(["/bin/sh", "-c", key], HEADWAY_API_KEY="hw_of_the_victim")
    backend.launch(victim)
    work = home / "tasks" / victim.token / "work"
    wait_until("the victim", lambda: (work / "pid").exists() and (work / "pid").read_text())
    theirs = home / "environments" / str(victim.workspace_id)
    pid = (work / "pid").read_text().strip()
    steal = (
        f"cat /proc/{pid}/environ {theirs}/e; echo x > {theirs}/e; ls {theirs} {home}/environments;"
        f" kill -9 {pid}; kill -9 -1; id -u"
    )
    rival = spec(["/bin/sh", "-c", steal])

    ended(backend, replace(rival, workspace_id=uuid.UUID(int=8)))
    assert backend.describe([victim.token])[0].state is LiveState.RUNNING
    said = (home / "tasks" / rival.token / "output.log").read_text()
    backend.stop(victim.token, "The test is over.")
    wait_until("the victim to end", lambda: not backend.list_live(), every=0.02)

    assert "hw_of_the_victim" not in said
    assert said.count("Permission denied") == 5
    assert b"hw_of_the_victim" in (theirs / "e").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_workspace_keeps_its_user_and_shares_it_with_nobody(home, monkeypatch):
    monkeypatch.setattr(local, "_require_reachable", lambda *_: None)
    home = _open_to_others(home)
    workspaces = [uuid.UUID(int=number) for number in range(6)]
    found = []

    def look(_):
        backend = LocalBackend(home=home, slots=1)  # each as another launcher would
        found.append([backend._prepare(each)[1].uid for each in workspaces])

    threads = [threading.Thread(target=look, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert all(each == found[0] for each in found)
    assert len(set(found[0])) == len(workspaces)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_an_interpreter_closed_to_the_tasks_user_is_refused_with_its_reason(home):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    backend = LocalBackend(home=closed / "compute", slots=1)

    with pytest.raises(LaunchRefused, match="COMPUTE_LOCAL_USER"):
        backend.launch(spec())


def _open_to_others(home):
    """A folder that anybody may pass through: pytest's own is closed."""
    for folder in (home, *home.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    return home


def _lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_nothing_of_a_task_stays(backend):
    before = time.monotonic()
    report = ended(backend, spec(python("pass")))

    assert time.monotonic() - before < 30
    assert report.exit_code == 0
    wait_until(
        "its shim to be gone",
        lambda: not backend.list_live(),
        every=0.02,
    )
