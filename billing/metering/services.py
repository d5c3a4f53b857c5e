"""Write the ledger: each count once, whoever sends it and however often."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from django.db import connection, transaction

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.runs import services as runs
from apps.tenancy import selectors as tenancy
from billing.metering.meters import Meter
from billing.metering.models import ChangedAccount

logger = structlog.get_logger(__name__)
BATCH = 1_000  # counts taken in one transaction

# Sums of the records that are new, and only of those. Both inserts go in one order, so that
# two writers wait for each other in a line and never in a circle.
_WRITE = """
    WITH given AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(workspaces)s::uuid[],
            %(meters)s::text[], %(quantities)s::bigint[], %(days)s::date[],
            %(deployments)s::uuid[], %(runs)s::uuid[], %(keys)s::text[])
        AS given(id, account_id, workspace_id, meter, quantity, day, deployment_id, run_id,
            source_key)
    ),
    written AS (
        INSERT INTO metering_usagerecord (id, created_at, account_id, workspace_id, meter,
            quantity, day, deployment_id, run_id, source_key)
        SELECT id, %(now)s, account_id, workspace_id, meter, quantity, day, deployment_id, run_id,
            source_key
        FROM given ORDER BY meter, source_key
        ON CONFLICT (meter, source_key) DO NOTHING
        RETURNING account_id, workspace_id, meter, deployment_id, day, quantity
    ),
    summed AS (
        INSERT INTO metering_usageday (account_id, workspace_id, meter, deployment_id, day,
            quantity)
        SELECT account_id, workspace_id, meter, deployment_id, day, sum(quantity)
        FROM written GROUP BY account_id, workspace_id, meter, deployment_id, day
        ORDER BY workspace_id, day, meter, deployment_id NULLS FIRST
        ON CONFLICT (workspace_id, day, meter, deployment_id)
            DO UPDATE SET quantity = metering_usageday.quantity + excluded.quantity
    ),
    left_to_report AS (
        INSERT INTO metering_unreportedusage (account_id, meter, quantity, recorded_at)
        SELECT account_id, meter, sum(quantity), %(now)s FROM written GROUP BY account_id, meter
    )
    SELECT account_id, count(*) FROM written GROUP BY account_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One count to write down. `source_key` names what was counted: the same key counts once."""

    workspace_id: uuid.UUID
    meter: Meter
    quantity: int
    day: date
    source_key: str
    deployment_id: uuid.UUID | None = None
    run_id: uuid.UUID | None = None


def record_usage(*, now: datetime, limit: int = BATCH) -> int:
    """
    Move a batch of counts from the runs' outbox into the ledger; return how many were taken.

    0 means the caller may sleep. Taking, recording and summing are one transaction: whoever is
    killed leaves everything as it was. Any number of callers at once. For loops.
    """
    with transaction.atomic():
        taken = runs.take_pending_usage(limit=limit)
        add_usage(
            usage=[
                Usage(
                    workspace_id=each.workspace_id,
                    meter=Meter.TASK_RUNS,
                    quantity=each.task_runs,
                    day=each.day,
                    source_key=str(each.id),
                    deployment_id=each.deployment_id,
                    run_id=each.run_id,
                )
                for each in taken
            ],
            now=now,
        )
    return len(taken)


@joined
def add_usage(*, usage: Sequence[Usage], now: datetime) -> int:
    """
    Append counts to the ledger and to the sums of their days; return how many were new.

    A count whose (meter, source key) is there already changes nothing. For loops.
    """
    accounts = tenancy.account_ids_of(workspace_ids={each.workspace_id for each in usage})
    known = [each for each in usage if each.workspace_id in accounts]
    if len(known) < len(usage):
        logger.warning("usage.of_deleted_workspaces", counts=len(usage) - len(known))
    if not known:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {
                "now": now,
                "ids": [uuid7() for _ in known],
                "accounts": [accounts[each.workspace_id] for each in known],
                "workspaces": [each.workspace_id for each in known],
                "meters": [each.meter.value for each in known],
                "quantities": [each.quantity for each in known],
                "days": [each.day for each in known],
                "deployments": [each.deployment_id for each in known],
                "runs": [each.run_id for each in known],
                "keys": [each.source_key for each in known],
            },
        )
        new = [(account_id, int(count)) for account_id, count in cursor.fetchall()]
    ChangedAccount.objects.bulk_create(ChangedAccount(account_id=account) for account, _ in new)
    return sum(count for _, count in new)


_TAKE_CHANGED = """
    WITH taken AS MATERIALIZED (
        SELECT id FROM metering_changedaccount ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    DELETE FROM metering_changedaccount AS changed USING taken WHERE changed.id = taken.id
    RETURNING changed.account_id
"""


@joined
def take_changed_accounts(*, limit: int) -> set[uuid.UUID]:
    """
    Take up to `limit` signs that accounts' sums changed; the caller acts in the same transaction.

    Whoever reads the sums after this sees what the signs stand for. For loops.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_CHANGED, [limit])
        return {account_id for (account_id,) in cursor.fetchall()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreported:
    """So much of a meter was recorded of an account in one transaction."""

    account_id: uuid.UUID
    meter: Meter
    quantity: int
    recorded_at: datetime


_TAKE_UNREPORTED = """
    WITH taken AS MATERIALIZED (
        SELECT id FROM metering_unreportedusage
        WHERE recorded_at < %(before)s
            AND (%(account)s::uuid IS NULL OR account_id = %(account)s::uuid)
        ORDER BY recorded_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    DELETE FROM metering_unreportedusage AS unreported USING taken WHERE unreported.id = taken.id
    RETURNING unreported.account_id, meter, quantity, recorded_at
"""


@joined
def take_unreported(
    *, before: datetime, limit: int | None, account_id: uuid.UUID | None = None
) -> list[Unreported]:
    """
    Take what was recorded before then, of one account or of all; None as limit takes everything.

    Each record is taken once; the caller acts in the same transaction. For loops, or inside the
    account's scope.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_UNREPORTED, {"before": before, "account": account_id, "limit": limit})
        return [
            Unreported(
                account_id=account, meter=Meter(meter), quantity=quantity, recorded_at=recorded_at
            )
            for account, meter, quantity, recorded_at in cursor.fetchall()
        ]
