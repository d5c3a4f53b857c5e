"""Use cases of dashboards; other apps import this package only."""

from apps.dashboards.services.edit import (
    DashboardChanges,
    change_dashboard,
    create_dashboard,
    delete_dashboard,
    make_first,
)
from apps.dashboards.services.erase import erase_workspace

__all__ = [
    "DashboardChanges",
    "change_dashboard",
    "create_dashboard",
    "delete_dashboard",
    "erase_workspace",
    "make_first",
]
