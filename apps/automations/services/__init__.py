"""Use cases of automations."""

from apps.automations.services.act import perform_action
from apps.automations.services.attempts import hand_out, sweep_attempts
from apps.automations.services.budgets import (
    BudgetChanges,
    change_budget,
    create_budget,
    get_budget,
    measure_budgets,
    play_budget,
)
from apps.automations.services.edit import (
    AutomationChanges,
    create_automation,
    delete_automation,
    edit_automation,
)
from apps.automations.services.erase import erase_workspace
from apps.automations.services.evaluate import (
    Evaluated,
    evaluate_workspace,
    find_next_due_at,
    workspaces_with_work,
)
from apps.automations.services.preview import Preview, preview_trigger
from apps.automations.services.preview_metric import shown_points
from apps.automations.services.retention import drop_old

__all__ = [
    "AutomationChanges",
    "BudgetChanges",
    "Evaluated",
    "Preview",
    "change_budget",
    "create_automation",
    "create_budget",
    "delete_automation",
    "drop_old",
    "edit_automation",
    "erase_workspace",
    "evaluate_workspace",
    "find_next_due_at",
    "get_budget",
    "hand_out",
    "measure_budgets",
    "perform_action",
    "play_budget",
    "preview_trigger",
    "shown_points",
    "sweep_attempts",
    "workspaces_with_work",
]
