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


class SharingNotAllowed(DomainError):
    """The workspace does not let its dashboards be shared by link; its owners can allow it."""

    code: ClassVar[str] = "sharing_not_allowed"
    status: ClassVar[int] = 409


class LinkNotFound(NotFound):
    """There is no such link to this dashboard."""


class TooManyLinks(DomainError):
    """The dashboard has as many links as one may have."""

    code: ClassVar[str] = "too_many_links"
    status: ClassVar[int] = 409


class NothingShared(NotFound):
    """This address shows nothing: it is wrong, it has ended, or it was taken back."""


class SavedViewNotFound(NotFound):
    """There is no such view in this workspace, or it is somebody else's own."""


class SavedViewNameTaken(DomainError):
    """A shared view of this page, or one of your own, has this name already."""

    code: ClassVar[str] = "saved_view_name_taken"
    status: ClassVar[int] = 409


class TooManySavedViews(DomainError):
    """The workspace shares as many views as one may, or the person has as many of their own."""

    code: ClassVar[str] = "too_many_saved_views"
    status: ClassVar[int] = 409
