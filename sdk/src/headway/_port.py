"""Where runs report: the port, and its implementation for when nobody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from headway._records import EventRecord, LogLine, Point, RunReport, TaskRunReport
    from headway._runs import FlowRun

    class AnyRecorder(Protocol):
        """Where runs report. `enabled` is False when nobody listens: make no records then."""

        enabled: bool

        def run(self, report: RunReport) -> None: ...
        def task_run(self, report: TaskRunReport) -> None: ...
        def log(self, line: LogLine) -> None: ...
        def event(self, event: EventRecord) -> None: ...
        def point(self, point: Point) -> None: ...
        def hold(self, run: FlowRun) -> None: ...
        def release(self, run: FlowRun) -> None: ...
        def flush(self, timeout_seconds: float | None = None) -> bool: ...


class SilentRecorder:
    """What flows report to when no server is configured."""

    enabled = False

    def run(self, report: RunReport) -> None:
        """Ignore a report."""

    def task_run(self, report: TaskRunReport) -> None:
        """Ignore a report."""

    def log(self, line: LogLine) -> None:
        """Ignore a line."""

    def event(self, event: EventRecord) -> None:
        """Ignore an event."""

    def point(self, point: Point) -> None:
        """Ignore a point."""

    def hold(self, run: FlowRun) -> None:
        """Hold no lease."""

    def release(self, run: FlowRun) -> None:
        """Hold no lease."""

    def flush(self, timeout_seconds: float | None = None) -> bool:  # noqa: ARG002  the port's
        """Have nothing to send."""
        return True
