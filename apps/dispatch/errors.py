"""What dispatch refuses."""

from typing import ClassVar

from apps.core.errors import DomainError, InvalidRequest, NotFound


class PoolNotFound(NotFound):
    """There is no such pool in this workspace."""


class PoolNameTaken(DomainError):
    """Another pool of the workspace has this name."""

    code: ClassVar[str] = "pool_name_taken"
    status: ClassVar[int] = 409


class AgentIdTaken(InvalidRequest):
    """Another agent, of another pool or workspace, goes by this id."""
