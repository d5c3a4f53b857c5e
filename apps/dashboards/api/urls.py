from django.urls import path

from apps.dashboards.api import views

W = "workspaces/<str:workspace>/dashboards"

urlpatterns = [
    path(W, views.Dashboards.as_view()),
    path(f"{W}/<uuid:dashboard_id>", views.DashboardDetail.as_view()),
]
