"""Pure: refusals as SCIM writes them (RFC 7644 §3.12)."""

from __future__ import annotations

from enum import StrEnum


class ScimType(StrEnum):
    """What was wrong with a request, in the protocol's own words."""

    INVALID_FILTER = "invalidFilter"
    TOO_MANY = "tooMany"
    UNIQUENESS = "uniqueness"
    MUTABILITY = "mutability"
    INVALID_SYNTAX = "invalidSyntax"
    INVALID_PATH = "invalidPath"
    NO_TARGET = "noTarget"
    INVALID_VALUE = "invalidValue"


class ScimError(Exception):
    """A refusal; the detail is for the people who read their identity provider's log."""

    def __init__(self, status: int, detail: str, scim_type: ScimType | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type


def bad_value(detail: str) -> ScimError:
    return ScimError(400, detail, ScimType.INVALID_VALUE)


def bad_filter(detail: str) -> ScimError:
    return ScimError(400, detail, ScimType.INVALID_FILTER)


def bad_path(detail: str) -> ScimError:
    return ScimError(400, detail, ScimType.INVALID_PATH)


def bad_syntax(detail: str) -> ScimError:
    return ScimError(400, detail, ScimType.INVALID_SYNTAX)


def not_unique(detail: str) -> ScimError:
    return ScimError(409, detail, ScimType.UNIQUENESS)


def no_such(kind: str) -> ScimError:
    return ScimError(404, f"There is no such {kind.lower()}.")
