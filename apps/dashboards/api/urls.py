from django.urls import path

from apps.dashboards.api import links, panels, saved_views, views

W = "workspaces/<str:workspace>/dashboards"
VIEWS = "workspaces/<str:workspace>/saved-views"

urlpatterns = [
    path(W, views.Dashboards.as_view()),
    path("shared/<str:token>", links.SharedDashboard.as_view()),
    path(f"{W}/sharing", links.DashboardSharing.as_view()),
    path(f"{W}/panels", panels.DashboardPanels.as_view()),
    path(f"{W}/<uuid:dashboard_id>", views.DashboardDetail.as_view()),
    path(f"{W}/<uuid:dashboard_id>/links", links.DashboardLinks.as_view()),
    path(
        f"{W}/<uuid:dashboard_id>/links/<uuid:link_id>",
        links.DashboardLinkDetail.as_view(),
    ),
    path(VIEWS, saved_views.SavedViews.as_view()),
    path(f"{VIEWS}/<uuid:view_id>", saved_views.SavedViewDetail.as_view()),
]
