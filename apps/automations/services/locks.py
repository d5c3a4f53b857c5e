"""Who may change what a workspace's rules have collected: one transaction at a time."""

from __future__ import annotations

import uuid

from django.db import connection

_RULES = "automations:{}"
_ACTIONS = "automations.actions:{}"


def try_to_lock_rules(workspace_id: uuid.UUID) -> bool:
    """Lock the workspace's rules for this transaction, unless somebody has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [_RULES.format(workspace_id)],
        )
        return bool(cursor.fetchone()[0])


def lock_rules(workspace_id: uuid.UUID) -> None:
    """Wait for the lock: an edit lets the evaluation under way end first, which is short."""
    _wait(_RULES.format(workspace_id))


def lock_actions(workspace_id: uuid.UUID) -> None:
    """Let one transaction at a time count the workspace's running attempts."""
    _wait(_ACTIONS.format(workspace_id))


def _wait(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
