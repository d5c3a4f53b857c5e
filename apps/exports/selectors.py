"""Reads of exports; callers are inside `account_scope`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from apps.core.errors import NotFound
from apps.exports.enums import ExportState
from apps.exports.models import ExportJob


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportView:
    """An export with how much of it is made, from 0 to 1."""

    job: ExportJob
    progress: float


def list_exports(*, account_id: uuid.UUID, workspace_id: uuid.UUID | None) -> QuerySet[ExportJob]:
    """Return the account's exports, those of its workspaces too, or those of one workspace."""
    found = ExportJob.objects.filter(account_id=account_id)
    if workspace_id is not None:
        found = found.filter(workspace_id=workspace_id)
    return found.annotate(
        files=Count("parts"), made=Count("parts", filter=Q(parts__finished_at__isnull=False))
    )


def get_export(
    *, account_id: uuid.UUID, workspace_id: uuid.UUID | None, export_id: uuid.UUID
) -> ExportJob:
    """Raises: NotFound."""
    found = list_exports(account_id=account_id, workspace_id=workspace_id)
    job = found.filter(pk=export_id).first()
    if job is None:
        raise NotFound("There is no such export.")
    return job


def view_of(job: ExportJob) -> ExportView:
    """Return a job that was read by these selectors with its progress; the zip is the last step."""
    if job.state == ExportState.DONE:
        return ExportView(job=job, progress=1.0)
    files, made = job.files, job.made  # type: ignore[attr-defined] # annotated
    return ExportView(job=job, progress=round(made / (files + 1), 3))
