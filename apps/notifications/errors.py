"""What notifications refuse."""

from apps.core.errors import DomainError, InvalidRequest, NotFound, RateLimited


class ChannelNotFound(NotFound):
    """There is no such channel in this workspace."""


class BadChannel(InvalidRequest):
    """The channel's configuration cannot be used; `fields` says which part is to blame."""


class ChannelLimit(DomainError):
    """The workspace has as many channels as one may have; `details.limit` says how many."""

    code = "channel_limit"
    status = 409


class TooManyTests(RateLimited):
    """Test messages are limited per workspace and minute; mind `Retry-After`."""
