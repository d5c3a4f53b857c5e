"""What costs something, and in which units. Pure."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final


class CostKind(StrEnum):
    MODEL = "model"  # calls of language models
    QUERY = "query"  # what a warehouse read, or charged itself
    COMPUTE = "compute"  # where the code ran


class Unit(StrEnum):
    """What is counted. Units of one kind are disjoint: no token is counted in two of them."""

    INPUT_TOKENS = "input_tokens"  # that came from no cache, and went into none
    CACHE_READ_TOKENS = "cache_read_tokens"
    CACHE_CREATION_TOKENS = "cache_creation_tokens"
    OUTPUT_TOKENS = "output_tokens"  # without those of reasoning
    REASONING_TOKENS = "reasoning_tokens"
    BYTES = "bytes"
    CREDITS = "credits"
    VCPU_SECONDS = "vcpu_seconds"
    GB_SECONDS = "gb_seconds"
    WALL_SECONDS = "wall_seconds"  # of runs in the customer's own pools


class Group(StrEnum):
    """By what costs can be looked at."""

    DEPLOYMENT = "deployment"
    TEAM = "team"
    MODEL = "model"
    MONTH = "month"
    KIND = "kind"


class CostLabel(StrEnum):
    """What a rule on `headway.cost` over a month may name in `where` and `for_each`."""

    CURRENCY = "currency"
    KIND = "kind"
    MODEL = "model"  # or the warehouse, or where the code ran
    DEPLOYMENT = "deployment"  # flow/deployment
    DEPLOYMENT_ID = "deployment_id"
    TEAM = "team"
    TEAM_ID = "team_id"


COST_METRIC: Final = "headway.cost"

UNITS: Final[dict[CostKind, tuple[Unit, ...]]] = {
    CostKind.MODEL: (
        Unit.INPUT_TOKENS,
        Unit.CACHE_READ_TOKENS,
        Unit.CACHE_CREATION_TOKENS,
        Unit.OUTPUT_TOKENS,
        Unit.REASONING_TOKENS,
    ),
    CostKind.QUERY: (Unit.BYTES, Unit.CREDITS),
    CostKind.COMPUTE: (Unit.VCPU_SECONDS, Unit.GB_SECONDS, Unit.WALL_SECONDS),
}

# How many of a unit a price is for: as price lists say it.
PER: Final[dict[Unit, Decimal]] = {
    Unit.INPUT_TOKENS: Decimal(1_000_000),
    Unit.CACHE_READ_TOKENS: Decimal(1_000_000),
    Unit.CACHE_CREATION_TOKENS: Decimal(1_000_000),
    Unit.OUTPUT_TOKENS: Decimal(1_000_000),
    Unit.REASONING_TOKENS: Decimal(1_000_000),
    Unit.BYTES: Decimal(2**40),
    Unit.CREDITS: Decimal(1),
    Unit.VCPU_SECONDS: Decimal(3_600),
    Unit.GB_SECONDS: Decimal(3_600),
    Unit.WALL_SECONDS: Decimal(3_600),
}

# What has no price of its own is charged as the other.
CHARGED_AS: Final[dict[Unit, Unit]] = {
    Unit.CACHE_READ_TOKENS: Unit.INPUT_TOKENS,
    Unit.CACHE_CREATION_TOKENS: Unit.INPUT_TOKENS,
    Unit.REASONING_TOKENS: Unit.OUTPUT_TOKENS,
}

# Such units cost nothing unless somebody says what: their lack of a price is not unknown money.
FREE_UNLESS_PRICED: Final = frozenset({Unit.WALL_SECONDS})
