"""From a flow's signature to JSON Schema, and from JSON back to what the signature asks for."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from headway._errors import ParameterError
from headway._json import encode

Schema = dict[str, Any]

_SIMPLE: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    time: {"type": "string", "format": "time"},
    timedelta: {"type": "number", "description": "seconds"},
    UUID: {"type": "string", "format": "uuid"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?([eE][-+]?\d+)?$"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    frozenset: {"type": "array", "uniqueItems": True},
    dict: {"type": "object"},
}
_LISTS = (list, tuple, set, frozenset)
_UNIONS = (Union, types.UnionType)


def parameter_schema(fn: Callable[..., Any]) -> Schema:
    """
    Return the JSON Schema of a function's parameters.

    A type that JSON Schema cannot say is left open; the parameter then takes anything.

    >>> def load(table: str, days: int = 7): ...
    >>> parameter_schema(load)["properties"]["days"], parameter_schema(load)["required"]
    ({'type': 'integer', 'default': 7}, ['table'])
    """
    hints = _hints(fn)
    schema: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    required = []
    for name, parameter in inspect.signature(fn).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            schema["additionalProperties"] = True
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise ParameterError(f"{name} is positional-only; a deployment gives names.")
        described = schema_of(hints.get(name, Any))
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            described = {**described, "default": json.loads(encode(parameter.default))}
        schema["properties"][name] = described
    if required:
        schema["required"] = required
    return schema


def schema_of(annotation: Any) -> Schema:
    """
    Return the JSON Schema of one annotation.

    >>> schema_of(list[Literal["a", "b"]])
    {'type': 'array', 'items': {'enum': ['a', 'b']}}
    >>> schema_of(int | None)
    {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        texts = [item for item in arguments[1:] if isinstance(item, str)]
        return {**schema_of(arguments[0]), **({"description": texts[0]} if texts else {})}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in _UNIONS:
        return {"anyOf": [schema_of(argument) for argument in arguments]}
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return {"enum": [json.loads(encode(member.value)) for member in annotation]}
    if inspect.isclass(annotation) and dataclasses.is_dataclass(annotation):
        return _dataclass_schema(annotation)
    if inspect.isclass(annotation) and typing.is_typeddict(annotation):
        return _typed_dict_schema(annotation)
    if inspect.isclass(annotation) and issubclass(annotation, PurePath):
        return {"type": "string"}
    kind = _plain_kind(origin or annotation)
    if kind in _LISTS and arguments:
        return _array_schema(kind, arguments)
    if kind is dict and len(arguments) == 2:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    return dict(_SIMPLE.get(kind, {}))


def _plain_kind(kind: Any) -> Any:
    """Return the built-in that stands for an abstract collection."""
    if inspect.isclass(kind) and kind not in _SIMPLE:
        if issubclass(kind, Mapping):
            return dict
        if kind.__module__ == "collections.abc" and kind.__name__ in (
            *("Sequence", "MutableSequence", "Iterable", "Collection", "Set"),
        ):
            return list
    return kind


def _array_schema(kind: Any, arguments: tuple[Any, ...]) -> Schema:
    if kind is tuple and arguments[-1] is not Ellipsis:
        count = len(arguments)
        return {
            "type": "array",
            "prefixItems": [schema_of(argument) for argument in arguments],
            "minItems": count,
            "maxItems": count,
        }
    return {**_SIMPLE[kind], "items": schema_of(arguments[0])}


def _dataclass_schema(kind: Any) -> Schema:
    hints = _hints(kind)
    schema: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    required = []
    for field in dataclasses.fields(kind):
        if not field.init:
            continue
        described = schema_of(hints.get(field.name, Any))
        if field.default is not dataclasses.MISSING:
            described = {**described, "default": json.loads(encode(field.default))}
        elif field.default_factory is dataclasses.MISSING:
            required.append(field.name)
        schema["properties"][field.name] = described
    if required:
        schema["required"] = required
    return schema


def _typed_dict_schema(kind: Any) -> Schema:
    hints = _hints(kind)
    schema: Schema = {
        "type": "object",
        "properties": {name: schema_of(hint) for name, hint in hints.items()},
        "additionalProperties": False,
    }
    if required := sorted(kind.__required_keys__):
        schema["required"] = required
    return schema


def _hints(thing: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except (NameError, TypeError):
        return {}  # a name that only a type checker sees: the parameter stays open


def read_parameters(fn: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return JSON parameters as what the signature asks for.

    Raises: ParameterError, naming the parameter.

    >>> def load(day: date, tables: list[str] = []): ...
    >>> read_parameters(load, {"day": "2026-03-01"})
    {'day': datetime.date(2026, 3, 1)}
    """
    hints = _hints(fn)
    parameters = inspect.signature(fn).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    values = {}
    for name, value in given.items():
        if name not in parameters and not takes_any:
            known = ", ".join(parameters) or "none"
            raise ParameterError(f"There is no parameter {name!r}; known: {known}.")
        values[name] = read_value(hints.get(name, Any), value, where=name)
    for name, parameter in parameters.items():
        optional = parameter.default is not parameter.empty or parameter.kind in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        )
        if name not in values and not optional:
            raise ParameterError(f"Parameter {name!r} is missing.")
    return values


def read_value(annotation: Any, value: Any, *, where: str) -> Any:
    """
    Return a JSON value as what `annotation` asks for; unknown annotations let it through.

    >>> read_value(list[date], ["2026-03-01"], where="days")
    [datetime.date(2026, 3, 1)]
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any or annotation is inspect.Parameter.empty:
        return value
    if origin is typing.Annotated:
        return read_value(arguments[0], value, where=where)
    if origin is Literal:
        if value in arguments:
            return value
        raise ParameterError(f"{where}: expected one of {list(arguments)}, not {value!r}.")
    if origin in _UNIONS:
        return _read_union(arguments, value, where=where)
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return _read_enum(annotation, value, where=where)
    if inspect.isclass(annotation) and dataclasses.is_dataclass(annotation):
        return _read_dataclass(annotation, value, where=where)
    kind = _plain_kind(origin or annotation)
    if kind in _LISTS:
        return _read_list(kind, arguments, value, where=where)
    if kind is dict:
        if not isinstance(value, Mapping):
            raise _mismatch(where, "an object", value)
        if len(arguments) != 2:
            return dict(value)
        return {
            key: read_value(arguments[1], item, where=f"{where}.{key}")
            for key, item in value.items()
        }
    return _read_scalar(kind, value, where=where)


def _read_union(arguments: tuple[Any, ...], value: Any, *, where: str) -> Any:
    if value is None and type(None) in arguments:
        return None
    problems = []
    for argument in arguments:
        if argument is type(None):
            continue
        try:
            return read_value(argument, value, where=where)
        except ParameterError as error:
            problems.append(error)
    raise problems[0]


def _read_enum(kind: type[Enum], value: Any, *, where: str) -> Enum:
    for member in kind:
        if json.loads(encode(member.value)) == value:
            return member
    raise ParameterError(f"{where}: expected one of {[m.value for m in kind]}, not {value!r}.")


def _read_dataclass(kind: Any, value: Any, *, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _mismatch(where, "an object", value)
    hints = _hints(kind)
    fields = {field.name for field in dataclasses.fields(kind) if field.init}
    unknown = sorted(set(value) - fields)
    if unknown:
        raise ParameterError(f"{where}: unknown field {unknown[0]!r}.")
    arguments = {
        name: read_value(hints.get(name, Any), item, where=f"{where}.{name}")
        for name, item in value.items()
    }
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ParameterError(f"{where}: {error}.") from error


def _read_list(kind: Any, arguments: tuple[Any, ...], value: Any, *, where: str) -> Any:
    if not isinstance(value, list):
        raise _mismatch(where, "a list", value)
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise ParameterError(f"{where}: expected {len(arguments)} items, not {len(value)}.")
        wanted = list(arguments)
    else:
        wanted = [arguments[0] if arguments else Any] * len(value)
    return kind(
        read_value(annotation, item, where=f"{where}[{index}]")
        for index, (annotation, item) in enumerate(zip(wanted, value, strict=True))
    )


_FROM_TEXT: dict[Any, tuple[Callable[[str], Any], str]] = {
    datetime: (datetime.fromisoformat, "a date and time (ISO 8601)"),
    date: (date.fromisoformat, "a date (YYYY-MM-DD)"),
    time: (time.fromisoformat, "a time (HH:MM)"),
    UUID: (UUID, "a UUID"),
    Decimal: (Decimal, "a decimal number"),
}


def _read_scalar(kind: Any, value: Any, *, where: str) -> Any:
    if kind in _FROM_TEXT:
        read, expected = _FROM_TEXT[kind]
        if not isinstance(value, str):
            raise _mismatch(where, expected, value)
        try:
            return read(value)
        except (ValueError, ArithmeticError) as error:
            raise _mismatch(where, expected, value) from error
    if inspect.isclass(kind) and issubclass(kind, PurePath) and isinstance(value, str):
        return kind(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is timedelta:
        if is_number:
            return timedelta(seconds=value)
        raise _mismatch(where, "a number of seconds", value)
    if kind is float:
        if is_number:
            return float(value)
        raise _mismatch(where, "a number", value)
    if kind is int:
        if is_number and value == int(value):
            return int(value)
        raise _mismatch(where, "a whole number", value)
    if kind in (str, bool, type(None)) and not isinstance(value, kind):
        names = {str: "text", bool: "true or false"}
        raise _mismatch(where, names.get(kind, "null"), value)
    return value


def _mismatch(where: str, expected: str, value: object) -> ParameterError:
    return ParameterError(f"{where}: expected {expected}, not {encode(value)[:80]}.")


def read_text(schema: Schema, name: str, text: str) -> Any:
    """
    Return what `-p name=text` on a command line means, given the flow's parameter schema.

    Text is taken as it is where the schema wants text, else it is read as JSON.

    >>> schema = {"properties": {"day": {"type": "string"}, "n": {"type": "integer"}}}
    >>> read_text(schema, "day", "2026"), read_text(schema, "n", "2026")
    ('2026', 2026)
    """
    wanted = schema.get("properties", {}).get(name, {})
    if wanted.get("type") == "string":
        return text
    allowed = wanted.get("enum", ())
    if text in allowed:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    takes_text = any(option.get("type") == "string" for option in wanted.get("anyOf", ()))
    if takes_text and isinstance(value, int | float) and not isinstance(value, bool):
        kinds = {option.get("type") for option in wanted["anyOf"]}
        return value if kinds & {"integer", "number"} else text
    return value
