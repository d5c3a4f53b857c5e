"""
Pure: what a client sent → what is kept, in the schema's spelling; and what of it is answered.

A kept document holds no nulls, no empty lists and nothing that Headway itself knows (id, meta,
groups): only what the provider wrote.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from apps.sso.scim.attributes import Attribute, ResourceKind
from apps.sso.scim.errors import bad_syntax, bad_value
from apps.sso.scim.filters import read_moment, resolve

MAX_TEXT = 4_000  # characters of one value
MAX_VALUES = 100  # of one attribute of a user; members are counted apart
MAX_MEMBERS = 50_000

_UNSET: tuple[object, ...] = (None, "", [], {})


def read_resource(kind: ResourceKind, body: object) -> dict[str, Any]:
    """
    Return what of a whole resource is kept. Unknown and read-only attributes are left out.

    Raises: ScimError (invalidSyntax, invalidValue).
    """
    if not isinstance(body, Mapping):
        raise bad_syntax("The body is no JSON object.")
    given = {str(name).lower(): value for name, value in body.items()}
    document: dict[str, Any] = {}
    for urn, attribute in kind.written():
        holder = _extension(given, urn) if urn else given
        value = read_value(attribute, holder.get(attribute.name.lower()))
        if value in _UNSET:
            continue
        (document.setdefault(urn, {}) if urn else document)[attribute.name] = value
    check(kind, document)
    return document


def _extension(given: Mapping[str, object], urn: str) -> dict[str, object]:
    holder = given.get(urn.lower())
    if holder is None:
        return {}
    if not isinstance(holder, Mapping):
        raise bad_value(f"{urn} is no JSON object.")
    return {str(name).lower(): value for name, value in holder.items()}


def check(kind: ResourceKind, document: Mapping[str, Any]) -> None:
    """Raises: ScimError (invalidValue) when something that must be there is not."""
    for attribute in kind.core.attributes:
        if attribute.required and not str(document.get(attribute.name, "")).strip():
            raise bad_value(f"{attribute.name} is required.")


def read_value(attribute: Attribute, value: object) -> Any:
    """
    Return the value as it is kept; None for one that is not set.

    Raises: ScimError (invalidValue).
    """
    if value is None:
        return None
    if attribute.many:
        given = value if isinstance(value, list) else [value]
        if len(given) > limit_of(attribute):
            raise bad_value(f"{attribute.name} has over {limit_of(attribute)} values.")
        read = [_read_one(attribute, each) for each in given]
        return one_primary([each for each in read if each not in _UNSET])
    if isinstance(value, list):
        if len(value) != 1:
            raise bad_value(f"{attribute.name} has one value, not {len(value)}.")
        value = value[0]
    return _read_one(attribute, value)


def limit_of(attribute: Attribute) -> int:
    """Return how many values a multi-valued attribute may have."""
    return MAX_MEMBERS if attribute.name == "members" else MAX_VALUES


def _read_one(attribute: Attribute, value: object) -> Any:
    if value is None:
        return None
    if attribute.kind == "complex":
        return _read_complex(attribute, value)
    if isinstance(value, Mapping) and set(value) <= {"value", "$ref", "display"}:
        value = value.get("value")  # Entra wraps plain values so
        if value is None:
            return None
    if attribute.kind == "boolean":
        return read_boolean(attribute, value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise bad_value(f"{attribute.name} is a text.")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise bad_value(f"{attribute.name} is over {MAX_TEXT} characters.")
    if "\x00" in text:
        raise bad_value(f"{attribute.name} holds a character that no text may.")
    if attribute.kind == "dateTime" and read_moment(text) is None:
        raise bad_value(f"{attribute.name} is no date and time.")
    return text


def read_boolean(attribute: Attribute, value: object) -> bool:
    """Read true and false, and the texts "True" and "False" that Entra sends for them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise bad_value(f"{attribute.name} is true or false.")


def _read_complex(attribute: Attribute, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        if attribute.find("value") is None:
            raise bad_value(f"{attribute.name} is a JSON object.")
        value = {"value": value}
    given = {str(name).lower(): each for name, each in value.items()}
    found: dict[str, Any] = {}
    for part in attribute.sub:
        read = read_value(part, given.get(part.name.lower()))
        if read not in _UNSET:
            found[part.name] = read
    return found


def one_primary(values: list[Any]) -> list[Any]:
    """Keep the last value that says it is the primary one; there is only one."""
    primaries = [each for each in values if isinstance(each, dict) and each.get("primary")]
    for each in primaries[:-1]:
        each["primary"] = False
    return values


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """Drop what is no longer set."""
    for name in [name for name, value in document.items() if value in _UNSET]:
        del document[name]
    return document


def select(
    kind: ResourceKind,
    resource: dict[str, Any],
    *,
    attributes: Collection[str] = (),
    excluded: Collection[str] = (),
) -> dict[str, Any]:
    """
    Return what of the resource was asked for; `schemas` and `id` always come.

    Names that are no attributes are passed over, as RFC 7644 §3.9 has it.
    """
    if attributes:
        return _only(kind, resource, attributes)
    if excluded:
        return _without(kind, resource, excluded)
    return resource


def _only(
    kind: ResourceKind, resource: dict[str, Any], attributes: Collection[str]
) -> dict[str, Any]:
    always = ("schemas", "id")
    chosen: dict[str, Any] = {name: resource[name] for name in always if name in resource}
    for text in attributes:
        schema = kind.find_schema(text)
        if schema is not None and schema is not kind.core:
            if schema.urn in resource:
                chosen[schema.urn] = resource[schema.urn]
            continue
        path = resolve(kind, text)
        if path is None:
            continue
        source = resource.get(path.urn, {}) if path.urn else resource
        name = path.attribute.name
        if name not in source:
            continue
        target = chosen.setdefault(path.urn, {}) if path.urn else chosen
        if path.sub is None:
            target[name] = source[name]
        else:
            target[name] = _merged(target.get(name), source[name], path.sub.name)
    return chosen


def _merged(chosen: Any, source: Any, part: str) -> Any:
    if isinstance(source, list):
        before = chosen if isinstance(chosen, list) else [{} for _ in source]
        return [_merged(one, other, part) for one, other in zip(before, source, strict=True)]
    found = dict(chosen or {})
    if part in source:
        found[part] = source[part]
    return found


def _without(
    kind: ResourceKind, resource: dict[str, Any], excluded: Collection[str]
) -> dict[str, Any]:
    kept = dict(resource)
    for text in excluded:
        schema = kind.find_schema(text)
        if schema is not None and schema is not kind.core:
            kept.pop(schema.urn, None)
            continue
        path = resolve(kind, text)
        if path is None or path.attribute.returned == "always":
            continue
        if path.urn:
            holder = kept[path.urn] = dict(kept.get(path.urn, {}))
        else:
            holder = kept
        name = path.attribute.name
        if path.sub is None:
            holder.pop(name, None)
        elif name in holder:
            holder[name] = _less(holder[name], path.sub.name)
        if path.urn and not holder:
            del kept[path.urn]
    return kept


def _less(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return [_less(each, part) for each in value]
    return {name: each for name, each in value.items() if name != part}
