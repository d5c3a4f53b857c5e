"""Which price counts, and what it makes of a quantity."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from apps.costs.enums import PER, Unit
from apps.costs.examples import EXAMPLES
from apps.costs.pricing import PriceBook, Rate, amount_of, matches, shown

DAY = date(2026, 11, 1)


def rate(price: str, pattern: str = "acme-*", **changes: object) -> Rate:
    said: dict[str, object] = {
        "kind": "model",
        "pattern": pattern,
        "unit": "input_tokens",
        "price": Decimal(price),
        "currency": "USD",
        "valid_from": date(2026, 1, 1),
    }
    return Rate(**said | changes)


def found(book: PriceBook, subject: str = "acme-large", unit: str = "input_tokens", day=DAY):
    return book.find(kind="model", subject=subject, unit=unit, day=day)


@pytest.mark.parametrize(
    ("pattern", "subject", "fits"),
    [
        ("gpt-4o", "GPT-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o*", "gpt-4o-2024-08-06", True),
        ("*claude-*-4*", "anthropic/claude-sonnet-4-5", True),
        ("*claude-*-4*", "anthropic/claude-sonnet-3-5", False),
        ("ab*ba", "aba", False),
        ("*", "", True),
        ("a*b*c", "abc", True),
        ("a*b*c", "acb", False),
        ("[a]?", "a1", False),
    ],
)
def test_patterns(pattern, subject, fits):
    assert matches(pattern, subject) is fits


def test_the_exacter_pattern_counts_and_of_one_pattern_the_newest_of_the_day():
    book = PriceBook(
        [
            rate("1", "*"),
            rate("2", "acme-*"),
            rate("3", "acme-large", valid_from=date(2026, 6, 1)),
            rate("4", "acme-large", valid_from=date(2026, 10, 1)),
            rate("5", "acme-large", valid_from=date(2026, 12, 1)),
        ]
    )

    prices = {
        day: found(book, day=day).price
        for day in (date(2026, 5, 31), date(2026, 6, 1), DAY, date(2026, 12, 1))
    }

    assert [str(price) for price in prices.values()] == ["2", "3", "4", "5"]
    assert found(book, "other").price == 1
    assert found(book, day=date(2025, 12, 31)) is None


def test_what_people_said_wins_over_an_exacter_example():
    book = PriceBook([rate("7", "*"), rate("1", "acme-large", is_example=True)])

    assert found(book).price == 7


def test_cached_and_reasoning_tokens_without_a_price_are_charged_as_the_rest():
    book = PriceBook([rate("3"), rate("15", unit="output_tokens")])

    assert found(book, unit="cache_read_tokens").price == 3
    assert found(book, unit="reasoning_tokens").price == 15
    own = PriceBook([rate("3"), rate("0.3", unit="cache_read_tokens")])
    assert found(own, unit="cache_read_tokens").price == Decimal("0.3")


def test_an_example_of_cached_tokens_does_not_win_over_a_price_that_was_said_for_input():
    book = PriceBook([rate("3"), rate("9", unit="cache_read_tokens", is_example=True)])

    assert found(book, unit="cache_read_tokens").price == 3


def test_amounts_are_exact_and_only_sums_are_rounded():
    third = rate("1", unit="wall_seconds")  # of an hour: no second has a finite price

    parts = [amount_of(Decimal(1), third) for _ in range(3_600)]

    assert sum(parts) == 1
    assert shown(sum(parts, Fraction())) == Decimal("1.000000")
    assert shown(parts[0]) == Decimal("0.000278")


@pytest.mark.parametrize(
    ("unit", "quantity", "price", "amount"),
    [
        ("input_tokens", "1234567", "2.50", "3.086418"),  # 3.0864175: half to even
        ("bytes", str(2**40), "6.25", "6.250000"),
        ("credits", "0.000000001", "3", "0.000000"),
        ("input_tokens", str(10**15), "99999999999.999999999", "99999999999999999999.000000"),
    ],
    ids=["tokens", "a TiB", "next to nothing", "absurd"],
)
def test_amounts(unit, quantity, price, amount):
    assert shown(amount_of(Decimal(quantity), rate(price, unit=unit))) == Decimal(amount)


def test_every_unit_says_what_its_prices_are_for():
    assert set(PER) == set(Unit)
    assert all(example.is_example for example in EXAMPLES)
