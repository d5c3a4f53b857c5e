"""Queues: the ordered lanes of a pool, and which of them a run goes to."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypedDict

from django.db import IntegrityError, connection, transaction

from apps.core.errors import InvalidRequest
from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.dispatch import selectors
from apps.dispatch.enums import LimitKind
from apps.dispatch.errors import (
    QueueInUse,
    QueueIsDefault,
    QueueNameTaken,
    QueueNotEmpty,
    TooManyQueues,
)
from apps.dispatch.models import Pool, Queue
from apps.dispatch.services.limits import keep_limit
from apps.flows import selectors as flows
from apps.tenancy import access, audit
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

MAX_QUEUES = 100  # of a pool: each poll goes through them


class QueueChanges(TypedDict, total=False):
    """What of a queue may be changed; `is_default` only to true: another takes over."""

    name: str
    priority: int
    is_default: bool
    paused: bool
    concurrency_limit: int | None


@joined
def create_queue(
    *,
    workspace_id: uuid.UUID,
    pool_id: uuid.UUID,
    name: str,
    now: datetime,
    changes: QueueChanges | None = None,
    asker: Asker = access.HEADWAY,
) -> Queue:
    """
    Add a lane to the pool; what names no queue keeps going where it went.

    Raises: PoolNotFound, QueueNameTaken, TooManyQueues, ObjectRestricted.
    """
    pool = _lock_pool(workspace_id, pool_id, asker)
    others = list(selectors.list_queues(workspace_id=workspace_id, pool_id=pool.id))
    if len(others) >= MAX_QUEUES:
        raise TooManyQueues(f"A pool has at most {MAX_QUEUES} queues.", most=MAX_QUEUES)
    # Who is the default by being the first must not lose that to a newcomer of more urgency.
    _make_default(selectors.default_of(others))
    given: QueueChanges = changes or {}
    try:
        with transaction.atomic():
            queue = Queue.objects.create(
                workspace_id=workspace_id,
                pool=pool,
                name=name,
                priority=given.get("priority", 1),
                paused_at=now if given.get("paused") else None,
                created_at=now,
            )
    except IntegrityError:
        raise QueueNameTaken("The pool has a queue of this name already.", name=name) from None
    if given.get("is_default"):
        _make_default(queue)
    if given.get("concurrency_limit") is not None:
        _keep_limit(queue, given["concurrency_limit"], now)
    _record("queue.created", queue, after=_told(queue))
    return queue


@joined
def change_queue(
    *,
    workspace_id: uuid.UUID,
    pool_id: uuid.UUID,
    queue_id: uuid.UUID,
    changes: QueueChanges,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Queue:
    """
    Change what `changes` names. Pausing leases nothing more of it; what is executing goes on.

    Raises: QueueNotFound, QueueNameTaken, InvalidRequest, ObjectRestricted.
    """
    pool = _lock_pool(workspace_id, pool_id, asker)
    queue = selectors.get_queue(workspace_id=workspace_id, pool_id=pool.id, queue_id=queue_id)
    before = _told(queue)
    if "is_default" in changes and not changes["is_default"]:
        raise InvalidRequest(
            "One queue of a pool is its default; make another one that.",
            fields={"is_default": ["Only true; another queue then is no longer it."]},
        )
    queue.name = changes.get("name", queue.name)
    queue.priority = changes.get("priority", queue.priority)
    paused = changes.get("paused", queue.paused)
    if paused != queue.paused:
        queue.paused_at = now if paused else None
    if "priority" in changes:
        others = selectors.list_queues(workspace_id=workspace_id, pool_id=pool.id)
        _make_default(selectors.default_of(list(others)))
        queue.refresh_from_db(fields=["is_default"])
    try:
        with transaction.atomic():
            queue.save(update_fields=["name", "priority", "paused_at"])
    except IntegrityError:
        raise QueueNameTaken(
            "The pool has a queue of this name already.", name=queue.name
        ) from None
    if changes.get("is_default"):
        _make_default(queue)
    if "concurrency_limit" in changes:
        _keep_limit(queue, changes["concurrency_limit"], now)
    after = _told(queue)
    if after != before:
        _record("queue.changed", queue, before=before, after=after)
        notify("pool", pool.id)
    return queue


@joined
def delete_queue(
    *,
    workspace_id: uuid.UUID,
    pool_id: uuid.UUID,
    queue_id: uuid.UUID,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> None:
    """
    Take an empty queue away.

    Its row stays: runs of the past name it, and one that is tried again is still served there.
    Raises: QueueNotFound, QueueIsDefault, QueueInUse, QueueNotEmpty, ObjectRestricted.
    """
    pool = _lock_pool(workspace_id, pool_id, asker)
    queue = selectors.get_queue(workspace_id=workspace_id, pool_id=pool.id, queue_id=queue_id)
    queues = list(selectors.list_queues(workspace_id=workspace_id, pool_id=pool.id))
    if selectors.default_of(queues) == queue:
        raise QueueIsDefault(
            "Runs that name no queue go there; make another queue the default first.",
            queue=queue.name,
        )
    named_by = flows.count_deployments_of_queue(workspace_id=workspace_id, queue_id=queue.id)
    if named_by:
        raise QueueInUse("Deployments name the queue.", queue=queue.name, deployments=named_by)
    waiting = selectors.queued_by_queue(queue_ids=[queue.id], now=now).get(queue.id, 0)
    if waiting:
        raise QueueNotEmpty("Runs wait in the queue.", queue=queue.name, queued=waiting)
    _record("queue.deleted", queue, before=_told(queue))
    _keep_limit(queue, None, now)
    queue.deleted_at, queue.paused_at, queue.is_default = now, None, False
    queue.save(update_fields=["deleted_at", "paused_at", "is_default"])


def default_queues(pool_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return, for each pool, the queue that takes what names none: its default, else its first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (pool_id) pool_id, id FROM dispatch_queue"
            " WHERE pool_id = ANY(%s) AND deleted_at IS NULL"
            " ORDER BY pool_id, is_default DESC, priority, name, id",
            [list(pool_ids)],
        )
        return dict(cursor.fetchall())


def standing_queues(queue_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return the pools of those of these queues that were not deleted."""
    if not queue_ids:
        return {}
    standing = Queue.objects.filter(id__in=queue_ids, deleted_at=None)
    return dict(standing.values_list("id", "pool_id"))


@joined
def find_lane(
    *, pool_id: uuid.UUID, named: str | None = None, wanted: Sequence[uuid.UUID | None] = ()
) -> uuid.UUID:
    """
    Return the queue for a run of the pool: the `named` one, else the first wanted, or the default.

    A wanted queue of another pool, or one that is gone, is nobody's wish any more.
    Raises: InvalidRequest for a name that no queue of the pool has.
    """
    if named is not None:
        return queue_named(pool_id=pool_id, name=named)
    pools = standing_queues([queue_id for queue_id in wanted if queue_id is not None])
    for queue_id in wanted:
        if queue_id is not None and pools.get(queue_id) == pool_id:
            return queue_id
    return default_queues([pool_id])[pool_id]


def queue_named(*, pool_id: uuid.UUID, name: str) -> uuid.UUID:
    """Raises: InvalidRequest for a name that no queue of the pool has."""
    standing = Queue.objects.filter(pool_id=pool_id, deleted_at=None)
    names = dict(standing.order_by("priority", "name", "id").values_list("name", "id"))
    if name not in names:
        raise InvalidRequest(
            f"The pool has no queue {name!r}.",
            fields={"queue": [f"One of: {', '.join(names)}."]},
        )
    found: uuid.UUID = names[name]
    return found


def _lock_pool(workspace_id: uuid.UUID, pool_id: uuid.UUID, asker: Asker) -> Pool:
    """One change of a pool's queues at a time: which one is the default depends on all."""
    pool = selectors.get_pool(workspace_id=workspace_id, pool=str(pool_id))
    access.require(asker, Scope.POOLS_WRITE, access.pool(pool.id))
    return Pool.objects.select_for_update().get(pk=pool.pk)


def _make_default(queue: Queue) -> None:
    if queue.is_default:
        return
    Queue.objects.filter(pool_id=queue.pool_id, is_default=True).update(is_default=False)
    Queue.objects.filter(pk=queue.pk).update(is_default=True)
    queue.is_default = True


def _keep_limit(queue: Queue, slots: int | None, now: datetime) -> None:
    keep_limit(
        workspace_id=queue.workspace_id,
        kind=LimitKind.QUEUE,
        key=str(queue.id),
        slots=slots,
        now=now,
    )


def _told(queue: Queue) -> dict[str, object]:
    return {
        "name": queue.name,
        "priority": queue.priority,
        "is_default": queue.is_default,
        "paused": queue.paused,
    }


def _record(
    action: str,
    queue: Queue,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="queue", id=queue.id, name=f"{queue.pool.name}/{queue.name}"),
        before=before,
        after=after,
        workspace_id=queue.workspace_id,
    )
