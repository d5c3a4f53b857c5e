"""
Batches on disk while the server is away, and items that it takes only later.

One folder per server and key; in it append-only segments, each written by one process that holds a
file lock on it as long as it lives. A segment whose lock is free was left behind, and whoever takes
the lock sends it. A line is `+ <crc32> <batch>`; the plus becomes a minus in place once the server
has confirmed the batch, so a process that dies while draining repeats at most one.

Segments form lanes, each sent in its own order: the main one for whole batches, and one for each
kind of items that the server limits, so that runs do not wait behind events. When it takes a part
of what such a lane sent, the rest is appended with a `^` instead of the plus: it comes first.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headway._batch import LIMITED_KINDS, MAX_CHARACTERS, Batch
from headway._ids import uuid7

try:
    import fcntl
except ImportError:  # pragma: no cover  Windows: one process at a time drains what is left
    fcntl = None  # type: ignore[assignment]

FsyncPolicy = Literal["always", "interval", "never"]

SEGMENT_BYTES = 8 * 1024 * 1024
FSYNC_SECONDS = 1.0
HEADER = 11  # "+ 01234567 "
TARGET_FILE = "target.json"
READ_BYTES = 64 * 1024
SUFFIX = ".segment"
HELD_ITEMS = 500  # in one request: what is refused of it is written again


@dataclass(frozen=True, slots=True)
class SpooledBatch:
    """One batch read back, and where its mark is."""

    segment: Segment
    offset: int
    body: bytes


class Segment:
    """One append-only file, locked by this process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self._read_to = 0
        self._first: SpooledBatch | None = None

    @classmethod
    def create(cls, folder: Path, suffix: str) -> Segment:
        """Begin a new segment."""
        path = folder / f"{uuid7()}{suffix}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(path, descriptor)

    @classmethod
    def claim(cls, path: Path) -> Segment | None:
        """Take over a segment that nobody holds; None when somebody does or it is gone."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last holder may have removed it between our open and our lock.
            if os.fstat(descriptor).st_nlink:
                segment = cls(path, descriptor)
                if path.name.count(".") > SUFFIX.count("."):
                    segment._mend()
                return segment
        except OSError:
            pass  # held by a living process, which will send it
        os.close(descriptor)
        return None

    def append(self, body: bytes, mark: bytes = b"+") -> None:
        """Write one batch behind the others in a single write."""
        line = b"%b %08x %b\n" % (mark, zlib.crc32(body), body)
        written = os.pwrite(self._descriptor, line, self.size)
        if written != len(line):
            os.ftruncate(self._descriptor, self.size)
            raise OSError("the disk is full")
        self.size += written

    def fsync(self) -> None:
        """Make sure that what was written outlives the machine, not only the process."""
        os.fsync(self._descriptor)

    def pending(self) -> Iterator[SpooledBatch]:
        """Yield batches not yet confirmed, oldest first. A torn line at the end is passed over."""
        if self._first is not None:
            yield self._first
        offset = self._read_to
        while offset < self.size:
            line, length = self._line_at(offset)
            if line is None:
                if offset == self._read_to:
                    self._read_to = self.size
                return
            if _is_intact(line, b"+"):
                yield SpooledBatch(self, offset, line[HEADER:-1])
            elif offset == self._read_to:
                self._read_to += length
            offset += length

    def confirm(self, batch: SpooledBatch) -> None:
        """Note that the server has the batch."""
        os.pwrite(self._descriptor, b"-", batch.offset)
        if batch is self._first:
            self._first = None
        elif batch.offset == self._read_to:
            self._read_to += HEADER + len(batch.body) + 1

    def replace(self, batches: Sequence[SpooledBatch], rest: bytes | None) -> None:
        """
        Note that the server has the batches but for the rest, which comes first from now on.

        The rest is written before the batches are marked: who dies between them repeats some.
        """
        offset = self.size
        if rest is not None:
            self.append(rest, b"^")
        for batch in batches:
            self.confirm(batch)
        if rest is not None:
            self._first = SpooledBatch(self, offset, rest)

    def is_drained(self) -> bool:
        """Return whether nothing is left to send."""
        return next(self.pending(), None) is None

    def remove(self) -> None:
        """Delete the file; its batches are on the server."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self.release()

    def release(self) -> None:
        """Give up the lock and leave the file to the next process."""
        os.close(self._descriptor)

    def _mend(self) -> None:
        """Find the rest that comes first, and cut off what a dying process wrote half of."""
        offset = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    os.ftruncate(self._descriptor, offset)
                    self.size = offset
                    return
                if _is_intact(line, b"^"):
                    self._first = SpooledBatch(self, offset, line[HEADER:-1])
                offset += len(line)

    def _line_at(self, offset: int) -> tuple[bytes | None, int]:
        pieces: list[bytes] = []
        position = offset
        while position < self.size:
            piece = os.pread(self._descriptor, READ_BYTES, position)
            if not piece:
                break
            end = piece.find(b"\n")
            if end >= 0:
                pieces.append(piece[: end + 1])
                line = b"".join(pieces)
                return line, len(line)
            pieces.append(piece)
            position += len(piece)
        return None, 0


def _is_intact(line: bytes, mark: bytes) -> bool:
    return line[:1] == mark and line[2:10] == b"%08x" % zlib.crc32(line[HEADER:-1])


class Lane:
    """Segments whose batches are sent one after the other."""

    def __init__(self, kind: str | None = None) -> None:
        self.kind = kind
        self.suffix = f".{kind}{SUFFIX}" if kind else SUFFIX
        self.segments: list[Segment] = []  # oldest first; the last may be the one we write
        self.writing: Segment | None = None

    def append(self, body: bytes, folder: Path) -> Segment:
        """Write a batch behind the others and return its segment."""
        if self.writing is None or self.writing.size >= SEGMENT_BYTES:
            self.writing = Segment.create(folder, self.suffix)
            self.segments.append(self.writing)
        self.writing.append(body)
        return self.writing

    def oldest(self) -> SpooledBatch | None:
        """Return the next batch to send, or None when all is sent."""
        while self.segments:
            segment = self.segments[0]
            batch = next(segment.pending(), None)
            if batch is not None:
                return batch
            self.segments.pop(0)
            if segment is self.writing:
                self.writing = None
            segment.remove()
        return None

    def oldest_together(self) -> tuple[list[SpooledBatch], list[str]]:
        """Return the next batches of this lane's kind that fit into one, and their items."""
        batches: list[SpooledBatch] = []
        items: list[str] = []
        size = 0
        first = self.oldest()
        for batch in first.segment.pending() if first and self.kind else ():
            more = Batch.of(batch.body).items[str(self.kind)]
            size += len(batch.body)
            if batches and (len(items) + len(more) > HELD_ITEMS or size > MAX_CHARACTERS):
                break
            batches.append(batch)
            items += more
        return batches, items

    def is_empty(self) -> bool:
        """Return whether nothing waits."""
        return self.oldest() is None

    def adopt(self, folders: Iterable[Path]) -> int:
        """Take over what dead processes left in these folders; return how many segments."""
        adopted: list[Segment] = []
        own = {segment.path for segment in self.segments}
        for folder in folders:
            with suppress(OSError):
                paths = sorted(
                    path
                    for path in folder.glob(f"*{self.suffix}")
                    if path not in own and path.name.count(".") == self.suffix.count(".")
                )
                claimed = [Segment.claim(path) for path in paths]
                adopted += [segment for segment in claimed if segment is not None]
        self.segments[:0] = sorted(adopted, key=lambda segment: segment.path.name)
        return len(adopted)

    def close(self) -> None:
        """Put everything down for the next process."""
        for segment in self.segments:
            if segment.is_drained():
                segment.remove()
            else:
                segment.release()
        self.segments, self.writing = [], None

    def forget(self) -> None:
        """Drop all segments without touching them."""
        for segment in self.segments:
            segment.release()
        self.segments, self.writing = [], None


class Spool:
    """The lanes of one server and key: ours to write, and what others left to send."""

    def __init__(
        self,
        root: Path,
        *,
        api_url: str,
        api_key: str,
        limit_bytes: int = 512 * 1024 * 1024,
        fsync: FsyncPolicy = "interval",
    ) -> None:
        self._root = root
        self._api_url = api_url
        identity = hashlib.sha256(f"{api_url}\n{api_key}".encode()).hexdigest()[:24]
        self.folder = root / identity
        self.limit_bytes = limit_bytes
        self._fsync: FsyncPolicy = fsync
        self._synced_at = 0.0
        self.main = Lane()
        self.held = {kind: Lane(kind) for kind in LIMITED_KINDS}
        self.workspace: str | None = None

    def append(self, batch: Batch) -> dict[str, int]:
        """
        Keep a batch; return what had to be dropped, by kind.

        Beyond the limit logs, points and events go; reports of runs and task runs only beyond
        twice the limit, since a run without its end is worse than one without its prints.

        Raises: OSError when the disk refuses.
        """
        used = self._used()
        dropped: tuple[str, ...] = ()
        if used > 2 * self.limit_bytes:
            dropped = tuple(batch.items)
        elif used > self.limit_bytes:
            dropped = LIMITED_KINDS
        kept = batch.without(dropped)
        if len(kept):
            self._append(self.main, kept)
        return {kind: len(batch.items[kind]) for kind in dropped if batch.items.get(kind)}

    def hold(self, kind: str, items: Sequence[str]) -> int:
        """
        Keep items that the server takes only later; return how many had to be dropped.

        Raises: OSError when the disk refuses.
        """
        for start in range(0, len(items), HELD_ITEMS):
            if self._used() > self.limit_bytes:
                return len(items) - start
            self._append(self.held[kind], Batch({kind: [*items[start : start + HELD_ITEMS]]}))
        return 0

    def oldest(self) -> SpooledBatch | None:
        """Return the next whole batch to send, or None when all are sent."""
        return self.main.oldest()

    def confirm(self, batch: SpooledBatch) -> None:
        """Note that the server has a batch."""
        batch.segment.confirm(batch)

    def is_empty(self) -> bool:
        """Return whether nothing waits in any lane."""
        return all(lane.is_empty() for lane in self._lanes())

    def adopt_leftovers(self) -> int:
        """Take over what dead processes left for the same server; return how many segments."""
        folders = self._folders()
        return sum(lane.adopt(folders) for lane in self._lanes())

    def remember_workspace(self, workspace: str) -> None:
        """Write down which workspace the folder is for, so that a rotated key can drain it."""
        if self.workspace == workspace:
            return
        self.workspace = workspace
        if self.folder.is_dir():
            self._write_target()

    def close(self) -> None:
        """Put everything down for the next process."""
        for lane in self._lanes():
            if lane.writing is not None and self._fsync != "never":
                lane.writing.fsync()
            lane.close()
        with suppress(OSError):
            if not any(self.folder.glob(f"*{SUFFIX}")):
                (self.folder / TARGET_FILE).unlink(missing_ok=True)
                self.folder.rmdir()

    def forget(self) -> None:
        """Drop all segments without touching them: after a fork they are the parent's."""
        for lane in self._lanes():
            lane.forget()

    def _lanes(self) -> tuple[Lane, ...]:
        return self.main, *self.held.values()

    def _used(self) -> int:
        return sum(segment.size for lane in self._lanes() for segment in lane.segments)

    def _append(self, lane: Lane, batch: Batch) -> None:
        if lane.writing is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (self.folder / TARGET_FILE).exists():
                self._write_target()
        self._sync(lane.append(batch.encode(), self.folder))

    def _write_target(self) -> None:
        target = {"api_url": self._api_url, "workspace": self.workspace}
        scratch = self.folder / f".{TARGET_FILE}.{os.getpid()}"
        scratch.write_text(json.dumps(target), "utf-8")
        scratch.replace(self.folder / TARGET_FILE)

    def _folders(self) -> list[Path]:
        if not self._root.is_dir():
            return []
        return [
            folder
            for folder in sorted(self._root.iterdir())
            if folder == self.folder or self._is_same_workspace(folder)
        ]

    def _is_same_workspace(self, folder: Path) -> bool:
        if self.workspace is None:
            return False
        try:
            target = json.loads((folder / TARGET_FILE).read_text("utf-8"))
        except (OSError, ValueError):
            return False
        return isinstance(target, dict) and (
            target.get("api_url") == self._api_url and target.get("workspace") == self.workspace
        )

    def _sync(self, segment: Segment) -> None:
        if self._fsync == "never":
            return
        now = time.monotonic()
        if self._fsync == "always" or now - self._synced_at >= FSYNC_SECONDS:
            segment.fsync()
            self._synced_at = now
