"""
Templates that tenants write: Jinja's sandbox, and of its language only what ends quickly.

Pure. SECURITY: three walls. The tree is checked when a template is saved: no macros, imports,
assignments or calls, filters from a short list, no multiplication, no `%`, and loops only where a
sandbox admits them. Names lead only into plain dictionaries and lists: the environment never asks
Python for an attribute. And what comes out is counted while it comes, as are steps of loops.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from jinja2 import StrictUndefined, Undefined, UndefinedError, nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_TEXT_BYTES: Final = 64 * 1024  # of any one value that is written or made on the way
MAX_DEPTH: Final = 40
UNTIMED_LOOKS: Final = 64  # operations and turns of loops that end soon, whatever they are given


class TemplateFaultError(ValueError):
    """The template cannot be saved; the message says why, for people."""


class RenderFaultError(ValueError):
    """The template could not be filled; the message says why, for people."""


def _refuse_size(size: int, most: int = MAX_TEXT_BYTES) -> None:
    if size > most:
        raise RenderFaultError(f"The text is longer than {most // 1024} KiB.")


def _bounded(text: str) -> str:
    _refuse_size(len(text))
    return text


def _replace(value: object, old: str, new: str) -> str:
    text, old, new = str(value), str(old), str(new)
    _refuse_size(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _join(value: object, separator: str = "") -> str:
    if not isinstance(value, (list, tuple)):
        raise RenderFaultError("Only a list can be joined.")
    parts = [_plain(part) for part in value]
    _refuse_size(sum(map(len, parts)) + len(str(separator)) * len(parts))
    return str(separator).join(parts)


def _default(value: object, fallback: object = "", or_empty: bool = False) -> object:
    return fallback if isinstance(value, Undefined) or (or_empty and not value) else value


def _truncate(value: object, length: int = 255) -> str:
    text = str(value)
    return text if len(text) <= length else f"{text[: max(int(length) - 1, 0)]}…"


def _number(value: object) -> float:
    if isinstance(value, (int, float)):
        return value
    try:
        return float(str(value)[:100])
    except ValueError:
        raise RenderFaultError(f"Not a number: {str(value)[:100]!r}.") from None


def _int(value: object) -> int:
    try:
        return value if isinstance(value, int) else int(_number(value))
    except (OverflowError, ValueError):
        raise RenderFaultError("Not a whole number.") from None


def _length(value: object) -> int:
    if isinstance(value, (str, list, tuple, dict)):
        return len(value)
    raise RenderFaultError("Only texts and lists have a length.")


def _items(value: object) -> list[list[object]]:
    if not isinstance(value, dict):
        raise RenderFaultError("Only an object has items.")
    return [[name, inner] for name, inner in value.items()]


def _tojson(value: object) -> str:
    if isinstance(value, Undefined):
        str(value)  # says by itself what is missing
    return _bounded(json.dumps(value, ensure_ascii=False))


def _edge(place: int) -> Callable[[object], object]:
    def pick(value: object) -> object:
        if isinstance(value, (str, list, tuple)) and value:
            return value[place]
        raise RenderFaultError("Only a text or list that is not empty has a first and a last.")

    return pick


FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "default": _default,
    "float": _number,
    "first": _edge(0),
    "int": _int,
    "items": _items,
    "join": _join,
    "last": _edge(-1),
    "length": _length,
    "lower": lambda value: str(value).lower(),
    "replace": _replace,
    "round": lambda value, digits=0: round(_number(value), max(min(_int(digits), 15), -15)),
    "string": str,
    "title": lambda value: str(value).title(),
    "tojson": _tojson,
    "trim": lambda value: str(value).strip(),
    "truncate": _truncate,
    "upper": lambda value: str(value).upper(),
    "urlencode": lambda value: _bounded(quote(str(value), safe="")),
}
TESTS: Final = ("defined", "undefined", "none", "string", "number", "boolean")

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Add,
    nodes.Sub,
    nodes.Div,
    nodes.List,
    nodes.Concat,
)
# `{% for name, value in body.tags | items %}`: what a loop takes apart.
_ALLOWED_IN_LOOPS: Final = (nodes.For, nodes.Tuple)
_LOOP_FACTS: Final = frozenset({"index", "index0", "first", "last", "length"})
_COUNTED: Final = "(counted)"  # a filter that nobody can write
_WORDS: Final = {
    "For": "Loops",
    "Macro": "Macros",
    "CallBlock": "Macros",
    "Import": "Imports",
    "FromImport": "Imports",
    "Include": "Includes",
    "Extends": "Inheritance",
    "Block": "Blocks",
    "Assign": "Assignments",
    "AssignBlock": "Assignments",
    "With": "Assignments",
    "Call": "Calls",
    "Mul": "`*`",
    "Pow": "`**`",
    "Mod": "`%`",
    "Slice": "Slices",
}


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox in which names lead into dictionaries and lists, and nowhere else."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._look_up(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._look_up(obj, argument)

    def _look_up(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Undefined):
            str(obj)  # raises, and says what is missing
        if isinstance(obj, LoopContext) and name in _LOOP_FACTS:
            return getattr(obj, name)
        try:
            if isinstance(obj, dict) or (isinstance(obj, (list, str)) and isinstance(name, int)):
                return obj[name]
        except (LookupError, TypeError):
            pass  # the undefined value says it where it is used
        return self.undefined(obj=obj, name=name)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        return False


@dataclass(slots=True)
class _Work:
    """What is left of one rendering."""

    steps_left: int
    until: float  # by the thread's own clock
    looks: int = 0

    def look(self) -> None:
        # The first ones are not timed: when they took long, it was Python's cycle collector or a
        # machine that is not ours alone, and a delivery must not be refused for those.
        self.looks += 1
        if self.looks > UNTIMED_LOOKS and time.thread_time() > self.until:
            raise RenderFaultError("The template takes too long.")


_work: ContextVar[_Work | None] = ContextVar("template_work", default=None)


def _counted(value: object) -> Iterator[object]:
    """Give a loop its members, as long as there are steps left."""
    if isinstance(value, Undefined):
        str(value)  # raises
    if not isinstance(value, (list, tuple, dict)):
        raise RenderFaultError("Only lists and objects can be gone through.")
    work = _work.get()
    for each in value:
        if work is None or work.steps_left <= 0:
            raise RenderFaultError("The template goes through too much.")
        work.steps_left -= 1
        work.look()
        yield each


def _timed(operation: Callable[..., object]) -> Callable[..., object]:
    def timing(*args: object) -> object:
        if (work := _work.get()) is not None:
            work.look()
        return operation(*args)

    return timing


def _make_environment() -> _Environment:
    # Not optimised: constants would be folded, that is computed, while a template is only checked.
    environment = _Environment(
        undefined=StrictUndefined, autoescape=False, cache_size=0, optimized=False, finalize=_plain
    )
    environment.globals.clear()
    environment.filters = {name: _timed(each) for name, each in FILTERS.items()}
    environment.filters[_COUNTED] = _counted
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


def _plain(value: object) -> str:
    """Write a value as a person expects to read it: JSON's words rather than Python's."""
    if isinstance(value, str):
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises
    if value is None:
        return ""
    return _bounded(json.dumps(value, ensure_ascii=False))


_environment = _make_environment()
_LONE = re.compile(r"\s*\{\{(?P<expression>(?:(?!\}\}|\{\{).)*)\}\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """
    What templates of one kind may use, and how much.

    `names` are what they may look into. With `max_steps` they may hold loops, that take so many
    steps in all, and `max_seconds` of the thread's own time; without, none.
    """

    names: tuple[str, ...]
    max_bytes: int = 4 * 1024
    max_output_bytes: int = MAX_TEXT_BYTES
    max_steps: int = 0
    max_seconds: float = 0.5

    def check(self, source: str, *, names: tuple[str, ...] | None = None) -> None:
        """Raises: TemplateFaultError for what is not allowed, does not parse, or names nothing."""
        if len(source.encode(errors="replace")) > self.max_bytes:
            raise TemplateFaultError(f"A template has at most {self.max_bytes // 1024} KiB.")
        if "\x00" in source:
            raise TemplateFaultError("NUL characters are not allowed.")
        try:
            tree = _environment.parse(source)
            self._check(tree, frozenset(self.names if names is None else names), 0)
            _environment.compile(_with_counted_loops(tree))
            if lone := _LONE.fullmatch(source):
                _environment.compile_expression(lone["expression"])
        except TemplateError as error:
            raise TemplateFaultError(
                f"Line {getattr(error, 'lineno', 1)}: {error.message}"
            ) from None
        except (RecursionError, SyntaxError, MemoryError, ValueError) as error:
            if isinstance(error, TemplateFaultError):
                raise
            raise TemplateFaultError("Nested too deeply.") from None

    def render(self, source: str, context: Mapping[str, object]) -> str:
        """
        Fill a template that `check` let pass.

        Raises: RenderFaultError when something in it is not there, it grows too long, or goes on
        for too long.
        """
        parts: list[str] = []
        size = 0
        token = None
        if self.max_steps:
            token = _work.set(_Work(self.max_steps, time.thread_time() + self.max_seconds))
        try:
            for part in _compiled(source).generate(dict(context)):
                size += len(part.encode())
                _refuse_size(size, self.max_output_bytes)
                parts.append(part)
        except RenderFaultError:
            raise
        except Exception as error:  # noqa: BLE001 - what a tenant's template does is data
            raise _fault(error) from None
        finally:
            if token is not None:
                _work.reset(token)
        return "".join(parts)

    def _check(self, node: nodes.Node, names: frozenset[str], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TemplateFaultError("Nested too deeply.")
        is_loop = self.max_steps and isinstance(node, _ALLOWED_IN_LOOPS)
        if type(node) not in _ALLOWED and not is_loop:
            kind = type(node).__name__
            raise TemplateFaultError(
                f"Line {node.lineno}: {_WORDS.get(kind, kind)} are not allowed."
            )
        if isinstance(node, nodes.Name) and node.name not in names:
            known = ", ".join(sorted(names))
            raise TemplateFaultError(
                f"Line {node.lineno}: there is no {node.name!r} here, only {known}."
            )
        _check_form(node)
        if isinstance(node, nodes.For):
            self._check_loop(node, names, depth)
            return
        for child in node.iter_child_nodes():
            self._check(child, names, depth + 1)

    def _check_loop(self, node: nodes.For, names: frozenset[str], depth: int) -> None:
        if node.recursive:
            raise TemplateFaultError(f"Line {node.lineno}: recursive loops are not allowed.")
        bound = {each.name for each in (node.target, *node.target.find_all(nodes.Name))
                 if isinstance(each, nodes.Name)}  # fmt: skip
        for name in bound:
            if name.startswith("_"):
                raise TemplateFaultError(f"Line {node.lineno}: {_UNDERSCORE}")
        inner = names | bound
        self._check(node.iter, names, depth + 1)
        self._check(node.target, inner, depth + 1)
        if node.test is not None:
            self._check(node.test, inner, depth + 1)
        for child in node.body:
            self._check(child, inner | {"loop"}, depth + 1)
        for child in node.else_:
            self._check(child, names, depth + 1)


_UNDERSCORE: Final = "names that begin with `_` are not allowed."


def _check_form(node: nodes.Node) -> None:
    """Check what can be said of a node by itself: its filter, its test, its attribute."""
    if isinstance(node, nodes.Getattr):
        _check_attribute(node.attr, node)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        _check_attribute(node.arg.value, node)
    if isinstance(node, nodes.Filter):
        if node.name not in FILTERS:
            known = ", ".join(sorted(FILTERS))
            raise TemplateFaultError(
                f"Line {node.lineno}: there is no filter {node.name!r}, only {known}."
            )
        if node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise TemplateFaultError(f"Line {node.lineno}: Calls are not allowed.")
        if node.kwargs:
            raise TemplateFaultError(f"Line {node.lineno}: name no arguments, give them in order.")
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise TemplateFaultError(
            f"Line {node.lineno}: there is no test {node.name!r}, only {', '.join(TESTS)}."
        )


def _check_attribute(name: object, node: nodes.Node) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise TemplateFaultError(f"Line {node.lineno}: {_UNDERSCORE}")


def _with_counted_loops(tree: nodes.Template) -> nodes.Template:
    """Let every loop take its members from what counts them."""
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
    return tree.set_environment(_environment)  # type: ignore[return-value] # the same tree


@lru_cache(maxsize=1_000)
def _compiled(source: str) -> Any:
    return _environment.from_string(_with_counted_loops(_environment.parse(source)))


@lru_cache(maxsize=1_000)
def _expression(source: str) -> Any:
    # Strict as the rest: an undefined result must not become None.
    return _environment.compile_expression(source, undefined_to_none=False)


def fill(sandbox: Sandbox, value: object, context: Mapping[str, object]) -> object:
    """
    Fill the templates of the sandbox within a JSON value.

    A text that is one `{{ … }}` and nothing else becomes the value itself, so that a number stays a
    number. Raises: RenderFaultError.
    """
    if isinstance(value, str):
        if "{" not in value:
            return value
        lone = _LONE.fullmatch(value)
        return (
            sandbox.render(value, context)
            if lone is None
            else _value_of(lone["expression"], context)
        )
    if isinstance(value, Mapping):
        return {name: fill(sandbox, inner, context) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(sandbox, inner, context) for inner in value]
    return value


def _value_of(expression: str, context: Mapping[str, object]) -> object:
    try:
        result = _expression(expression)(**context)
        if isinstance(result, Undefined):
            str(result)  # raises
    except RenderFaultError:
        raise
    except Exception as error:  # noqa: BLE001 - what a tenant's template does is data
        raise _fault(error) from None
    _bounded(_plain(result))
    return result


def _fault(error: Exception) -> RenderFaultError:
    # Whatever a filter or an operator makes of a tenant's values is the tenant's to see.
    if isinstance(error, (UndefinedError, SecurityError, TemplateError)):
        return RenderFaultError(str(error.message)[:300])
    return RenderFaultError(f"{type(error).__name__}: {error}"[:300])


def mentions(source: str, name: str) -> bool:
    """Say whether a template that was checked uses the name."""
    tree = _environment.parse(source)
    return any(found.name == name for found in tree.find_all(nodes.Name))
