"""What every transport does, and what they share in reading configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from apps.core.outbound import Outcome, find_url_fault
from apps.notifications.messages import Parcel

Config = dict[str, Any]


class BadConfigError(ValueError):
    """The configuration cannot be used; `fields` says why, by its keys."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__(str(fields))
        self.fields = fields


class Transport(Protocol):
    """The port; the tests' RecordingTransport is the other implementation."""

    def read(self, given: Mapping[str, Any], before: Config | None) -> Config:
        """
        Return the configuration to store; `before` is what it replaces.

        Raises: BadConfigError.
        """

    def mask(self, config: Config) -> Config:
        """Return what may be shown of it."""

    def send(self, config: Config, parcel: Parcel) -> Outcome:
        """Try once, within about a minute at worst; outside of any transaction."""


def refuse_unknown(given: Mapping[str, Any], known: set[str]) -> None:
    unknown = {name: ["Unknown field."] for name in given if name not in known}
    if unknown:
        raise BadConfigError(unknown)


def read_text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadConfigError({name: ["Needed, as text."]})
    return value.strip()


def read_url(given: Mapping[str, Any], name: str = "url") -> str:
    """Return an address that may be called, as far as can be told without a look-up."""
    url = read_text(given, name)
    if fault := find_url_fault(url):
        raise BadConfigError({name: [fault]})
    return url
