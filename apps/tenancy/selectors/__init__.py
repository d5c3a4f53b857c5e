"""Reads for the HTTP layer and for other apps, which import this package only."""

from apps.tenancy.selectors.access import (
    find_actor_by_key_hash,
    find_assignment,
    get_membership,
    list_assignments_of_user,
    person_in_workspace,
)
from apps.tenancy.selectors.account_members import (
    MEMBER_STATES,
    MemberFilter,
    count_keys_of,
    find_workspace_id,
    get_account_member,
    list_account_members,
    member_rows,
    role_name,
    unseen_since,
)
from apps.tenancy.selectors.accounts import (
    account_size,
    belongs_elsewhere,
    find_account,
    find_owned_account_id,
    list_account_ids,
    list_accounts_of,
    list_workspaces_of_account,
    summarise_account,
    workspace_rows,
)
from apps.tenancy.selectors.holders import (
    with_holdings,
)
from apps.tenancy.selectors.holdings import (
    scopes_by_workspace,
    scopes_of_teams,
)
from apps.tenancy.selectors.invitations import (
    INVITATION_STATES,
    invitation_rows,
    list_invitations,
)
from apps.tenancy.selectors.keys import (
    KeyFilter,
    KeyOwner,
    KeyState,
    get_api_key,
    list_api_keys,
    list_keys_of_person,
    list_keys_of_service_account,
)
from apps.tenancy.selectors.leaving import (
    preview_leaving,
)
from apps.tenancy.selectors.limits import (
    find_account_holds,
    get_limits,
    list_limits,
    list_retention_days,
)
from apps.tenancy.selectors.members import (
    KINDS as ASSIGNMENT_KINDS,
)
from apps.tenancy.selectors.members import (
    get_member,
    list_confirmed_addresses,
    list_members,
    list_owner_addresses,
)
from apps.tenancy.selectors.service_accounts import (
    KeyFacts,
    assignments_of_service_accounts,
    get_service_account,
    key_facts,
    list_service_accounts,
)
from apps.tenancy.selectors.workspaces import (
    account_ids_of,
    get_workspace,
    list_account_workspaces,
    to_ref,
)

__all__ = [
    "ASSIGNMENT_KINDS",
    "INVITATION_STATES",
    "MEMBER_STATES",
    "KeyFacts",
    "KeyFilter",
    "KeyOwner",
    "KeyState",
    "MemberFilter",
    "account_ids_of",
    "account_size",
    "assignments_of_service_accounts",
    "belongs_elsewhere",
    "count_keys_of",
    "find_account",
    "find_account_holds",
    "find_actor_by_key_hash",
    "find_assignment",
    "find_owned_account_id",
    "find_workspace_id",
    "get_account_member",
    "get_api_key",
    "get_limits",
    "get_member",
    "get_membership",
    "get_service_account",
    "get_workspace",
    "invitation_rows",
    "key_facts",
    "list_account_ids",
    "list_account_members",
    "list_account_workspaces",
    "list_accounts_of",
    "list_api_keys",
    "list_assignments_of_user",
    "list_confirmed_addresses",
    "list_invitations",
    "list_keys_of_person",
    "list_keys_of_service_account",
    "list_limits",
    "list_members",
    "list_owner_addresses",
    "list_retention_days",
    "list_service_accounts",
    "list_workspaces_of_account",
    "member_rows",
    "person_in_workspace",
    "preview_leaving",
    "role_name",
    "scopes_by_workspace",
    "scopes_of_teams",
    "summarise_account",
    "to_ref",
    "unseen_since",
    "with_holdings",
    "workspace_rows",
]
