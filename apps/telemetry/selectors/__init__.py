"""
Reads for the HTTP layer and other apps. Each begins with the workspace.

`list_…` return querysets for keyset pages (`order` beside each); `…_item` render one row as the API
shows it.
"""

from apps.telemetry.selectors.charts import (
    LETTERS,
    Answer,
    Answers,
    Chart,
    ChartFormula,
    ChartQuery,
    answer_chart,
    answer_heat_map,
)
from apps.telemetry.selectors.events import (
    EventScan,
    EventSearch,
    event_item,
    find_event,
    get_events,
    list_event_keys,
    scan_events,
    search_events,
    split_name,
    workspaces_waiting,
)
from apps.telemetry.selectors.histogram import EventCounts, event_histogram
from apps.telemetry.selectors.lines import Line, MetricQuery, Peaks, peaks_by_label
from apps.telemetry.selectors.log_search import (
    LogContext,
    LogSearch,
    LogVolume,
    Volume,
    log_context,
    log_volume,
    search_logs,
)
from apps.telemetry.selectors.logs import (
    get_log_lines,
    list_log_keys,
    list_logs,
    list_newest_log_keys,
    log_item,
)
from apps.telemetry.selectors.metrics import list_metrics, run_metrics, units_of
from apps.telemetry.selectors.moving import MovingLine, read_moving, taken_in_until
from apps.telemetry.selectors.notable import (
    LabelledSeries,
    NotableEvents,
    notable_events,
    series_labelled,
)
from apps.telemetry.selectors.reach import plan_metrics
from apps.telemetry.selectors.storage import (
    StoredDay,
    StoredOfKind,
    compresses,
    compression_of,
    find_own_days,
    get_stored,
    list_kept_days,
    transition_parts,
)
from apps.telemetry.selectors.times import NEWEST_FIRST, OLDEST_FIRST
from apps.telemetry.selectors.transitions import (
    TRANSITION_ORDER,
    list_transitions,
    own_transitions_of_runs,
    transition_item,
    transitions_of_runs,
)
from apps.telemetry.selectors.walk import BUDGET, Budget, Found
from apps.telemetry.selectors.whole import EXPORT_ROWS, EveryPage
from apps.telemetry.store.port import Part

__all__ = [
    "BUDGET",
    "EXPORT_ROWS",
    "LETTERS",
    "NEWEST_FIRST",
    "OLDEST_FIRST",
    "TRANSITION_ORDER",
    "Answer",
    "Answers",
    "Budget",
    "Chart",
    "ChartFormula",
    "ChartQuery",
    "EventCounts",
    "EventScan",
    "EventSearch",
    "EveryPage",
    "Found",
    "LabelledSeries",
    "Line",
    "LogContext",
    "LogSearch",
    "LogVolume",
    "MetricQuery",
    "MovingLine",
    "NotableEvents",
    "Part",
    "Peaks",
    "StoredDay",
    "StoredOfKind",
    "Volume",
    "answer_chart",
    "answer_heat_map",
    "compresses",
    "compression_of",
    "event_histogram",
    "event_item",
    "find_event",
    "find_own_days",
    "get_events",
    "get_log_lines",
    "get_stored",
    "list_event_keys",
    "list_kept_days",
    "list_log_keys",
    "list_logs",
    "list_metrics",
    "list_newest_log_keys",
    "list_transitions",
    "log_context",
    "log_item",
    "log_volume",
    "notable_events",
    "own_transitions_of_runs",
    "peaks_by_label",
    "plan_metrics",
    "read_moving",
    "run_metrics",
    "scan_events",
    "search_events",
    "search_logs",
    "series_labelled",
    "split_name",
    "taken_in_until",
    "transition_item",
    "transition_parts",
    "transitions_of_runs",
    "units_of",
    "workspaces_waiting",
]
