"""Accounts with plans, and use of any size at any time."""

from __future__ import annotations

from datetime import datetime

from apps.core.ids import uuid7
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import account_scope
from billing.metering import services as metering
from billing.metering.meters import Meter
from billing.metering.services import Usage
from billing.subscriptions import services as subscriptions
from tests.isolation import as_worker


def subscribe(workspace: WorkspaceRef, *, now: datetime) -> None:
    with account_scope(workspace.account_id):
        subscriptions.apply_entitlements(account_id=workspace.account_id, now=now)


def charge(
    workspace: WorkspaceRef, quantity: int, *, now: datetime, meter: Meter = Meter.TASK_RUNS
) -> None:
    """Let the workspace have used so much today, without anybody having looked yet."""
    with as_worker():
        metering.add_usage(
            usage=[
                Usage(
                    workspace_id=workspace.id,
                    meter=meter,
                    quantity=quantity,
                    day=now.date(),
                    source_key=str(uuid7()),
                )
            ],
            now=now,
        )


def enforce(now: datetime) -> None:
    """Let the loop look until there is nothing to look at."""
    with as_worker():
        while subscriptions.enforce_limits(now=now):
            pass
