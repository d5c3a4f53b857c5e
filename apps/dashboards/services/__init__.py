"""Use cases of dashboards and saved views; other apps import this package only."""

from apps.dashboards.services.edit import (
    DashboardChanges,
    change_dashboard,
    create_dashboard,
    delete_dashboard,
    make_first,
)
from apps.dashboards.services.erase import erase_workspace
from apps.dashboards.services.open_link import open_link
from apps.dashboards.services.saved_views import (
    SavedViewChanges,
    change_saved_view,
    create_saved_view,
    delete_saved_view,
    forget_saved_views,
    may_change,
    person_of,
)
from apps.dashboards.services.share import (
    Shown,
    allow_sharing,
    change_link,
    create_link,
    revoke_link,
)

__all__ = [
    "DashboardChanges",
    "SavedViewChanges",
    "Shown",
    "allow_sharing",
    "change_dashboard",
    "change_link",
    "change_saved_view",
    "create_dashboard",
    "create_link",
    "create_saved_view",
    "delete_dashboard",
    "delete_saved_view",
    "erase_workspace",
    "forget_saved_views",
    "make_first",
    "may_change",
    "open_link",
    "person_of",
    "revoke_link",
]
