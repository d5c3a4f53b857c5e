from django.urls import path

from apps.telemetry.api import streams

urlpatterns = [
    path("workspaces/<str:workspace>/streams/events", streams.events),  # type: ignore[arg-type] # an awaitable one; the stubs know coroutines
]
