"""What templates may speak of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.automations.conditions import Facts
from apps.automations.reasons import wire


def context_of(
    *,
    event: Facts | None,
    firing: Mapping[str, Any],
    automation: Mapping[str, Any],
    workspace: Mapping[str, Any],
    url: str,
) -> dict[str, Any]:
    """Return the names of a template: plain dictionaries, lists and texts only."""
    return {
        "event": None if event is None else shown(event),
        "firing": dict(firing),
        "automation": dict(automation),
        "workspace": dict(workspace),
        "url": url,
    }


def shown(event: Facts) -> dict[str, Any]:
    """Return an event as templates and webhooks see it."""
    resource = None
    if event.resource_kind is not None:
        resource = {
            "kind": event.resource_kind,
            "name": event.resource_name,
            "namespace": event.resource_namespace or None,
        }
    return {
        "id": str(event.id),
        "name": event.name,
        "occurred_at": wire(event.occurred_at),
        "resource": resource,
        "related": [dict(relation) for relation in event.related],
        "payload": event.payload,
        "run_id": None if event.run_id is None else str(event.run_id),
        "task_run_id": None if event.task_run_id is None else str(event.task_run_id),
        "source": event.source,
    }
