"""Say how much may go on at once."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.core.errors import InvalidRequest
from apps.core.transactions import joined
from apps.dispatch import selectors
from apps.dispatch.enums import LimitKind
from apps.dispatch.errors import LimitOfBackfill
from apps.dispatch.models import ConcurrencyLimit, Pool, Queue
from apps.dispatch.services.gate import lock_limits
from apps.dispatch.services.slots import ALL, count_in, let_in, refuse_many_limits
from apps.flows import selectors as flows
from apps.runs import services as runs
from apps.tenancy import access, audit
from apps.tenancy.access import Asker, Target
from apps.tenancy.scopes import Scope

OF_POOLS = frozenset({LimitKind.POOL, LimitKind.QUEUE})
_BY_ID = OF_POOLS | {LimitKind.DEPLOYMENT, LimitKind.FLOW}


@joined
def set_limit(
    *,
    workspace_id: uuid.UUID,
    kind: LimitKind,
    key: str,
    much: int,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> ConcurrencyLimit:
    """
    Let at most `much` of it go on at once, for a rate in a minute; make the limit or change it.

    What goes on already is counted, and nothing of it is stopped.
    Raises: InvalidRequest for a key that names nothing here, TooManyLimits, ObjectRestricted.
    """
    key = _plain(kind, key)
    _require(asker, workspace_id, kind, key)
    column = "per_minute" if kind is LimitKind.RATE else "slots"
    limits = ConcurrencyLimit.objects.for_workspace(workspace_id)
    limit = limits.select_for_update().filter(kind=kind.value, key=key).first()
    before = None
    if limit is None:
        refuse_many_limits(workspace_id)
        limit, _ = limits.get_or_create(
            workspace_id=workspace_id,
            kind=kind.value,
            key=key,
            defaults={column: much, "created_at": now, "updated_at": now},
        )
    else:
        before = of_limit(limit)
    setattr(limit, column, much)
    limit.made_by_code = False
    limit.updated_at = now
    limit.save(update_fields=[column, "made_by_code", "updated_at"])
    if kind not in {LimitKind.NAMED, LimitKind.RATE}:
        lock_limits([limit.id])
        count_in(limit_ids=[limit.id], now=now)
    if kind is not LimitKind.RATE:
        let_in([limit.id])
    record_limit(
        "limit.changed" if before else "limit.created", limit, before=before, after=of_limit(limit)
    )
    return limit


@joined
def keep_limit(
    *,
    workspace_id: uuid.UUID,
    kind: LimitKind,
    key: str,
    slots: int | None,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> None:
    """
    Have the limit that something's own settings ask for: set, changed, or with None taken away.

    Raises: as `set_limit`.
    """
    limits = ConcurrencyLimit.objects.for_workspace(workspace_id)
    known = limits.filter(kind=kind.value, key=key).values_list("id", "slots").first()
    if slots is not None:
        if known is None or known[1] != slots:
            set_limit(
                workspace_id=workspace_id, kind=kind, key=key, much=slots, now=now, asker=asker
            )
    elif known is not None:
        delete_limit(workspace_id=workspace_id, limit_id=known[0], asker=asker)


@joined
def delete_limit(
    *, workspace_id: uuid.UUID, limit_id: uuid.UUID, asker: Asker = access.HEADWAY
) -> None:
    """
    Take a limit away; whoever waits for it goes on.

    Raises: LimitNotFound, LimitOfBackfill, ObjectRestricted.
    """
    limit = selectors.get_limit(workspace_id=workspace_id, limit_id=limit_id)
    if limit.kind == LimitKind.BACKFILL:
        raise LimitOfBackfill("This limit goes with its backfill.", backfill_id=limit.key)
    _require(asker, workspace_id, LimitKind(limit.kind), limit.key, must_exist=False)
    record_limit("limit.deleted", limit, before=of_limit(limit))
    lock_limits([limit_id])
    limit.delete()
    runs.unpark_runs(waits_on=limit_id, most=ALL)


def of_limit(limit: ConcurrencyLimit) -> dict[str, object]:
    """Return what a change of the limit is told by."""
    return {"slots": limit.slots} if limit.per_minute is None else {"per_minute": limit.per_minute}


def record_limit(
    action: str,
    limit: ConcurrencyLimit,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    names = selectors.names_of_limits(workspace_id=limit.workspace_id, limits=[limit])
    of = names.get(limit.id, limit.key)
    audit.record(
        action=action,
        target=audit.Object(kind="limit", id=limit.id, name=f"{limit.kind} {of}"),
        before=before,
        after=after,
        workspace_id=limit.workspace_id,
    )


def _plain(kind: LimitKind, key: str) -> str:
    """Return the key as runs are held against it: an id has other forms of writing, too."""
    try:
        return str(uuid.UUID(key)) if kind in _BY_ID else key
    except ValueError:
        return key


def _require(
    asker: Asker, workspace_id: uuid.UUID, kind: LimitKind, key: str, *, must_exist: bool = True
) -> None:
    scope = Scope.POOLS_WRITE if kind in OF_POOLS else Scope.DEPLOYMENTS_WRITE
    targets = _targets(workspace_id, kind, key)
    if targets is None and must_exist:
        raise InvalidRequest(
            "The limit is of nothing that is here.", fields={"key": [f"No such {kind.lower()}."]}
        )
    access.require(asker, scope, *(targets or ()))


def _targets(workspace_id: uuid.UUID, kind: LimitKind, key: str) -> tuple[Target, ...] | None:
    """Return whose rules apply; None when there is no such thing in the workspace."""
    if kind not in _BY_ID:
        return ()
    try:
        id_ = uuid.UUID(key)
    except ValueError:
        return None
    if kind is LimitKind.POOL:
        found = Pool.objects.for_workspace(workspace_id).filter(id=id_).exists()
        return (access.pool(id_),) if found else None
    if kind is LimitKind.QUEUE:
        pool_id = (
            Queue.objects.filter(workspace_id=workspace_id, id=id_)
            .values_list("pool_id", flat=True)
            .first()
        )
        return (access.pool(pool_id),) if pool_id else None
    if kind is LimitKind.FLOW:
        return () if flows.list_flows(workspace_id=workspace_id).filter(id=id_).exists() else None
    pools = flows.pools_of_deployments(workspace_id=workspace_id, deployment_ids=[id_])
    return (access.deployment(id_), access.pool(pools[id_])) if pools else None
