"""What dispatch refuses."""

from typing import ClassVar

from apps.core.errors import DomainError, InvalidRequest, NotFound


class PoolNotFound(NotFound):
    """There is no such pool in this workspace."""


class PoolNameTaken(DomainError):
    """Another pool of the workspace has this name."""

    code: ClassVar[str] = "pool_name_taken"
    status: ClassVar[int] = 409


class PoolIsManaged(DomainError):
    """Our own compute takes the runs of this pool; agents take theirs from another."""

    code: ClassVar[str] = "pool_is_managed"
    status: ClassVar[int] = 409


class WrongRunner(DomainError):
    """Agents of one kind do not serve pools of another; start one of the pool's kind."""

    code: ClassVar[str] = "wrong_runner"
    status: ClassVar[int] = 409


class ComputeIsOff(DomainError):
    """This installation executes nothing by itself; choose a pool that agents serve."""

    code: ClassVar[str] = "compute_is_off"
    status: ClassVar[int] = 409


class PoolSettingsRefused(InvalidRequest):
    """The settings do not fit what the pool's kind takes."""


class QueueNotFound(NotFound):
    """There is no such queue in this pool."""


class QueueNameTaken(DomainError):
    """Another queue of the pool has this name."""

    code: ClassVar[str] = "queue_name_taken"
    status: ClassVar[int] = 409


class QueueIsDefault(DomainError):
    """What names no queue goes to this one; make another the default first."""

    code: ClassVar[str] = "queue_is_default"
    status: ClassVar[int] = 409


class QueueInUse(DomainError):
    """Deployments name the queue; deploy them to another first."""

    code: ClassVar[str] = "queue_in_use"
    status: ClassVar[int] = 409


class QueueNotEmpty(DomainError):
    """Runs wait in the queue; let them start or cancel them first."""

    code: ClassVar[str] = "queue_not_empty"
    status: ClassVar[int] = 409


class TooManyQueues(DomainError):
    """The pool has as many queues as it may have."""

    code: ClassVar[str] = "too_many_queues"
    status: ClassVar[int] = 409


class AgentNotFound(NotFound):
    """There is no such agent in this pool."""


class AgentIdTaken(InvalidRequest):
    """Another agent, of another pool or workspace, goes by this id."""


class LimitNotFound(NotFound):
    """There is no such limit in this workspace."""


class LimitTooSmall(InvalidRequest):
    """More was asked for than the limit will ever have."""


class TooManyLimits(DomainError):
    """The workspace has as many limits as it may have."""

    code: ClassVar[str] = "too_many_limits"
    status: ClassVar[int] = 409


class LimitOfBackfill(DomainError):
    """This limit belongs to a backfill; change the backfill."""

    code: ClassVar[str] = "limit_of_backfill"
    status: ClassVar[int] = 409


class BackfillNotFound(NotFound):
    """There is no such backfill in this workspace."""


class BadBackfill(InvalidRequest):
    """The parts of the backfill cannot be had so."""


class BackfillOver(DomainError):
    """The backfill has ended; nothing of it can be changed."""

    code: ClassVar[str] = "backfill_over"
    status: ClassVar[int] = 409


class TooManyBackfills(DomainError):
    """The workspace has as many unfinished backfills as it may have."""

    code: ClassVar[str] = "too_many_backfills"
    status: ClassVar[int] = 409


class ServiceLevelNotFound(NotFound):
    """There is no such service level in this workspace."""


class TooManyServiceLevels(DomainError):
    """The deployment has as many service levels as it may have."""

    code: ClassVar[str] = "too_many_service_levels"
    status: ClassVar[int] = 409
