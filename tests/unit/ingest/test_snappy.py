"""Snappy's block format, against blocks that another implementation packed."""

from __future__ import annotations

from contextlib import suppress

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.doors.protobuf import WireError, encode_varint
from apps.ingest.doors.snappy import TooLargeError, unpack

words = st.lists(st.sampled_from([b"http_requests_total", b"a", b"\x00" * 70, b"le", b"xyz" * 9]))


@given(st.one_of(st.binary(max_size=5_000), words.map(b"".join)))
def test_what_was_packed_is_unpacked(data):
    packed = bytes(cramjam.snappy.compress_raw(data))

    assert unpack(packed, 1 << 20) == data


@given(st.binary(max_size=200))
def test_anything_else_is_unpacked_or_refused(data):
    with suppress(WireError, TooLargeError):
        assert len(unpack(data, 10_000)) <= 10_000


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x05",
        b"\x05\x10hell",
        b"\x02\x10hello",
        b"\x04\x09\x01",
        b"\x05\x00a\x05\x02",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
    ids=["empty", "nothing", "cut short", "longer", "before", "reaches back", "no size"],
)
def test_what_is_no_block(block):
    with pytest.raises(WireError):
        unpack(block, 1_000)


def test_a_copy_may_repeat_what_it_writes():
    assert unpack(b"\x05\x00a\x01\x01", 100) == b"aaaaa"


def test_more_than_is_allowed_is_not_unpacked():
    bomb = bytes(cramjam.snappy.compress_raw(bytes(1 << 20)))
    assert len(bomb) < 60_000

    with pytest.raises(TooLargeError):
        unpack(bomb, 1 << 19)
    with pytest.raises(TooLargeError):
        unpack(encode_varint(1 << 40) + bomb, 1 << 19)
