"""The time-series tables as data: columns, keys, how they are cut by time, how long they live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Columns = Sequence[tuple[str, str]]  # name, definition


class Cut(StrEnum):
    """What a table's parts are ranges of."""

    TIME = "timestamptz"
    ID = "uuid"  # a UUIDv7: its first 48 bits are milliseconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTable:
    """
    One table that is cut by time into parts which are dropped whole.

    `segment_by` and `order_by` are how TimescaleDB lays out a compressed part; other stores ignore
    them. `keep_days` is the least retention whatever the workspaces' own; None follows them.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    column: str
    days: int
    cut: Cut = Cut.TIME
    indexes: tuple[tuple[str, ...], ...] = ()
    segment_by: tuple[str, ...] = ("workspace_id",)
    order_by: tuple[str, ...] = ()
    compress_after_days: int = 7
    keep_days: int | None = None
    updated: bool = False  # rows change after they were written (rollups)

    @property
    def column_names(self) -> tuple[str, ...]:
        return column_names(self.columns)

    @property
    def column_types(self) -> tuple[str, ...]:
        return column_types(self.columns)


def column_names(columns: Columns) -> tuple[str, ...]:
    return tuple(name for name, _ in columns)


def column_types(columns: Columns) -> tuple[str, ...]:
    return tuple(definition.removesuffix(" NOT NULL") for _, definition in columns)


EVENT: Final = TimeTable(
    name="telemetry_event",
    columns=(
        ("workspace_id", "uuid NOT NULL"),
        ("occurred_at", "timestamptz NOT NULL"),
        ("id", "uuid NOT NULL"),
        ("name", "text NOT NULL"),
        ("received_at", "timestamptz NOT NULL"),
        ("resource_kind", "text"),
        ("resource_namespace", "text"),
        ("resource_name", "text"),
        ("related", "jsonb"),
        ("payload", "jsonb NOT NULL"),
        ("run_id", "uuid"),
        ("task_run_id", "uuid"),
        ("follows", "uuid"),
        ("source", "text NOT NULL"),
    ),
    key=("workspace_id", "occurred_at", "id"),
    column="occurred_at",
    days=1,
    # The events of one run, however long ago: without it a search walks back through all that came
    # since. Of one column, as runs' few events then share an entry: 14 bytes an event.
    indexes=(("run_id",),),
    order_by=("occurred_at DESC", "id DESC"),
)

LOG_LINE: Final = TimeTable(
    name="telemetry_log_line",
    columns=(
        ("workspace_id", "uuid NOT NULL"),
        ("run_id", "uuid NOT NULL"),  # the nil UUID when the line belongs to no run
        ("occurred_at", "timestamptz NOT NULL"),
        ("id", "uuid NOT NULL"),
        ("task_run_id", "uuid"),
        ("level", "smallint NOT NULL"),
        ("logger", "text NOT NULL"),
        ("message", "text NOT NULL"),
    ),
    key=("workspace_id", "run_id", "occurred_at", "id"),
    column="occurred_at",
    days=1,
    # The lines of all runs, newest first: the key has the run before the time.
    indexes=(("workspace_id", "occurred_at"),),
    order_by=("run_id", "occurred_at", "id"),
)

METRIC_POINT: Final = TimeTable(
    name="telemetry_metric_point",
    columns=(
        ("workspace_id", "uuid NOT NULL"),
        ("series_id", "uuid NOT NULL"),
        ("occurred_at", "timestamptz NOT NULL"),
        ("id", "uuid NOT NULL"),
        ("value", "double precision NOT NULL"),
        ("run_id", "uuid"),
        # Of a point that stands for many values (a histogram); null in all others.
        ("count", "bigint"),
        ("low", "double precision"),
        ("high", "double precision"),
        ("sketch", "bytea"),
    ),
    key=("workspace_id", "series_id", "occurred_at", "id"),
    column="occurred_at",
    days=1,
    segment_by=("workspace_id", "series_id"),
    order_by=("occurred_at", "id"),
)

RUN_TRANSITION: Final = TimeTable(
    name="telemetry_run_transition",
    columns=(
        ("id", "uuid NOT NULL"),
        ("workspace_id", "uuid NOT NULL"),
        ("run_id", "uuid NOT NULL"),
        ("task_run_id", "uuid NOT NULL"),  # the nil UUID for the run's own transitions
        ("state", "text NOT NULL"),
        ("occurred_at", "timestamptz NOT NULL"),
        ("received_at", "timestamptz NOT NULL"),
        ("epoch", "integer NOT NULL"),
        ("superseded", "boolean NOT NULL"),
        ("message", "text NOT NULL"),
    ),
    key=("id",),
    column="id",
    cut=Cut.ID,
    days=7,
    # A run's own transitions stand together (nil first), however many task runs it has.
    indexes=(("run_id", "task_run_id", "id"),),
    order_by=("run_id", "task_run_id", "id"),
    compress_after_days=14,
)


def _rollup(
    kind: str, width: str, days: int, keep_days: int | None, columns: tuple[tuple[str, str], ...]
) -> TimeTable:
    subject = columns[0][0]
    return TimeTable(
        name=f"telemetry_{kind}_{width}",
        columns=(
            ("workspace_id", "uuid NOT NULL"),
            columns[0],
            ("bucket_at", "timestamptz NOT NULL"),
            *columns[1:],
        ),
        key=("workspace_id", subject, "bucket_at"),
        column="bucket_at",
        days=days,
        segment_by=("workspace_id", subject) if kind == "metric" else ("workspace_id",),
        order_by=("bucket_at",) if kind == "metric" else (subject, "bucket_at"),
        compress_after_days=30,
        keep_days=keep_days,
        updated=True,
    )


_METRIC_COLUMNS = (
    ("series_id", "uuid NOT NULL"),
    ("count", "bigint NOT NULL"),
    ("total", "double precision NOT NULL"),
    ("low", "double precision NOT NULL"),
    ("high", "double precision NOT NULL"),
    ("sketch", "bytea NOT NULL"),
)
_EVENT_COLUMNS = (("name", "text NOT NULL"), ("count", "bigint NOT NULL"))
_LOG_COLUMNS = (
    ("level", "smallint NOT NULL"),
    ("count", "bigint NOT NULL"),
    ("bytes", "bigint NOT NULL"),
)
# Width, seconds, days in one part, days kept at least.
WIDTHS: Final = (
    ("1m", 60, 7, None),
    ("1h", 3_600, 90, 400),
    ("1d", 86_400, 730, 1_830),
)


def _rollups(kind: str, columns: tuple[tuple[str, str], ...]) -> dict[str, TimeTable]:
    return {width: _rollup(kind, width, days, keep, columns) for width, _, days, keep in WIDTHS}


METRIC_ROLLUPS: Final = _rollups("metric", _METRIC_COLUMNS)
EVENT_ROLLUPS: Final = _rollups("event_count", _EVENT_COLUMNS)
LOG_ROLLUPS: Final = _rollups("log_volume", _LOG_COLUMNS)

RAW: Final = (EVENT, LOG_LINE, METRIC_POINT, RUN_TRANSITION)
ROLLUPS: Final = (
    *EVENT_ROLLUPS.values(),
    *LOG_ROLLUPS.values(),
    *METRIC_ROLLUPS.values(),
)
ALL: Final = (*RAW, *ROLLUPS)
BY_NAME: Final = {table.name: table for table in ALL}
