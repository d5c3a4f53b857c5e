"""Use cases of the front doors."""

from apps.ingest.services.accept import Answer, Sent, accept_batches
from apps.ingest.services.admit import Admission
from apps.ingest.services.doors import take_in_at
from apps.ingest.services.erase import erase_workspace
from apps.ingest.services.intake import take_in
from apps.ingest.services.refused import (
    REFUSALS_KEPT_DAYS,
    count_refused_items,
    count_refused_request,
    drop_old_refusals,
)

__all__ = [
    "REFUSALS_KEPT_DAYS",
    "Admission",
    "Answer",
    "Sent",
    "accept_batches",
    "count_refused_items",
    "count_refused_request",
    "drop_old_refusals",
    "erase_workspace",
    "take_in",
    "take_in_at",
]
