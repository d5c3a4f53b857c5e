"""Kinds of pools and how leases end."""

from enum import StrEnum


class PoolKind(StrEnum):
    """Who executes a pool's runs."""

    PROCESS = "PROCESS"
    """Agents of the customer, each run in a process of its own."""
    MANAGED = "MANAGED"
    """Our own compute; no agent takes from it."""


class LeaseEnd(StrEnum):
    """Why a lease is over."""

    REPORTED = "REPORTED"
    """Its holder said how the run ended."""
    LAPSED = "LAPSED"
    """Nothing was heard of it for 30 s."""
    CANCELLED = "CANCELLED"
    """The run was cancelled before its holder started it."""
