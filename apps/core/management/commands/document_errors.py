"""`manage.py document_errors`: rewrite docs/errors.md from the refusals that exist."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from apps.core.errors import DomainError

_HEAD = """# Errors

Every answer with a status of 400 and above has this body. `code` never changes its meaning;
`message` is for people; `fields` is there with `invalid_request` only; `retryable` says that the
same request may succeed later (then mind `Retry-After`). Quote `request_id` when you ask for help.

```json
{"error": {"code": "run_not_cancellable", "message": "The run already ended.",
           "details": {"run_id": "…"}, "fields": null, "retryable": false, "request_id": "req_…"}}
```

| code | status | retryable | when |
|---|---|---|---|
"""
_BUILT_IN = (
    ("method_not_allowed", 405, False, "The address exists, but not with this method."),
    ("not_acceptable", 406, False, "The answer cannot be had in the form that `Accept` asks for."),
    ("internal", 500, True, "A mistake of ours; only the request id is said."),
)


def all_refusals() -> list[type[DomainError]]:
    """Return every refusal class that has a code of its own, by code."""
    for config in apps.get_app_configs():
        name = f"{config.name}.errors"
        if config.name.startswith(("apps.", "billing.")) and find_spec(name) is not None:
            import_module(name)
    own = [cls for cls in _subclasses(DomainError) if "code" in vars(cls)]
    return sorted(own, key=lambda cls: cls.code)


def _subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


def render() -> str:
    rows = [
        (cls.code, cls.status, cls.retryable, " ".join((cls.__doc__ or "").split()))
        for cls in all_refusals()
    ]
    rows = sorted([*rows, *_BUILT_IN], key=lambda row: (row[1], row[0]))
    return _HEAD + "".join(
        f"| `{code}` | {status} | {'yes' if retryable else 'no'} | {meaning} |\n"
        for code, status, retryable, meaning in rows
    )


class Command(BaseCommand):
    help = "Rewrite docs/errors.md; with --check only say whether it is current."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "errors.md"
        text = render()
        if check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                self.stderr.write("docs/errors.md is stale: run `make schema`.")
                raise SystemExit(1)
            return
        path.write_text(text, encoding="utf-8")
