"""From a flow's signature to JSON Schema: what a deployment's form asks for, and is checked by."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from headway._annotations import (
    LISTS,
    UNIONS,
    hints_of,
    hints_of_parameters,
    is_model,
    is_typed_dict,
    keywords_of,
    plain,
    plain_kind,
    required_keys,
)
from headway._docstrings import describe_parameters
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
    # The server takes only patterns that cannot match in many ways.
    Decimal: {"type": "string", "pattern": r"^-?\d+\.?\d*([eE][-+]?\d{1,3})?$"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    frozenset: {"type": "array", "uniqueItems": True},
    dict: {"type": "object"},
}
_PLAIN = (str, int, float, bool, type(None), Enum, date, time, timedelta, UUID, Decimal, PurePath)
_NOTHING = object()


def parameter_schema(fn: Callable[..., Any]) -> Schema:
    """
    Return the JSON Schema of a function's parameters.

    What its docstring says of them is said with them. A type that JSON Schema cannot say is left
    open; the parameter then takes anything. A default that JSON cannot say stays out.

    >>> def load(table: str, days: int = 7): ...
    >>> parameter_schema(load)["properties"]["days"], parameter_schema(load)["required"]
    ({'type': 'integer', 'default': 7}, ['table'])
    """
    hints = hints_of_parameters(fn)
    texts = describe_parameters(fn.__doc__)
    schemas = _Schemas()
    schema: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    required = []
    for name, parameter in inspect.signature(fn).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            schema["additionalProperties"] = schemas.of(hints.get(name, Any)) or True
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise ParameterError(f"{name} is positional-only; a deployment gives names.")
        described = schemas.of(hints.get(name, Any))
        if name in texts:
            described = {**described, "description": texts[name]}
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            described = described | _default(parameter.default)
        schema["properties"][name] = described
    if required:
        schema["required"] = required
    return schemas.whole(schema)


def schema_of(annotation: Any) -> Schema:
    """
    Return the JSON Schema of one annotation.

    >>> schema_of(list[Literal["a", "b"]])
    {'type': 'array', 'items': {'enum': ['a', 'b']}}
    >>> schema_of(int | None)
    {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}
    """
    schemas = _Schemas()
    return schemas.whole(schemas.of(annotation))


class _Schemas:
    """The schemas of annotations, and what those refer to that refer to themselves."""

    def __init__(self) -> None:
        self._open: list[Any] = []
        self._named: dict[Any, str] = {}
        self._definitions: dict[str, Schema] = {}

    def whole(self, schema: Schema) -> Schema:
        """Return the schema with all that it refers to."""
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        schema = {**self._definitions.get(name, {}), **schema}
        if name:
            del schema["$ref"]
        return schema | {"$defs": self._definitions} if self._definitions else schema

    def of(self, annotation: Any) -> Schema:
        """Return the schema of one annotation."""
        annotation = plain(annotation)
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is typing.Annotated:
            schema = self.of(arguments[0])
            return schema | keywords_of(arguments[1:], schema.get("type"))
        if origin is Literal:
            return {"enum": [_json(argument) for argument in arguments]}
        if origin in UNIONS:
            return {"anyOf": [self.of(argument) for argument in arguments]}
        if is_model(annotation):
            return self._of_model(annotation)
        if inspect.isclass(annotation) and issubclass(annotation, Enum):
            return {"enum": [_json(member.value) for member in annotation]}
        if inspect.isclass(annotation) and dataclasses.is_dataclass(annotation):
            return self._once(annotation, self._of_dataclass)
        if is_typed_dict(annotation):
            return self._once(annotation, self._of_typed_dict)
        if inspect.isclass(annotation) and issubclass(annotation, PurePath):
            return {"type": "string"}
        kind = plain_kind(origin or annotation)
        if kind in LISTS and arguments:
            return self._of_list(kind, arguments)
        if kind is dict and len(arguments) == 2:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        return dict(_SIMPLE.get(kind, {}))

    def _once(self, kind: Any, make: Callable[[Any], Schema]) -> Schema:
        """Return what `make` makes of a class; inside of that, only where to find it."""
        if kind in self._open or kind in self._named:
            name = self._named.setdefault(kind, self._new_name(kind.__name__))
            return {"$ref": f"#/$defs/{name}"}
        self._open.append(kind)
        schema = make(kind)
        self._open.pop()
        if kind not in self._named:
            return schema
        self._definitions[self._named[kind]] = schema
        return {"$ref": f"#/$defs/{self._named[kind]}"}

    def _new_name(self, name: str) -> str:
        taken = {*self._named.values(), *self._definitions}
        number = 1
        while (tried := name if number == 1 else f"{name}{number}") in taken:
            number += 1
        return tried

    def _of_list(self, kind: Any, arguments: tuple[Any, ...]) -> Schema:
        if kind is tuple and arguments[-1] is not Ellipsis:
            count = len(arguments)
            return {
                "type": "array",
                "prefixItems": [self.of(argument) for argument in arguments],
                "minItems": count,
                "maxItems": count,
            }
        return {**_SIMPLE[kind], "items": self.of(arguments[0])}

    def _of_dataclass(self, kind: Any) -> Schema:
        hints = hints_of(kind)
        schema: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
        texts = describe_parameters(kind.__doc__)
        required = []
        for field in dataclasses.fields(kind):
            if not field.init:
                continue
            described = self.of(hints.get(field.name, Any))
            if field.name in texts:
                described = {**described, "description": texts[field.name]}
            if field.default is not dataclasses.MISSING:
                described = described | _default(field.default)
            elif field.default_factory is dataclasses.MISSING:
                required.append(field.name)
            schema["properties"][field.name] = described
        if required:
            schema["required"] = required
        return schema

    def _of_typed_dict(self, kind: Any) -> Schema:
        hints = hints_of(kind)
        schema: Schema = {
            "type": "object",
            "properties": {name: self.of(hint) for name, hint in hints.items()},
            "additionalProperties": False,
        }
        if required := sorted(required_keys(kind, hints)):
            schema["required"] = required
        return schema

    def _of_model(self, kind: Any) -> Schema:
        """Return what pydantic says, with what it names put where it is named."""
        schema: Schema = kind.model_json_schema()
        definitions = schema.pop("$defs", {})
        renamed: dict[str, str] = {}

        def put_in(node: Any, around: tuple[str, ...]) -> Any:
            if isinstance(node, list):
                return [put_in(each, around) for each in node]
            if not isinstance(node, dict):
                return node
            # What tells the members of a union apart says it by the names of definitions.
            rest = {key: put_in(each, around) for key, each in node.items() if key not in _TELLING}
            if str(rest.get("pattern", "")).startswith(_PATTERN_OF_DECIMALS):
                del rest["pattern"]
            name = str(node.get("$ref", "")).removeprefix("#/$defs/")
            if name not in definitions:
                return rest
            if name in around:
                known = renamed.setdefault(name, self._new_name(name))
                self._definitions.setdefault(known, {})
                return rest | {"$ref": f"#/$defs/{known}"}
            del rest["$ref"]
            inside = put_in(definitions[name], (*around, name))
            if name in renamed:
                self._definitions[renamed[name]] = inside
                inside = {"$ref": f"#/$defs/{renamed[name]}"}
            return {**inside, **rest}

        made: Schema = put_in(schema, ())
        return made


_TELLING = frozenset({"discriminator"})
# It looks ahead and may match in very many ways; that it is a number is checked when it is read.
_PATTERN_OF_DECIMALS = "^(?!^[-+.]*$)"


def _default(value: Any) -> Schema:
    said = _json(value)
    return {} if said is _NOTHING else {"default": said}


def _json(value: Any) -> Any:
    """Return a default as JSON that is read as the same again, or _NOTHING."""
    if isinstance(value, Enum):
        return _json(value.value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return _NOTHING
    if isinstance(value, _PLAIN):
        return json.loads(encode(value))
    if is_model(type(value)):
        return value.model_dump(mode="json")
    items: Any = None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        items = {each.name: _json(getattr(value, each.name)) for each in fields if each.init}
    elif isinstance(value, Mapping):
        items = {key: _json(each) for key, each in value.items() if isinstance(key, str)}
        items = items if len(items) == len(value) else None
    elif isinstance(value, list | tuple):
        items = [_json(each) for each in value]
    elif isinstance(value, set | frozenset):
        items = sorted((_json(each) for each in value), key=encode)  # else each deploy differs
    inside = items.values() if isinstance(items, dict) else items
    return _NOTHING if inside is None or any(each is _NOTHING for each in inside) else items


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
