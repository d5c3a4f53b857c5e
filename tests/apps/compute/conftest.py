from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from apps.compute import services as compute
from apps.compute.backends.fargate import FargateBackend
from apps.compute.models import ManagedTask
from apps.core.clock import utc_now
from apps.tenancy.isolation import workspace_scope
from tests.apps.compute.backends.test_fargate import settings
from tests.fakes.ecs import FakeEcs
from tests.isolation import as_worker


class Managed:
    """A cluster without clocks: each step of the launcher is taken by hand."""

    def __init__(self):
        self.ecs = FakeEcs()
        self.backend = FargateBackend(settings(max_tasks=10), client=self.ecs)
        self.later = timedelta()

    @property
    def now(self):
        return utc_now() + self.later

    def launch(self):
        with as_worker():
            return compute.launch_tasks(
                backend=self.backend, api_url="https://headway.example", clock=lambda: self.now
            )

    def reconcile(self):
        with as_worker():
            return compute.reconcile_tasks(backend=self.backend, now=self.now)

    def beat(self):
        with as_worker():
            return compute.beat_for_tasks(backend=self.backend, now=self.now)

    def sweep(self):
        with as_worker():
            return compute.sweep_orphans(backend=self.backend, now=self.now)

    def task_of(self, run):
        with workspace_scope(run.workspace_id):
            return ManagedTask.objects.filter(run_id=run.id).order_by("-epoch").first()

    def begin(self, run):
        """Launch the run's task and let it run up to its own first word."""
        self.launch()
        task = self.task_of(run)
        self.ecs.begin(task.external_id)
        self.reconcile()
        with workspace_scope(run.workspace_id):
            compute.note_phase(
                workspace_id=run.workspace_id,
                run_id=run.id,
                epoch=task.epoch,
                phase=compute.TaskPhase.FETCHED,
                at=self.now,
                now=self.now,
            )
        return self.task_of(run)

    def end(self, run, exit_code):
        self.ecs.end(self.task_of(run).external_id, exit_code)
        self.reconcile()
        return self.task_of(run)


@pytest.fixture
def managed():
    return Managed()


@pytest.fixture(autouse=True)
def _own_folder(bundle_folder: Path) -> None:
    """No test of compute keeps bundles anywhere but in a folder of its own."""
