"""
Pure: the operations of a PATCH (RFC 7644 §3.5.2) applied to a kept document.

Read as the providers write them: `op` in any case (Entra), keys of a value without path that are
paths themselves (Entra), `members` removed by a list of values (Entra), ids repeated in a value
without path (Okta). What cannot be followed is refused as a whole; nothing is applied by half.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from apps.sso.scim import documents
from apps.sso.scim.attributes import Attribute, ResourceKind, Schema
from apps.sso.scim.errors import (
    ScimError,
    ScimType,
    bad_path,
    bad_syntax,
    bad_value,
)
from apps.sso.scim.filters import (
    And,
    AttributePath,
    Compare,
    Filter,
    matches,
    parse_element_filter,
    resolve,
)

MAX_OPERATIONS = 1_000
MAX_PATH = 1_000  # characters
OPERATIONS = frozenset({"add", "replace", "remove"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    op: str
    path: str = ""  # empty: the value's keys say where
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an operation goes: an attribute, those of its values that match, a part of them."""

    path: AttributePath
    where: Filter | None = None


def read_operations(body: object) -> list[Operation]:
    """Raises: ScimError (invalidSyntax, invalidPath)."""
    if not isinstance(body, Mapping):
        raise bad_syntax("The body is no JSON object.")
    given = {str(name).lower(): value for name, value in body.items()}.get("operations")
    if not isinstance(given, list) or not given:
        raise bad_syntax("A PATCH has a list of Operations.")
    if len(given) > MAX_OPERATIONS:
        raise bad_syntax(f"A PATCH has at most {MAX_OPERATIONS} operations.")
    return [_read_operation(each) for each in given]


def _read_operation(given: object) -> Operation:
    if not isinstance(given, Mapping):
        raise bad_syntax("An operation is a JSON object.")
    fields = {str(name).lower(): value for name, value in given.items()}
    op, path = fields.get("op"), fields.get("path")
    if not isinstance(op, str) or op.lower() not in OPERATIONS:
        raise bad_syntax("An operation's op is add, replace or remove.")
    if path is not None and not isinstance(path, str):
        raise bad_path("A path is a text.")
    if path and len(path) > MAX_PATH:
        raise bad_path(f"A path has at most {MAX_PATH} characters.")
    return Operation(op=op.lower(), path=(path or "").strip(), value=fields.get("value"))


def apply_operations(
    kind: ResourceKind, document: Mapping[str, Any], operations: list[Operation]
) -> dict[str, Any]:
    """
    Return the document after the operations, in their order; the given one stays as it is.

    Raises: ScimError.
    """
    changed: dict[str, Any] = deepcopy(dict(document))
    for each in operations:
        if each.path:
            _apply(kind, changed, each.op, each.path, each.value)
        elif each.op == "remove":
            raise ScimError(400, "A remove needs a path.", ScimType.NO_TARGET)
        else:
            _apply_all(kind, changed, each.op, each.value)
    documents.check(kind, changed)
    return changed


def _apply_all(kind: ResourceKind, document: dict[str, Any], op: str, value: object) -> None:
    """Apply a value without path: each key is a path. What we do not keep is passed over."""
    if not isinstance(value, Mapping):
        raise bad_value("An operation without path has an object as value.")
    for name, each in value.items():
        if not isinstance(name, str) or len(name) > MAX_PATH:
            raise bad_path("A path is a text, and not that long.")
        schema = kind.find_schema(name)
        if schema is not None:
            _apply_extension(kind, document, op, schema, each)
            continue
        head = name.partition("[")[0]
        known = resolve(kind, head)
        if known is not None and not known.attribute.read_only:
            _apply(kind, document, op, name, each)


def _apply_extension(
    kind: ResourceKind, document: dict[str, Any], op: str, schema: Schema, value: object
) -> None:
    if op == "remove":
        if schema is kind.core:
            raise bad_path("The core schema stays.")
        document.pop(schema.urn, None)
        return
    if not isinstance(value, Mapping):
        raise bad_value(f"{schema.urn} is no JSON object.")
    for name, each in value.items():
        attribute = schema.find(str(name).partition("[")[0].partition(".")[0])
        if attribute is not None and not attribute.read_only:
            _apply(kind, document, op, f"{schema.urn}:{name}", each)


def find_target(kind: ResourceKind, text: str) -> Target:
    """
    Read a path such as `emails[type eq "work"].value`.

    Raises: ScimError (invalidPath, invalidFilter).
    """
    head, bracket, rest = text.partition("[")
    path = resolve(kind, head.strip())
    if path is None:
        raise bad_path(f"There is no attribute {head[:120]!r}.")
    if not bracket:
        return Target(path=path)
    inside, closed, tail = rest.rpartition("]")
    if not closed or path.sub is not None or not path.attribute.many or not path.attribute.sub:
        raise bad_path(f"{head[:120]} cannot be followed by brackets here.")
    where = parse_element_filter(path.attribute, inside)
    tail = tail.strip()
    if not tail:
        return Target(path=path, where=where)
    part = path.attribute.find(tail[1:]) if tail.startswith(".") else None
    if part is None:
        raise bad_path(f"{path.attribute.name} has no part {tail[:120]!r}.")
    return Target(path=AttributePath(path.urn, path.attribute, part), where=where)


def _apply(kind: ResourceKind, document: dict[str, Any], op: str, text: str, value: object) -> None:
    schema = kind.find_schema(text)
    if schema is not None:
        _apply_extension(kind, document, op, schema, value)
        return
    target = find_target(kind, text)
    path = target.path
    if path.attribute.read_only:
        raise ScimError(400, f"{path.attribute.name} is not yours to set.", ScimType.MUTABILITY)
    holder = document.setdefault(path.urn, {}) if path.urn else document
    if op != "remove" and value is None:
        op = "remove"  # null is the same as not set, RFC 7643 §2.5
    if path.attribute.many:
        _apply_many(holder, op, target, value)
    elif path.sub is not None:
        _apply_part(holder, op, path, value)
    else:
        _apply_single(holder, op, path, value)
    documents.tidy(holder)
    if path.urn and not holder:
        del document[path.urn]


def _apply_single(holder: dict[str, Any], op: str, path: AttributePath, value: object) -> None:
    attribute = path.attribute
    if op == "remove":
        holder.pop(attribute.name, None)
        return
    read = documents.read_value(attribute, value)
    if attribute.kind == "complex" and isinstance(read, dict):
        read = {**holder.get(attribute.name, {}), **read}
    holder[attribute.name] = read


def _apply_part(holder: dict[str, Any], op: str, path: AttributePath, value: object) -> None:
    assert path.sub is not None
    whole = dict(holder.get(path.attribute.name, {}))
    if op == "remove":
        whole.pop(path.sub.name, None)
    else:
        whole[path.sub.name] = documents.read_value(path.sub, value)
    holder[path.attribute.name] = documents.tidy(whole)


def _apply_many(holder: dict[str, Any], op: str, target: Target, value: object) -> None:
    path, name = target.path, target.path.attribute.name
    present: list[Any] = holder.get(name, [])
    if target.where is None and path.sub is None:
        if op == "replace":
            holder[name] = documents.read_value(path.attribute, value)
        elif op == "add":
            added = documents.read_value(path.attribute, value)
            holder[name] = _with_added(path.attribute, present, added)
        elif value is None:
            holder.pop(name, None)
        else:
            holder[name] = _without(present, documents.read_value(path.attribute, value))
        return
    chosen = [each for each in present if target.where is None or matches(target.where, each)]
    if op == "remove":
        holder[name] = _with_removed(present, chosen, path)
        return
    if not chosen:
        chosen = [_from_condition(target)]
        present = [*present, *chosen]
    _set(chosen, path, value)
    if len(present) > documents.limit_of(path.attribute):
        raise bad_value(f"{name} has over {documents.limit_of(path.attribute)} values.")
    holder[name] = _primary_among(present, chosen)


def _set(chosen: list[Any], path: AttributePath, value: object) -> None:
    for each in chosen:
        if path.sub is not None:
            each[path.sub.name] = documents.read_value(path.sub, value)
            documents.tidy(each)
            continue
        read = documents.read_value(path.attribute, [value])
        if len(read) != 1:
            raise bad_value(f"A value of {path.attribute.name} is a JSON object.")
        each.update(read[0])


def _identity(value: Any) -> Any:
    """What makes two values the same: of complex ones all that identifies, not what is shown."""
    if not isinstance(value, dict):
        return value
    if "value" in value:
        return (value["value"], value.get("type"))
    return tuple(sorted((name, str(each)) for name, each in value.items() if name != "primary"))


def _with_added(attribute: Attribute, present: list[Any], added: list[Any]) -> list[Any]:
    """Append what is new; of what is there already, take what is said of it now."""
    found = {_identity(each): each for each in present}
    for each in added:
        found[_identity(each)] = each
    together = list(found.values())
    limit = documents.limit_of(attribute)
    if len(together) > max(limit, len(present)):
        raise bad_value(f"{attribute.name} has over {limit} values.")
    return _primary_among(together, [found[_identity(each)] for each in added])


def _without(present: list[Any], removed: list[Any]) -> list[Any]:
    gone = {_shown(each) for each in removed}
    return [each for each in present if _shown(each) not in gone]


def _shown(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def _with_removed(present: list[Any], chosen: list[Any], path: AttributePath) -> list[Any]:
    gone = {id(each) for each in chosen}
    if path.sub is None:
        return [each for each in present if id(each) not in gone]
    for each in chosen:
        each.pop(path.sub.name, None)
    return [each for each in present if each]


def _primary_among(values: list[Any], changed: list[Any]) -> list[Any]:
    """There is one primary value; one that was just said to be takes over."""
    if any(isinstance(each, dict) and each.get("primary") for each in changed):
        new = {id(each) for each in changed if each.get("primary")}
        for each in values:
            if isinstance(each, dict) and each.get("primary") and id(each) not in new:
                each["primary"] = False
    return documents.one_primary(values)


def _from_condition(target: Target) -> dict[str, Any]:
    """
    Make the value that the condition asks for, as Entra expects when it sets a first work address.

    Raises: ScimError (noTarget) for conditions that do not say what the value would be.
    """
    parts: tuple[Filter, ...] = ()
    if isinstance(target.where, And):
        parts = target.where.parts
    elif target.where is not None:
        parts = (target.where,)
    made: dict[str, Any] = {}
    for each in parts:
        if not isinstance(each, Compare) or each.operator != "eq" or each.value is None:
            raise ScimError(400, "No value matches the path.", ScimType.NO_TARGET)
        attribute = each.path.attribute
        made[attribute.name] = documents.read_value(attribute, each.value)
    return made
