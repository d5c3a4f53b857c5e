"""What an account asks of who comes in, and by whom it is asked: said here by hand, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.core.clock import utc_now
from apps.tenancy import key_cache, services
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Account, Member
from apps.tenancy.scopes import Scope
from tests.conftest import Api
from tests.factories.tenancy import Person, join, make_key, make_service_key

ELSEWHERE = [{"cidr": "203.0.113.0/24", "note": "the office"}]
DOOR_CODES = frozenset(
    {
        "mfa_required",
        "sso_required",
        "address_not_allowed",
        "account_archived",
        "workspace_archived",
    }
)


def _set(**columns: object) -> Callable[[WorkspaceRef], None]:
    def apply(workspace: WorkspaceRef) -> None:
        Account.objects.filter(pk=workspace.account_id).update(**columns)
        key_cache.forget_changed()

    return apply


def _archive_workspace(workspace: WorkspaceRef) -> None:
    with workspace_scope(workspace.id):
        services.archive_workspace(workspace_id=workspace.id, now=utc_now())


def _archive_account(workspace: WorkspaceRef) -> None:
    services.archive_account(account_id=workspace.account_id, now=utc_now())


@dataclass(frozen=True)
class Condition:
    """Something that an account asks, or has done; and what becomes of whom."""

    turn_on: Callable[[WorkspaceRef], None]
    refused: dict[str, str]  # caller → code; who is not named comes in
    looks_too: bool = True  # or is only what changes something refused?


EVERYBODY = ("by password", "with a factor", "by the provider", "personal key", "service key")
CONDITIONS = {
    "require_mfa": Condition(_set(require_mfa=True), {"by password": "mfa_required"}),
    "sso_required": Condition(
        _set(sso_required=True),
        {"by password": "sso_required", "with a factor": "sso_required"},
    ),
    "allowed_networks": Condition(
        _set(allowed_networks=ELSEWHERE), dict.fromkeys(EVERYBODY, "address_not_allowed")
    ),
    "workspace archived": Condition(
        _archive_workspace, dict.fromkeys(EVERYBODY, "workspace_archived"), looks_too=False
    ),
    "account archived": Condition(
        _archive_account, dict.fromkeys(EVERYBODY, "account_archived"), looks_too=False
    ),
}


def callers(workspace: WorkspaceRef, owner: Person) -> dict[str, Api]:
    """Everybody who may do everything in the workspace; no one of them owns the account."""
    anna = join("anna@acme.example", workspace, "OWNER")
    Member.objects.filter(user=anna.user).update(role="ADMIN")
    vouched = {"method": "sso", "account_id": str(workspace.account_id)}
    _, service = make_service_key(owner, role="OWNER", scopes=frozenset(Scope))
    return {
        "by password": _signed_in(anna, {"method": "password"}),
        "with a factor": _signed_in(anna, {"method": "password"}, {"method": "mfa"}),
        "by the provider": _signed_in(anna, vouched),
        "personal key": Api(make_key(anna, role="OWNER"), workspace),
        "service key": Api(service, workspace),
    }


def _signed_in(person: Person, *records: dict[str, Any]) -> Api:
    client = Api(person, None)
    session = client.client.session
    session["account_authentication_methods"] = [{"at": 1} | each for each in records]
    session["account_authentication_methods_user"] = str(person.user.pk)
    session.save()
    return client
