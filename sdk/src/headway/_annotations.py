"""What annotations say, however they were written."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union, get_args, get_origin

UNIONS = (Union, types.UnionType)
LISTS = (list, tuple, set, frozenset)
BUILT_INS = (*LISTS, dict)


def hints_of(thing: Any) -> dict[str, Any]:
    """
    Return the annotations of a function or a class.

    What only a type checker can look up stays out; it costs the others nothing.
    """
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError):
        pass
    found: dict[str, Any] = {}
    for holder in reversed(thing.__mro__) if inspect.isclass(thing) else (thing,):
        module = sys.modules.get(getattr(holder, "__module__", None) or "")
        names = getattr(holder, "__globals__", None) or vars(module or types)
        for name, annotation in inspect.get_annotations(holder).items():
            alone = types.SimpleNamespace(__annotations__={name: annotation})
            try:
                found |= typing.get_type_hints(alone, names, include_extras=True)
            except (NameError, TypeError, AttributeError, SyntaxError):
                found.pop(name, None)
    return found


def hints_of_parameters(fn: Callable[..., Any]) -> dict[str, Any]:
    """
    Return the annotations of a function's parameters; one that defaults to None may be None.

    >>> hints_of_parameters(lambda days=None: days)
    {}
    >>> def load(days: int = None): ...
    >>> hints_of_parameters(load)
    {'days': int | None}
    """
    hints = hints_of(fn)
    for name, parameter in inspect.signature(fn).parameters.items():
        if name in hints and parameter.default is None and not _takes_none(hints[name]):
            hints[name] = hints[name] | None
    return hints


def _takes_none(annotation: Any) -> bool:
    annotation = plain(annotation)
    if get_origin(annotation) is typing.Annotated:
        return _takes_none(get_args(annotation)[0])
    if annotation in (Any, None, type(None), object):
        return True
    return get_origin(annotation) in UNIONS and any(map(_takes_none, get_args(annotation)))


def plain(annotation: Any) -> Any:
    """
    Return what an alias or a NewType stands for, and what a field of a TypedDict holds.

    >>> plain(typing.NewType("Table", str)), plain(typing.NotRequired[int])
    (<class 'str'>, <class 'int'>)
    """
    while True:
        if isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":  # `type X = …`, of Python 3.12
            annotation = annotation.__value__
        elif get_origin(annotation) in (typing.Required, typing.NotRequired, typing.Final):
            annotation = get_args(annotation)[0]
        else:
            return annotation


def plain_kind(kind: Any) -> Any:
    """Return the built-in that stands for an abstract collection."""
    if inspect.isclass(kind) and kind not in BUILT_INS:
        if issubclass(kind, Mapping):
            return dict
        if kind.__module__ == "collections.abc" and kind.__name__ in (
            *("Sequence", "MutableSequence", "Iterable", "Collection"),
        ):
            return list
        if kind.__module__ == "collections.abc" and kind.__name__ in ("Set", "MutableSet"):
            return set
    return kind


def is_model(kind: Any) -> bool:
    """Return whether a class is a model of pydantic's, which need not be installed."""
    return inspect.isclass(kind) and all(
        callable(getattr(kind, name, None)) for name in ("model_json_schema", "model_validate")
    )


def is_typed_dict(kind: Any) -> bool:
    """Return whether a class is a TypedDict, of typing's or of typing-extensions'."""
    return typing.is_typeddict(kind) or hasattr(kind, "__required_keys__")


def required_keys(kind: Any, hints: Mapping[str, Any]) -> set[str]:
    """Return the keys that a TypedDict must have; where annotations are text it does not know."""
    return {
        name
        for name, hint in hints.items()
        if get_origin(hint) is typing.Required
        or (name in kind.__required_keys__ and get_origin(hint) is not typing.NotRequired)
    }


_OF_SIZE = {"min_length": ("minLength", "minItems"), "max_length": ("maxLength", "maxItems")}
_OF_NUMBER = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
}


def keywords_of(metadata: Iterable[Any], kind: str | None) -> dict[str, Any]:
    """
    Return what `Annotated` says beside the type, as JSON Schema: a text, bounds, a pattern.

    Bounds are those of annotated-types and of pydantic's Field.

    >>> from types import SimpleNamespace as Ge
    >>> keywords_of(["how many", Ge(ge=1)], "integer")
    {'description': 'how many', 'minimum': 1}
    """
    said: dict[str, Any] = {}
    for item in metadata:
        if isinstance(item, str):
            said.setdefault("description", item)
            continue
        for name in ("description", "documentation"):
            if isinstance(getattr(item, name, None), str):
                said.setdefault("description", getattr(item, name))
        if isinstance(getattr(item, "pattern", None), str):
            said["pattern"] = item.pattern
        for name, keyword in _OF_NUMBER.items():
            if isinstance(getattr(item, name, None), int | float):
                said[keyword] = getattr(item, name)
        for name, keywords in _OF_SIZE.items():
            if isinstance(getattr(item, name, None), int):
                said[keywords[kind == "array"]] = getattr(item, name)
        said |= keywords_of(getattr(item, "metadata", None) or (), kind)
    return said
