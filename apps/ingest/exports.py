"""What of webhooks and schemas goes into an export: never an address, and never a secret."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.ingest.models import EventSchema, EventSchemaVersion, Webhook

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "webhooks",
        lambda owner: Webhook.objects.for_workspace(owner),
        key=("created_at", "id"),
        fields=(
            "id",
            "created_at",
            "name",
            "preset",
            "template",
            "topic_arn",
            "header",
            "disabled_at",
            "received_count",
            "refused_count",
            "last_received_at",
            "last_refused_at",
            "updated_at",
        ),
    ),
    export_of(
        "event_schemas",
        lambda owner: EventSchema.objects.filter(workspace_id=owner),
        key=("created_at", "id"),
        fields=(
            "id",
            "created_at",
            "name",
            "mode",
            "number",
            "schema",
            "warned_count",
            "refused_count",
            "counted_since",
            "last_misfit_at",
            "updated_at",
        ),
    ),
    export_of(
        "event_schema_versions",
        lambda owner: EventSchemaVersion.objects.filter(workspace_id=owner),
        key=("created_at", "id"),
        fields=("id", "created_at", "event_schema_id", "number", "schema"),
    ),
)
