"""Use cases of compute; other apps import this package only."""

from apps.compute.enums import TaskPhase
from apps.compute.services.bundles import drop_unused_bundles, find_bundle, store_bundle
from apps.compute.services.erase import erase_workspace, has_active_tasks
from apps.compute.services.launch import START_LIMIT, claim_tasks, launch_tasks
from apps.compute.services.phases import note_phase
from apps.compute.services.reconcile import beat_for_tasks, reconcile_tasks, sweep_orphans
from apps.compute.services.tasks import TaskOrder, get_task, open_task_bundle

__all__ = [
    "START_LIMIT",
    "TaskOrder",
    "TaskPhase",
    "beat_for_tasks",
    "claim_tasks",
    "drop_unused_bundles",
    "erase_workspace",
    "find_bundle",
    "get_task",
    "has_active_tasks",
    "launch_tasks",
    "note_phase",
    "open_task_bundle",
    "reconcile_tasks",
    "store_bundle",
    "sweep_orphans",
]
