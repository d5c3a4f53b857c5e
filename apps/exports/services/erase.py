"""
Delete what was closed for good, row by row in batches, by a loop.

Order: what refers goes before what it refers to. The workspace's own row goes last, with whatever
small table hangs on it. The audit log and the ledger of usage stay: no role may delete from them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from django.db import transaction

from apps.automations import services as automations
from apps.compute import services as compute
from apps.compute.errors import BundleStoreAway
from apps.costs import services as costs
from apps.dashboards import services as dashboards
from apps.dispatch import services as dispatch
from apps.exports import store
from apps.exports.models import ExportJob
from apps.exports.services.guard import is_paying
from apps.flows import services as flows
from apps.ingest import services as ingest
from apps.lineage import services as lineage
from apps.notifications import services as notifications
from apps.runs import services as runs
from apps.telemetry import services as telemetry
from apps.tenancy import services as tenancy
from apps.tenancy.isolation import account_scope
from billing.subscriptions import services as subscriptions

logger = structlog.get_logger(__name__)
ROWS: Final = 5_000  # of one statement
STEP_SECONDS: Final = 5.0  # of one call; the rest comes with the next

_STEPS: Final[tuple[Callable[..., int], ...]] = (
    automations.erase_workspace,
    compute.erase_workspace,
    ingest.erase_workspace,
    dispatch.erase_leases,
    runs.erase_workspace,
    flows.erase_workspace,
    dispatch.erase_workspace,
    notifications.erase_workspace,
    costs.erase_workspace,
    lineage.erase_workspace,
    dashboards.erase_workspace,
    telemetry.erase_workspace,
    tenancy.erase_workspace,
)


def erase_due(*, now: datetime, rows: int = ROWS, seconds: float = STEP_SECONDS) -> bool:
    """Go on deleting what is due; return whether there may be more at once. For loops."""
    until = time.monotonic() + seconds
    after: uuid.UUID | None = None
    while due := tenancy.workspaces_to_erase(now=now, after=after):
        for workspace_id, account_id in due:
            after = workspace_id
            if account_id is not None and _waits_for_payment(account_id):
                continue
            if not _erase_workspace(workspace_id, rows=rows, until=until):
                return True
    for account_id in tenancy.accounts_to_erase(now=now):
        if not _waits_for_payment(account_id):
            _erase_account(account_id)
    return False


def _waits_for_payment(account_id: uuid.UUID) -> bool:
    with account_scope(account_id):
        if not is_paying(account_id):
            return False
    logger.warning("erasure.waits", reason="subscription", account_id=str(account_id))
    return True


def _erase_workspace(workspace_id: uuid.UUID, *, rows: int, until: float) -> bool:
    """Return False when the time was over before the workspace was."""
    if _is_busy(workspace_id):
        return True
    deleted = 0
    for step in _STEPS:
        try:
            while count := _batch(step, workspace_id, rows):
                deleted += count
                if time.monotonic() >= until:
                    return False
        except BundleStoreAway as error:
            logger.warning("erasure.waits", reason="bundle_store", error=str(error.__cause__)[:200])
            return True
    tenancy.forget_workspace(workspace_id=workspace_id)
    logger.info("workspace.erased", workspace_id=str(workspace_id), rows=deleted)
    return True


@transaction.atomic
def _batch(step: Callable[..., int], workspace_id: uuid.UUID, rows: int) -> int:
    return step(workspace_id=workspace_id, limit=rows)


def _is_busy(workspace_id: uuid.UUID) -> bool:
    """What was used is counted first, and what still executes is stopped first: by others."""
    for reason, is_so in (
        ("usage", runs.has_uncounted_usage),
        ("tasks", compute.has_active_tasks),
    ):
        if is_so(workspace_id=workspace_id):
            logger.info("erasure.waits", reason=reason, workspace_id=str(workspace_id))
            return True
    return False


def _erase_account(account_id: uuid.UUID) -> None:
    for job_id in ExportJob.objects.filter(account_id=account_id).values_list("id", flat=True):
        store.delete_all(job_id)
    with transaction.atomic():
        ExportJob.objects.filter(account_id=account_id).delete()
        subscriptions.forget_account(account_id=account_id)
        tenancy.forget_account(account_id=account_id)
    logger.info("account.erased", account_id=str(account_id))
