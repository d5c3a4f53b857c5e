from django.urls import path

from apps.ingest.api import event_schemas, query_log, refused, views, webhooks

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/ingest", views.Ingest.as_view()),
    path(f"{W}/events", views.Events.as_view()),
    path(f"{W}/query-log", query_log.QueryLog.as_view()),
    path(f"{W}/refused", refused.RefusedList.as_view()),
    path(f"{W}/event-schemas", event_schemas.EventSchemas.as_view()),
    path(f"{W}/event-schemas/preview", event_schemas.EventSchemaPreview.as_view()),
    path(f"{W}/event-schemas/<uuid:schema_id>", event_schemas.EventSchemaDetail.as_view()),
    path(
        f"{W}/event-schemas/<uuid:schema_id>/versions",
        event_schemas.EventSchemaVersions.as_view(),
    ),
    path(f"{W}/webhooks", webhooks.Webhooks.as_view()),
    path(f"{W}/webhooks/preview", webhooks.WebhookPreview.as_view()),
    path(f"{W}/webhooks/<uuid:webhook_id>", webhooks.WebhookDetail.as_view()),
    path(f"{W}/webhooks/<uuid:webhook_id>/rotation", webhooks.WebhookRotation.as_view()),
]
