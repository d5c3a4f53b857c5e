"""What is refused."""

from __future__ import annotations

from apps.core.errors import DomainError


class AliasRefused(DomainError):
    """The two are one already, or one of them stands for others."""

    code = "alias_refused"
    status = 409
