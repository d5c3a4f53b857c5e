"""What so much of something costs. Pure, and exact until an amount is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from apps.costs.enums import CHARGED_AS, PER, Unit

STARS: Final = 3  # of one pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """
    What one unit of some subjects costs from a day on, until the next of the same pattern.

    `price` is for `PER[unit]` of the unit. `is_example`: of the table that comes with Headway.
    """

    kind: str
    pattern: str  # of models or warehouses; `*` stands for anything
    unit: str
    price: Decimal
    currency: str
    valid_from: date
    is_example: bool = False


class PriceBook:
    """Prices to be looked up; what people said wins over examples, the exacter over the wider."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates: dict[tuple[str, str], list[Rate]] = {}
        for rate in sorted(rates, key=_rank):
            self._rates.setdefault((rate.kind, rate.unit), []).append(rate)
        self.changes: Sequence[date] = sorted(
            {rate.valid_from for rates in self._rates.values() for rate in rates}
        )
        self._found: dict[tuple[str, str, str, date], Rate | None] = {}

    def find(self, *, kind: str, subject: str, unit: str, day: date) -> Rate | None:
        """Return what counts on that day; None when nobody knows what it costs."""
        place = kind, subject, unit, day
        if place not in self._found:
            found = self._look(kind, subject, unit, day)
            other = CHARGED_AS.get(Unit(unit))
            if other is not None and (found is None or found.is_example):
                # An example of the unit itself must not win over what people said of the other.
                said = self._look(kind, subject, other.value, day)
                if said is not None and (found is None or not said.is_example):
                    found = said
            self._found[place] = found
        return self._found[place]

    def _look(self, kind: str, subject: str, unit: str, day: date) -> Rate | None:
        for rate in self._rates.get((kind, unit), ()):
            if rate.valid_from <= day and matches(rate.pattern, subject):
                return rate
        return None


def _rank(rate: Rate) -> tuple[bool, bool, int, str, int]:
    literal = len(rate.pattern.replace("*", ""))
    return (
        rate.is_example,
        "*" in rate.pattern,
        -literal,
        rate.pattern.casefold(),
        -rate.valid_from.toordinal(),
    )


def matches(pattern: str, subject: str) -> bool:
    """Tell whether the subject is as the pattern says; letters count as equal in either case."""
    first, *rest = pattern.casefold().split("*")
    text = subject.casefold()
    if not rest:
        return text == first
    last = rest.pop()
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    if not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in rest:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def amount_of(quantity: Decimal, rate: Rate) -> Fraction:
    """Return what the quantity costs, exactly: an hour's price has no finite price of a second."""
    return Fraction(quantity) * Fraction(rate.price) / Fraction(PER[Unit(rate.unit)])


def shown(amount: Fraction) -> Decimal:
    """Return the amount in millionths of its currency, half to even. Only sums are rounded."""
    millionths = round(amount * 1_000_000)  # a Fraction rounds half to even
    whole, part = divmod(abs(millionths), 1_000_000)
    # From text: arithmetic of decimals would cut what has more than 28 digits.
    return Decimal(f"{'-' if millionths < 0 else ''}{whole}.{part:06d}")
