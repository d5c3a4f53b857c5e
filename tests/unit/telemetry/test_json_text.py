"""Which JSON is stored as it came, which changed, and which not at all."""

from __future__ import annotations

import json

import pytest

from apps.telemetry.json_text import UnstorableJSONError, all_storable, storable

DIGITS = {count: "1" * count for count in (19, 30, 99, 100, 150, 4_300)}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"a": 1.50, "b": [1e5, -7]}', '{"a": 1.50, "b": [1e5, -7]}'),
        (f'{{"a": {DIGITS[30]}}}', f'{{"a": {DIGITS[30]}}}'),
        (f'{{"a": {DIGITS[99]}}}', f'{{"a": {DIGITS[99]}}}'),
        (f'{{"a": {DIGITS[150]}}}', f'{{"a":"{DIGITS[150]}"}}'),
        (f'{{"a": -{DIGITS[150]}}}', f'{{"a":"-{DIGITS[150]}"}}'),
        (f'["{DIGITS[150]}", {DIGITS[30]}]', f'["{DIGITS[150]}",{DIGITS[30]}]'),
        (f'{{"a": "x\\u0000", "b": {DIGITS[19]}}}', f'{{"a":"x\ufffd","b":{DIGITS[19]}}}'),
        ('{"a": 1e200}', '{"a":"1e+200"}'),
    ],
    ids=["usual", "30 digits", "99", "150", "minus 150", "in text", "beside NUL", "exponent"],
)  # fmt: skip
def test_numbers_keep_their_digits_as_far_as_readers_go(text, kept):
    assert storable(text.encode()).decode() == kept
    json.loads(kept)


@pytest.mark.parametrize(
    "text",
    ['{"a": 1e400}', '{"a": ' + "1" * 5_000 + "}", '{"a":' * 101 + "1" + "}" * 101],
    ids=["beyond a double", "5,000 digits", "deep"],
)
def test_what_nobody_reads_back_is_refused(text):
    with pytest.raises(UnstorableJSONError):
        storable(text.encode())


@pytest.mark.parametrize(
    ("texts", "all_are"),
    [
        (['{"a": 1}', "{}", '{"at": "2026-01-01", "n": 1e5}'], True),
        ([], True),
        (['{"a": 1}', '{"a": 1e200}'], False),
        (['{"a": "\\u0000"}', "{}"], False),
        (['{"a": ' + DIGITS[150] + "}"], False),
        (['{"a":' * 101 + "1" + "}" * 101, "{}"], False),
        # No shape reaches from one text into the next.
        ([DIGITS[99], DIGITS[99]], True),
        (["[1e", "000]", "[1", "e000]"], True),
    ],
    ids=["usual", "none", "exponent", "NUL", "digits", "deep", "digits apart", "exponents apart"],
)
def test_many_texts_are_looked_at_together(texts, all_are):
    assert all_storable([text.encode() for text in texts]) is all_are
