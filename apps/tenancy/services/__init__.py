"""Use cases of accounts, workspaces, members and keys; other apps import this package only."""

from apps.tenancy.services.accounts import (
    archive_account,
    create_account,
    create_account_for_new_user,
    delete_account,
    rename_account,
    restore_account,
    transfer_ownership,
)
from apps.tenancy.services.keys import (
    create_api_key,
    hand_over_key,
    note_key_use,
    revoke_api_key,
    rotate_api_key,
)
from apps.tenancy.services.leaving import delete_user
from apps.tenancy.services.limits import refuse_while_held, set_limits
from apps.tenancy.services.members import add_member, change_role, remove_member
from apps.tenancy.services.people import record_of_person
from apps.tenancy.services.provisioning import (
    change_team_members,
    deactivate_member,
    delete_team,
    provision_member,
    provision_team,
    reactivate_member,
    remove_from_account,
    rename_team,
)
from apps.tenancy.services.run_keys import (
    create_run_key,
    drop_ended_run_keys,
    end_run_keys,
    revoke_run_keys,
)
from apps.tenancy.services.service_accounts import (
    ServiceAccountChanges,
    change_service_account,
    create_service_account,
    delete_service_account,
    disable_service_account,
    enable_service_account,
)
from apps.tenancy.services.workspaces import (
    archive_workspace,
    create_workspace,
    create_workspace_for,
    delete_workspace,
    rename_workspace,
    restore_workspace,
)

__all__ = [
    "ServiceAccountChanges",
    "add_member",
    "archive_account",
    "archive_workspace",
    "change_role",
    "change_service_account",
    "change_team_members",
    "create_account",
    "create_account_for_new_user",
    "create_api_key",
    "create_run_key",
    "create_service_account",
    "create_workspace",
    "create_workspace_for",
    "deactivate_member",
    "delete_account",
    "delete_service_account",
    "delete_team",
    "delete_user",
    "delete_workspace",
    "disable_service_account",
    "drop_ended_run_keys",
    "enable_service_account",
    "end_run_keys",
    "hand_over_key",
    "note_key_use",
    "provision_member",
    "provision_team",
    "reactivate_member",
    "record_of_person",
    "refuse_while_held",
    "remove_from_account",
    "remove_member",
    "rename_account",
    "rename_team",
    "rename_workspace",
    "restore_account",
    "restore_workspace",
    "revoke_api_key",
    "revoke_run_keys",
    "rotate_api_key",
    "set_limits",
    "transfer_ownership",
]
