"""Refusals of identity."""

from apps.core.errors import DomainError


class ReauthenticationRequired(DomainError):
    """The change is dangerous, and the person has not shown for a while who they are."""

    code = "reauthentication_required"
    status = 403
