"""Use cases of compute; other apps import this package only."""

from apps.compute.services.bundles import find_bundle, store_bundle
from apps.compute.services.tasks import TaskOrder, get_task, open_task_bundle

__all__ = ["TaskOrder", "find_bundle", "get_task", "open_task_bundle", "store_bundle"]
