"""Use cases of the time-series store."""

from apps.telemetry.services.erase import erase_workspace
from apps.telemetry.services.keep import check_retention, set_retention
from apps.telemetry.services.listen import (
    UNTELLABLE,
    Claim,
    ClaimedBatch,
    claim_event_batches,
    listen,
    release,
    take_each,
    unlisten,
)
from apps.telemetry.services.readings import drop_old_streams
from apps.telemetry.services.retention import compress_old, drop_expired, prepare_room
from apps.telemetry.services.rollup import BATCHES as ROLLUP_BATCHES
from apps.telemetry.services.rollup import count_pending, merge_pending_batches
from apps.telemetry.services.series import forget_series
from apps.telemetry.services.tell import (
    emit,
    record_told,
    record_told_in_many,
    record_transitions,
)
from apps.telemetry.services.write import store_batch, store_fresh, store_points_of_many
from apps.telemetry.store.copy import Repeated, RowsAreThereError

__all__ = [
    "ROLLUP_BATCHES",
    "UNTELLABLE",
    "Claim",
    "ClaimedBatch",
    "Repeated",
    "RowsAreThereError",
    "check_retention",
    "claim_event_batches",
    "compress_old",
    "count_pending",
    "drop_expired",
    "drop_old_streams",
    "emit",
    "erase_workspace",
    "forget_series",
    "listen",
    "merge_pending_batches",
    "prepare_room",
    "record_told",
    "record_told_in_many",
    "record_transitions",
    "release",
    "set_retention",
    "store_batch",
    "store_fresh",
    "store_points_of_many",
    "take_each",
    "unlisten",
]
