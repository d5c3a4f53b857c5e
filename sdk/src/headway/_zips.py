"""
Zips of code: making one, and unpacking one that somebody else may have made.

What unpacks looks at everything first: names as every reader might read them, entries counted
before there are objects of them, bytes counted as they come. The server does the same when a bundle
is uploaded; here it is done again, because what arrives decides what is written to a disk.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import IO

from headway._errors import HeadwayError

MAX_ZIP_BYTES = 50 * 1024 * 1024
MAX_UNPACKED_BYTES = 250 * 1024 * 1024
MAX_FILES = 10_000
MAX_NAME_BYTES = 1_000
MAX_RATIO, RATIO_FROM_BYTES = 200, 16 * 1024 * 1024
CHUNK = 256 * 1024
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # what a zip can say at the earliest

_END = struct.Struct("<4s4H2LH")
_ENTRY_BYTES, _LENGTHS, _LENGTHS_AT = 46, struct.Struct("<3H"), 28
_FIELD, _UNICODE_PATH, _PATH_AT = struct.Struct("<2H"), 0x7075, 5
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class BadZip(HeadwayError):
    """A zip is damaged, or holds what a folder of code does not."""


def make_zip(target: IO[bytes], files: Iterable[tuple[str, Path]]) -> int:
    """
    Zip files under their names and return how many there were.

    The same files make the same bytes: sorted, without times and owners.
    """
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(files):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.create_system = 3
            runnable = path.stat().st_mode & stat.S_IXUSR
            entry.external_attr = (stat.S_IFREG | (0o755 if runnable else 0o644)) << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
            count += 1
    return count


def hash_file(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack_zip(path: Path, folder: Path) -> int:
    """
    Unpack a zip into a new folder and return how many files that made.

    Nothing is ever written outside of the folder. Raises: BadZip, when it is too late leaving what
    was unpacked so far.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            _check_end(file, size)
            with zipfile.ZipFile(file) as archive:
                _check_entries(archive)
                folder.mkdir(mode=0o700)
                return _write(archive, folder, size)
    except _BROKEN as error:
        raise BadZip(f"The zip is damaged: {error}.") from error


def _check_end(file: IO[bytes], size: int) -> None:
    """Refuse by its end what a reader would make too many objects of, or read in two ways."""
    if size < _END.size or size > MAX_ZIP_BYTES:
        raise BadZip("This is not a zip, or one of over 50 MB.")
    file.seek(size - _END.size)
    mark, disk, first_disk, here, count, length, begin, comment = _END.unpack(file.read())
    if mark != b"PK\x05\x06" or comment:
        raise BadZip("This is not a zip, or it is cut off, or something follows it.")
    if count > MAX_FILES or length > MAX_FILES * (_ENTRY_BYTES + MAX_NAME_BYTES):
        raise BadZip(f"It holds over {MAX_FILES:,} files.")
    if disk or first_disk or here != count or begin + length != size - _END.size:
        raise BadZip("The zip has parts that are not its own.")
    file.seek(begin)
    directory = file.read(length)
    if directory[-20:].startswith(b"PK\x06\x07"):
        raise BadZip("Bundles do not need ZIP64.")
    place = 0
    for _ in range(count):
        entry = directory[place : place + _ENTRY_BYTES]
        if len(entry) < _ENTRY_BYTES or not entry.startswith(b"PK\x01\x02"):
            raise BadZip("The zip's directory is damaged.")
        place += _ENTRY_BYTES + sum(_LENGTHS.unpack_from(entry, _LENGTHS_AT))
    if place != length:
        raise BadZip("The zip's directory is damaged.")


def _check_entries(archive: zipfile.ZipFile) -> None:
    files: set[str] = set()
    folders: set[str] = set()
    for entry in archive.infolist():
        problem = _find_problem(entry)
        name = entry.filename.rstrip("/")
        if problem is None and (name in files or (name in folders and not entry.is_dir())):
            problem = "is there twice"
        if problem is not None:
            raise BadZip(f"{entry.orig_filename!r} {problem}.")
        (folders if entry.is_dir() else files).add(name)
    # What lies in a file comes right after it: no name holds a NUL. A walk over each name's folders
    # would take a minute of a zip that is all folders.
    ordered = sorted(files | folders, key=lambda name: name.replace("/", "\0"))
    for name, following in pairwise(ordered):
        if name in files and following.startswith(f"{name}/"):
            raise BadZip(f"{following!r} lies in what is a file at the same time.")
    if not files:
        raise BadZip("There is no file in it.")


def _find_problem(entry: zipfile.ZipInfo) -> str | None:
    name = entry.orig_filename
    parts = name.removesuffix("/").split("/")
    if entry.filename != name or not name.isprintable() or _has_other_name(entry):
        return "has an ambiguous or unprintable name"
    if "\\" in name or name.startswith("/") or (name[1:2] == ":" and name[0].isalpha()):
        return "has no relative path with slashes"
    if {"", ".", ".."} & set(parts) or len(name.encode()) > MAX_NAME_BYTES:
        return "has no plain path inside the folder"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if entry.is_dir() and entry.file_size:
        return "is a folder with content"
    if stat.S_IFMT(entry.external_attr >> 16) not in {
        0,
        stat.S_IFDIR if entry.is_dir() else stat.S_IFREG,
    }:
        return "is a link or a device, not a file"
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "is packed in an unusual way"
    return None


def _has_other_name(entry: zipfile.ZipInfo) -> bool:
    extra = entry.extra
    while len(extra) >= _FIELD.size:
        kind, length = _FIELD.unpack_from(extra)
        content, extra = extra[_FIELD.size : _FIELD.size + length], extra[_FIELD.size + length :]
        if kind == _UNICODE_PATH and content[_PATH_AT:] != entry.orig_filename.encode():
            return True
    return False


def _write(archive: zipfile.ZipFile, folder: Path, size: int) -> int:
    unpacked = files = 0
    for entry in archive.infolist():
        target = folder.joinpath(*entry.filename.rstrip("/").split("/"))
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        files += 1
        target.parent.mkdir(parents=True, exist_ok=True)
        runnable = (entry.external_attr >> 16) & stat.S_IXUSR
        # O_EXCL: nothing is written over or through what is there.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(target, flags, 0o755 if runnable else 0o644)
        before = unpacked
        with os.fdopen(descriptor, "wb") as file, archive.open(entry) as content:
            while chunk := content.read(CHUNK):
                unpacked += len(chunk)
                if unpacked > MAX_UNPACKED_BYTES:
                    raise BadZip(f"It unpacks to over {MAX_UNPACKED_BYTES >> 20} MB.")
                if unpacked > RATIO_FROM_BYTES and unpacked > MAX_RATIO * size:
                    raise BadZip(f"{entry.filename!r} unpacks to hundreds of times its size.")
                file.write(chunk)
        if unpacked - before != entry.file_size:
            raise BadZip(f"{entry.filename!r} is shorter than it says.")
    return files
