"""Pure: what ECS says of a task, in our words."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from apps.compute.backends.port import LiveState, TaskReport

_STATES: Final = {
    "PROVISIONING": LiveState.STARTING,
    "PENDING": LiveState.STARTING,
    "ACTIVATING": LiveState.STARTING,
    "RUNNING": LiveState.RUNNING,
    "DEACTIVATING": LiveState.STOPPING,
    "STOPPING": LiveState.STOPPING,
    "DEPROVISIONING": LiveState.STOPPING,
    "STOPPED": LiveState.STOPPED,
}
_EVICTIONS: Final = frozenset({"SpotInterruption", "TerminationNotice"})
_FAILED_TO_START: Final = "TaskFailedToStart"
SIGNAL_BASE: Final = 128  # what a container's exit code is above, when a signal ended it


def report_of(task: Mapping[str, Any]) -> TaskReport:
    """
    Return what one entry of DescribeTasks says.

    An unknown status counts as running: ECS may add some, and a wrong end would be worse.
    """
    state = _STATES.get(task["lastStatus"], LiveState.RUNNING)
    started_at: datetime | None = task.get("startedAt")
    if state is not LiveState.STOPPED:
        return TaskReport(external_id=task["taskArn"], state=state, started_at=started_at)
    container = _essential(task)
    exit_code: int | None = container.get("exitCode")
    container_reason = str(container.get("reason") or "")
    stop_code = str(task.get("stopCode") or "")
    signal_name = _signal_of(exit_code)
    return TaskReport(
        external_id=task["taskArn"],
        state=state,
        started_at=started_at,
        stopped_at=task.get("stoppedAt") or task.get("stoppingAt"),
        exit_code=None if signal_name else exit_code,
        signal=signal_name,
        oom=container_reason.startswith("OutOfMemory"),
        evicted=stop_code in _EVICTIONS,
        never_started=stop_code == _FAILED_TO_START or started_at is None,
        reason=" ".join(
            part for part in (str(task.get("stoppedReason") or ""), container_reason) if part
        )[:1_000],
    )


def _essential(task: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = task.get("containers") or [{}]
    return next((each for each in containers if each.get("name") == "task"), containers[0])


def _signal_of(exit_code: int | None) -> str | None:
    if exit_code is None or exit_code <= SIGNAL_BASE:
        return None
    try:
        return signal.Signals(exit_code - SIGNAL_BASE).name
    except ValueError:
        return None
