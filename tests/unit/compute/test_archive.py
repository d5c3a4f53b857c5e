"""What a zip must be to be a bundle. The hostile ones are made by hand."""

import io
import os
import time
import zipfile

import pytest

from apps.compute import archive
from apps.compute.archive import Contents, Fault, inspect
from tests.factories.zips import FLOW, HOSTILE, MIB, raw, sha256_of, sound, zipped


def look(content):
    return inspect(io.BytesIO(content), size_bytes=len(content))


def test_a_folder_of_code_is_a_bundle():
    content = sound()

    assert look(content) == Contents(size_bytes=len(content), files=2)


def test_what_is_written_by_hand_for_these_tests_is_a_bundle_when_it_is_true():
    assert look(raw([(b"flow.py", FLOW), (b"lib/a.py", b"")])) == Contents(
        size_bytes=len(raw([(b"flow.py", FLOW), (b"lib/a.py", b"")])), files=2
    )


@pytest.mark.parametrize(
    "entries",
    [
        [("größe.py", FLOW)],
        [("a file with spaces.txt", b"")],
        [(".env.example", b"")],
        [("a/b/c/d/e.py", FLOW), ("a/b.py", b"")],
        [("C", b""), ("..b.py", b""), ("a..py", b"")],
    ],
)
def test_ordinary_names_are_ordinary(entries):
    assert isinstance(look(zipped(*entries)), Contents)


def test_stored_entries_are_fine():
    assert isinstance(look(zipped(("flow.py", FLOW), method=zipfile.ZIP_STORED)), Contents)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused_with_its_reason(name):
    reason, make = HOSTILE[name]

    found = look(make())

    assert isinstance(found, Fault), found
    assert found.reason == reason
    assert found.message.isprintable()


def test_ten_thousand_files_are_as_many_as_may_be():
    assert isinstance(look(zipped(*((f"{n}.py", b"") for n in range(10_000)))), Contents)


def test_what_is_unpacked_is_counted_and_not_believed(monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 3 * MIB)
    noise = os.urandom(MIB)

    within = look(zipped(*((f"{n}", noise) for n in range(3))))
    beyond = look(zipped(*((f"{n}", noise) for n in range(4))))

    assert isinstance(within, Contents)
    assert isinstance(beyond, Fault)
    assert beyond.reason == "too_large"


def test_a_header_that_says_less_does_not_hide_the_rest():
    content = raw([(b"zeros", b"\0" * 30 * MIB)], declared=10)

    found = look(content)

    # Read up to what it says, and no further: nobody who reads it gets more.
    assert found == Contents(size_bytes=len(content), files=1)


def test_any_byte_may_be_wrong_without_a_crash():
    whole = sound()

    for place in range(len(whole)):
        for value in (0, 0xFF, whole[place] ^ 0x10):
            damaged = whole[:place] + bytes([value]) + whole[place + 1 :]
            assert isinstance(look(damaged), Contents | Fault)


def test_the_hash_is_of_all_bytes():
    content = os.urandom(700_000)

    assert archive.hash_of(io.BytesIO(content)) == sha256_of(content)


@pytest.mark.parametrize("between", ["a-b", "a!", "a b/c", "A/b"])
def test_what_lies_in_a_file_is_found_whatever_is_sorted_between_them(between):
    found = look(zipped(("a", b""), (between, b""), ("a/b/c", b"")))

    assert isinstance(found, Fault)
    assert found.reason == "duplicate"


def test_ten_thousand_deep_names_are_no_work():
    deep = "a/" * 480 + "f"
    content = zipped(*((f"{number:05d}/{deep}", b"") for number in range(archive.MAX_FILES)))
    began = time.process_time()

    assert look(content) == Contents(size_bytes=len(content), files=archive.MAX_FILES)
    assert time.process_time() - began < 12  # a walk over their folders took 24
