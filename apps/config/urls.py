"""Every address of the web process; the only module that imports other apps' api."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from apps.core.http import exception_handler, frontend, health

handler400 = "apps.core.http.exception_handler.handle_400"
handler404 = "apps.core.http.exception_handler.handle_404"
handler500 = "apps.core.http.exception_handler.handle_500"

api: list[URLPattern | URLResolver] = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    # PERF: Django tries one after the other; what comes most often, comes first.
    path("", include("apps.ingest.api.urls")),
    path("", include("apps.tenancy.api.urls")),
    path("", include("apps.sso.api.urls")),
    path("", include("apps.flows.api.urls")),
    path("", include("apps.runs.api.urls")),
    path("", include("apps.dispatch.api.urls")),
    path("", include("apps.telemetry.api.urls")),
    path("", include("apps.lineage.api.urls")),
    path("", include("apps.dashboards.api.urls")),
    path("", include("apps.costs.api.urls")),
    path("", include("apps.notifications.api.urls")),
    path("", include("apps.automations.api.urls")),
    path("", include("apps.compute.api.urls")),
    path("", include("billing.subscriptions.api.urls")),
    path("", include("apps.exports.api.urls")),
]

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("", include("apps.ingest.api.door_urls")),
    path("", include("apps.ingest.api.hook_urls")),
    path("api/v1/", include(api)),
    path("scim/v2/", include("apps.sso.api.scim_urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("sso/", include("apps.sso.api.page_urls")),
    path("accounts/", include("allauth.urls")),  # where other services send people back to
    re_path(
        r"^(?:api|scim|_allauth|accounts|health|static|otlp|cloudevents|hooks)(?:/.*)?$",
        exception_handler.handle_404,
    ),
    re_path(r"^assets/(?P<name>.*)$", frontend.asset),
    re_path(r"^.*$", frontend.index),
]
