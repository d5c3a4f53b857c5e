"""Zips that were made by somebody else, and those we make."""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from headway import _zips
from headway._zips import BadZip, hash_file, make_zip, unpack_zip

FLOW = b"X = 1\n"
MIB = 1024 * 1024
Entry = tuple[str | zipfile.ZipInfo, bytes]


def zipped(*entries: Entry, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of duplicate names
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


def special(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


def altered(content: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in content
    return content.replace(old, new)


def encrypted() -> bytes:
    content = bytearray(zipped(("flow.py", FLOW)))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def fewer_counted() -> bytes:
    content = bytearray(zipped(("a.py", b""), ("b.py", b"")))
    content[-14:-10] = struct.pack("<2H", 1, 1)
    return bytes(content)


HOSTILE = {
    "nothing": b"",
    "text": b"import this\n" * 10,
    "truncated": zipped(("flow.py", FLOW))[:-5],
    "something before it": b"#!/bin/sh\n" + zipped(("flow.py", FLOW)),
    "something after it": zipped(("flow.py", FLOW)) + b"tail",
    "fewer counted": fewer_counted(),
    "wrong content": altered(zipped(("flow.py", FLOW), method=0), FLOW, b"X = 2\n"),
    "no file": zipped(("folder/", b"")),
    "parent": zipped(("../flow.py", FLOW)),
    "parent within": zipped(("a/../../flow.py", FLOW)),
    "absolute": zipped(("/srv/flow.py", FLOW)),
    "drive": zipped(("C:/flow.py", FLOW)),
    "backslash": zipped(("..\\flow.py", FLOW)),
    "double slash": zipped(("a//flow.py", FLOW)),
    "nul": altered(zipped(("flow.pyx", FLOW)), b"flow.pyx", b"flow.py\0"),
    "line break": zipped(("flow\n.py", FLOW)),
    "symlink": zipped((special("flow.py", 0o120777), b"/etc/passwd")),
    "symlinked folder": zipped((special("lib/", 0o120777), b""), ("lib/x.py", FLOW)),
    "device": zipped((special("null", 0o020666), b"")),
    "pipe": zipped((special("pipe", 0o010666), b"")),
    "twice": zipped(("flow.py", FLOW), ("flow.py", b"Y = 1\n")),
    "file in a file": zipped(("a", b"1"), ("a/b.py", b"2")),
    "encrypted": encrypted(),
    "rarely packed": zipped(("flow.py", FLOW * 100), method=zipfile.ZIP_LZMA),
    "bomb": zipped(("zeros", b"\0" * 40 * MIB)),
}


def unpack(content: bytes, folder: Path) -> int:
    path = folder / "bundle.zip"
    path.write_bytes(content)
    return unpack_zip(path, folder / "inner" / "code")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_zips_are_refused_and_write_nothing_outside(name: str, folder: Path) -> None:
    with pytest.raises(BadZip):
        unpack(HOSTILE[name], folder)

    outside = {path.name for path in folder.rglob("*")} - {"bundle.zip", "inner", "code", "zeros"}
    assert outside <= {"flow.py"}  # of “wrong content”, inside of the folder
    assert not (folder / "flow.py").exists()
    assert not (folder / "inner" / "flow.py").exists()


def test_too_many_files_are_refused(folder: Path) -> None:
    content = zipped(*((f"{number}.py", b"") for number in range(10_001)))

    with pytest.raises(BadZip, match="10,000"):
        unpack(content, folder)


def test_bytes_are_counted_as_they_come(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zips, "MAX_UNPACKED_BYTES", 2 * MIB)
    noise = os.urandom(MIB)

    with pytest.raises(BadZip, match="unpacks to over 2 MB"):
        unpack(zipped(*((str(number), noise) for number in range(3))), folder)


def test_an_existing_folder_is_never_unpacked_into(folder: Path) -> None:
    (folder / "inner" / "code").mkdir()

    with pytest.raises(OSError, match="exists"):
        unpack(zipped(("flow.py", FLOW)), folder)


def make(folder: Path) -> bytes:
    target = io.BytesIO()
    files = [
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
    ]
    make_zip(target, files)
    return target.getvalue()


def test_what_we_make_can_be_unpacked(tmp_path: Path, folder: Path) -> None:
    source = tmp_path / "source"
    (source / "lib").mkdir(parents=True)
    (source / "flow.py").write_bytes(FLOW)
    (source / "lib" / "größe.txt").write_text("3")
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o700)

    assert unpack(make(source), folder) == 3

    code = folder / "inner" / "code"
    assert (code / "flow.py").read_bytes() == FLOW
    assert (code / "lib" / "größe.txt").read_text() == "3"
    assert os.access(code / "run.sh", os.X_OK)
    assert not os.access(code / "flow.py", os.X_OK)


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name, order in (("one", 1), ("two", -1)):
        source = tmp_path / name
        source.mkdir()
        for file in ("b.py", "a.py", "c.py")[::order]:
            (source / file).write_text(file)
            os.utime(source / file, (order * 1e9 + 2e9, 1e9))
        (source / "a.py").chmod(stat.S_IRUSR | stat.S_IWUSR | (stat.S_IROTH if order > 0 else 0))
        made.append(make(source))

    assert made[0] == made[1]


def test_the_hash_of_a_file_is_of_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")

    assert hash_file(tmp_path / "x").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize("between", ["a-b", "a b/c", "A/b"])
def test_what_lies_in_a_file_is_found_whatever_is_sorted_between_them(
    tmp_path: Path, between: str
) -> None:
    packed = tmp_path / "code.zip"
    packed.write_bytes(zipped(("a", b""), (between, b""), ("a/b/c", b"")))

    with pytest.raises(BadZip, match="at the same time"):
        unpack_zip(packed, tmp_path / "code")
