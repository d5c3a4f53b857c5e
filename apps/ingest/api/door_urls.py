"""Fixed addresses, from the root: what clients are configured with, or append by themselves."""

from django.urls import path

from apps.ingest.api import doors
from apps.ingest.doors import otlp_logs, otlp_metrics, otlp_spans

urlpatterns = [
    path("api/v1/lineage", doors.OpenLineage.as_view()),
    path("api/v1/lineage/batch", doors.OpenLineage.as_view()),
    path("api/v1/prometheus/write", doors.Prometheus.as_view()),
    path("cloudevents", doors.CloudEvents.as_view()),
    path("otlp/v1/traces", doors.OTLP.as_view(read=otlp_spans.decode)),
    path("otlp/v1/metrics", doors.OTLP.as_view(read=otlp_metrics.decode)),
    path("otlp/v1/logs", doors.OTLP.as_view(read=otlp_logs.decode)),
]
