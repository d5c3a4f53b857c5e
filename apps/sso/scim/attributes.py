"""Pure: every attribute of users and groups as data. What is read, kept and told comes from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Kind = Literal["string", "boolean", "dateTime", "reference", "complex", "binary"]
Mutability = Literal["readOnly", "readWrite", "immutable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute as RFC 7643 §7 describes it."""

    name: str
    text: str  # what it means, for people
    kind: Kind = "string"
    many: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: Mutability = "readWrite"
    returned: Literal["default", "always"] = "default"
    uniqueness: Literal["none", "server"] = "none"
    canonical: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    sub: tuple[Attribute, ...] = ()

    def find(self, name: str) -> Attribute | None:
        return _find(self.sub, name)

    @property
    def read_only(self) -> bool:
        return self.mutability == "readOnly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    urn: str
    name: str
    text: str
    attributes: tuple[Attribute, ...]

    def find(self, name: str) -> Attribute | None:
        return _find(self.attributes, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind:
    """Users or groups: where they are, and what they are made of."""

    name: str
    endpoint: str
    text: str
    core: Schema
    extensions: tuple[Schema, ...] = ()

    @property
    def schemas(self) -> tuple[Schema, ...]:
        return (self.core, *self.extensions)

    def find_schema(self, urn: str) -> Schema | None:
        wanted = urn.lower()
        return next((each for each in self.schemas if each.urn.lower() == wanted), None)

    def find_core(self, name: str) -> Attribute | None:
        """Return an attribute of the core schema or one that every resource has."""
        return self.core.find(name) or _find(COMMON, name)

    def written(self) -> Iterator[tuple[str, Attribute]]:
        """Yield what clients may write, each with its extension’s URN or '' for the core."""
        for each in (*COMMON, *self.core.attributes):
            if not each.read_only:
                yield "", each
        for extension in self.extensions:
            for each in extension.attributes:
                if not each.read_only:
                    yield extension.urn, each


def _find(attributes: tuple[Attribute, ...], name: str) -> Attribute | None:
    wanted = name.lower()
    return next((each for each in attributes if each.name.lower() == wanted), None)


def _values(
    name: str, text: str, *types: str, value_kind: Kind = "string", exact: bool = False
) -> Attribute:
    """Return a multi-valued attribute of the usual form: value, display, type, primary."""
    return Attribute(
        name=name,
        text=text,
        kind="complex",
        many=True,
        sub=(
            Attribute(name="value", text="The value.", kind=value_kind, case_exact=exact),
            Attribute(name="display", text="How to show it."),
            Attribute(name="type", text="What it is for.", canonical=types),
            Attribute(
                name="primary", text="Whether it is the preferred one of all.", kind="boolean"
            ),
        ),
    )


COMMON = (
    Attribute(
        name="schemas",
        text="The schemas of the resource.",
        kind="reference",
        many=True,
        case_exact=True,
        mutability="readOnly",
        returned="always",
    ),
    Attribute(
        name="id",
        text="The id that Headway gave.",
        case_exact=True,
        mutability="readOnly",
        returned="always",
        uniqueness="server",
    ),
    Attribute(name="externalId", text="The id that the provider gave.", case_exact=True),
    Attribute(
        name="meta",
        text="Facts about the resource.",
        kind="complex",
        mutability="readOnly",
        sub=(
            Attribute(name="resourceType", text="User or Group.", case_exact=True),
            Attribute(name="created", text="When it was made.", kind="dateTime"),
            Attribute(name="lastModified", text="When it was last changed.", kind="dateTime"),
            Attribute(name="location", text="Its address.", kind="reference", case_exact=True),
            Attribute(name="version", text="Its version, an ETag.", case_exact=True),
        ),
    ),
)

USER_SCHEMA = Schema(
    urn=USER,
    name="User",
    text="A person of the account.",
    attributes=(
        Attribute(
            name="userName",
            text="The name that the provider knows the person by; usually the e-mail address.",
            required=True,
            uniqueness="server",
        ),
        Attribute(
            name="name",
            text="The parts of the person’s name.",
            kind="complex",
            sub=(
                Attribute(name="formatted", text="The whole name, to be shown."),
                Attribute(name="familyName", text="The family name."),
                Attribute(name="givenName", text="The given name."),
                Attribute(name="middleName", text="Further names."),
                Attribute(name="honorificPrefix", text="What stands before it."),
                Attribute(name="honorificSuffix", text="What stands behind it."),
            ),
        ),
        Attribute(name="displayName", text="The name to show."),
        Attribute(name="nickName", text="What the person is called."),
        Attribute(name="profileUrl", text="A page about the person.", kind="reference"),
        Attribute(name="title", text="What the person is."),
        Attribute(name="userType", text="Employee, contractor and the like."),
        Attribute(name="preferredLanguage", text="The person’s language."),
        Attribute(name="locale", text="Where the person is at home."),
        Attribute(name="timezone", text="The person’s time zone."),
        Attribute(
            name="active",
            text="Whether the person may come in. False ends sessions and keys at once.",
            kind="boolean",
        ),
        _values("emails", "E-mail addresses.", "work", "home", "other"),
        _values(
            "phoneNumbers", "Phone numbers.", "work", "home", "mobile", "fax", "pager", "other"
        ),
        _values("ims", "Addresses of instant messages."),
        _values("photos", "Pictures.", "photo", "thumbnail", value_kind="reference", exact=True),
        Attribute(
            name="addresses",
            text="Postal addresses.",
            kind="complex",
            many=True,
            sub=(
                Attribute(name="formatted", text="The whole address."),
                Attribute(name="streetAddress", text="Street and number."),
                Attribute(name="locality", text="Town."),
                Attribute(name="region", text="Region."),
                Attribute(name="postalCode", text="Postal code."),
                Attribute(name="country", text="Country."),
                Attribute(name="type", text="What it is for.", canonical=("work", "home", "other")),
                Attribute(name="primary", text="Whether it is the preferred one.", kind="boolean"),
            ),
        ),
        Attribute(
            name="groups",
            text="The groups that the person is in.",
            kind="complex",
            many=True,
            mutability="readOnly",
            sub=(
                Attribute(name="value", text="The group’s id.", case_exact=True),
                Attribute(
                    name="$ref",
                    text="The group’s address.",
                    kind="reference",
                    case_exact=True,
                    refers=("Group",),
                ),
                Attribute(name="display", text="The group’s name."),
                Attribute(name="type", text="Always direct.", canonical=("direct",)),
            ),
        ),
        _values("entitlements", "What the provider says that the person may. Kept, not followed."),
        _values("roles", "The provider’s own roles. Kept, not followed: teams give access."),
        _values("x509Certificates", "Certificates.", value_kind="binary", exact=True),
    ),
)

ENTERPRISE_SCHEMA = Schema(
    urn=ENTERPRISE,
    name="EnterpriseUser",
    text="What a company knows of the person.",
    attributes=(
        Attribute(name="employeeNumber", text="The person’s number."),
        Attribute(name="costCenter", text="The cost centre."),
        Attribute(name="organization", text="The organisation."),
        Attribute(name="division", text="The division."),
        Attribute(name="department", text="The department."),
        Attribute(
            name="manager",
            text="Who leads the person.",
            kind="complex",
            sub=(
                Attribute(name="value", text="The id of the user.", case_exact=True),
                Attribute(
                    name="$ref",
                    text="The address of the user.",
                    kind="reference",
                    case_exact=True,
                    refers=("User",),
                ),
                Attribute(name="displayName", text="The name of the user."),
            ),
        ),
    ),
)

GROUP_SCHEMA = Schema(
    urn=GROUP,
    name="Group",
    text="A team of the account.",
    attributes=(
        Attribute(
            name="displayName",
            text="The team’s name, unique in the account.",
            required=True,
            uniqueness="server",
        ),
        Attribute(
            name="members",
            text="Who is in the team.",
            kind="complex",
            many=True,
            sub=(
                Attribute(
                    name="value", text="The user’s id.", case_exact=True, mutability="immutable"
                ),
                Attribute(
                    name="$ref",
                    text="The user’s address.",
                    kind="reference",
                    case_exact=True,
                    mutability="immutable",
                    refers=("User",),
                ),
                Attribute(name="display", text="The user’s name."),
                Attribute(
                    name="type", text="Always User.", canonical=("User",), mutability="immutable"
                ),
            ),
        ),
    ),
)

USERS = ResourceKind(
    name="User",
    endpoint="/Users",
    text="The people of the account that the provider manages.",
    core=USER_SCHEMA,
    extensions=(ENTERPRISE_SCHEMA,),
)
GROUPS = ResourceKind(
    name="Group",
    endpoint="/Groups",
    text="The teams of the account that the provider manages.",
    core=GROUP_SCHEMA,
)
KINDS = (USERS, GROUPS)
