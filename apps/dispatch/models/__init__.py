"""Who runs it where: pools, queues, agents, leases, slots; and what is asked of deployments."""

from apps.dispatch.models.backfills import Backfill, BackfillPart, BackfillQuerySet
from apps.dispatch.models.leases import FrontDoorPulse, Lease, LeaseBeat
from apps.dispatch.models.limits import ConcurrencyLimit, ConcurrencySlot, LimitQuerySet
from apps.dispatch.models.pools import Agent, DepthSample, Pool, PoolQuerySet, Queue
from apps.dispatch.models.service_levels import ServiceLevel, ServiceLevelBreach

__all__ = [
    "Agent",
    "Backfill",
    "BackfillPart",
    "BackfillQuerySet",
    "ConcurrencyLimit",
    "ConcurrencySlot",
    "DepthSample",
    "FrontDoorPulse",
    "Lease",
    "LeaseBeat",
    "LimitQuerySet",
    "Pool",
    "PoolQuerySet",
    "Queue",
    "ServiceLevel",
    "ServiceLevelBreach",
]
