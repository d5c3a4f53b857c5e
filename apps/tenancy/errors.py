from apps.core.errors import DomainError


class LastOwner(DomainError):
    """A workspace keeps at least one owner."""

    code = "last_owner"
    status = 409


class ScopeNotHeld(DomainError):
    """A key may not be given scopes that its maker lacks."""

    code = "scope_not_held"
    status = 403


class PlanLimit(DomainError):
    """The plan allows no more of these; `details` has what, limit and used."""

    code = "plan_limit"
    status = 402


class QuotaExceeded(DomainError):
    """The plan's amount is used up; `details` has meter, used, limit and resets_at."""

    code = "quota_exceeded"
    status = 402


class WorkspaceSuspended(DomainError):
    """The workspace is suspended; `details.reason` says why."""

    code = "workspace_suspended"
    status = 403
