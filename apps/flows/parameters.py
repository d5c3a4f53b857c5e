"""Parameters of a run against the JSON Schema of its deployment."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

Parameters = dict[str, Any]
FieldErrors = dict[str, list[str]]

MAX_PATTERN_LENGTH = 200
MAX_MATCHED_LENGTH = 256  # characters of a value that a pattern is tried on
MAX_OPEN_REPEATS = 3  # each may multiply the time of a failing match by the value's length
MAX_SCHEMA_DEPTH = 40
MAX_VALUE_DEPTH = 40

# SECURITY: an empty registry of its own. Without one the library would fetch any `$ref` by HTTP
# from inside our network, on behalf of whoever wrote the schema.
_NO_REMOTE: Registry[Any] = Registry()

# SECURITY: Python's regular expressions backtrack. A repeat inside a repeat, or a choice inside
# one, takes exponential time on a hostile value and holds the whole process meanwhile.
_OPEN_REPEAT = re.compile(r"(?<!\\)[*+]|,\}")
_COSTLY_PATTERN = re.compile(
    r"[*+}][^()]*\)\s*[*+{]|\|[^()]*\)\s*[*+{]|\)[*+}?]*\)\s*[*+{]|\\[1-9]"
)


def list_schema_faults(schema: dict[str, Any]) -> list[str]:
    """Return what is wrong with a parameter schema; empty when runs can be checked against it."""
    faults = list(_structural_faults(schema, depth=0))
    if faults:
        return faults
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
    except Unresolvable as error:
        return {"parameters": [f"The schema's reference {error.ref!r} leads nowhere."]}
    for found in errors:
        for key, message in _explain(found):
            faults.setdefault(key, []).append(message)
    return faults


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
    validator = _Validator(
        schema, registry=_NO_REMOTE, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return sorted(validator.iter_errors(parameters), key=lambda error: list(map(str, error.path)))


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


_Validator: Any = extend(Draft202012Validator, {"pattern": _match_pattern})


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
    yield ".".join(here), error.message[:500]


def _structural_faults(node: object, *, depth: int) -> Iterator[str]:
    if depth > MAX_SCHEMA_DEPTH:
        yield f"Nested deeper than {MAX_SCHEMA_DEPTH} levels."
        return
    if isinstance(node, dict):
        reference = node.get("$ref", "#")
        if isinstance(reference, str) and not reference.startswith("#"):
            yield f"The reference {reference!r} leaves the schema; only '#…' is allowed."
        yield from _pattern_faults(node)
        for child in node.values():
            yield from _structural_faults(child, depth=depth + 1)
    elif isinstance(node, list):
        for child in node:
            yield from _structural_faults(child, depth=depth + 1)


def _pattern_faults(node: dict[str, Any]) -> Iterator[str]:
    keyed = node.get("patternProperties")
    patterns: Iterable[object] = [node.get("pattern"), *(keyed if isinstance(keyed, dict) else ())]
    for pattern in patterns:
        if not isinstance(pattern, str):
            continue
        if len(pattern) > MAX_PATTERN_LENGTH:
            yield f"A pattern may have at most {MAX_PATTERN_LENGTH} characters."
        elif len(_OPEN_REPEAT.findall(pattern)) > MAX_OPEN_REPEATS:
            yield f"The pattern {pattern!r} has more than {MAX_OPEN_REPEATS} open-ended repeats."
        elif _COSTLY_PATTERN.search(pattern):
            yield f"The pattern {pattern!r} repeats a repetition or a choice; that may never end."


def _path(parts: Iterable[object]) -> str:
    return ".".join(map(str, parts))
