from django.db.models import TextChoices


class AccountRole(TextChoices):
    OWNER = "OWNER"
    ADMIN = "ADMIN"
    BILLING = "BILLING"
    MEMBER = "MEMBER"


class BuiltInRole(TextChoices):
    """The same names as scopes.WorkspaceRole, as choices of a column."""

    OWNER = "OWNER"
    DEVELOPER = "DEVELOPER"
    RUNNER = "RUNNER"
    VIEWER = "VIEWER"
    AGENT = "AGENT"


class ActorKind(TextChoices):
    USER = "user"
    API_KEY = "api_key"
    RUN = "run"  # what a managed run's own process may do
