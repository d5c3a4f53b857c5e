"""What of automations goes into an export; not the secrets that sign calls of webhooks."""

from __future__ import annotations

from typing import Final

from apps.automations.models import ActionAttempt, Automation, Firing
from apps.core.exports import ExportKind, export_of

KEY = ("created_at", "id")
WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "automations",
        lambda owner: Automation.objects.for_workspace(owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "name",
            "description",
            "trigger",
            "actions",
            "version",
            "active_since",
            "paused_at",
            "updated_at",
        ),
    ),
    export_of(
        "firings",
        lambda owner: Firing.objects.for_workspace(owner),
        key=("fired_at", "id"),
        fields=(
            "id",
            "automation_id",
            "version",
            "key",
            "fired_at",
            "occurred_at",
            "event_id",
            "reason",
            "actions",
        ),
    ),
    export_of(
        "action_attempts",
        lambda owner: ActionAttempt.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "firing_id",
            "action",
            "kind",
            "number",
            "state",
            "due_at",
            "started_at",
            "ended_at",
            "outcome",
        ),
    ),
)
