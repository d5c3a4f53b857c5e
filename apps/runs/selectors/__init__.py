"""Reads of runs for the HTTP layer and for other apps."""

from apps.runs.selectors.charts import (
    FlowHealth,
    Histogram,
    list_flow_health,
    list_runs_needing_attention,
    reason_for_attention,
    runs_histogram,
)
from apps.runs.selectors.lists import (
    RunFilters,
    count_in_state,
    count_waiting_by_queue,
    estimate_duration_ms,
    find_run,
    find_run_state,
    get_run,
    has_run,
    known_run_ids,
    last_run_by_flow,
    list_changed_runs,
    list_runs,
    list_task_runs,
    recent_runs_by_deployment,
    with_names,
)
from apps.runs.selectors.timeline import STATES, Place, Timeline, get_timeline
from apps.runs.selectors.usage import (
    CountedTaskRuns,
    count_billable_task_runs,
    count_pending_usage,
)

__all__ = [
    "STATES",
    "CountedTaskRuns",
    "FlowHealth",
    "Histogram",
    "Place",
    "RunFilters",
    "Timeline",
    "count_billable_task_runs",
    "count_in_state",
    "count_pending_usage",
    "count_waiting_by_queue",
    "estimate_duration_ms",
    "find_run",
    "find_run_state",
    "get_run",
    "get_timeline",
    "has_run",
    "known_run_ids",
    "last_run_by_flow",
    "list_changed_runs",
    "list_flow_health",
    "list_runs",
    "list_runs_needing_attention",
    "list_task_runs",
    "reason_for_attention",
    "recent_runs_by_deployment",
    "runs_histogram",
    "with_names",
]
