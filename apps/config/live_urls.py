"""Every address of the live process: long polls and streams. The web process serves the rest."""

from django.urls import include, path

from apps.core.http import health

handler400 = "apps.core.http.exception_handler.handle_400"
handler404 = "apps.core.http.exception_handler.handle_404"
handler500 = "apps.core.http.exception_handler.handle_500"

urlpatterns = [
    path("health/live", health.live),
    path("api/v1/", include("apps.dispatch.api.live_urls")),
    path("api/v1/", include("apps.runs.api.live_urls")),
    path("api/v1/", include("apps.telemetry.api.live_urls")),
]
