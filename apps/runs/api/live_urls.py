from django.urls import path

from apps.runs.api import streams

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/streams/runs", streams.runs),  # type: ignore[arg-type] # awaitable; the stubs know coroutines
    path(f"{W}/streams/runs/<uuid:run_id>", streams.run),  # type: ignore[arg-type] # as above
]
