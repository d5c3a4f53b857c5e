"""
Lists of users and groups: filtered and sorted by the database where it can, here where it cannot.

A filter becomes a condition of columns that lets through at least what matches. Where it lets
through exactly that, the database counts and pages; otherwise the candidates are read and judged
here, by the same function that defines what a filter means.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.sso.models import ScimGroup, ScimUser
from apps.sso.scim.attributes import GROUPS, USERS, ResourceKind
from apps.sso.scim.documents import select
from apps.sso.scim.errors import ScimError, ScimType, bad_value
from apps.sso.scim.filters import (
    And,
    AttributePath,
    Compare,
    Filter,
    Having,
    Not,
    Or,
    Present,
    fold,
    matches,
    parse_filter,
    resolve,
    values_of,
)
from apps.sso.scim.resources import Resource, group_resources, judged_users, user_resources
from apps.tenancy.slugs import as_uuid

DEFAULT_COUNT = 100
MAX_COUNT = 200
MAX_CANDIDATES = 20_000  # that are judged here for one page
_LAST = 10**9  # beyond any list

Row = TypeVar("Row", ScimUser, ScimGroup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list is asked for (RFC 7644 §3.4.2)."""

    filter: str = ""
    start: int = 1
    count: int = DEFAULT_COUNT
    sort_by: str = ""
    descending: bool = False
    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    total: int
    start: int
    resources: list[Resource]


def read_query(given: Mapping[str, object]) -> Query:
    """
    Read a query's parameters, or the body of a search, which has the same names.

    Raises: ScimError (invalidValue, invalidFilter).
    """
    order = str(given.get("sortOrder") or "ascending").lower()
    if order not in {"ascending", "descending"}:
        raise bad_value("sortOrder is ascending or descending.")
    return Query(
        filter=_text(given.get("filter"), "filter"),
        start=min(max(_number(given.get("startIndex"), 1, "startIndex"), 1), _LAST),
        count=min(max(_number(given.get("count"), DEFAULT_COUNT, "count"), 0), MAX_COUNT),
        sort_by=_text(given.get("sortBy"), "sortBy"),
        descending=order == "descending",
        attributes=read_names(given.get("attributes")),
        excluded=read_names(given.get("excludedAttributes")),
    )


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_value(f"{name} is a text.")
    return value.strip()


def _number(value: object, default: int, name: str) -> int:
    if value is None or value == "":
        return default
    text = str(value)
    if isinstance(value, bool) or len(text) > 18 or not text.removeprefix("-").isdecimal():
        raise bad_value(f"{name} is a number.")
    return int(text)


def read_names(value: object) -> tuple[str, ...]:
    """Read names of attributes: separated by commas in a query, a list in a body."""
    if value is None:
        return ()
    given = value if isinstance(value, list) else str(value).split(",")
    return tuple(str(each).strip() for each in given[:100] if str(each).strip())


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which attributes of a kind are columns."""

    texts: Mapping[str, str]  # attribute → column, written as filters compare
    moments: Mapping[str, str]
    absent: frozenset[str]  # columns that are empty where the attribute is absent
    special: Callable[[Compare], Q | None]
    special_having: Callable[[Having], Q | None]


@dataclass(frozen=True, slots=True)
class _Condition:
    """A condition of columns; None lets everything through."""

    q: Q | None
    is_exact: bool


_UNKNOWN = _Condition(None, is_exact=False)
_NOTHING = Q(pk__in=[])


def _translate(columns: _Columns, condition: Filter) -> _Condition:
    match condition:
        case And(parts):
            found = [_translate(columns, part) for part in parts]
            q = None
            for each in found:
                if each.q is not None:
                    q = each.q if q is None else q & each.q
            return _Condition(q, is_exact=all(each.is_exact for each in found))
        case Or(parts):
            found = [_translate(columns, part) for part in parts]
            if any(each.q is None for each in found):
                return _UNKNOWN
            q = Q()
            for each in found:
                q |= each.q or Q()
            return _Condition(q, is_exact=all(each.is_exact for each in found))
        case Not(inner):
            found_inner = _translate(columns, inner)
            if found_inner.q is None or not found_inner.is_exact:
                return _UNKNOWN
            return _Condition(~found_inner.q, is_exact=True)
        case Having():
            q = columns.special_having(condition)
            return _Condition(q, is_exact=False)
        case Present(path):
            column = columns.texts.get(path.name)
            if column is None:
                return _UNKNOWN
            empty = Q(**{column: ""}) if column in columns.absent else _NOTHING
            return _Condition(~empty, is_exact=True)
        case Compare():
            q = _compared(columns, condition)
            return _Condition(q, is_exact=q is not None)


_LOOKUPS = {
    "eq": "exact",
    "co": "contains",
    "sw": "startswith",
    "ew": "endswith",
    "gt": "gt",
    "ge": "gte",
    "lt": "lt",
    "le": "lte",
}


def _compared(columns: _Columns, condition: Compare) -> Q | None:
    if condition.operator == "ne" and condition.value is not None:
        opposite = _compared(columns, Compare(condition.path, "eq", condition.value))
        return None if opposite is None else ~opposite
    path, value = condition.path, condition.value
    if path.name in columns.moments and isinstance(value, datetime):
        return Q(**{f"{columns.moments[path.name]}__{_LOOKUPS[condition.operator]}": value})
    column = columns.texts.get(path.name)
    if column is None:
        return columns.special(condition)
    if value is None:
        empty = Q(**{column: ""}) if column in columns.absent else _NOTHING
        return empty if condition.operator == "eq" else ~empty
    text = str(value) if path.leaf.case_exact else fold(str(value))
    q = Q(**{f"{column}__{_LOOKUPS[condition.operator]}": text})
    return q & ~Q(**{column: ""}) if column in columns.absent else q


def _by_id(condition: Compare, column: str) -> Q | None:
    """Compare an id for being equal; ids are written in one way only."""
    if condition.operator != "eq" or not isinstance(condition.value, str):
        return None
    wanted = as_uuid(condition.value)
    return Q(**{column: wanted}) if wanted and str(wanted) == condition.value else _NOTHING


def _of_user(condition: Compare) -> Q | None:
    name, value = condition.path.name, condition.value
    if name == "id":
        return _by_id(condition, "pk")
    if name == "active" and isinstance(value, bool):
        is_active = Q(member__deactivated_at=None, member__user__is_active=True)
        return is_active if value else ~is_active
    if name in {"emails", "emails.value"} and condition.operator == "eq":
        return Q(emails__contains=[fold(value)]) if isinstance(value, str) else None
    if name in {"groups", "groups.value"} and isinstance(value, str):
        wanted = as_uuid(value)
        if condition.operator != "eq":
            return None
        if wanted is None or str(wanted) != value:
            return _NOTHING
        return Q(
            Exists(
                ScimGroup.objects.filter(
                    pk=wanted,
                    account_id=OuterRef("account_id"),
                    team__memberships__member_id=OuterRef("pk"),
                )
            )
        )
    return None


def _of_group(condition: Compare) -> Q | None:
    name, value = condition.path.name, condition.value
    if name == "id":
        return _by_id(condition, "pk")
    if name in {"members", "members.value"} and isinstance(value, str):
        wanted = as_uuid(value)
        if condition.operator != "eq":
            return None
        if wanted is None or str(wanted) != value:
            return _NOTHING
        return Q(
            Exists(
                ScimUser.objects.filter(
                    pk=wanted,
                    account_id=OuterRef("account_id"),
                    member__team_memberships__team_id=OuterRef("pk"),
                )
            )
        )
    return None


def _having(attribute: str, special: Callable[[Compare], Q | None]) -> Callable[[Having], Q | None]:
    """Let through what has any value that one of the required conditions names."""

    def condition_of(having: Having) -> Q | None:
        if having.path.name != attribute:
            return None
        found = None
        for part in _required(having.inner):
            if isinstance(part, Compare) and part.path.name == "value" and part.operator == "eq":
                whole = AttributePath("", having.path.attribute, part.path.attribute)
                q = special(Compare(whole, "eq", part.value))
                if q is not None:
                    found = q if found is None else found & q
        return found

    return condition_of


def _required(condition: Filter) -> Sequence[Filter]:
    if isinstance(condition, And):
        return [each for part in condition.parts for each in _required(part)]
    return [condition]


_MOMENTS = {"meta.created": "created_at", "meta.lastModified": "updated_at"}
_USER_COLUMNS = _Columns(
    texts={"userName": "user_name", "externalId": "external_id"},
    moments=_MOMENTS,
    absent=frozenset({"external_id"}),
    special=_of_user,
    special_having=_having("emails", _of_user),
)
_GROUP_COLUMNS = _Columns(
    texts={"externalId": "external_id"},
    moments=_MOMENTS,
    absent=frozenset({"external_id"}),
    special=_of_group,
    special_having=_having("members", _of_group),
)


@dataclass(frozen=True, slots=True)
class _Lister(Generic[Row]):
    kind: ResourceKind
    columns: _Columns
    derived: str  # the attribute that costs a query of its own
    build: Callable[[Sequence[Row], bool], list[Resource]]
    judged: Callable[[QuerySet[Row], bool], list[Resource]]  # as far as filters look at them

    def page(self, rows: QuerySet[Row], query: Query) -> Page:
        wanted = parse_filter(self.kind, query.filter) if query.filter else None
        condition = (
            _Condition(Q(), is_exact=True) if wanted is None else _translate(self.columns, wanted)
        )
        if condition.q is not None:
            rows = rows.filter(condition.q)
        order = self._order(query)
        if condition.is_exact and order is not None:
            return self._page_of_rows(rows.order_by(*order), query)
        return self._page_of_candidates(rows, query, wanted)

    def _order(self, query: Query) -> list[Any] | None:
        """Return the columns that sort the list; None when it has to be sorted here."""
        if not query.sort_by:
            return ["created_at", "pk"]
        path = resolve(self.kind, query.sort_by)
        if path is None:
            raise bad_value(f"There is no attribute {query.sort_by[:120]!r} to sort by.")
        columns = {**self.columns.texts, **self.columns.moments, "id": "pk"}
        column = columns.get(path.name)
        if column is None or column in self.columns.absent:
            return None
        return [F(column).desc() if query.descending else F(column).asc(), "created_at", "pk"]

    def _page_of_rows(self, rows: QuerySet[Row], query: Query) -> Page:
        total = rows.count()
        first = query.start - 1
        chosen: Sequence[Row] = []
        if query.count and first < total:
            chosen = list(rows[first : first + query.count])
        return self._answer(chosen, total, query)

    def _page_of_candidates(self, rows: QuerySet[Row], query: Query, wanted: Filter | None) -> Page:
        path = resolve(self.kind, query.sort_by) if query.sort_by else None
        derived = (wanted is not None and _mentions(wanted, self.derived)) or (
            path is not None and path.attribute.name == self.derived
        )
        candidates = self.judged(rows.order_by("created_at", "pk")[: MAX_CANDIDATES + 1], derived)
        if len(candidates) > MAX_CANDIDATES:
            raise ScimError(
                400, "Too many to look at for this filter. Narrow it.", ScimType.TOO_MANY
            )
        if wanted is not None:
            candidates = [each for each in candidates if matches(wanted, each)]
        if path is not None:
            candidates = _sorted(candidates, path, query.descending)
        first = query.start - 1
        ids = [uuid.UUID(each["id"]) for each in candidates[first : first + query.count]]
        found = {row.pk: row for row in rows.filter(pk__in=ids)} if ids else {}
        chosen = [found[each] for each in ids if each in found]
        return self._answer(chosen, len(candidates), query)

    def _answer(self, rows: Sequence[Row], total: int, query: Query) -> Page:
        derived = is_wanted(self.kind, self.derived, query.attributes, query.excluded)
        return Page(
            total=total,
            start=query.start,
            resources=[
                select(self.kind, each, attributes=query.attributes, excluded=query.excluded)
                for each in self.build(rows, derived)
            ],
        )


def is_wanted(
    kind: ResourceKind, name: str, attributes: Sequence[str], excluded: Sequence[str]
) -> bool:
    """Say whether an answer with these attributes holds the one of this name."""
    if attributes:
        found = [resolve(kind, each) for each in attributes]
        return any(path is not None and path.attribute.name == name for path in found)
    left_out = [resolve(kind, each) for each in excluded]
    return not any(
        path is not None and path.attribute.name == name and path.sub is None for path in left_out
    )


def _mentions(condition: Filter, name: str) -> bool:
    match condition:
        case And(parts) | Or(parts):
            return any(_mentions(part, name) for part in parts)
        case Not(inner):
            return _mentions(inner, name)
        case Having(path, _) | Present(path) | Compare(path, _, _):
            return path.attribute.name == name


def _sorted(resources: list[Resource], path: AttributePath, descending: bool) -> list[Resource]:
    """Sort by the primary or first value; what has none comes last, whichever the order."""

    def key(resource: Resource) -> str | None:
        holder = resource.get(path.urn, {}) if path.urn else resource
        value = holder.get(path.attribute.name)
        if isinstance(value, list) and any(isinstance(each, dict) for each in value):
            primary = next((each for each in value if each.get("primary")), value[0])
            resource = {path.attribute.name: [primary]}
            found = next(values_of(AttributePath("", path.attribute, path.sub), resource), None)
        else:
            found = next(values_of(path, resource), None)
        if found is None:
            return None
        return str(found) if path.leaf.case_exact else fold(str(found))

    keyed = [(key(each), each) for each in resources]
    present = sorted(
        ((found, each) for found, each in keyed if found is not None),
        key=lambda pair: pair[0],
        reverse=descending,
    )
    return [each for _, each in present] + [each for found, each in keyed if found is None]


def list_users(*, account_id: uuid.UUID, query: Query) -> Page:
    """
    Return a page of the users whom the provider manages.

    Raises: ScimError (invalidFilter, tooMany).
    """

    def build(rows: Sequence[ScimUser], with_groups: bool) -> list[Resource]:
        return user_resources(rows, account_id=account_id, with_groups=with_groups)

    def judged(rows: QuerySet[ScimUser], with_groups: bool) -> list[Resource]:
        return judged_users(rows, account_id=account_id, with_groups=with_groups)

    rows = ScimUser.objects.filter(account_id=account_id).select_related("member__user")
    return _Lister(USERS, _USER_COLUMNS, "groups", build, judged).page(rows, query)


def list_groups(*, account_id: uuid.UUID, query: Query) -> Page:
    """
    Return a page of the groups that the provider manages.

    Raises: ScimError (invalidFilter, tooMany).
    """

    def build(rows: Sequence[ScimGroup], with_members: bool) -> list[Resource]:
        return group_resources(rows, account_id=account_id, with_members=with_members)

    def judged(rows: QuerySet[ScimGroup], with_members: bool) -> list[Resource]:
        return build(list(rows), with_members)

    rows = ScimGroup.objects.filter(account_id=account_id).select_related("team")
    return _Lister(GROUPS, _GROUP_COLUMNS, "members", build, judged).page(rows, query)
