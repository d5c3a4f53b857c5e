"""Use cases of dispatch; other apps import this package only."""

from apps.dispatch.protocol import (
    AgentInfo,
    Command,
    GrantedLease,
    HeartbeatAnswer,
    HeldLease,
    LeaseAnswer,
    LeasedDeployment,
)
from apps.dispatch.services.agents import drain_agent
from apps.dispatch.services.agents_pool import AgentsPool, find_agents_pool, recall_agents_pool
from apps.dispatch.services.backfills import (
    BackfillPlan,
    BackfillSpec,
    cancel_backfill,
    change_backfill,
    continue_backfills,
    create_backfill,
    pause_backfill,
    plan_backfill,
)
from apps.dispatch.services.deploy import (
    change_deployment,
    deploy,
    name_owners,
    remove_deployment,
    roll_back,
)
from apps.dispatch.services.depth import sample_queues, seconds_to_next_sample
from apps.dispatch.services.erase import erase_leases, erase_workspace
from apps.dispatch.services.fence import refuse_other_pool, refuse_other_runs, runs_of_pool
from apps.dispatch.services.heartbeat import Beat, hear_agent, heartbeat
from apps.dispatch.services.lease import MAX_GRANTS, get_granted_lease, lease_next_runs
from apps.dispatch.services.levels import (
    CHECK_BATCH,
    LevelChanges,
    LevelSpec,
    change_level,
    check_service_levels,
    create_level,
    delete_level,
)
from apps.dispatch.services.limits import delete_limit, keep_limit, set_limit
from apps.dispatch.services.managed import ManagedGrant, lease_managed_runs
from apps.dispatch.services.overlap import slots_of_deployments
from apps.dispatch.services.pools import (
    change_pool,
    create_pool,
    ensure_default_pool,
    ensure_managed_pool,
    forget_agents,
    greet_agent,
    is_managed,
    pause_pool,
    refuse_other_runner,
    resolve_agents_pool,
    resolve_pool,
)
from apps.dispatch.services.pulse import keep_pulse, pulse_front_door
from apps.dispatch.services.queues import change_queue, create_queue, delete_queue
from apps.dispatch.services.report import (
    LocalStart,
    adopt_local_runs,
    report_run,
    report_runs,
)
from apps.dispatch.services.rescue import rescue_lost_runs
from apps.dispatch.services.schedule import (
    DUE_BATCH,
    Kin,
    create_due_runs,
    find_next_due_at,
    release_held_runs,
    start_deployment,
)
from apps.dispatch.services.slots import (
    UNPARKED_AT_ONCE,
    SlotAnswer,
    ask_for_slots,
    give_slot_back,
    promise_calls,
    settle_limits,
)
from apps.dispatch.services.subruns import (
    Wishes,
    copy_run,
    get_executing,
    get_subrun,
    start_subrun,
)

__all__ = [
    "CHECK_BATCH",
    "DUE_BATCH",
    "MAX_GRANTS",
    "UNPARKED_AT_ONCE",
    "AgentInfo",
    "AgentsPool",
    "BackfillPlan",
    "BackfillSpec",
    "Beat",
    "Command",
    "GrantedLease",
    "HeartbeatAnswer",
    "HeldLease",
    "Kin",
    "LeaseAnswer",
    "LeasedDeployment",
    "LevelChanges",
    "LevelSpec",
    "LocalStart",
    "ManagedGrant",
    "SlotAnswer",
    "Wishes",
    "adopt_local_runs",
    "ask_for_slots",
    "cancel_backfill",
    "change_backfill",
    "change_deployment",
    "change_level",
    "change_pool",
    "change_queue",
    "check_service_levels",
    "continue_backfills",
    "copy_run",
    "create_backfill",
    "create_due_runs",
    "create_level",
    "create_pool",
    "create_queue",
    "delete_level",
    "delete_limit",
    "delete_queue",
    "deploy",
    "drain_agent",
    "ensure_default_pool",
    "ensure_managed_pool",
    "erase_leases",
    "erase_workspace",
    "find_agents_pool",
    "find_next_due_at",
    "forget_agents",
    "get_executing",
    "get_granted_lease",
    "get_subrun",
    "give_slot_back",
    "greet_agent",
    "hear_agent",
    "heartbeat",
    "is_managed",
    "keep_limit",
    "keep_pulse",
    "lease_managed_runs",
    "lease_next_runs",
    "name_owners",
    "pause_backfill",
    "pause_pool",
    "plan_backfill",
    "promise_calls",
    "pulse_front_door",
    "recall_agents_pool",
    "refuse_other_pool",
    "refuse_other_runner",
    "refuse_other_runs",
    "release_held_runs",
    "remove_deployment",
    "report_run",
    "report_runs",
    "rescue_lost_runs",
    "resolve_agents_pool",
    "resolve_pool",
    "roll_back",
    "runs_of_pool",
    "sample_queues",
    "seconds_to_next_sample",
    "set_limit",
    "settle_limits",
    "slots_of_deployments",
    "start_deployment",
    "start_subrun",
]
