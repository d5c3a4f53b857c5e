"""Zips as nobody's tool makes them: what a hostile sender could put together by hand."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

FLOW = b"from headway import flow\n\n\n@flow\ndef main():\n    return 1\n"
LINK, DEVICE, FIFO = 0o120777, 0o020666, 0o010666


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(
    *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """A zip of these entries, in this order, twice the same name if so asked."""
    import warnings

    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of duplicate names
        for name, content in entries:
            # Not the time of day: what is made twice is the same.
            named = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            archive.writestr(named, content, method)
    return target.getvalue()


def sound() -> bytes:
    return zipped(("flow.py", FLOW), ("lib/", b""), ("lib/tools.py", b"X = 1\n"))


def entry(name: str, *, mode: int = 0o100644, flags: int = 0, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits = flags
    info.create_system = system
    return info


def raw(
    entries: list[tuple[bytes, bytes]],
    *,
    flags: int = 0,
    method: int = 8,
    local_name: bytes | None = None,
    declared: int | None = None,
    crc: int | None = None,
    extra: bytes = b"",
    count: int | None = None,
    comment: bytes = b"",
    prefix: bytes = b"",
    same_data: bool = False,
) -> bytes:
    """A zip written byte by byte, with any field saying something else than the truth."""
    body, directory = bytearray(prefix), bytearray()
    first: int | None = None
    for name, content in entries:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush() if method == 8 else content
        size = len(content) if declared is None else declared
        check = zlib.crc32(content[:size]) if crc is None else crc
        fields = (20, flags, method, 0, 33, check, len(packed), size)
        place = len(body)
        if same_data and first is not None:
            place = first
        else:
            first = place
            local = name if local_name is None else local_name
            body += struct.pack("<4s5H3L2H", b"PK\x03\x04", *fields, len(local), 0) + local
            body += packed
        directory += struct.pack(
            "<4s6H3L5H2L",
            b"PK\x01\x02",
            (3 << 8) | 20,
            *fields,
            len(name),
            len(extra),
            0,
            0,
            0,
            0o100644 << 16,
            place,
        )
        directory += name + extra
    count = len(entries) if count is None else count
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), len(comment)
    )
    return bytes(body + directory + end + comment)


def unicode_path(name: bytes, says: bytes) -> bytes:
    """The extra field by which some readers take another name than the entry's."""
    content = struct.pack("<BL", 1, zlib.crc32(name)) + says
    return struct.pack("<2H", 0x7075, len(content)) + content


def _with_zip64() -> bytes:
    whole = sound()
    body, end = whole[:-22], whole[-22:]
    begin = struct.unpack("<L", end[16:20])[0]
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, len(body) - begin, begin
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body), 1)
    return body + record + locator + end


MIB = 1024 * 1024

# What is wrong with it → (the reason that must be given, the bytes).
HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("not_a_zip", lambda: b""),
    "text": ("not_a_zip", lambda: b"import this\n" * 10),
    "tar": ("not_a_zip", lambda: b"flow.py".ljust(512, b"\0") * 4),
    "truncated": ("not_a_zip", lambda: sound()[:-30]),
    "cut at the front": ("not_a_zip", lambda: sound()[10:]),
    "something before it": ("not_a_zip", lambda: b"#!/bin/sh\n" + sound()),
    "something after it": ("not_a_zip", lambda: sound() + b"tail"),
    "a comment": (
        "not_a_zip",
        lambda: raw([(b"flow.py", FLOW)], comment=b"PK\x05\x06" + b"x" * 18),
    ),
    "zip64": ("not_a_zip", _with_zip64),
    "fewer entries counted": (
        "not_a_zip",
        lambda: raw([(b"a.py", b"1"), (b"b.py", b"2")], count=1),
    ),
    "more entries counted": ("not_a_zip", lambda: raw([(b"a.py", b"1")], count=2)),
    "wrong checksum inside": ("not_a_zip", lambda: raw([(b"flow.py", FLOW)], crc=1)),
    "another name before the data": (
        "not_a_zip",
        lambda: raw([(b"flow.py", FLOW)], local_name=b"evil.py"),
    ),
    "shorter than it says": (
        "not_a_zip",
        lambda: raw([(b"flow.py", FLOW)], declared=len(FLOW) + 9),
    ),
    "no file": ("empty", lambda: zipped(("folder/", b""))),
    "no entry": ("empty", zipped),
    "parent": ("parent_path", lambda: zipped(("../flow.py", FLOW))),
    "parent within": ("parent_path", lambda: zipped(("a/../../flow.py", FLOW))),
    "absolute": ("absolute_path", lambda: zipped(("/etc/cron.d/x", FLOW))),
    "drive": ("absolute_path", lambda: zipped(("C:/flow.py", FLOW))),
    "backslash": ("backslash", lambda: zipped(("..\\flow.py", FLOW))),
    "double slash": ("bad_name", lambda: zipped(("a//flow.py", FLOW))),
    "dot": ("bad_name", lambda: zipped(("./flow.py", FLOW))),
    "no name": ("bad_name", lambda: raw([(b"", FLOW)])),
    "nul in the name": ("bad_name", lambda: raw([(b"flow.py\0.txt", FLOW)])),
    "line break in the name": ("bad_name", lambda: zipped(("flow\n.py", FLOW))),
    "endless name": ("bad_name", lambda: zipped(("a" * 1_001, FLOW))),
    "another name beside": (
        "bad_name",
        lambda: raw([(b"flow.py", FLOW)], extra=unicode_path(b"flow.py", b"../evil.py")),
    ),
    "folder with content": ("bad_name", lambda: raw([(b"folder/", b"content")])),
    "symlink": ("link", lambda: zipped((entry("flow.py", mode=LINK), b"/etc/passwd"))),
    "symlink made on DOS": (
        "link",
        lambda: zipped((entry("flow.py", mode=LINK, system=0), b"/etc/passwd")),
    ),
    "symlink as a folder": ("link", lambda: zipped((entry("lib/", mode=LINK), b""))),
    "device": ("link", lambda: zipped((entry("null", mode=DEVICE), b""))),
    "pipe": ("link", lambda: zipped((entry("pipe", mode=FIFO), b""))),
    "folder that is no folder": ("link", lambda: zipped((entry("lib", mode=0o040755), b""))),
    "twice": ("duplicate", lambda: zipped(("flow.py", FLOW), ("flow.py", b"evil"))),
    "file and folder": ("duplicate", lambda: zipped(("a", b"1"), ("a/", b""))),
    "file in a file": ("duplicate", lambda: zipped(("a", b"1"), ("a/b/c.py", b"2"))),
    "file in a later file": ("duplicate", lambda: zipped(("a/b.py", b"2"), ("a", b"1"))),
    "encrypted": ("encrypted", lambda: raw([(b"flow.py", FLOW)], flags=0x1)),
    "strongly encrypted": ("encrypted", lambda: raw([(b"flow.py", FLOW)], flags=0x41)),
    "rarely packed": (
        "compression",
        lambda: zipped(("flow.py", FLOW * 50), method=zipfile.ZIP_LZMA),
    ),
    "too many": (
        "too_many_files",
        lambda: zipped(*((f"{number}.py", b"") for number in range(10_001))),
    ),
    "bomb": ("bomb", lambda: zipped(("zeros", b"\0" * 40 * MIB))),
    "bomb of many": (
        "bomb",
        lambda: zipped(*((f"zeros-{number}", b"\0" * MIB) for number in range(40))),
    ),
    "bomb of one content": (
        "not_a_zip",
        lambda: raw(
            [(f"{number:05}".encode(), b"\0" * MIB) for number in range(60)],
            local_name=b"00000",
            same_data=True,
        ),
    ),
}
