"""What round trips are made of: values that every protocol can say, the same ones in every run."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The same examples in every run: what fails here fails for everybody.
round_trip = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def texts(least: int = 0, most: int = 40) -> st.SearchStrategy[str]:
    """Any text but NUL, which Postgres cannot hold, and lone surrogates, which UTF-8 cannot."""
    letters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    return st.text(letters, min_size=least, max_size=most)


names = texts(1).filter(lambda text: text.strip() != "")
# To the microsecond, as the store has them.
moments = st.integers(0, 60 * 60 * 24 * 365 * 30 * 1_000_000).map(
    lambda micros: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
finite = st.floats(allow_nan=False, allow_infinity=False)
long_integers = st.integers(-(1 << 63), (1 << 63) - 1)


def nanoseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1) * 1_000


def documents() -> st.SearchStrategy[Any]:
    """JSON as documents hold it."""
    plain = st.none() | st.booleans() | long_integers | finite | texts()
    return st.recursive(
        plain,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(texts(most=12), inner, max_size=3)
        ),
        max_leaves=8,
    )


objects = st.dictionaries(texts(1, 12), documents(), max_size=4)


def as_text(value: float) -> float | str:
    """As JSON has a double: what is no number there is a text."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
