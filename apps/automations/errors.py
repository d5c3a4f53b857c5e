"""What automations refuse. A rule that cannot be compiled is an `invalid_request` by field."""

from __future__ import annotations

from typing import ClassVar

from apps.core.errors import DomainError, InvalidRequest, NotFound


class AutomationNotFound(NotFound):
    """There is no such automation in this workspace."""


class BadRule(InvalidRequest):
    """The trigger or an action cannot be understood; `fields` says where and why."""


class AutomationChanged(DomainError):
    """Somebody changed the automation since the version that was sent along; read it again."""

    code: ClassVar[str] = "automation_changed"
    status: ClassVar[int] = 409


class TooManyAutomations(DomainError):
    """The workspace has as many automations as one may have."""

    code: ClassVar[str] = "too_many_automations"
    status: ClassVar[int] = 409
