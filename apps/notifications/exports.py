"""What of channels goes into an export: never what is needed to send there."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.notifications.models import Channel, Delivery

KEY = ("created_at", "id")
WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "channels",
        lambda owner: Channel.objects.for_workspace(owner),
        key=KEY,
        fields=("id", "created_at", "name", "kind", "shown", "updated_at"),
    ),
    export_of(
        "deliveries",
        lambda owner: Delivery.objects.for_workspace(owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "channel_id",
            "source_key",
            "purpose",
            "subject",
            "body",
            "state",
            "attempts",
            "started_at",
            "ended_at",
            "outcome",
        ),
    ),
)
