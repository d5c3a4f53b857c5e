"""Keys with which one execution of one run reports itself."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from apps.core.clock import utc_now
from apps.core.transactions import joined
from apps.tenancy import key_cache
from apps.tenancy.actors import RunRef
from apps.tenancy.keys import hash_secret, new_secret
from apps.tenancy.models import (
    RunKey,
)

RUN_KEY_FLUSH = timedelta(minutes=5)  # what a run's process has to send its last reports


RUN_KEYS_KEPT = timedelta(days=1)  # after their end, for whoever wonders


@joined
def create_run_key(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, epoch: int, expires_at: datetime | None = None
) -> str:
    """
    Make a key for one execution of the run and return its secret, which cannot be had again.

    Those of earlier executions end at once. It ends by `end_run_keys` when the lease does;
    `expires_at` is for who knows an earlier time.
    Each call makes one more: whoever repeats a launch does not know the first one's secret.
    """
    revoke_run_keys(workspace_id=workspace_id, run_id=run_id, below_epoch=epoch)
    secret = new_secret()
    RunKey.objects.create(
        workspace_id=workspace_id,
        run_id=run_id,
        epoch=epoch,
        secret_hash=hash_secret(secret),
        expires_at=expires_at,
    )
    return secret


@joined
def revoke_run_keys(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    below_epoch: int | None = None,
    now: datetime | None = None,
) -> int:
    """End the run's keys at once, or only those of its superseded executions; return how many."""
    keys = RunKey.objects.of_run(workspace_id, run_id).filter(revoked_at=None)
    if below_epoch is not None:
        keys = keys.filter(epoch__lt=below_epoch)
    hashes = list(keys.values_list("secret_hash", flat=True))
    if hashes:
        RunKey.objects.filter(secret_hash__in=hashes).update(revoked_at=now or utc_now())
        for each in hashes:
            transaction.on_commit(partial(key_cache.forget, each))
    return len(hashes)


@joined
def end_run_keys(*, runs: Collection[RunRef], now: datetime) -> None:
    """Let the keys of these executions end soon: their leases are over, their reports not yet."""
    ends_at = now + RUN_KEY_FLUSH
    for each in runs:
        RunKey.objects.filter(run_id=each.run_id, epoch__lte=each.epoch).filter(
            Q(expires_at=None) | Q(expires_at__gt=ends_at)
        ).update(expires_at=ends_at)


@joined
def drop_ended_run_keys(*, now: datetime) -> int:
    """Delete keys of runs that ended a day ago; return how many. For loops."""
    before = now - RUN_KEYS_KEPT
    dropped, _ = RunKey.objects.filter(
        Q(expires_at__lt=before) | Q(revoked_at__lt=before), created_at__lt=before
    ).delete()
    return dropped
