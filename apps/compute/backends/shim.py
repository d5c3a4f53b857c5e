"""
Start one local task at most once, see it to its end, and write down how it ended.

Run as a script (`python -I -S shim.py FOLDER`), detached, with the order as JSON on standard input;
one line on standard output answers. Knows nothing of Headway and imports the standard library only:
it starts in a few milliseconds and goes on when everything that started it is killed.

At most once: `lock` is held (flock) as long as this process lives, and `started` is made under it
before the task's process exists. Whoever finds `started` starts nothing, whoever is killed when.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.1
LOCK_SECONDS = 5.0
HURRIED_SECONDS = 2.0
OUTPUT_BYTES = 1 << 20  # of output kept, twice: the file in writing and the one before it
LAST_LINE_BYTES = 500
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_stop_asked: list[str] = []


def main() -> None:
    """Start the task of the folder on the command line, unless it was started before."""
    folder = Path(sys.argv[1])
    order = json.load(sys.stdin)
    lock = _lock(folder)
    if lock is None:
        _answer("started" if (folder / "started").exists() else "locked")
        return
    if not _mark_started(folder):
        _answer("started")
        return
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _: _stop_asked.append(signal.Signals(number).name))
    if (folder / "stop").exists():
        _answer("started")
        _write_end(folder, {"never_started": True, "reason": _read_reason(folder)})
        return
    _adopt_orphans()
    try:
        process, output = _start(order)
    except (OSError, subprocess.SubprocessError) as error:
        _answer("started")
        text = f"The process could not be started: {error}"
        _write_end(folder, {"never_started": True, "reason": text})
        return
    _write(folder / "begun.json", {"pid": process.pid, "started_at": _now()})
    _answer("started")
    _detach_streams()
    _see_through(folder, order, process, output)


def _lock(folder: Path) -> int | None:
    """Take the lock; None when another one has it and the task is started, or does not let go."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_at = time.monotonic() + LOCK_SECONDS
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        # Before the mark, its holder may still be killed: then it is up to us.
        if (folder / "started").exists() or time.monotonic() > give_up_at:
            return None
        time.sleep(0.01)


def _mark_started(folder: Path) -> bool:
    try:
        mark = os.open(folder / "started", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    os.fsync(mark)
    os.close(mark)
    at = os.open(folder, os.O_RDONLY)
    os.fsync(at)
    os.close(at)
    return True


def _start(order: dict[str, Any]) -> tuple[subprocess.Popen[bytes], int]:
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    parent = os.getpid()

    def in_child() -> None:
        # After the change of user, which would make the kernel forget the wish.
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    identity: dict[str, Any] = {}
    if order["uid"] is not None:
        identity = {"user": order["uid"], "group": order["gid"], "extra_groups": []}
    reader, writer = os.pipe()
    # Should the whole machine run out of memory, a task goes before any server does.
    _be_first_to_die("500")
    try:
        process = subprocess.Popen(  # noqa: S603 - to start what is ordered is the purpose
            order["command"],
            cwd=order["cwd"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=in_child,
            **identity,
        )
    finally:
        os.close(writer)
        _be_first_to_die("0")
    os.set_blocking(reader, False)
    return process, reader


def _see_through(
    folder: Path, order: dict[str, Any], process: subprocess.Popen[bytes], output: int
) -> None:
    limit = int(order["memory_mb"]) << 20
    log = _Log(folder / "output.log")
    reason, oom = "", False
    stop_by: float | None = None
    poll = select.poll()
    poll.register(output, select.POLLIN)
    looked_at = 0.0
    while process.poll() is None:
        if poll.poll(LOOK_SECONDS * 1000) and not log.take(output):
            poll.unregister(output)  # all its writers are gone: from here on the clock alone
        now = time.monotonic()
        if now - looked_at < LOOK_SECONDS:
            continue
        looked_at = now
        if stop_by is None and (_stop_asked or (folder / "stop").exists()):
            reason = _read_reason(folder) or f"The machine is being stopped ({_stop_asked[0]})."
            # Whoever stops the machine does not wait long for us.
            stop_by = now + (HURRIED_SECONDS if _stop_asked else float(order["grace_seconds"]))
            _signal_group(process.pid, signal.SIGTERM)
        if stop_by is not None and now > stop_by:
            reason += " Killed after the grace period."
            _kill_all(process)
            stop_by = now + LOCK_SECONDS
        used = _memory_of(_family(), limit)
        if used > limit and not oom:
            oom = True
            reason = f"It used {used >> 20:,} MiB of {limit >> 20:,} MiB."
            _kill_all(process)
    status = process.returncode
    _kill_all(process)
    while log.take(output):
        pass
    log.close()
    end: dict[str, Any] = {
        "oom": oom,
        "evicted": bool(_stop_asked),
        # With 0 it has told the server how the run ended: its last words explain nothing more.
        "reason": reason or (log.last_line if status else ""),
    }
    if status < 0:
        end["signal"] = _signal_name(-status)
    else:
        end["exit_code"] = status
    _write_end(folder, end)


class _Log:
    """What the task says: in a file that starts anew when it is full, the last one kept beside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.open("wb", buffering=0)
        self.size = 0
        self.tail = b""

    def take(self, descriptor: int) -> bool:
        """Copy what there is; False once there is nothing now or ever."""
        try:
            chunk = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return False
        if not chunk:
            return False
        if self.size + len(chunk) > OUTPUT_BYTES:
            self.file.close()
            self.path.replace(self.path.with_suffix(".log.1"))
            self.file = self.path.open("wb", buffering=0)
            self.size = 0
        # A full disk must not end the task: its output is also sent as logs.
        with contextlib.suppress(OSError):
            self.file.write(chunk)
        self.size += len(chunk)
        self.tail = (self.tail + chunk)[-4 * LAST_LINE_BYTES :]
        return True

    @property
    def last_line(self) -> str:
        lines = [line for line in self.tail.decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1].strip()[:LAST_LINE_BYTES] if lines else ""

    def close(self) -> None:
        self.file.close()


def _family() -> list[tuple[int, int]]:
    """Return process id and resident bytes of every descendant of this process."""
    try:
        entries = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []  # no Linux: the memory of tasks is not watched
    children: dict[int, list[tuple[int, int]]] = {}
    for name in entries:
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The name of the program, in parentheses, may hold anything.
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append((int(name), int(fields[21])))
    page = os.sysconf("SC_PAGE_SIZE")
    found: list[tuple[int, int]] = []
    waiting = [os.getpid()]
    while waiting:
        for pid, pages in children.get(waiting.pop(), ()):
            found.append((pid, pages * page))
            waiting.append(pid)
    return found


def _memory_of(family: list[tuple[int, int]], limit: int) -> int:
    """Return the family's memory; what its members share counts once when it decides."""
    resident = sum(each for _, each in family)
    if resident <= limit:
        return resident
    total = 0
    for pid, each in family:
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
                total += next(int(line.split()[1]) << 10 for line in file if line[:4] == b"Pss:")
        except (OSError, StopIteration):
            total += each
    return total


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill the task's processes, also those that moved to sessions of their own."""
    _signal_group(process.pid, signal.SIGKILL)
    for _ in range(20):
        family = [pid for pid, _ in _family()]
        if not family:
            return
        for pid in family:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in family:
            # Orphans became ours, see `_adopt_orphans`; the task itself is Popen's to wait for.
            if pid != process.pid:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
        if process.poll() is not None and family == [process.pid]:
            return
        time.sleep(0.01)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _adopt_orphans() -> None:
    """Become the parent of what the task's processes leave behind, so that it can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _be_first_to_die(score: str) -> None:
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(score)


def _detach_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _answer(word: str) -> None:
    # Whoever asked may be gone; what was done stands in the folder.
    with contextlib.suppress(OSError):
        os.write(1, word.encode() + b"\n")


def _read_reason(folder: Path) -> str:
    with contextlib.suppress(OSError):
        return (folder / "stop").read_text(encoding="utf-8").strip()
    return ""


def _write_end(folder: Path, end: dict[str, Any]) -> None:
    _write(folder / "end.json", {**end, "stopped_at": _now()})


def _write(path: Path, content: dict[str, Any]) -> None:
    building = path.with_suffix(".new")
    with building.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    building.replace(path)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    main()
