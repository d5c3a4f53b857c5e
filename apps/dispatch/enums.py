"""Kinds of pools and limits, how leases end, and how backfills and promises stand."""

from enum import StrEnum


class PoolKind(StrEnum):
    """Who executes a pool's runs."""

    PROCESS = "PROCESS"
    """Agents of the customer, each run in a process of its own."""
    DOCKER = "DOCKER"
    """Agents of the customer, each run in a container of their Docker."""
    KUBERNETES = "KUBERNETES"
    """Agents of the customer, each run in a job of their cluster."""
    ECS = "ECS"
    """Agents of the customer, each run in a task of their ECS cluster."""
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


class LimitKind(StrEnum):
    """What a limit counts."""

    POOL = "POOL"
    QUEUE = "QUEUE"
    DEPLOYMENT = "DEPLOYMENT"
    FLOW = "FLOW"
    TAG = "TAG"
    BACKFILL = "BACKFILL"
    NAMED = "NAMED"
    """Slots that code asks for by a name."""
    RATE = "RATE"
    """Calls in a minute that code asks for by a name."""


class BackfillState(StrEnum):
    """How far a backfill is."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    """All its runs have ended, however."""
    CANCELLED = "CANCELLED"
    """Nothing more is made of it."""


class ServiceLevelKind(StrEnum):
    """What a deployment promises."""

    START_BY = "START_BY"
    FINISH_BY = "FINISH_BY"
    LASTS_AT_MOST = "LASTS_AT_MOST"
    SUCCEEDS_WITHIN = "SUCCEEDS_WITHIN"
