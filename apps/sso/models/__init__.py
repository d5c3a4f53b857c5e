"""One module per subject; Django finds them here."""

from apps.sso.models.attempts import SpentAssertion, SsoAttempt
from apps.sso.models.connections import SsoConnection, SsoIdentity
from apps.sso.models.domains import VerifiedDomain
from apps.sso.models.scim import ScimGroup, ScimToken, ScimUser

__all__ = [
    "ScimGroup",
    "ScimToken",
    "ScimUser",
    "SpentAssertion",
    "SsoAttempt",
    "SsoConnection",
    "SsoIdentity",
    "VerifiedDomain",
]
