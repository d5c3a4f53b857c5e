"""Pure: what an admin says of a provider, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

DEFAULT_SCOPES = ("openid", "email", "profile")


class _Stored:
    def to_json(self) -> dict[str, Any]:
        stored = asdict(self)  # type: ignore[call-overload] # subclasses are dataclasses
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in stored.items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        names = {each.name for each in fields(cls)}  # type: ignore[arg-type] # as above
        return cls(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in stored.items()
                if name in names
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings(_Stored):
    issuer: str
    client_id: str
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    groups_claim: str = "groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlSettings(_Stored):
    # Either the address of the provider's metadata, or what stands in it.
    metadata_url: str = ""
    entity_id: str = ""
    sso_url: str = ""
    slo_url: str = ""
    certificates: tuple[str, ...] = field(default=())  # base64 of DER; several while keys roll over
    # Names of attributes; empty: those that are usual.
    email_attribute: str = ""
    name_attribute: str = ""
    groups_attribute: str = ""
    allow_provider_initiated: bool = False
    sign_requests: bool = False  # sign-outs are signed in any case
