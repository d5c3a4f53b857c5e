"""Use cases of the front doors."""

from apps.ingest.services.accept import Answer, Sent, accept_batches
from apps.ingest.services.admit import Admission
from apps.ingest.services.deliveries import (
    Opened,
    drop_old_deliveries,
    note_delivery,
    open_webhook,
    preview_template,
    read_delivery,
)
from apps.ingest.services.doors import take_in_at
from apps.ingest.services.erase import erase_workspace
from apps.ingest.services.event_schemas import (
    Trial,
    create_event_schema,
    delete_event_schema,
    edit_event_schema,
    try_event_schema,
)
from apps.ingest.services.intake import take_in
from apps.ingest.services.refused import (
    REFUSALS_KEPT_DAYS,
    count_refused_items,
    count_refused_request,
    drop_old_refusals,
)
from apps.ingest.services.webhooks import (
    WebhookSettings,
    create_webhook,
    delete_webhook,
    edit_webhook,
    rotate_webhook,
)

__all__ = [
    "REFUSALS_KEPT_DAYS",
    "Admission",
    "Answer",
    "Opened",
    "Sent",
    "Trial",
    "WebhookSettings",
    "accept_batches",
    "count_refused_items",
    "count_refused_request",
    "create_event_schema",
    "create_webhook",
    "delete_event_schema",
    "delete_webhook",
    "drop_old_deliveries",
    "drop_old_refusals",
    "edit_event_schema",
    "edit_webhook",
    "erase_workspace",
    "note_delivery",
    "open_webhook",
    "preview_template",
    "read_delivery",
    "rotate_webhook",
    "take_in",
    "take_in_at",
    "try_event_schema",
]
