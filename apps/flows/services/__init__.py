"""Use cases of flows; other apps import this package only."""

from apps.flows.services.bundles import (
    forget_bundle,
    let_go_of_code,
    lock_unused_bundle,
    record_bundle,
)
from apps.flows.services.deployments import (
    DeploymentChanges,
    check_run_parameters,
    delete_deployment,
    edit_deployment,
    ensure_flow,
    save_deployment,
)
from apps.flows.services.erase import erase_workspace
from apps.flows.services.forms import check_form, check_form_values
from apps.flows.services.schedules import (
    MAX_SCHEDULES,
    ScheduleChanges,
    add_schedule,
    delete_schedule,
    edit_schedule,
    find_next_due_at,
    preview_times,
    take_due_schedules,
)
from apps.flows.services.versions import MadeBy, spec_of_version
from apps.flows.specs import DeploymentSpec, DueSchedule, Owner, ScheduleSpec

__all__ = [
    "MAX_SCHEDULES",
    "DeploymentChanges",
    "DeploymentSpec",
    "DueSchedule",
    "MadeBy",
    "Owner",
    "ScheduleChanges",
    "ScheduleSpec",
    "add_schedule",
    "check_form",
    "check_form_values",
    "check_run_parameters",
    "delete_deployment",
    "delete_schedule",
    "edit_deployment",
    "edit_schedule",
    "ensure_flow",
    "erase_workspace",
    "find_next_due_at",
    "forget_bundle",
    "let_go_of_code",
    "lock_unused_bundle",
    "preview_times",
    "record_bundle",
    "save_deployment",
    "spec_of_version",
    "take_due_schedules",
]
