"""Reads for the HTTP layer and for other apps, which import this package only."""

from apps.tenancy.selectors.access import (
    find_actor_by_key_hash,
    find_assignment,
    get_membership,
    list_assignments_of_user,
    person_in_workspace,
)
from apps.tenancy.selectors.accounts import (
    account_size,
    find_account,
    find_owned_account_id,
    list_account_ids,
)
from apps.tenancy.selectors.keys import get_api_key, list_api_keys
from apps.tenancy.selectors.limits import (
    find_account_holds,
    get_limits,
    list_limits,
    list_retention_days,
)
from apps.tenancy.selectors.members import (
    get_member,
    list_confirmed_addresses,
    list_members,
    list_owner_addresses,
)
from apps.tenancy.selectors.workspaces import (
    account_ids_of,
    get_workspace,
    list_account_workspaces,
    to_ref,
)

__all__ = [
    "account_ids_of",
    "account_size",
    "find_account",
    "find_account_holds",
    "find_actor_by_key_hash",
    "find_assignment",
    "find_owned_account_id",
    "get_api_key",
    "get_limits",
    "get_member",
    "get_membership",
    "get_workspace",
    "list_account_ids",
    "list_account_workspaces",
    "list_api_keys",
    "list_assignments_of_user",
    "list_confirmed_addresses",
    "list_limits",
    "list_members",
    "list_owner_addresses",
    "list_retention_days",
    "person_in_workspace",
    "to_ref",
]
