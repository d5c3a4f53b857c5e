from apps.core.errors import DomainError


class TooManyScimTokens(DomainError):
    """Two tokens of the provider overlap while it changes over; there is no third."""

    code = "too_many_scim_tokens"
    status = 409
