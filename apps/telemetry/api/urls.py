from django.urls import path

from apps.telemetry.api import event_export, metric_views, views

urlpatterns = [
    path("workspaces/<str:workspace>/events/histogram", views.EventHistogram.as_view()),
    path("workspaces/<str:workspace>/events/export", event_export.EventExport.as_view()),
    path("workspaces/<str:workspace>/metrics", metric_views.Metrics.as_view()),
    path("workspaces/<str:workspace>/metrics/query", metric_views.MetricsQuery.as_view()),
    path("workspaces/<str:workspace>/metrics/heat-map", metric_views.MetricsHeatMap.as_view()),
    path("workspaces/<str:workspace>/metrics/charts", metric_views.MetricsCharts.as_view()),
]
