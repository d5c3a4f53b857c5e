"""
Prices that come with Headway. Examples: list prices of one day, without anybody's discounts.

They count until a workspace says its own, and what they make is shown as made by examples.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from apps.costs.enums import CostKind, Unit
from apps.costs.pricing import Rate

_SINCE: Final = date(2020, 1, 1)
_CURRENCY: Final = "USD"

# pattern: input, cache read, cache creation, output; None: as input
_MODELS: Final[dict[str, tuple[str, str | None, str | None, str]]] = {
    "gpt-4o*": ("2.50", "1.25", None, "10.00"),
    "gpt-4o-mini*": ("0.15", "0.075", None, "0.60"),
    "gpt-4.1*": ("2.00", "0.50", None, "8.00"),
    "gpt-4.1-mini*": ("0.40", "0.10", None, "1.60"),
    "gpt-5*": ("1.25", "0.125", None, "10.00"),
    "gpt-5-mini*": ("0.25", "0.025", None, "2.00"),
    "*claude-opus-4*": ("15.00", "1.50", "18.75", "75.00"),
    "*claude-sonnet-4*": ("3.00", "0.30", "3.75", "15.00"),
    "*claude-haiku-4*": ("1.00", "0.10", "1.25", "5.00"),
    "gemini-2.5-pro*": ("1.25", "0.31", None, "10.00"),
    "gemini-2.5-flash*": ("0.30", "0.075", None, "2.50"),
    "text-embedding-3-small": ("0.02", None, None, "0"),
    "text-embedding-3-large": ("0.13", None, None, "0"),
}
_OTHERS: Final = (
    (CostKind.QUERY, "bigquery*", Unit.BYTES, "6.25"),
    (CostKind.QUERY, "snowflake*", Unit.CREDITS, "3.00"),
    (CostKind.COMPUTE, "managed", Unit.VCPU_SECONDS, "0.04048"),
    (CostKind.COMPUTE, "managed", Unit.GB_SECONDS, "0.004445"),
)
_MODEL_UNITS: Final = (
    Unit.INPUT_TOKENS,
    Unit.CACHE_READ_TOKENS,
    Unit.CACHE_CREATION_TOKENS,
    Unit.OUTPUT_TOKENS,
)


def _rate(kind: CostKind, pattern: str, unit: Unit, price: str) -> Rate:
    return Rate(
        kind=kind.value,
        pattern=pattern,
        unit=unit.value,
        price=Decimal(price),
        currency=_CURRENCY,
        valid_from=_SINCE,
        is_example=True,
    )


EXAMPLES: Final[tuple[Rate, ...]] = (
    *(
        _rate(CostKind.MODEL, pattern, unit, price)
        for pattern, prices in _MODELS.items()
        for unit, price in zip(_MODEL_UNITS, prices, strict=True)
        if price is not None
    ),
    *(_rate(*other) for other in _OTHERS),
)
