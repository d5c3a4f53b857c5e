"""Parameters of a run against the JSON Schema of its deployment."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from apps.flows.patterns import MAX_MATCHED_LENGTH, find_pattern_fault

Parameters = dict[str, Any]
FieldErrors = dict[str, list[str]]
_Check = Callable[[Any, Any, Any, Any], Any]  # validator, the keyword's value, instance, schema

MAX_SCHEMA_DEPTH = 40
MAX_VALUE_DEPTH = 40

# SECURITY: an empty registry of its own. Without one the library would fetch any `$ref` by HTTP
# from inside our network, on behalf of whoever wrote the schema.
_NO_REMOTE: Registry[Any] = Registry()

# SECURITY: a schema of a few lines can refer to itself so often that checking an empty object takes
# for ever. Steps are what is looked at: keywords, and the members of what they compare.
MAX_STEPS = 200_000
# SECURITY: a schema may also lead round in circles. We stop well before Python's own limit: met
# within those parts of the library that are not Python, it is an error that nobody can catch.
MAX_KEYWORDS_DEEP = 150
# SECURITY: whether a schema is one is checked part by part, half a millisecond each.
MAX_SCHEMA_PARTS = 2_000  # objects and lists
MAX_ODD_MEMBERS = 50  # of a list that should hold names: comparing odd ones takes quadratic time
_LISTS_OF_NAMES = ("required", "type")


@dataclass(slots=True)
class _Work:
    steps_left: int
    keywords_deep: int = 0


_work: ContextVar[_Work | None] = ContextVar("work", default=None)


class _TooMuchWorkError(Exception):
    pass


@contextmanager
def shared_steps(steps: int = MAX_STEPS) -> Iterator[None]:
    """Let all that is checked within share so many steps, however many checks that are."""
    token = _work.set(_Work(steps))
    try:
        yield
    finally:
        _work.reset(token)


def list_schema_faults(schema: dict[str, Any]) -> list[str]:
    """Return what is wrong with a parameter schema; empty when runs can be checked against it."""
    faults = list(_structural_faults(schema, depth=0))
    if faults:
        return faults
    if _parts(schema) > MAX_SCHEMA_PARTS:
        return [f"The schema has more than {MAX_SCHEMA_PARTS:,} parts (objects and lists)."]
    if schema.get("type", "object") != "object":
        return ['The schema must describe an object: "type": "object".']
    try:
        Draft202012Validator.check_schema(schema)
        # A reference to nowhere only shows when something is checked.
        _check(schema, {})
    except SchemaError as error:
        return [f"{_path(error.absolute_path) or 'schema'}: {error.message}"]
    except Unresolvable as error:
        return [
            f"The reference {error.ref!r} leads nowhere; only references within the schema work."
        ]
    except RecursionError:
        return ["The schema refers to itself without end."]
    except _TooMuchWorkError:
        return ["The schema takes too long to check: it refers to itself too often."]
    return []


def find_parameter_faults(schema: dict[str, Any], parameters: Parameters) -> FieldErrors:
    """Return the faults of `parameters`, keyed `parameters.<name>`; empty when they fit."""
    if not schema:
        return {}
    faults: FieldErrors = {}
    try:
        errors = _check(schema, parameters)
    except RecursionError:
        return {"parameters": ["Nested too deeply to be checked."]}
    except _TooMuchWorkError:
        return {"parameters": ["Too many for this schema: they take too long to check."]}
    except Unresolvable as error:
        return {"parameters": [f"The schema's reference {error.ref!r} leads nowhere."]}
    for found in errors:
        for key, message in _explain(found):
            faults.setdefault(key, []).append(message)
    return faults


class Checker:
    """A schema that is checked against again and again: what it takes is made once."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = _Validator(schema, registry=_NO_REMOTE, format_checker=_FORMATS)

    def find_fault(self, value: object) -> tuple[str, str] | None:
        """Return the path and the message of the first fault by path, or None; in shared steps."""
        try:
            errors = list(self._validator.iter_errors(value))
        except RecursionError:
            return "", "Nested too deeply to be checked."
        except _TooMuchWorkError:
            return "", "It takes too long to check."
        except Unresolvable as error:
            return "", f"The schema's reference {error.ref!r} leads nowhere."
        if not errors:
            return None
        first = min(errors, key=lambda error: list(map(str, error.path)))
        return _path(first.absolute_path), first.message[:500]


def find_storage_fault(value: object, *, depth: int = 0) -> str | None:
    """Return why a JSON value cannot be stored, or None; its size is the caller's to check."""
    if depth > MAX_VALUE_DEPTH:
        return f"Nested deeper than {MAX_VALUE_DEPTH} levels."
    if isinstance(value, str):
        return "Holds a NUL character." if "\x00" in value else None
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list):
        inner = value
    faults = (find_storage_fault(each, depth=depth + 1) for each in inner)
    return next((fault for fault in faults if fault), None)


def merge_parameters(*layers: Parameters) -> Parameters:
    """Return the layers laid over each other; a later one wins name by name."""
    merged: Parameters = {}
    for layer in layers:
        merged.update(layer)
    return merged


def _check(schema: dict[str, Any], parameters: Parameters) -> list[ValidationError]:
    validator = _Validator(schema, registry=_NO_REMOTE, format_checker=_FORMATS)
    with nullcontext() if _work.get() else shared_steps():
        errors = list(validator.iter_errors(parameters))
    return sorted(errors, key=lambda error: list(map(str, error.path)))


def _counted(check: _Check) -> _Check:
    def counting(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        work = _work.get()
        assert work is not None
        work.steps_left -= 1 + _size(value) + _size(instance)
        if work.steps_left < 0:
            raise _TooMuchWorkError
        if work.keywords_deep >= MAX_KEYWORDS_DEEP:
            raise RecursionError
        work.keywords_deep += 1
        try:
            yield from check(validator, value, instance, schema) or ()
        finally:
            work.keywords_deep -= 1

    return counting


def _size(value: object) -> int:
    return len(value) if isinstance(value, list | dict) else 0


def _match_names(check: _Check) -> _Check:
    """Wrap a keyword that tries patterns on the names of members."""
    is_theirs = check is Draft202012Validator.VALIDATORS["patternProperties"]

    def matching(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        long = isinstance(instance, dict) and any(len(n) > MAX_MATCHED_LENGTH for n in instance)
        if long and (is_theirs or schema.get("patternProperties")):
            yield ValidationError(f"has names of over {MAX_MATCHED_LENGTH} characters")
        else:
            yield from check(validator, value, instance, schema) or ()

    return matching


def _after_references(check: _Check) -> _Check:
    """Wrap a keyword that follows the references beside it by itself, in circles without end."""

    def checking(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        beside = {name: schema[name] for name in ("$ref", "$dynamicRef") if name in schema}
        for _ in validator.descend(instance, beside):
            pass
        yield from check(validator, value, instance, schema) or ()

    return checking


def _are_unique(_validator: Any, wanted: Any, instance: Any, _schema: Any) -> Any:
    # The library compares each with each where members are objects.
    if wanted and isinstance(instance, list):
        options = orjson.OPT_SORT_KEYS
        if len({orjson.dumps(_whole(each), option=options) for each in instance}) < len(instance):
            yield ValidationError("has members that are equal")


def _whole(value: Any) -> Any:
    """Return the value with 1.0 as 1: JSON Schema has one kind of number."""
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < 2**53 else value
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _match_pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    if len(instance) > MAX_MATCHED_LENGTH:
        message = f"is longer than {MAX_MATCHED_LENGTH} characters, too long for a pattern"
        yield ValidationError(message)
    elif not re.search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_EXAMPLES = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T09:30:00Z",
    "time": "09:30",
    "duration": "PT90S",
    "uuid": "01900000-0000-7000-8000-000000000001",
}
_DURATION = re.compile(
    r"[-+]?P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?"
)


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or isinstance(time.fromisoformat(value), time)


def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or bool(_DURATION.fullmatch(value[:100]))


# What the library checks only where further packages are installed. As Python's own readers do it,
# which read the parameters in the end: a time without an offset is one.
_FORMATS = FormatChecker(formats=())
_FORMATS.checkers = {
    **Draft202012Validator.FORMAT_CHECKER.checkers,
    "date-time": (_is_date_time, ValueError),
    "time": (_is_time, ValueError),
    "duration": (_is_duration, ()),
}

_CHECKS: dict[str, _Check] = dict(Draft202012Validator.VALIDATORS) | {
    "pattern": _match_pattern,
    "uniqueItems": _are_unique,
    "patternProperties": _match_names(Draft202012Validator.VALIDATORS["patternProperties"]),
    "additionalProperties": _match_names(Draft202012Validator.VALIDATORS["additionalProperties"]),
    **{
        name: _after_references(Draft202012Validator.VALIDATORS[name])
        for name in ("unevaluatedItems", "unevaluatedProperties")
    },
}
_Validator: Any = extend(
    Draft202012Validator, {name: _counted(check) for name, check in _CHECKS.items()}
)


def _explain(error: ValidationError) -> Iterator[tuple[str, str]]:
    here = ["parameters", *map(str, error.absolute_path)]
    if error.validator == "required" and isinstance(error.instance, dict):
        for name in error.validator_value:
            if name not in error.instance:
                yield ".".join([*here, str(name)]), "This parameter is required."
        return
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        for name in error.instance:
            if name not in known:
                yield ".".join([*here, str(name)]), "The flow takes no such parameter."
        return
    if error.validator in {"anyOf", "oneOf"} and error.context:
        yield from _explain_choice(error, ".".join(here))
        return
    if error.validator == "format" and error.validator_value in _EXAMPLES:
        example = _EXAMPLES[error.validator_value]
        text = f"{str(error.instance)[:100]!r} is no {error.validator_value}; e.g. {example}."
        yield ".".join(here), text
        return
    yield ".".join(here), error.message[:500]


def _explain_choice(error: ValidationError, place: str) -> Iterator[tuple[str, str]]:
    """Say what is wrong with the one choice that was meant; of several only which there are."""
    choices = [each if isinstance(each, dict) else {} for each in error.validator_value]
    real = [index for index, choice in enumerate(choices) if choice.get("type") != "null"]
    meant = [each for each in error.context if each.schema_path[0] in real]
    kinds = {index for index in real if _is_of_type(choices[index], error.instance)}
    chosen = real if len(real) == 1 else [index for index in real if index in kinds]
    if len(chosen) == 1:
        for each in meant:
            if each.schema_path[0] == chosen[0]:
                yield from _explain(each)
        return
    names = [str(choice.get("title") or choice.get("type") or "another") for choice in choices]
    yield place, f"Fits none of: {', '.join(dict.fromkeys(names))}."


def _is_of_type(schema: dict[str, Any], value: Any) -> bool:
    kind = schema.get("type")
    return isinstance(kind, str) and Draft202012Validator.TYPE_CHECKER.is_type(value, kind)


def _structural_faults(node: object, *, depth: int) -> Iterator[str]:
    if depth > MAX_SCHEMA_DEPTH:
        yield f"Nested deeper than {MAX_SCHEMA_DEPTH} levels."
        return
    if isinstance(node, dict):
        reference = node.get("$ref", "#")
        if isinstance(reference, str) and not reference.startswith("#"):
            yield f"The reference {reference!r} leaves the schema; only '#…' is allowed."
        yield from _pattern_faults(node)
        for name in _LISTS_OF_NAMES:
            names = node.get(name)
            if (
                isinstance(names, list)
                and len(names) > MAX_ODD_MEMBERS
                and not all(isinstance(each, str) for each in names)
            ):
                yield f"“{name}” must hold names."
        for child in node.values():
            yield from _structural_faults(child, depth=depth + 1)
    elif isinstance(node, list):
        for child in node:
            yield from _structural_faults(child, depth=depth + 1)


def _parts(node: object) -> int:
    if isinstance(node, dict):
        return 1 + sum(_parts(child) for child in node.values())
    if isinstance(node, list):
        return 1 + sum(_parts(child) for child in node)
    return 0


def _pattern_faults(node: dict[str, Any]) -> Iterator[str]:
    keyed = node.get("patternProperties")
    patterns: Iterable[object] = [node.get("pattern"), *(keyed if isinstance(keyed, dict) else ())]
    for pattern in patterns:
        if isinstance(pattern, str) and (fault := find_pattern_fault(pattern)):
            yield fault


def _path(parts: Iterable[object]) -> str:
    return ".".join(map(str, parts))
