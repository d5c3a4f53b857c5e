"""One module per subject; Django finds them here."""

from apps.sso.models.attempts import SpentAssertion, SsoAttempt
from apps.sso.models.connections import SsoConnection, SsoIdentity
from apps.sso.models.domains import VerifiedDomain

__all__ = ["SpentAssertion", "SsoAttempt", "SsoConnection", "SsoIdentity", "VerifiedDomain"]
