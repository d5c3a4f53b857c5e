"""Let go of what is old."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from apps.automations.enums import AttemptState, DeadlineState
from apps.automations.models import ActionAttempt, Deadline, Firing, TriggerBucket
from apps.tenancy import selectors as tenancy

BATCH = 5_000
# As long as a rule can look: what is older can be neither too late nor a part of any window.
LONGEST = timedelta(days=31)
_ENDED = [AttemptState.SUCCEEDED.value, AttemptState.FAILED.value, AttemptState.GAVE_UP.value]


def drop_old(*, now: datetime) -> int:
    """Delete firings, decided deadlines and buckets beyond the retention. For loops."""
    gone = 0
    for workspace_id, days in tenancy.list_retention_days().items():
        before = now - timedelta(days=days)
        under_way = ActionAttempt.objects.filter(firing=OuterRef("pk")).exclude(state__in=_ENDED)
        old = Firing.objects.for_workspace(workspace_id).filter(
            ~Exists(under_way), fired_at__lt=before
        )
        while ids := list(old.order_by("fired_at").values_list("id", flat=True)[:BATCH]):
            ActionAttempt.objects.filter(firing_id__in=ids).delete()
            gone += Firing.objects.filter(id__in=ids).delete()[0]
        decided = Deadline.objects.filter(workspace_id=workspace_id, ends_at__lt=before - LONGEST)
        gone += decided.exclude(state=DeadlineState.OPEN.value).delete()[0]
        buckets = TriggerBucket.objects.filter(
            workspace_id=workspace_id, newest_at__lt=before - LONGEST
        )
        gone += buckets.delete()[0]
    return gone
