"""Kinds of pools and how leases end."""

from enum import StrEnum


class PoolKind(StrEnum):
    """How a pool's agents execute a run."""

    PROCESS = "PROCESS"


class LeaseEnd(StrEnum):
    """Why a lease is over."""

    REPORTED = "REPORTED"
    """Its holder said how the run ended."""
    LAPSED = "LAPSED"
    """Nothing was heard of it for 30 s."""
    CANCELLED = "CANCELLED"
    """The run was cancelled before its holder started it."""
