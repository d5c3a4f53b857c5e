"""Ask for an export, fetch it, let go of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import IO

import structlog
from django.db import transaction

from apps.core.jobs import enqueue_on_commit
from apps.exports import store
from apps.exports.enums import ExportState
from apps.exports.errors import ExportNotReady
from apps.exports.kinds import ACCOUNT_KINDS, WORKSPACE_KINDS
from apps.exports.models import ExportJob, ExportPart
from apps.exports.services.make import WORK_TASK
from apps.tenancy import audit
from apps.tenancy import selectors as tenancy
from apps.tenancy.isolation import account_scope

logger = structlog.get_logger(__name__)
DROPPED_AT_ONCE = 50
ASKED_FOR_ALL = "account.export_requested"
ASKED = "workspace.export_requested"


@transaction.atomic
def request_export(
    *,
    account_id: uuid.UUID,
    workspace_id: uuid.UUID | None,
    requested_by: uuid.UUID | None,
    now: datetime,
) -> ExportJob:
    """
    Begin an export of the workspace, or of the whole account; return the one that is under way.

    It is made by Celery: people ask, and come back for it.
    """
    with account_scope(account_id):
        job, is_new = ExportJob.objects.unfinished().get_or_create(
            account_id=account_id,
            workspace_id=workspace_id,
            defaults={"requested_by_id": requested_by, "created_at": now},
        )
        if not is_new:
            return job
        ExportPart.objects.bulk_create(_plan(job))
        audit.record(
            action=ASKED_FOR_ALL if workspace_id is None else ASKED,
            target=audit.Object(kind="export", id=job.id),
            account_id=account_id,
            workspace_id=workspace_id,
        )
    enqueue_on_commit(WORK_TASK, account_id=str(account_id), job_id=str(job.id))
    logger.info("export.requested", export_id=str(job.id), account_id=str(account_id))
    return job


def _plan(job: ExportJob) -> list[ExportPart]:
    """Return the files of the zip, in their order."""
    files: list[tuple[str, str, uuid.UUID | None]] = []
    workspaces = tenancy.list_account_workspaces(account_id=job.account_id)
    if job.workspace_id is None:
        files += [("account", kind, None) for kind in ACCOUNT_KINDS]
    else:
        workspaces = [each for each in workspaces if each.id == job.workspace_id]
    for workspace in workspaces:
        folder = f"workspaces/{workspace.slug}"
        files += [(folder, kind, workspace.id) for kind in WORKSPACE_KINDS]
    return [
        ExportPart(
            job=job,
            account_id=job.account_id,
            position=position,
            folder=folder,
            kind=kind,
            of_workspace=workspace_id,
        )
        for position, (folder, kind, workspace_id) in enumerate(files)
    ]


def open_export(*, job: ExportJob, now: datetime) -> IO[bytes]:
    """Raises: ExportNotReady."""
    is_there = job.state == ExportState.DONE and job.expires_at is not None and job.expires_at > now
    if not is_there:
        raise ExportNotReady("There is nothing to download (yet).", state=job.state)
    try:
        return store.open_file(job.file_key)
    except FileNotFoundError:
        raise ExportNotReady("Its file is gone. Ask for a new export.", state=job.state) from None


def drop_expired_exports(*, now: datetime) -> int:
    """Delete exports whose days are over, with their bytes; return how many. For loops."""
    old = ExportJob.objects.filter(expires_at__lte=now).order_by("expires_at")
    ids = list(old.values_list("id", flat=True)[:DROPPED_AT_ONCE])
    for job_id in ids:
        # Bytes first: whoever is killed in between leaves a row, and the next round does the rest.
        store.delete_all(job_id)
        ExportJob.objects.filter(pk=job_id).delete()
    return len(ids)
