from apps.core.errors import DomainError


class LastOwner(DomainError):
    """A workspace keeps at least one owner."""

    code = "last_owner"
    status = 409


class ScopeNotHeld(DomainError):
    """A key may not be given scopes that its maker lacks."""

    code = "scope_not_held"
    status = 403


class WorkspaceSuspended(DomainError):
    """The workspace is suspended; `details.reason` says why."""

    code = "workspace_suspended"
    status = 403
