"""What saved views are of."""

from __future__ import annotations

from django.db import models


class ViewPage(models.TextChoices):
    """The pages whose address can be saved under a name."""

    EVENTS = "EVENTS"
    LOGS = "LOGS"
    RUNS = "RUNS"
