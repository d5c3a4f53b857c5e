"""
Batches on disk while the server is away.

One folder per server and key; in it append-only segments, each written by one process that holds a
file lock on it as long as it lives. A segment whose lock is free was left behind, and whoever takes
the lock sends it. A line is `+ <crc32> <batch>`; the plus becomes a minus in place once the server
has confirmed the batch, so a process that dies while draining repeats at most one.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headway._batch import Batch
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

    @classmethod
    def create(cls, folder: Path) -> Segment:
        """Begin a new segment."""
        path = folder / f"{uuid7()}.segment"
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
                return cls(path, descriptor)
        except OSError:
            pass  # held by a living process, which will send it
        os.close(descriptor)
        return None

    def append(self, body: bytes) -> None:
        """Write one batch behind the others in a single write."""
        line = b"+ %08x %b\n" % (zlib.crc32(body), body)
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
        offset = self._read_to
        while offset < self.size:
            line, length = self._line_at(offset)
            if line is None:
                offset = self._read_to = self.size
                return
            body = line[HEADER:-1]
            intact = line[2:10] == b"%08x" % zlib.crc32(body)
            if line[:1] == b"+" and intact:
                yield SpooledBatch(self, offset, body)
            offset += length
            self._read_to = offset

    def confirm(self, batch: SpooledBatch) -> None:
        """Note that the server has the batch."""
        os.pwrite(self._descriptor, b"-", batch.offset)
        self._read_to = batch.offset + HEADER + len(batch.body) + 1

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

    def _line_at(self, offset: int) -> tuple[bytes | None, int]:
        pieces: list[bytes] = []
        position = offset
        while position < self.size:
            piece = os.pread(self._descriptor, 1 << 20, position)
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


class Spool:
    """The segments of one server and key: ours to write, and the abandoned ones to send."""

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
        self._segments: list[Segment] = []  # oldest first; the last may be the one we write
        self._writing: Segment | None = None
        self.workspace: str | None = None

    def append(self, batch: Batch) -> dict[str, int]:
        """
        Keep a batch; return what had to be dropped, by kind.

        Beyond the limit logs, points and events go; reports of runs and task runs only beyond
        twice the limit, since a run without its end is worse than one without its prints.

        Raises: OSError when the disk refuses.
        """
        used = sum(segment.size for segment in self._segments)
        dropped: tuple[str, ...] = ()
        if used > 2 * self.limit_bytes:
            dropped = tuple(batch.items)
        elif used > self.limit_bytes:
            dropped = ("logs", "points", "events")
        kept = batch.without(dropped)
        if len(kept):
            self._segment_for_writing().append(kept.encode())
            self._sync()
        return {kind: len(batch.items[kind]) for kind in dropped if batch.items.get(kind)}

    def oldest(self) -> SpooledBatch | None:
        """Return the next batch to send, or None when all is sent."""
        while self._segments:
            segment = self._segments[0]
            batch = next(segment.pending(), None)
            if batch is not None:
                return batch
            self._segments.pop(0)
            if segment is self._writing:
                self._writing = None
            segment.remove()
        return None

    def confirm(self, batch: SpooledBatch) -> None:
        """Note that the server has a batch."""
        batch.segment.confirm(batch)

    def is_empty(self) -> bool:
        """Return whether nothing waits."""
        return self.oldest() is None

    def adopt_leftovers(self) -> int:
        """Take over what dead processes left for the same server; return how many segments."""
        adopted: list[Segment] = []
        own = {segment.path for segment in self._segments}
        for folder in self._folders():
            with suppress(OSError):
                paths = sorted(path for path in folder.glob("*.segment") if path not in own)
                claimed = [Segment.claim(path) for path in paths]
                adopted += [segment for segment in claimed if segment is not None]
        self._segments[:0] = sorted(adopted, key=lambda segment: segment.path.name)
        return len(adopted)

    def remember_workspace(self, workspace: str) -> None:
        """Write down which workspace the folder is for, so that a rotated key can drain it."""
        if self.workspace == workspace:
            return
        self.workspace = workspace
        if self.folder.is_dir():
            self._write_target()

    def close(self) -> None:
        """Put everything down for the next process."""
        if self._writing is not None and self._fsync != "never":
            self._writing.fsync()
        for segment in self._segments:
            if segment.is_drained():
                segment.remove()
            else:
                segment.release()
        self._segments, self._writing = [], None
        with suppress(OSError):
            if not any(self.folder.glob("*.segment")):
                (self.folder / TARGET_FILE).unlink(missing_ok=True)
                self.folder.rmdir()

    def forget(self) -> None:
        """Drop all segments without touching them: after a fork they are the parent's."""
        for segment in self._segments:
            segment.release()
        self._segments, self._writing = [], None

    def _segment_for_writing(self) -> Segment:
        if self._writing is None or self._writing.size >= SEGMENT_BYTES:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (self.folder / TARGET_FILE).exists():
                self._write_target()
            self._writing = Segment.create(self.folder)
            self._segments.append(self._writing)
        return self._writing

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

    def _sync(self) -> None:
        if self._fsync == "never" or self._writing is None:
            return
        now = time.monotonic()
        if self._fsync == "always" or now - self._synced_at >= FSYNC_SECONDS:
            self._writing.fsync()
            self._synced_at = now
