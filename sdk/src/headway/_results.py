"""
Results of completed tasks, kept where the user says, for the process that goes on with the run.

They never leave the user's own disks or buckets. A result is found again by its task's name and its
arguments, and by which of the equal calls it was.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from headway._errors import ConfigError
from headway._say import say

if TYPE_CHECKING:
    from typing import Protocol

    class Shelf(Protocol):
        """Where the results of one run lie; keys are hexadecimal."""

        def get(self, key: str) -> bytes | None: ...
        def put(self, key: str, content: bytes) -> None: ...
        def clear(self) -> None: ...


KEY_BYTES = 32
LENGTH_BYTES = 8
KEPT_DAYS = 14  # of a run that did not end well and was never taken up again
DEFAULT_LIMIT_MB = 16.0


class Missing:
    """There is no result."""


MISSING = Missing()


class Results:
    """The results of one run, from one beginning of it on."""

    def __init__(self, shelf: Shelf, *, goes_on: bool, limit_bytes: int) -> None:
        """`goes_on`: what is there counts. Else the run begins afresh."""
        self._shelf = shelf
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._counts: dict[bytes, Iterator[int]] = {}
        self._complained = False
        self._goes_on = goes_on
        if not goes_on:
            self._quietly(shelf.clear)

    def key(self, name: str, arguments: object) -> str | None:
        """Return what names this call, or None when its arguments cannot be written down."""
        try:
            told = hashlib.sha256(_canonical((name, arguments))).digest()
        except Exception:  # noqa: BLE001  whatever somebody's __reduce__ raises: it is not kept
            return None
        with self._lock:
            number = next(self._counts.setdefault(told, itertools.count()))
        return hashlib.sha256(told + number.to_bytes(8, "big")).hexdigest()

    def find(self, key: str | None) -> Any:
        """Return the result of an earlier process of this run, or MISSING."""
        if key is None or not self._goes_on:
            return MISSING
        content = self._quietly(lambda: self._shelf.get(key))
        if content is None:
            return MISSING
        try:
            return pickle.loads(content)  # noqa: S301  written by this run, in a place of the user's
        except Exception:  # noqa: BLE001  the code changed meanwhile: the task runs again
            return MISSING

    @staticmethod
    def is_missing(value: object) -> bool:
        """Return whether `find` found nothing."""
        return value is MISSING

    def keep(self, key: str | None, value: object) -> None:
        """Keep a result for whoever goes on with the run."""
        if key is None:
            return
        try:
            content = pickle.dumps(value, protocol=5)
        except Exception:  # noqa: BLE001  the task runs again, then
            return
        if len(content) <= self._limit_bytes:
            self._quietly(lambda: self._shelf.put(key, content))

    def forget(self) -> None:
        """Drop all of it: the run completed."""
        self._quietly(self._shelf.clear)

    def _quietly(self, action: Any) -> Any:
        """A full disk, or a bucket that is away, costs a repetition and no run."""
        try:
            return action()
        except Exception as error:  # noqa: BLE001  boto3 raises a class of its own for each thing
            if not self._complained:
                self._complained = True
                say(f"results of tasks are not kept: {type(error).__name__}: {error}")
            return None


def _canonical(value: object) -> bytes:
    """Return equal bytes for equal values: without the memo, which tells who is the same object."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.fast = True
    pickler.dump(value)
    return buffer.getvalue()


class FolderShelf:
    """One file a run, to which results are appended; a half-written last one is passed over."""

    def __init__(self, folder: Path, run_id: str, origin: int) -> None:
        self._folder = folder
        self._run_id = run_id
        self._path = folder / f"{run_id}.{origin}.results"
        self._lock = threading.Lock()
        self._places: dict[str, tuple[int, int]] | None = None

    def get(self, key: str) -> bytes | None:
        """Return what was put under the key last."""
        with self._lock:
            if self._places is None:
                self._places = self._read_places()
            place = self._places.get(key)
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(place[0])
            return file.read(place[1])

    def put(self, key: str, content: bytes) -> None:
        """Append, with one write, so that a kill leaves whole records before the last."""
        record = bytes.fromhex(key) + len(content).to_bytes(LENGTH_BYTES, "big") + content
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                before = os.fstat(descriptor).st_size
                if os.write(descriptor, record) < len(record):
                    os.ftruncate(descriptor, before)  # the disk is full: leave no half of it
                    raise OSError("There is no room for it.")
            finally:
                os.close(descriptor)

    def clear(self) -> None:
        """Delete what is there of the run, and of others what nobody came back for."""
        for path in self._folder.glob(f"{self._run_id}.*.results"):
            path.unlink(missing_ok=True)
        oldest = time.time() - KEPT_DAYS * 86_400
        for path in self._folder.glob("*.results"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _read_places(self) -> dict[str, tuple[int, int]]:
        places: dict[str, tuple[int, int]] = {}
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return places
        with file:
            end = os.fstat(file.fileno()).st_size
            while len(head := file.read(KEY_BYTES + LENGTH_BYTES)) == KEY_BYTES + LENGTH_BYTES:
                length = int.from_bytes(head[KEY_BYTES:], "big")
                start = file.tell()
                if start + length > end:
                    break
                places[head[:KEY_BYTES].hex()] = (start, length)
                file.seek(length, os.SEEK_CUR)
        return places


class BucketShelf:
    """One object a result, below a prefix of an S3 bucket."""

    def __init__(self, bucket: str, prefix: str, run_id: str, origin: int) -> None:
        try:
            import boto3  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError as error:
            raise ConfigError("Results in S3 need boto3: pip install boto3.") from error
        self._client = boto3.client("s3")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/{run_id}/{origin}/".lstrip("/")
        self._of_run = f"{prefix.strip('/')}/{run_id}/".lstrip("/")

    def get(self, key: str) -> bytes | None:
        """Return the object, or None when there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except self._client.exceptions.NoSuchKey:
            return None
        content: bytes = answer["Body"].read()
        return content

    def put(self, key: str, content: bytes) -> None:
        """Write the object."""
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content)

    def clear(self) -> None:
        """Delete the run's objects."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._of_run
        )
        for page in pages:
            found = [{"Key": item["Key"]} for item in page.get("Contents", ())]
            if found:
                self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": found})


def open_results(run_id: str, *, origin: int, goes_on: bool) -> Results | None:
    """
    Return the results of a run, in the place that HEADWAY_RESULTS names; None when it says `off`.

    A folder, `file:///…` or `s3://bucket/prefix`; `~/.local/state/headway/results` unless given.
    """
    place = os.environ.get("HEADWAY_RESULTS") or str(_default_folder())
    if place.lower() in ("off", "0", "false", "no"):
        return None
    text = os.environ.get("HEADWAY_RESULTS_LIMIT_MB") or str(DEFAULT_LIMIT_MB)
    try:
        limit = float(text)
    except ValueError:
        message = f"HEADWAY_RESULTS_LIMIT_MB must be a number, not {text!r}."
        raise ConfigError(message) from None
    shelf = _shelf(place, run_id, origin)
    return Results(shelf, goes_on=goes_on, limit_bytes=int(limit * 1024 * 1024))


def _shelf(place: str, run_id: str, origin: int) -> Shelf:
    address = urlsplit(place)
    if address.scheme == "s3":
        return BucketShelf(address.netloc, address.path, run_id, origin)
    if address.scheme == "file":
        return FolderShelf(Path(unquote(address.path)), run_id, origin)
    if address.scheme and "://" in place:
        raise ConfigError(f"HEADWAY_RESULTS is a folder, file:// or s3://, not {place!r}.")
    return FolderShelf(Path(place).expanduser(), run_id, origin)


def _default_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "headway" / "results"
