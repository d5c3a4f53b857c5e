from django.urls import path

from apps.telemetry.api import views

urlpatterns = [
    path("workspaces/<str:workspace>/events/histogram", views.EventHistogram.as_view()),
    path("workspaces/<str:workspace>/metrics", views.Metrics.as_view()),
    path("workspaces/<str:workspace>/metrics/query", views.MetricsQuery.as_view()),
]
