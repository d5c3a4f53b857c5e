"""From JSON to what a signature asks for: dataclasses, enums, dates, models."""

from __future__ import annotations

import dataclasses
import inspect
import json
import operator
import re
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
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
from headway._errors import ParameterError
from headway._json import encode


def read_parameters(fn: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return JSON parameters as what the signature asks for.

    Raises: ParameterError, naming the parameter.

    >>> def load(day: date, tables: list[str] = []): ...
    >>> read_parameters(load, {"day": "2026-03-01"})
    {'day': datetime.date(2026, 3, 1)}
    """
    values = read_given(fn, given)
    for name, parameter in inspect.signature(fn).parameters.items():
        optional = parameter.default is not parameter.empty or parameter.kind in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        )
        if name not in values and not optional:
            raise ParameterError(f"Parameter {name!r} is missing.")
    return values


def read_given(fn: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of some of the parameters; others may come later."""
    hints = hints_of_parameters(fn)
    parameters = inspect.signature(fn).parameters
    rest = next((name for name, each in parameters.items() if each.kind is each.VAR_KEYWORD), None)
    values = {}
    for name, value in given.items():
        if name not in parameters and rest is None:
            known = ", ".join(parameters) or "none"
            raise ParameterError(f"There is no parameter {name!r}; known: {known}.")
        annotation = hints.get(name if name in parameters else str(rest), Any)
        values[name] = read_value(annotation, value, where=name)
    return values


def read_value(annotation: Any, value: Any, *, where: str) -> Any:
    """
    Return a JSON value as what `annotation` asks for; unknown annotations let it through.

    >>> read_value(list[date], ["2026-03-01"], where="days")
    [datetime.date(2026, 3, 1)]
    """
    annotation = plain(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any or annotation is inspect.Parameter.empty:
        return value
    if origin is typing.Annotated:
        read = read_value(arguments[0], value, where=where)
        _check_bounds(keywords_of(arguments[1:], None), value, where=where)
        return read
    if origin is Literal:
        return _read_choice(arguments, arguments, value, where=where)
    if origin in UNIONS:
        return _read_union(arguments, value, where=where)
    if is_model(annotation):
        return _read_model(annotation, value, where=where)
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        members = list(annotation)
        return _read_choice(members, [m.value for m in members], value, where=where)
    if inspect.isclass(annotation) and dataclasses.is_dataclass(annotation):
        return _read_dataclass(annotation, value, where=where)
    if is_typed_dict(annotation):
        return _read_typed_dict(annotation, value, where=where)
    kind = plain_kind(origin or annotation)
    if kind in LISTS:
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


def _read_choice(members: Sequence[Any], said: Sequence[Any], value: Any, *, where: str) -> Any:
    for member, each in zip(members, said, strict=True):
        as_json = json.loads(encode(each))
        # In JSON true is no 1.
        if as_json == value and isinstance(as_json, bool) == isinstance(value, bool):
            return member
    raise ParameterError(f"{where}: expected one of {list(said)}, not {value!r}.")


def _read_model(kind: Any, value: Any, *, where: str) -> Any:
    try:
        return kind.model_validate_json(encode(value))
    except ValueError as error:  # as pydantic's are
        told = getattr(error, "errors", None)
        if told is None:
            raise ParameterError(f"{where}: {error}.") from error
        faults = [
            f"{'.'.join([where, *map(str, each['loc'])])}: {each['msg']}"
            for each in told(include_url=False)
        ]
        raise ParameterError("; ".join(faults) + ".") from error


def _read_typed_dict(kind: Any, value: Any, *, where: str) -> Any:
    hints = hints_of(kind)
    return _read_fields(hints, required_keys(kind, hints), value, where=where)


def _read_dataclass(kind: Any, value: Any, *, where: str) -> Any:
    hints = hints_of(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    known = {field.name: hints.get(field.name, Any) for field in fields}
    arguments = _read_fields(known, needed, value, where=where)
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{where}: {error}.") from error


def _read_fields(
    known: Mapping[str, Any], needed: Collection[str], value: Any, *, where: str
) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _mismatch(where, "an object", value)
    for name in sorted(set(value) - set(known)):
        raise ParameterError(f"{where}: unknown field {name!r}.")
    for name in sorted(set(needed) - set(value)):
        raise ParameterError(f"{where}.{name} is missing.")
    return {
        name: read_value(known[name], item, where=f"{where}.{name}") for name, item in value.items()
    }


_BOUNDS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (operator.ge, "at least"),
    "exclusiveMinimum": (operator.gt, "more than"),
    "maximum": (operator.le, "at most"),
    "exclusiveMaximum": (operator.lt, "less than"),
}


def _check_bounds(keywords: Mapping[str, Any], value: Any, *, where: str) -> None:
    """Check what the server has checked already, for values that never were there."""
    for keyword, bound in keywords.items():
        if keyword in _BOUNDS and isinstance(value, int | float):
            fits, words = _BOUNDS[keyword]
            if not fits(value, bound):
                raise ParameterError(f"{where}: expected {words} {bound}, not {value!r}.")
        elif keyword in ("minLength", "maxLength") and isinstance(value, str | list | dict):
            fits, words = _BOUNDS["minimum" if keyword == "minLength" else "maximum"]
            if not fits(len(value), bound):
                raise ParameterError(f"{where}: expected {words} {bound} of them.")
        elif keyword == "pattern" and isinstance(value, str) and not re.search(bound, value):
            raise ParameterError(f"{where}: {value!r} does not match {bound!r}.")


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
