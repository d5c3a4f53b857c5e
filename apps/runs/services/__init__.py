"""Use cases of runs; other apps import this package only."""

from apps.runs.names import run_name
from apps.runs.reports import (
    AskedMove,
    CauseInfo,
    CreatedBy,
    ErrorInfo,
    LocalRun,
    Moved,
    MoveResult,
    NewRun,
    ReportOutcome,
    ReportResult,
    TaskReport,
)
from apps.runs.services.approvals import Question, answer_approval, ask_approval, expire_approvals
from apps.runs.services.backfills import cancel_waiting_of_backfill
from apps.runs.services.create import adopt_runs, create_run, create_runs
from apps.runs.services.erase import erase_workspace, has_uncounted_usage
from apps.runs.services.pause import note_suspended, pause_run, resume_run, suspend_run
from apps.runs.services.queue import (
    Claimant,
    DueRun,
    claim_runs,
    mark_late_runs,
    park_runs,
    pick_due_runs,
    release_held_runs,
    take_runs,
    unpark_runs,
    wake_pools_of_runs_due,
)
from apps.runs.services.retention import drop_expired, make_room
from apps.runs.services.revive import revive_runs
from apps.runs.services.steer import (
    annotate_run,
    cancel_run,
    cancel_subruns,
    cancel_waiting_runs,
    queue_attempt,
    retry_run,
    targets_of,
)
from apps.runs.services.task_runs import report_task_runs
from apps.runs.services.transition import (
    QUARANTINED_AFTER,
    lock_runs,
    transition_run,
    transition_runs,
)
from apps.runs.services.usage import PendingTaskRuns, take_pending_usage
from apps.runs.state_machine import EXECUTING, FINISHED, RETRIED_BY_POLICY, WAITING

__all__ = [
    "EXECUTING",
    "FINISHED",
    "QUARANTINED_AFTER",
    "RETRIED_BY_POLICY",
    "WAITING",
    "AskedMove",
    "CauseInfo",
    "Claimant",
    "CreatedBy",
    "DueRun",
    "ErrorInfo",
    "LocalRun",
    "MoveResult",
    "Moved",
    "NewRun",
    "PendingTaskRuns",
    "Question",
    "ReportOutcome",
    "ReportResult",
    "TaskReport",
    "adopt_runs",
    "annotate_run",
    "answer_approval",
    "ask_approval",
    "cancel_run",
    "cancel_subruns",
    "cancel_waiting_of_backfill",
    "cancel_waiting_runs",
    "claim_runs",
    "create_run",
    "create_runs",
    "drop_expired",
    "erase_workspace",
    "expire_approvals",
    "has_uncounted_usage",
    "lock_runs",
    "make_room",
    "mark_late_runs",
    "note_suspended",
    "park_runs",
    "pause_run",
    "pick_due_runs",
    "queue_attempt",
    "release_held_runs",
    "report_task_runs",
    "resume_run",
    "retry_run",
    "revive_runs",
    "run_name",
    "suspend_run",
    "take_pending_usage",
    "take_runs",
    "targets_of",
    "transition_run",
    "transition_runs",
    "unpark_runs",
    "wake_pools_of_runs_due",
]
