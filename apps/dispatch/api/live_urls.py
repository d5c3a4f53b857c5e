from django.urls import path

from apps.dispatch.api import leases, run_beats

urlpatterns = [
    path(
        "workspaces/<str:workspace>/pools/<str:pool>/leases",
        leases.pool_leases,  # type: ignore[arg-type] # an awaitable one; the stubs know coroutines
    ),
    path(
        "workspaces/<str:workspace>/runs/<uuid:run_id>/heartbeat",
        run_beats.run_heartbeat,  # type: ignore[arg-type] # as above
    ),
]
