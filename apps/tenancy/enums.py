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


class MemberSource(TextChoices):
    """How somebody came to an account."""

    SIGNUP = "SIGNUP"
    INVITATION = "INVITATION"
    SSO = "SSO"
    SCIM = "SCIM"


class ObjectKind(TextChoices):
    """What object rules can narrow."""

    POOL = "POOL"
    DEPLOYMENT = "DEPLOYMENT"
    BLOCK = "BLOCK"


class ActorKind(TextChoices):
    USER = "user"
    API_KEY = "api_key"
    RUN = "run"  # what a managed run's own process may do
    SCIM = "scim"  # an identity provider that keeps members and teams
    SYSTEM = "system"  # Headway itself: a loop, a deadline
    NOBODY = "nobody"  # not signed in, or not yet


class StreamState(TextChoices):
    """Of what an account has its log sent to."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"  # it failed for too long; goes on when somebody sets it again
