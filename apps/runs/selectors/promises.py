"""What the runs of a deployment say about its promises. Those of backfills are none of them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Max, Q, Value

from apps.runs.enums import RunSource, StateType
from apps.runs.models import Run, RunQuerySet
from apps.runs.state_machine import STATES_OF_TYPE
from apps.telemetry import selectors as telemetry

_SUCCEEDED = sorted(STATES_OF_TYPE[StateType.COMPLETED])
_EARLIER = timedelta(days=2)  # how long before a run was made that began, or was tried again, then


def _of(workspace_id: uuid.UUID, deployment_id: uuid.UUID) -> RunQuerySet:
    runs = Run.objects.for_workspace(workspace_id).filter(deployment_id=deployment_id)
    return runs.exclude(source=RunSource.BACKFILL.value)


def has_started_between(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID, since: datetime, until: datetime
) -> bool:
    """Say whether a run of the deployment started later than `since` and not after `until`."""
    found = _of(workspace_id, deployment_id)
    if found.filter(started_at__gt=since, started_at__lte=until).exists():
        return True
    # A run that was tried again shows when its last attempt started; the first stands in its
    # history.
    again = found.filter(attempt__gt=1, created_at__gt=since - _EARLIER, created_at__lte=until)
    return any(
        since < transition.occurred_at <= until
        for run_id in again.order_by("id").values_list("id", flat=True)
        for transition in telemetry.list_transitions(
            workspace_id=workspace_id, run_id=run_id
        ).filter(state="RUNNING", superseded=False)
    )


def has_succeeded_between(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID, since: datetime, until: datetime
) -> bool:
    """Say whether a run of the deployment succeeded later than `since` and not after `until`."""
    found = _of(workspace_id, deployment_id).filter(state__in=_SUCCEEDED)
    return found.filter(ended_at__gt=since, ended_at__lte=until).exists()


def last_success_at(*, workspace_id: uuid.UUID, deployment_id: uuid.UUID) -> datetime | None:
    """Return when a run of the deployment last succeeded."""
    found = _of(workspace_id, deployment_id).filter(state__in=_SUCCEEDED)
    at: datetime | None = found.aggregate(at=Max("ended_at"))["at"]
    return at


def list_lasting(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    longer_than: timedelta,
    changed_since: datetime,
    now: datetime,
) -> list[tuple[uuid.UUID, datetime]]:
    """
    Return (run, start) of what has been going on for longer, and of what ended so since then.

    The start is that of the attempt.
    """
    span = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    found = (
        _of(workspace_id, deployment_id)
        .annotate(span=span)
        .filter(
            Q(ended_at=None, started_at__lt=now - longer_than)
            | Q(changed_at__gte=changed_since, span__gt=Value(longer_than))
        )
    )
    rows = found.order_by("started_at", "id").values_list("id", "started_at")
    return [(run_id, started_at) for run_id, started_at in rows if started_at is not None]
