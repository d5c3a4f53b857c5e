"""
Code that agents fetched, kept for the next run: bounded, and shared by all agents of a machine.

An entry is a folder called by a hash of what decides what is in it. It is built beside its place
and then renamed, under a lock, so that it is there whole or not at all, however many runs want it
and whenever one is killed. Who uses an entry holds its lock shared; what is dropped, to make room,
are entries that nobody holds, those that were not used for longest first.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from headway._errors import ConfigError, HeadwayError

READY = "ready"  # in an entry: it is whole; holds its size, its time is that of the last use
BUILDING = ".building"  # beside an entry: being made
TREE = "tree"  # in an entry: the code
KEPT_DAYS = 14  # unused
LOOK_SECONDS = 0.1
DEFAULT_LIMIT_MB = 2_048.0
MB = 1024 * 1024
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FetchFailed(HeadwayError):
    """The code of a run could not be fetched; the text is for people."""


class Stopped(HeadwayError):
    """Somebody asked to stop while code was being fetched."""


class Held:
    """An entry in use. Keep it until the run is over: what nobody holds may be dropped."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.tree = folder / TREE
        self._lock = lock

    def release(self) -> None:
        """Say that it is no longer used."""
        os.close(self._lock)


class CodeCache:
    """The entries in one folder."""

    def __init__(self, root: Path, *, limit_bytes: int) -> None:
        """`limit_bytes` is for all entries together; what runs use right now is never dropped."""
        self._root = root
        self._limit_bytes = limit_bytes

    def hold(self, key: str, make: Callable[[Path], None], *, stop: Event) -> Held:
        """
        Return the entry of this key, made by `make` in the empty folder it is given unless it is
        there. Raises: Stopped, and what `make` raises.
        """
        folder = self._root / key
        while True:
            lock = self._lock(key, fcntl.LOCK_SH, stop)
            with suppress(FileNotFoundError):
                os.utime(folder / READY)
                break
            os.close(lock)
            # A lock anew for each: one that is turned into another is lost on the way, and may be
            # that of an entry which was dropped meanwhile.
            lock = self._lock(key, fcntl.LOCK_EX, stop)
            try:
                if not (folder / READY).exists():
                    self._make(folder, make)
            finally:
                os.close(lock)
        try:
            self.make_room(self._limit_bytes)
        except BaseException:
            os.close(lock)
            raise
        return Held(folder, lock)

    @contextmanager
    def alone(self, key: str, *, stop: Event) -> Iterator[Path]:
        """Have the folder of this key to oneself, whatever is in it. Raises: Stopped."""
        folder = self._root / key
        lock = self._lock(key, fcntl.LOCK_EX, stop)
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            yield folder
            (folder / READY).write_text(str(size_of(folder)))
        finally:
            os.close(lock)

    def has(self, key: str) -> bool:
        """Return whether the entry is there; the next moment it may not be."""
        return (self._root / key / READY).exists()

    def make_room(self, limit_bytes: int) -> bool:
        """Drop what is not in use: the oldest beyond the limit, and what is too old. Did it?"""
        entries = []
        for ready in self._root.glob(f"*/{READY}"):
            if ready.parent.name.endswith(BUILDING):
                continue  # its maker is about to rename it
            with suppress(OSError, ValueError):  # dropped meanwhile, by somebody else
                used_at = ready.stat().st_mtime
                entries.append((used_at, int(ready.read_text() or 0), ready.parent.name))
        total = sum(size for _, size, _ in entries)
        too_old = time.time() - KEPT_DAYS * 86_400
        dropped = False
        for used_at, size, key in sorted(entries):
            if total <= limit_bytes and used_at >= too_old:
                break
            if self._drop(key):
                total -= size
                dropped = True
        self._sweep(too_old)
        return dropped

    def _make(self, folder: Path, make: Callable[[Path], None]) -> None:
        building = folder.with_name(f"{folder.name}{BUILDING}")
        # Of one who was killed over it; we hold its lock now.
        shutil.rmtree(folder, ignore_errors=True)
        for is_last in (False, True):
            shutil.rmtree(building, ignore_errors=True)
            try:
                building.mkdir(mode=0o700)
                make(building)
                (building / READY).write_text(str(size_of(building)))
                building.rename(folder)
            except OSError as error:
                shutil.rmtree(building, ignore_errors=True)
                if error.errno in NO_ROOM and not is_last and self.make_room(0):
                    continue
                raise
            except BaseException:
                shutil.rmtree(building, ignore_errors=True)
                raise
            return

    def _lock(self, key: str, kind: int, stop: Event) -> int:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._root / f"{key}.lock"
        while True:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _flock(lock, kind, stop)
                # Whoever dropped the entry took the file with it: then ours locks nothing.
                with suppress(FileNotFoundError):
                    if path.stat().st_ino == os.fstat(lock).st_ino:
                        return lock
            except BaseException:
                os.close(lock)
                raise
            os.close(lock)

    def _drop(self, key: str) -> bool:
        path = self._root / f"{key}.lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino != os.fstat(lock).st_ino:
                return False  # somebody else is at it
            (self._root / key / READY).unlink(missing_ok=True)  # first: half an entry is none
            shutil.rmtree(self._root / key, ignore_errors=True)
            shutil.rmtree(self._root / f"{key}{BUILDING}", ignore_errors=True)
            path.unlink()
        except (BlockingIOError, FileNotFoundError):
            return False  # in use, or gone
        finally:
            os.close(lock)
        return True

    def _sweep(self, before: float) -> None:
        """Delete what somebody who was killed left half done."""
        for building in self._root.glob(f"*{BUILDING}"):
            with suppress(FileNotFoundError):
                if building.stat().st_mtime < before:
                    self._drop(building.name.removesuffix(BUILDING))


def open_cache() -> CodeCache:
    """
    Return the cache in HEADWAY_CODE_DIR, `~/.cache/headway/code` unless given.

    Raises: ConfigError when HEADWAY_CODE_LIMIT_MB is no number.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    place = os.environ.get("HEADWAY_CODE_DIR") or f"{base}/headway/code"
    text = os.environ.get("HEADWAY_CODE_LIMIT_MB") or str(DEFAULT_LIMIT_MB)
    try:
        limit = float(text)
    except ValueError:
        raise ConfigError(f"HEADWAY_CODE_LIMIT_MB must be a number, not {text!r}.") from None
    return CodeCache(Path(place).expanduser(), limit_bytes=int(limit * MB))


def key_of(kind: str, *parts: str) -> str:
    """
    Return what an entry is called.

    >>> key_of("git", "a", "b") == key_of("git", "a", "b") != key_of("git", "ab")
    True
    """
    told = json.dumps([kind, *parts]).encode()
    return f"{kind}-{hashlib.sha256(told).hexdigest()[:32]}"


def size_of(folder: Path) -> int:
    """Return how many bytes the files in a folder have."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # git tidies up
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _flock(lock: int, kind: int, stop: Event) -> None:
    # Not a blocking wait: a run that is cancelled must not sit out what another one fetches.
    while True:
        if stop.is_set():
            raise Stopped("Stopped while its code was being fetched.")
        with suppress(BlockingIOError):
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        stop.wait(LOOK_SECONDS)
