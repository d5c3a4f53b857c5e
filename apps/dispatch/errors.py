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


class ComputeIsOff(DomainError):
    """This installation executes nothing by itself; choose a pool that agents serve."""

    code: ClassVar[str] = "compute_is_off"
    status: ClassVar[int] = 409


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
