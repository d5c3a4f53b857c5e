from django.urls import path

from apps.dispatch.api import leases

urlpatterns = [
    path(
        "workspaces/<str:workspace>/pools/<str:pool>/leases",
        leases.pool_leases,  # type: ignore[arg-type] # an awaitable one; the stubs know coroutines
    ),
]
