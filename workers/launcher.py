"""Execute the runs of managed pools: launch, look after, and clean up what nobody waits for."""

from __future__ import annotations

import time

import structlog
from django.conf import settings

from apps.compute import services as compute
from apps.compute.backends.chosen import chosen_backend
from apps.compute.backends.port import BackendKind, ComputeBackend
from apps.core.clock import utc_now
from workers.loop import Loop

logger = structlog.get_logger(__name__)
LAUNCH_SECONDS = 1.0  # should a NOTIFY be missed
LOOK_SECONDS = {BackendKind.LOCAL: 0.5, BackendKind.FARGATE: 3.0}
BEAT_SECONDS = 8.0
SWEEP_SECONDS = 60.0


class Launcher:
    """Leases what is due while there are slots, and launches it."""

    def __init__(self, backend: ComputeBackend) -> None:
        self.backend = backend

    def step(self) -> bool:
        started = time.perf_counter()
        taken = compute.launch_tasks(
            backend=self.backend,
            api_url=settings.COMPUTE_API_URL or settings.PUBLIC_URL,
            clock=utc_now,
        )
        if taken:
            logger.info(
                "tasks.taken_up",
                count=taken,
                duration_ms=round((time.perf_counter() - started) * 1000),
            )
        return taken > 0


class Reconciler:
    """Sees what became of the tasks."""

    def __init__(self, backend: ComputeBackend) -> None:
        self.backend = backend

    def step(self) -> bool:
        compute.reconcile_tasks(backend=self.backend, now=utc_now())
        return False


class Keeper:
    """Beats for tasks that do not yet, and sweeps now and then."""

    def __init__(self, backend: ComputeBackend) -> None:
        self.backend = backend
        self.swept_at = float("-inf")

    def step(self) -> bool:
        compute.beat_for_tasks(backend=self.backend, now=utc_now())
        if time.monotonic() - self.swept_at >= SWEEP_SECONDS:
            compute.sweep_orphans(backend=self.backend, now=utc_now())
            self.swept_at = time.monotonic()
        return False


def loops() -> list[Loop]:
    backend = chosen_backend()
    if backend is None:
        return []
    return [
        Loop(
            name="launcher",
            step=Launcher(backend).step,
            idle_seconds=LAUNCH_SECONDS,
            wake_on="pool",
        ),
        Loop(
            name="reconciler",
            step=Reconciler(backend).step,
            idle_seconds=LOOK_SECONDS[backend.kind],
        ),
        Loop(name="keeper", step=Keeper(backend).step, idle_seconds=BEAT_SECONDS),
    ]
