"""The routes of the schema, for tests that walk them: a new one is walked once it is there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@lru_cache(maxsize=1)
def _paths() -> dict[str, dict[str, Any]]:
    # Made once in a process: it takes seconds.
    paths: dict[str, dict[str, Any]] = SchemaGenerator().get_schema(request=None, public=True)[
        "paths"
    ]
    return paths


def all_operations(below: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (operation id, method, path template) of every route whose path begins so."""
    for path, methods in sorted(_paths().items()):
        if path.startswith(below):
            for method, operation in sorted(methods.items()):
                yield operation["operationId"], method.upper(), path


def operations() -> Iterator[tuple[str, str, str]]:
    """Those below a workspace."""
    return all_operations("/api/v1/workspaces/{workspace}")


def account_operations() -> Iterator[tuple[str, str, str]]:
    """Those below an account."""
    return all_operations("/api/v1/account/{account_id}")


def parameters_of(operation_id: str) -> list[dict[str, Any]]:
    """Return the query parameters that an operation documents."""
    for methods in _paths().values():
        for operation in methods.values():
            if operation["operationId"] == operation_id:
                return [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    raise LookupError(operation_id)
