"""What taking data out and deleting it refuses."""

from typing import ClassVar

from apps.core.errors import DomainError


class ExportNeeded(DomainError):
    """Nothing is deleted without an export of the last day, or saying that none is wanted."""

    code: ClassVar[str] = "export_needed"
    status: ClassVar[int] = 409


class ExportNotReady(DomainError):
    """The export is still being made, or could not be made; `details.state` says which."""

    code: ClassVar[str] = "export_not_ready"
    status: ClassVar[int] = 409


class SubscriptionRunning(DomainError):
    """A paid subscription runs: end it on the payment page first."""

    code: ClassVar[str] = "subscription_running"
    status: ClassVar[int] = 409
