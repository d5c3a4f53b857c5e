"""Words that travel with telemetry."""

from __future__ import annotations

from django.db import models


class LogLevel(models.IntegerChoices):
    """Levels of log lines, numbered as Python's logging does, so that "at least" compares."""

    DEBUG = 10, "DEBUG"
    INFO = 20, "INFO"
    WARNING = 30, "WARNING"
    ERROR = 40, "ERROR"
    CRITICAL = 50, "CRITICAL"


class StoredKind(models.TextChoices):
    """What a workspace may keep for a time of its own. `runs`: task runs and transitions, too."""

    RUNS = "runs"
    EVENTS = "events"
    LOGS = "logs"
    METRICS = "metrics"


class Consumer(models.TextChoices):
    """Who takes pending batches: the rollup all of them, others those of workspaces they hear."""

    ROLLUP = "rollup"
    AUTOMATIONS = "automations"
    LINEAGE = "lineage"  # of every workspace, without asking
    COSTS = "costs"  # as well, of events that can say what a run used
    SET_ASIDE = "set_aside"  # nobody: what the rollup could not merge
