"""
OpenTelemetry's protocol: what traces, metrics and logs have in common. Pure.

Both encodings are taken apart down to single spans, log records and data points before anything is
read, so that one that is broken is refused alone, and nothing is made of more than may come. JSON
has ids as hex, 64-bit numbers as texts and enums as numbers, which protobuf's own JSON has not.
https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from google.protobuf.message import DecodeError
from msgspec import Raw, Struct
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from apps.core.errors import InvalidRequest
from apps.ingest import limits
from apps.ingest.decode import check_count, explain, malformed, readable
from apps.ingest.doors import protobuf
from apps.ingest.doors.items import ItemRefused, uuid_of
from apps.ingest.doors.protobuf import WireError

# Of one span, record or point, of a resource or a scope, before anything is made of it.
ITEM_BYTES: Final = 1024 * 1024
ATTRIBUTES: Final = 1_000  # of one of them, of a resource or a scope
TEXT_LENGTH: Final = 16 * 1024  # characters of one attribute; more is cut and says so
RUN: Final = "headway.run_id"
TASK_RUN: Final = "headway.task_run_id"


class JAny(Struct, rename="camel", gc=False):
    """AnyValue of the JSON encoding."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    bytes_value: str | None = None
    array_value: JArray | None = None
    kvlist_value: JPairs | None = None


class JArray(Struct, gc=False):
    values: list[JAny] = []


class JPair(Struct, gc=False):
    key: str = ""
    value: JAny | None = None


class JPairs(Struct, gc=False):
    values: list[JPair] = []


class _JResource(Struct, gc=False):
    attributes: list[JPair] = []


class _JScope(Struct, gc=False):
    name: str = ""
    version: str = ""
    attributes: list[JPair] = []


class Group(NamedTuple):
    """Items of one scope of one resource, each still bytes."""

    resource: dict[str, object]
    scope: dict[str, object]
    items: list[bytes]


class JScopeGroup(Struct, rename="camel", gc=False):
    """One scope's spans, metrics or log records."""

    scope: _JScope | None = None
    spans: list[Raw] | None = None
    metrics: list[Raw] | None = None
    log_records: list[Raw] | None = None


class JResourceGroup(Struct, rename="camel", gc=False):
    resource: _JResource | None = None
    scope_spans: list[JScopeGroup] | None = None
    scope_metrics: list[JScopeGroup] | None = None
    scope_logs: list[JScopeGroup] | None = None


class JRequest(Struct, rename="camel", gc=False):
    resource_spans: list[JResourceGroup] | None = None
    resource_metrics: list[JResourceGroup] | None = None
    resource_logs: list[JResourceGroup] | None = None


_request = msgspec.json.Decoder(JRequest)


def groups_of_protobuf(body: bytes) -> list[Group]:
    """
    Take a request apart. The three kinds have the same form and the same numbers down to the items.

    Raises: InvalidRequest for what is no such message, BatchTooLarge for too much in it.
    """
    found: list[Group] = []
    count = 0
    try:
        for of_resource in protobuf.messages(body, 1):
            resource: dict[str, object] = {}
            scopes: list[bytes] = []
            for number, wire, value in protobuf.fields(of_resource):
                if number == 1:
                    read = parsed(_message(wire, value), Resource.FromString)
                    resource = attributes_of(read.attributes)
                elif number == 2:
                    scopes.append(_message(wire, value))
                    check_count(count + len(scopes), limits.FOREIGN_ITEMS)
            count += 1
            for of_scope in scopes:
                scope: dict[str, object] = {}
                items: list[bytes] = []
                for number, wire, value in protobuf.fields(of_scope):
                    if number == 1:
                        scope = _scope_of(
                            parsed(_message(wire, value), InstrumentationScope.FromString)
                        )
                    elif number == 2:
                        items.append(_message(wire, value))
                        if len(items) > limits.FOREIGN_ITEMS:
                            break
                count += len(items) + 1
                check_count(count, limits.FOREIGN_ITEMS)
                found.append(Group(resource, scope, items))
            check_count(count, limits.FOREIGN_ITEMS)
    except (WireError, DecodeError) as error:
        raise InvalidRequest(f"The body is no such protobuf message: {error}") from error
    except ItemRefused as refused:
        raise InvalidRequest(refused.message) from refused
    return found


def groups_of_json(body: bytes, kind: str) -> list[Group]:
    """Take the JSON apart; `kind` is spans, metrics or logs. Raises the same."""
    body = readable(body)
    try:
        request = read_json(body, _request.decode)
    except msgspec.ValidationError as error:
        message, field = explain(error)
        raise InvalidRequest(
            "The body does not have the form of a request.", fields={field or "body": [message]}
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(error) from error
    _check_kind(request, kind)
    found: list[Group] = []
    count = 0
    of_items = {"spans": "spans", "metrics": "metrics", "logs": "log_records"}[kind]
    try:
        for of_resource in getattr(request, f"resource_{kind}") or ():
            resource = of_resource.resource
            about = attributes_of(resource.attributes) if resource else {}
            for of_scope in getattr(of_resource, f"scope_{kind}") or ():
                items = [bytes(raw) for raw in getattr(of_scope, of_items) or ()]
                count += len(items) + 1
                check_count(count, limits.FOREIGN_ITEMS)
                found.append(
                    Group(about, _scope_of(of_scope.scope) if of_scope.scope else {}, items)
                )
    except ItemRefused as refused:
        raise InvalidRequest(refused.message) from refused
    return found


def _check_kind(request: JRequest, kind: str) -> None:
    """Refuse what belongs to another address: as unknown fields it would be lost silently."""
    if getattr(request, f"resource_{kind}") is not None:
        return
    for other, path in (("spans", "traces"), ("metrics", "metrics"), ("logs", "logs")):
        if getattr(request, f"resource_{other}") is not None:
            name = f"resource{other.capitalize()}"
            message = f"Send these to /otlp/v1/{path}."
            raise InvalidRequest(f"The body is of {path}.", fields={name: [message]})


def _message(wire: int, value: int | bytes) -> bytes:
    if wire != protobuf.BYTES or not isinstance(value, bytes):
        raise WireError("A message was expected.")
    return value


def parsed(raw: bytes, read: Callable[[bytes], Any]) -> Any:
    """Return the item that `read` makes of the bytes. Raises: ItemRefused."""
    if len(raw) > ITEM_BYTES:
        raise ItemRefused(f"Over {ITEM_BYTES} bytes.", code="too_large")
    try:
        return read_json(raw, read)
    except DecodeError as error:
        raise ItemRefused("Not such a protobuf message.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ItemRefused(*explain(error)) from error


def read_json(raw: bytes, read: Callable[[bytes], Any]) -> Any:
    """
    Return what `read` makes of JSON in which null is as good as nothing, as protobuf's JSON has it.

    Raises: what `read` does.
    """
    try:
        return read(raw)
    except msgspec.ValidationError:
        if b"null" not in raw:
            raise
    # Rare enough for the slow way: the types need not know of it.
    return read(_without_nulls(raw))


def _without_nulls(raw: bytes) -> bytes:
    try:
        return msgspec.json.encode(_said(msgspec.json.decode(raw)))
    except OverflowError:
        return raw  # a number that no field holds, which `read` tells better


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(inner) for name, inner in value.items() if inner is not None}
    # In a list it is one of its values, and refused.
    return [_said(inner) for inner in value] if isinstance(value, list) else value


def attributes_of(pairs: Any) -> dict[str, object]:
    """Return attributes of either encoding as plain values; the last one of a name counts."""
    if len(pairs) > ATTRIBUTES:
        raise ItemRefused(f"More than {ATTRIBUTES} attributes.", "attributes")
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value: AnyValue | JAny | None) -> object:
    """Return a value as JSON can have it: bytes as base64, and NaN and infinities as texts."""
    if value is None:
        return None
    if isinstance(value, JAny):
        return _json_value(value)
    match value.WhichOneof("value"):
        case "string_value":
            return _cut(value.string_value)
        case "int_value":
            return value.int_value
        case "double_value":
            return _double(value.double_value)
        case "bool_value":
            return value.bool_value
        case "bytes_value":
            return _cut(b64encode(value.bytes_value).decode())
        case "array_value":
            return [value_of(each) for each in value.array_value.values]
        case "kvlist_value":
            return attributes_of(value.kvlist_value.values)
        case _:
            return None


def _json_value(value: JAny) -> object:
    if value.string_value is not None:
        return _cut(value.string_value)
    if value.int_value is not None:
        return integer(value.int_value)
    if value.double_value is not None:
        return _double(number(value.double_value))
    if value.bool_value is not None:
        return value.bool_value
    if value.array_value is not None:
        return [_json_value(each) for each in value.array_value.values]
    if value.kvlist_value is not None:
        return attributes_of(value.kvlist_value.values)
    return None if value.bytes_value is None else _cut(value.bytes_value)


def integer(value: int | str, field: str = "intValue") -> int:
    """Return a 64-bit number of JSON, where it may be a text. Raises: ItemRefused."""
    if isinstance(value, str):
        try:
            value = int(value) if len(value) <= 20 else 1 << 65
        except ValueError as error:
            raise ItemRefused("Expected a whole number.", field) from error
    if not -(1 << 63) <= value < 1 << 64:
        raise ItemRefused("The number has more than 64 bits.", field)
    return value


def number(value: float | str, field: str = "doubleValue") -> float:
    """Return a double of JSON, where some may be texts. Raises: ItemRefused."""
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise ItemRefused("Expected a number.", field) from error


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _cut(text: str) -> str:
    if len(text) <= TEXT_LENGTH:
        return text
    return f"{text[:TEXT_LENGTH]}… [cut: {len(text) - TEXT_LENGTH} more characters]"


def _scope_of(scope: Any) -> dict[str, object]:
    found: dict[str, object] = {"name": _cut(scope.name)}
    if scope.version:
        found["version"] = _cut(scope.version)
    if scope.attributes:
        found["attributes"] = attributes_of(scope.attributes)
    return found


def hex_id(value: bytes | str, size: int, field: str, *, optional: bool = False) -> str | None:
    """Return an id as hex, in lower case. Raises: ItemRefused for another length, and for zeros."""
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError as error:
            raise ItemRefused("Expected an id as hex.", field) from error
    if len(value) == size and any(value):
        return value.hex()
    if optional and not any(value):
        return None
    raise ItemRefused(f"Expected an id of {size} bytes that are not all zero.", field)


def run_ids(*attributes: dict[str, object]) -> tuple[UUID | None, UUID | None]:
    """Return the run and the task run that an item, or its resource, names."""
    runs, task_runs = (
        next((found for each in attributes if (found := uuid_of(each.get(name)))), None)
        for name in (RUN, TASK_RUN)
    )
    return runs, task_runs


def text(attributes: dict[str, object], name: str, longest: int) -> str:
    """Return an attribute as text, cut to what its place can hold."""
    found = attributes.get(name)
    return "" if found is None else str(found)[:longest]


def each_item(groups: list[Group]) -> Iterator[tuple[Group, bytes]]:
    for group in groups:
        for item in group.items:
            yield group, item
