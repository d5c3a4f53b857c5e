"""Pure: what a task's end means for its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.compute.backends.port import TaskReport
from apps.runs.enums import CauseKind

if TYPE_CHECKING:
    from apps.runs.services import CauseInfo


def cause_of_end(report: TaskReport, *, has_begun: bool) -> CauseInfo | None:
    """
    Return why a task ended without its run saying how it ended; None when it ended well.

    `has_begun`: it had fetched its code. What ends before is a failed start, however it ended,
    except where the machine or its memory is to blame.
    """
    detail = report.reason or None
    if report.evicted:
        return {
            "kind": CauseKind.EVICTED.value,
            "detail": detail or "The machine was taken away from it.",
        }
    if report.oom:
        return {
            "kind": CauseKind.OOM.value,
            "signal": "SIGKILL",
            "detail": detail or "It used more memory than its size has.",
        }
    if report.exit_code == 0 and not report.never_started:
        return None
    if report.never_started or not has_begun:
        return _failed_start(report)
    if report.signal is not None:
        return {"kind": CauseKind.SIGNAL.value, "signal": report.signal, "detail": detail}
    if report.exit_code is not None:
        return {
            "kind": CauseKind.EXIT_CODE.value,
            "exit_code": report.exit_code,
            "detail": detail,
        }
    return {
        "kind": CauseKind.AGENT_LOST.value,
        "detail": detail or "Nobody knows how its process ended.",
    }


def _failed_start(report: TaskReport) -> CauseInfo:
    cause: CauseInfo = {
        "kind": CauseKind.START_FAILED.value,
        "detail": report.reason or "Its process ended before it had fetched its code.",
    }
    if report.exit_code is not None:
        cause["exit_code"] = report.exit_code
    if report.signal is not None:
        cause["signal"] = report.signal
    return cause


def silent_end() -> CauseInfo:
    """Return the cause for a task that ended well, by its own word, without an end of its run."""
    return {
        "kind": CauseKind.EXIT_CODE.value,
        "exit_code": 0,
        "detail": "The task ended without reporting how the run ended.",
    }
