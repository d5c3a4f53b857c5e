"""What runs refuse."""

from typing import ClassVar

from apps.core.errors import DomainError, InvalidRequest, NotFound


class RunNotFound(NotFound):
    """There is no such run in this workspace."""


class IllegalTransition(DomainError):
    """The run's state does not lead to the one that was reported."""

    code: ClassVar[str] = "illegal_transition"
    status: ClassVar[int] = 409


class StaleEpoch(DomainError):
    """The report comes from an earlier lease; it is kept as evidence and changes nothing."""

    code: ClassVar[str] = "stale_epoch"
    status: ClassVar[int] = 409


class RunNotCancellable(DomainError):
    """The run already ended or is already stopping."""

    code: ClassVar[str] = "run_not_cancellable"
    status: ClassVar[int] = 409


class RunNotRetryable(DomainError):
    """The run has not failed, or no pool could execute it again."""

    code: ClassVar[str] = "run_not_retryable"
    status: ClassVar[int] = 409


class RunNotPausable(DomainError):
    """Its code is not running, or nobody could take it up again."""

    code: ClassVar[str] = "run_not_pausable"
    status: ClassVar[int] = 409


class RunNotResumable(DomainError):
    """It is not paused or suspended, or its deployment was deleted."""

    code: ClassVar[str] = "run_not_resumable"
    status: ClassVar[int] = 409


class RunNotCopyable(DomainError):
    """No deployment says how to run it, or it was deleted."""

    code: ClassVar[str] = "run_not_copyable"
    status: ClassVar[int] = 409


class RunNotExecuting(DomainError):
    """The run is not being executed under this epoch; its executor's requests end with it."""

    code: ClassVar[str] = "run_not_executing"
    status: ClassVar[int] = 409


class ApprovalNotFound(NotFound):
    """There is no such approval in this workspace."""


class ApprovalClosed(DomainError):
    """It was answered, ran out of time, or was withdrawn when its run ended."""

    code: ClassVar[str] = "approval_closed"
    status: ClassVar[int] = 409


class TooManyApprovals(DomainError):
    """The run has asked as much as one run may."""

    code: ClassVar[str] = "too_many_approvals"
    status: ClassVar[int] = 409


class ReportInFuture(InvalidRequest):
    """`occurred_at` lies more than ten minutes ahead of our clock."""
