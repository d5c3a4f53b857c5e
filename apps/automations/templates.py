"""Templates of automations: texts of messages and requests, without loops. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from apps.core import templates
from apps.core.templates import RenderFaultError, Sandbox, TemplateFaultError, mentions

NAMES: Final = ("event", "firing", "automation", "workspace", "url")
_sandbox: Final = Sandbox(names=NAMES)
MAX_BYTES: Final = _sandbox.max_bytes


def check_template(source: str, *, names: tuple[str, ...] = NAMES) -> None:
    """Raises: TemplateFaultError for whatever is not allowed, does not parse, or names nothing."""
    _sandbox.check(source, names=names)


def render(source: str, context: Mapping[str, object]) -> str:
    """Fill a template that `check_template` let pass. Raises: RenderFaultError."""
    return _sandbox.render(source, context)


def fill(value: object, context: Mapping[str, object]) -> object:
    """Fill the templates within a JSON value. Raises: RenderFaultError."""
    return templates.fill(_sandbox, value, context)


__all__ = [
    "MAX_BYTES",
    "NAMES",
    "RenderFaultError",
    "TemplateFaultError",
    "check_template",
    "fill",
    "mentions",
    "render",
]
