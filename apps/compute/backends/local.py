"""
Run tasks as processes of this machine, each under a shim that outlives us; see shim.py.

The folder of a token is all there is to know about its task, so any process may ask at any time:
`started` (its process was, or was about to be, made), `lock` (held: the shim lives), `stop` (it
shall end, and why), `end.json` (how it ended). Tasks get the environment that their spec says and
nothing else; when this process is root, they run as an unprivileged user, each workspace's as
another one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from apps.compute.backends.port import (
    STOP_GRACE,
    TASK_COMMAND,
    BackendKind,
    CapacityUnavailable,
    LaunchRefused,
    LaunchUncertain,
    LiveState,
    LiveTask,
    TaskReport,
    TaskSpec,
)

SHIM: Final = Path(__file__).with_name("shim.py")
ANSWER_SECONDS: Final = 15.0
SHORTAGES: Final = frozenset(
    {errno.EAGAIN, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}
)
KEPT_FOR: Final = timedelta(hours=24)  # an ended task's folder, for whoever wants to look
# systemd's range for users without a name: nobody's files belong to it, Postgres' least of all.
NAMELESS_IDS: Final = range(61_184, 65_520)
MARK_VARIABLE: Final = "HEADWAY_STACK"  # by it the local stack finds what outlived it


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUser:
    """The user that tasks run as when this process is root."""

    uid: int
    gid: int


def find_task_user(name: str) -> TaskUser | None:
    """
    Return the user of this name or number; None: we ourselves, for "root" and who is not root.

    Raises: LaunchRefused when there is none.
    """
    if os.geteuid() != 0 or name == "root":
        return None
    if name.isdecimal():
        return TaskUser(uid=int(name), gid=int(name))
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise LaunchRefused(f"There is no user “{name}” to run tasks as.") from None
    return TaskUser(uid=entry.pw_uid, gid=entry.pw_gid)


class LocalBackend:
    """
    Tasks as processes of this machine.

    home: a folder of ours; tasks and their environments live in it.
    command: what a task executes unless its spec says something else.
    inherited: variables that tasks get beside their own (proxies, package index), never secrets.
    """

    kind = BackendKind.LOCAL

    def __init__(
        self,
        *,
        home: Path,
        slots: int | None,
        user: str = "",
        inherited: Mapping[str, str] | None = None,
        stack_mark: str = "",
        command: Sequence[str] = TASK_COMMAND,
    ) -> None:
        self.slots = slots
        self._tasks = home / "tasks"
        self._environments = home / "environments"
        self._user_name = user
        self._inherited = dict(inherited or {})
        self._stack_mark = stack_mark
        self._command = list(command)
        self._is_prepared = False

    def launch(self, task: TaskSpec) -> str:
        """Start the task's shim and wait for its word; a token that has a task keeps it."""
        folder = self._folder(task.token)
        try:
            environments, user = self._prepare(task.workspace_id)
            folder.mkdir(mode=0o711, exist_ok=True)
            work = folder / "work"
            if not work.exists():
                work.mkdir(mode=0o700, exist_ok=True)
                _give(work, user)
            process = self._start_shim(folder)
        except OSError as error:
            if error.errno in SHORTAGES:
                raise CapacityUnavailable(f"This machine: {error.strerror}.") from error
            raise LaunchRefused(f"{folder}: {error.strerror}.") from error
        order = {
            "command": list(task.command or self._command),
            "cwd": str(work),
            "environment": self._environment(task, work, environments),
            "memory_mb": task.memory_mb,
            "grace_seconds": STOP_GRACE.total_seconds(),
            "uid": user.uid if user else None,
            "gid": user.gid if user else None,
        }
        answer = _ask(process, json.dumps(order).encode())
        if answer != "started":
            raise LaunchUncertain(f"The shim of {task.token} answered “{answer}”.")
        return task.token

    def describe(self, external_ids: Sequence[str]) -> list[TaskReport]:
        """Say how each of these tasks is, from its folder."""
        _reap_shims()
        return [self._describe(each) for each in external_ids]

    def stop(self, external_id: str, reason: str) -> None:
        """Leave the wish where the shim looks; one that is not started yet will never be."""
        folder = self._folder(external_id)
        if (folder / "end.json").exists():
            return
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), (folder / "stop").open("x") as file:
            file.write(reason)

    def list_live(self) -> list[LiveTask]:
        """Return the tasks whose shims live."""
        with contextlib.suppress(FileNotFoundError):
            return [
                LiveTask(external_id=folder.name, token=folder.name)
                for folder in sorted(self._tasks.iterdir())
                if _is_held(folder) and not (folder / "end.json").exists()
            ]
        return []

    def tidy(self, now: datetime) -> None:
        """Remove the folders of tasks that ended a day ago."""
        with contextlib.suppress(FileNotFoundError):
            for folder in self._tasks.iterdir():
                with contextlib.suppress(OSError):
                    changed_at = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
                    if changed_at < now - KEPT_FOR and not _is_held(folder):
                        shutil.rmtree(folder)

    def _folder(self, token: str) -> Path:
        # A token is ours, made of a UUID and a number; nothing else becomes a path.
        if not token or not all(each.isalnum() or each == "-" for each in token):
            raise LaunchRefused(f"{token!r} is no token.")
        return self._tasks / token

    def _prepare(self, workspace_id: uuid.UUID) -> tuple[Path, TaskUser | None]:
        """
        Return the folder of the workspace's environments, and whom its tasks run as.

        SECURITY: what is installed is code, and a process may read the keys of its user's others:
        so each workspace has a user of its own, where we may choose.
        """
        self._tasks.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._environments.mkdir(mode=0o711, exist_ok=True)
        folder = self._environments / str(workspace_id)
        if os.geteuid() == 0 and not self._user_name:
            user: TaskUser | None = self._take_user(folder)
        else:
            user = find_task_user(self._user_name)
            folder.mkdir(mode=0o700, exist_ok=True)
            if user is not None and folder.stat().st_uid != user.uid:
                _hand_over(folder, user)
        if user is not None and not self._is_prepared:
            _require_reachable(folder, user)
        self._is_prepared = True
        return folder, user

    def _take_user(self, folder: Path) -> TaskUser:
        """Return whom the folder belongs to, making it somebody's who has nothing else."""
        with (self._environments / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Of an installation from before; whoever owns it must not look into the others.
            os.chown(self._environments, 0, 0)
            self._environments.chmod(0o711)
            folder.mkdir(mode=0o700, exist_ok=True)
            uid = folder.stat().st_uid
            if uid not in NAMELESS_IDS:  # new, or its maker was killed on the way
                taken = {each.stat().st_uid for each in self._environments.iterdir()}
                free = (each for each in NAMELESS_IDS if each not in taken)
                uid = next(free, 0)
                if not uid:
                    raise LaunchRefused("There are more workspaces here than users for their code.")
                _hand_over(folder, TaskUser(uid=uid, gid=uid))
            return TaskUser(uid=uid, gid=uid)

    def _environment(self, task: TaskSpec, work: Path, environments: Path) -> dict[str, str]:
        return {
            "LANG": "C.UTF-8",
            **self._inherited,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "HOME": str(work),
            "USER": "headway",
            "LOGNAME": "headway",
            "TMPDIR": str(work),
            "HEADWAY_TASK_DIR": str(work),
            "HEADWAY_ENVIRONMENTS_DIR": str(environments),
            **task.environment,
        }

    def _start_shim(self, folder: Path) -> subprocess.Popen[bytes]:
        mark = {MARK_VARIABLE: self._stack_mark} if self._stack_mark else {}
        # Its errors after the answer would go nowhere; those before it are the answer's reason.
        process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-I", "-S", str(SHIM), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.defpath, "LANG": "C.UTF-8", **mark},
            start_new_session=True,
        )
        with _shims_lock:
            _shims.add(process.pid)
        process.returncode = 0  # not Popen's to wait for
        return process

    def _describe(self, token: str) -> TaskReport:
        folder = self._folder(token)
        started = folder / "started"
        if not started.exists():
            return TaskReport(external_id=token, state=LiveState.MISSING)
        # In this order: whoever lets go of the lock has written its end before.
        is_held = _is_held(folder)
        end = _read(folder / "end.json")
        begun = _read(folder / "begun.json")
        started_at = _time(begun.get("started_at"))
        if end:
            return TaskReport(
                external_id=token,
                state=LiveState.STOPPED,
                started_at=started_at,
                stopped_at=_time(end["stopped_at"]),
                exit_code=end.get("exit_code"),
                signal=end.get("signal"),
                oom=bool(end.get("oom")),
                evicted=bool(end.get("evicted")),
                never_started=bool(end.get("never_started")),
                reason=str(end.get("reason") or ""),
            )
        if is_held:
            state = LiveState.STOPPING if (folder / "stop").exists() else LiveState.RUNNING
            return TaskReport(external_id=token, state=state, started_at=started_at)
        self._bury(folder, begun)
        return self._describe(token)

    def _bury(self, folder: Path, begun: Mapping[str, Any]) -> None:
        """Write the end of a task whose shim was killed; the kernel has killed it with the shim."""
        pid = begun.get("pid")
        if pid is not None:
            # Its group's id is taken as long as a member lives; a stranger's group has another
            # leader's session, and we signal only one whose members run in the task's folder.
            _kill_group_of(int(pid), folder)
        end = {
            "signal": None if pid is None else "SIGKILL",
            "never_started": pid is None,
            "reason": "The process that watched over it was killed.",
            "stopped_at": datetime.now(UTC).isoformat(),
        }
        building = folder / f"end.{os.getpid()}.{time.monotonic_ns()}"
        building.write_text(json.dumps(end), encoding="utf-8")
        with contextlib.suppress(FileExistsError):
            os.link(building, folder / "end.json")  # the first one counts
        building.unlink()


def _ask(process: subprocess.Popen[bytes], order: bytes) -> str:
    """Hand the shim its order and return its answer, or its last words."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout as words, contextlib.suppress(BrokenPipeError):
        with process.stdin as orders:
            orders.write(order)
        answer = b""
        give_up_at = time.monotonic() + ANSWER_SECONDS
        # To its end, not to the end of a line: the shim lets go of the pipe once all is in place.
        while select.select([words], [], [], max(give_up_at - time.monotonic(), 0))[0]:
            chunk = os.read(words.fileno(), 4096)
            if not chunk:
                return answer.decode("utf-8", "replace").strip()[-500:]
            answer += chunk
    return "nothing in time"


# Shims that this process started: its children, to be reaped when they end. They outlive it, too.
_shims: set[int] = set()
_shims_lock = threading.Lock()


def _reap_shims() -> None:
    with _shims_lock:
        for pid in list(_shims):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    continue
            _shims.discard(pid)


def _is_held(folder: Path) -> bool:
    """
    Tell whether a shim holds the folder's lock.

    Only where `started` stands may the lock be tried: whoever finds it taken then starts nothing
    because of the mark, be it taken by a shim or, for an instant, by us.
    """
    if not (folder / "started").exists():
        return False
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _kill_group_of(pid: int, folder: Path) -> None:
    with contextlib.suppress(OSError):
        if os.readlink(f"/proc/{pid}/cwd").startswith(str(folder)):
            os.killpg(pid, signal.SIGKILL)


_TRY = "import headway, os, sys; os.chdir(sys.argv[1]); open('tried', 'w').close()"


def _require_reachable(environments: Path, user: TaskUser) -> None:
    """Raise LaunchRefused unless the user can run our Python with our SDK and write there."""
    try:
        tried = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-P", "-c", _TRY, str(environments)],
            env={"PATH": os.defpath, "HOME": str(environments)},
            cwd="/",
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except OSError:
        is_reachable = False
    else:
        is_reachable = tried.returncode == 0
    if not is_reachable:
        raise LaunchRefused(
            f"The tasks' user (id {user.uid}) cannot use {sys.executable} and {environments}: "
            "install Headway where others may read it, run the server as an ordinary user, or set "
            "COMPUTE_LOCAL_USER."
        )


def _give(path: Path, user: TaskUser | None) -> None:
    if user is not None:
        os.chown(path, user.uid, user.gid)


def _hand_over(folder: Path, user: TaskUser) -> None:
    """Make it an empty folder of the user: nobody executes what another user left there."""
    shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    _give(folder, user)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
