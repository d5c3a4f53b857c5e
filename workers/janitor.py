"""Tidy up: runs whose executors vanished, runs that nobody takes, room ahead, what is too old."""

from __future__ import annotations

import structlog

from apps.automations import services as automations
from apps.compute import services as compute
from apps.core.clock import utc_now
from apps.core.http.idempotency import drop_old_replies
from apps.costs import services as costs
from apps.dashboards import services as dashboards
from apps.dispatch import services as dispatch
from apps.exports import services as exports
from apps.ingest import services as ingest
from apps.lineage import services as lineage
from apps.notifications import services as notifications
from apps.runs import services as runs
from apps.sso import services as sso
from apps.telemetry import services as telemetry
from apps.tenancy import services as tenancy
from billing.subscriptions import services as subscriptions
from workers.loop import Loop

logger = structlog.get_logger(__name__)
TEND_SECONDS = 0.5
SETTLE_SECONDS = 5.0
DEPTH_SECONDS = 15.0
ERASE_SECONDS = 15.0
EXPORT_SECONDS = 10.0
UPKEEP_SECONDS = 600.0
STREAM_SECONDS = 15.0


def tend() -> bool:
    """Rescue what lapsed, mark what is late, release what may start; True when more may wait."""
    now = utc_now()
    rescued = dispatch.rescue_lost_runs(now=now)
    late = runs.mark_late_runs(now=now)
    released = dispatch.release_held_runs(now=now)
    expired = runs.expire_approvals(now=now)
    done = rescued or late or released or expired
    if done:
        logger.info(
            "runs.tended", rescued=rescued, late=late, released=released, approvals_expired=expired
        )
    return bool(done)


def settle() -> bool:
    """Mend what limits missed."""
    settled = dispatch.settle_limits(now=utc_now())
    if settled:
        logger.info("limits.settled", count=settled)
    return settled >= dispatch.UNPARKED_AT_ONCE


def measure() -> float:
    """Store how deep queues are; return when it is time again."""
    measured = dispatch.sample_queues(now=utc_now())
    if measured:
        logger.info("queues.measured", count=measured)
    return dispatch.seconds_to_next_sample(now=utc_now())


def keep_up() -> bool:
    """Make room ahead and let go of what is old."""
    now = utc_now()
    partitions = runs.make_room(now=now)
    telemetry.prepare_room(now=now)
    telemetry.compress_old(now=now)
    telemetry.drop_expired(now=now)
    dropped, deleted = runs.drop_expired(now=now)
    logger.info(
        "upkeep.done",
        metric_streams_forgotten=telemetry.drop_old_streams(now=now),
        partitions_made=len(partitions),
        partitions_dropped=dropped,
        runs_deleted=deleted,
        agents_forgotten=dispatch.forget_agents(now=now),
        saved_views_forgotten=dashboards.forget_saved_views(),
        bundles_dropped=compute.drop_unused_bundles(now=now),
        run_keys_dropped=tenancy.drop_ended_run_keys(now=now),
        replies_dropped=drop_old_replies(now=now),
        firings_dropped=automations.drop_old(now=now),
        world_rows_dropped=lineage.drop_old(now=now),
        cost_rows_dropped=costs.drop_old(now=now),
        deliveries_dropped=notifications.drop_old_deliveries(now=now),
        refusals_dropped=ingest.drop_old_refusals(now=now),
        deliveries_forgotten=ingest.drop_old_deliveries(now=now),
        sign_ins_dropped=sso.drop_old(now=now),
        exports_dropped=exports.drop_expired_exports(now=now),
        stripe_events_dropped=subscriptions.drop_old_stripe_events(now=now),
    )
    return False


def stream_audit() -> bool:
    """Hand out what account streams have not taken yet: retries, and what a lost worker left."""
    handed = tenancy.hand_out_audit_streams(now=utc_now())
    if handed:
        logger.info("audit_streams.handed_out", count=handed)
    return False


def erase() -> bool:
    """Delete what was closed for good and is over its grace; True when more may wait."""
    return exports.erase_due(now=utc_now())


def hand_out() -> bool:
    """Have exports made that nobody is at, also those whose worker died."""
    exports.hand_out_exports(now=utc_now())
    return False


def loops() -> list[Loop]:
    return [
        Loop(name="janitor", step=tend, idle_seconds=TEND_SECONDS),
        Loop(name="limits", step=settle, idle_seconds=SETTLE_SECONDS),
        Loop(name="depth", step=measure, idle_seconds=DEPTH_SECONDS),
        Loop(name="audit", step=stream_audit, idle_seconds=STREAM_SECONDS),
        Loop(name="upkeep", step=keep_up, idle_seconds=UPKEEP_SECONDS),
        Loop(name="eraser", step=erase, idle_seconds=ERASE_SECONDS),
        Loop(name="exports", step=hand_out, idle_seconds=EXPORT_SECONDS),
    ]
