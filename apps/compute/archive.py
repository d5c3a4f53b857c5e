"""
Pure: is this zip a folder of code, and nothing else?

Everything is checked that a tenant's file could say, and its bytes are unpacked (to nowhere) and
counted: headers lie. The SDK checks again before it writes anything to a disk (`headway._zips`).
"""

from __future__ import annotations

import hashlib
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Final

MAX_SENT_BYTES: Final = 50 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 250 * 1024 * 1024
MAX_FILES: Final = 10_000
MAX_NAME_BYTES: Final = 1_000
# Code packs to a third or a fifth. A few megabytes of zeros are somebody's test data; beyond that a
# file that is hundreds of times larger than what was sent was made to be.
MAX_RATIO: Final = 200
RATIO_FROM_BYTES: Final = 16 * 1024 * 1024
_CHUNK: Final = 256 * 1024

_END = struct.Struct("<4s4H2LH")  # end of central directory
_END_MARK, _END64_MARK, _ENTRY_MARK = b"PK\x05\x06", b"PK\x06\x07", b"PK\x01\x02"
_LOCATOR_BYTES: Final = 20  # of ZIP64, just before the end
_ENTRY_BYTES: Final = 46  # of the central directory, before name, extra fields and comment
_LENGTHS, _LENGTHS_AT = struct.Struct("<3H"), 28  # of these three
# What a directory of the most and longest entries takes, and some extra fields.
_MAX_DIRECTORY_BYTES: Final = MAX_FILES * (_ENTRY_BYTES + MAX_NAME_BYTES)
_FIELD, _UNICODE_PATH, _PATH_AT = struct.Struct("<2H"), 0x7075, 5  # an extra field by Info-ZIP
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeDecodeError,
    OverflowError,
    ValueError,
    OSError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in a sound bundle."""

    size_bytes: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a zip is refused; `reason` is API, the message is for people."""

    reason: str
    message: str


def hash_of(file: IO[bytes]) -> str:
    """Return the hex SHA-256 of all of the file."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def inspect(file: IO[bytes], *, size_bytes: int) -> Contents | Fault:
    """Look through a zip of this size without keeping any of it."""
    if fault := _find_end_fault(file, size_bytes):
        return fault
    try:
        with zipfile.ZipFile(file) as archive:
            return _find_entry_fault(archive) or _unpack(archive, size_bytes)
    except _BROKEN as error:
        return Fault(reason="not_a_zip", message=f"The zip is damaged: {error}.")


def _find_end_fault(file: IO[bytes], size_bytes: int) -> Fault | None:
    """
    Look at the last 22 bytes before anything is read by their word.

    A reader makes an object of each entry, whatever the count says: they are counted first. And
    there must be one reading only: nothing before, after or beside the zip.
    """
    if size_bytes < _END.size:
        return Fault(reason="not_a_zip", message="This is not a zip file.")
    file.seek(size_bytes - _END.size)
    mark, disk, first_disk, here, count, length, begin, comment = _END.unpack(file.read(_END.size))
    if mark != _END_MARK or comment:
        file.seek(0)
        begins = file.read(2) == b"PK"
        what = "The zip is cut off, or something follows it." if begins else "This is not a zip."
        return Fault(reason="not_a_zip", message=what)
    if count > MAX_FILES or length > _MAX_DIRECTORY_BYTES:
        return Fault(
            reason="too_many_files", message=f"A bundle holds at most {MAX_FILES:,} files."
        )
    if disk or first_disk or here != count or begin + length != size_bytes - _END.size:
        return Fault(reason="not_a_zip", message="The zip has parts that are not its own.")
    file.seek(begin)
    directory = file.read(length)
    if directory[-_LOCATOR_BYTES:].startswith(_END64_MARK):
        return Fault(reason="not_a_zip", message="Bundles do not need ZIP64.")
    if not _has_entries(directory, count):
        return Fault(reason="not_a_zip", message="The zip's directory is damaged.")
    return None


def _has_entries(directory: bytes, count: int) -> bool:
    place = 0
    for _ in range(count):
        entry = directory[place : place + _ENTRY_BYTES]
        if len(entry) < _ENTRY_BYTES or not entry.startswith(_ENTRY_MARK):
            return False
        place += _ENTRY_BYTES + sum(_LENGTHS.unpack_from(entry, _LENGTHS_AT))
    return place == len(directory)


def _find_entry_fault(archive: zipfile.ZipFile) -> Fault | None:
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        return Fault(
            reason="too_many_files", message=f"A bundle holds at most {MAX_FILES:,} files."
        )
    files: set[str] = set()
    folders: set[str] = set()
    for entry in entries:
        if fault := _find_name_fault(entry) or _find_kind_fault(entry):
            return fault
        name = entry.filename.rstrip("/")
        if name in files or (name in folders and not entry.is_dir()):
            return _fault("duplicate", entry, "is there twice")
        if entry.is_dir():
            folders.add(name)
        else:
            files.add(name)
    if inner := _find_below_file(files, folders):
        return Fault(
            reason="duplicate", message=f"“{inner}” lies in what is a file at the same time."
        )
    if not files:
        return Fault(reason="empty", message="There is no file in the bundle.")
    return None


def _find_below_file(files: set[str], folders: set[str]) -> str | None:
    """
    Return a name that lies in what is a file at the same time.

    PERF: no walk over each name's folders, of which a name may have hundreds. Names hold no NUL, so
    in this order what lies in a file comes right after it.
    """
    ordered = sorted(files | folders, key=lambda name: name.replace("/", "\0"))
    for name, following in pairwise(ordered):
        if name in files and following.startswith(f"{name}/"):
            return following
    return None


def _find_name_fault(entry: zipfile.ZipInfo) -> Fault | None:
    name = entry.orig_filename
    if entry.filename != name or not name.isprintable() or _has_other_name(entry):
        # Cut at a NUL, or replaced by an extra field: readers would differ over what it is called.
        return _fault("bad_name", entry, "has an ambiguous or unprintable name")
    if "\\" in name:
        return _fault("backslash", entry, "has a backslash in its name")
    if name.startswith("/") or (len(name) > 1 and name[1] == ":" and name[0].isalpha()):
        return _fault("absolute_path", entry, "has an absolute path")
    parts = name.removesuffix("/").split("/")
    if ".." in parts:
        return _fault("parent_path", entry, "leaves the folder by “..”")
    if "" in parts or "." in parts or len(name.encode()) > MAX_NAME_BYTES:
        return _fault("bad_name", entry, "has no plain relative path")
    return None


def _has_other_name(entry: zipfile.ZipInfo) -> bool:
    """Say whether an extra field would have some readers call it something else."""
    extra = entry.extra
    while len(extra) >= _FIELD.size:
        kind, length = _FIELD.unpack_from(extra)
        content, extra = extra[_FIELD.size : _FIELD.size + length], extra[_FIELD.size + length :]
        if kind == _UNICODE_PATH and content[_PATH_AT:] != entry.orig_filename.encode():
            return True
    return False


def _find_kind_fault(entry: zipfile.ZipInfo) -> Fault | None:
    if entry.flag_bits & _ENCRYPTED:
        return _fault("encrypted", entry, "is encrypted")
    if entry.is_dir() and entry.file_size:
        return _fault("bad_name", entry, "is a folder with content")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    expected = stat.S_IFDIR if entry.is_dir() else stat.S_IFREG
    if kind not in {0, expected}:
        return _fault("link", entry, "is a link or a device, not a file")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return _fault("compression", entry, "is packed in a way that not every reader knows")
    return None


def _unpack(archive: zipfile.ZipFile, size_bytes: int) -> Contents | Fault:
    unpacked = files = 0
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        files += 1
        # Compares the name with the one before the data, and the checksum at the end.
        before = unpacked
        with archive.open(entry) as content:
            while chunk := content.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > MAX_UNPACKED_BYTES:
                    most = MAX_UNPACKED_BYTES // 1024 // 1024
                    return Fault(reason="too_large", message=f"It unpacks to over {most} MB.")
                if unpacked > RATIO_FROM_BYTES and unpacked > MAX_RATIO * size_bytes:
                    return _fault("bomb", entry, "unpacks to hundreds of times its size")
        if unpacked - before != entry.file_size:
            return _fault("not_a_zip", entry, "is shorter than it says")
    return Contents(size_bytes=size_bytes, files=files)


def _fault(reason: str, entry: zipfile.ZipInfo, what: str) -> Fault:
    name = "".join(each if each.isprintable() else "?" for each in entry.orig_filename[:200])
    return Fault(reason=reason, message=f"“{name}” {what}.")
