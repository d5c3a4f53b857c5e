"""What of a change is kept: what differs, storable whatever it was, and never a secret."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.tenancy.audit.diff import HIDDEN, changed_only, is_secret

SECRET = "s3cr3t-VALUE-that-must-not-survive"
SECRET_NAMES = (
    *("secret", "client_secret", "webhookSecret", "TOKEN", "access-token", "password", "Passwd"),
    *("api_key", "apiKey", "API-KEY", "aws_secret_access_key", "private_key", "Authorization"),
    *("credentials", "passphrase", "set-cookie"),
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
names = st.text(max_size=10).filter(lambda name: not is_secret(name))
anything = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
secrets = (
    st.just(SECRET) | st.lists(st.just(SECRET), min_size=1, max_size=2) | st.just({"a": SECRET})
)


@st.composite
def hiding(draw):
    """Some nesting with a secret under a name that says so, at any depth."""
    value = {draw(st.sampled_from(SECRET_NAMES)): draw(secrets)} | draw(
        st.dictionaries(names, anything, max_size=3)
    )
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            value = {draw(names): value} | draw(st.dictionaries(names, anything, max_size=2))
        else:
            value = {draw(names): [draw(anything), value]}
    return value


def stored(value):
    """The value as Postgres' jsonb would take it: strict JSON, no NUL, whole characters."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text
    return text


@settings(deadline=None)  # how fast is not what they tell
@given(hiding(), hiding())
def test_no_secret_survives(before, after):
    for told in (
        changed_only(before, after),
        changed_only(None, after),
        changed_only(before, None),
    ):
        assert SECRET not in stored(told)


@settings(deadline=None)  # how fast is not what they tell
@given(st.dictionaries(st.text(max_size=10), anything, max_size=5))
def test_everything_can_be_stored(value):
    for told in (changed_only(value, {}), changed_only(None, value)):
        stored(told)


@settings(deadline=None)  # how fast is not what they tell
@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(0, 2)),
    st.dictionaries(st.sampled_from("abcde"), st.integers(0, 2)),
)
def test_what_is_equal_is_left_out_and_nothing_else(before, after):
    old, new = changed_only(before, after)

    differing = {name for name in "abcde" if before.get(name, "-") != after.get(name, "-")}
    assert set(old) | set(new) == differing
    assert {name: before[name] for name in old} == old
    assert {name: after[name] for name in new} == new


def test_a_change_of_a_secret_is_told_without_it():
    assert changed_only({"secret": "old"}, {"secret": "new"}) == (
        {"secret": HIDDEN},
        {"secret": HIDDEN},
    )
    assert changed_only({"secret": ""}, {"secret": "new"}) == ({"secret": ""}, {"secret": HIDDEN})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("postgres://app:hunter2@db.example/x", f"postgres://{HIDDEN}@db.example/x"),
        ("see https://tok@host/a and http://b/c", f"see https://{HIDDEN}@host/a and http://b/c"),
        ("key hw_" + "a1B2" * 12 + "x", f"key {HIDDEN}"),
        ("mail me@example.org", "mail me@example.org"),
        (b"raw", HIDDEN),
        (math.nan, "nan"),
        ("nul\x00 and half \ud800", "nul� and half �"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        ({"b", "a"}, ["a", "b"]),
    ],
)
def test_values_become_what_can_be_kept(value, kept):
    assert changed_only(None, {"it": value})[1] == {"it": kept}


def test_size_is_bounded():
    deep = {}
    for _ in range(100):
        deep = {"in": deep}

    _, told = changed_only(None, {"text": "x" * 10_000, "list": list(range(1_000)), "deep": deep})

    assert len(told["text"]) == 2_000
    assert told["list"][-1] == "… 800 more"
    assert len(stored(told)) < 10_000
