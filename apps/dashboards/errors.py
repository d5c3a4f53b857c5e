"""What dashboards refuse."""

from __future__ import annotations

from typing import ClassVar

from apps.core.errors import DomainError, InvalidRequest, NotFound


class DashboardNotFound(NotFound):
    """There is no such dashboard in this workspace."""


class BadDashboard(InvalidRequest):
    """The dashboard cannot be drawn; `fields` says which panel and why."""


class DashboardChanged(DomainError):
    """Somebody saved the dashboard since the version that was sent along; read it again."""

    code: ClassVar[str] = "dashboard_changed"
    status: ClassVar[int] = 409


class TooManyDashboards(DomainError):
    """The workspace has as many dashboards as one may have."""

    code: ClassVar[str] = "too_many_dashboards"
    status: ClassVar[int] = 409
