"""The layering of DESIGN, executed."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = sorted(
    f"{folder}/{path.name}"
    for folder in ("apps", "billing")
    for path in (ROOT / folder).iterdir()
    if (path / "apps.py").is_file()
)
# The loaders that Django, DRF and the database need by path are part of an app's public face.
PUBLIC = {
    "core": None,  # the floor: all of it
    "tenancy": {
        "services",
        "selectors",
        "enums",
        "errors",
        "exports",
        "actors",
        "scopes",
        "access",
        "audit",
        "isolation",
        "keys",
        "slugs",
        "http",
        "live",
        "permissions",
        "authentication",
        "allauth_adapter",
    },
}
DEFAULT_PUBLIC = {"services", "selectors", "enums", "errors", "exports"}
# How runs, schedules and charts look on the wire: routes of upper layers answer them too; the table
# of legal sizes of managed runs; pure, where code may be, what times a schedule has, what
# parameters fit. And the structs that the store takes, histograms among them, with how much one may
# hold; and what a query, a formula and a search may say.
PUBLIC["runs"] = DEFAULT_PUBLIC | {"wire"}
PUBLIC["flows"] = DEFAULT_PUBLIC | {"wire", "code", "sizes", "parameters", "recurrence", "zones"}
PUBLIC["telemetry"] = DEFAULT_PUBLIC | {
    "chart_wire",
    "items",
    "distribution",
    "limits",
    "query",
    "moving",
    "formula",
    "search",
}
# What is counted and in which months: pure words that its upper layers share.
PUBLIC["metering"] = DEFAULT_PUBLIC | {"meters", "months"}
# allauth takes one adapter by path; each layer that changes it builds on the one below. And what a
# session proves of its person.
PUBLIC["identity"] = DEFAULT_PUBLIC | {"allauth_adapter", "social_adapter", "sessions"}


def imports_of(path):
    """Yield the modules that a file imports at run time (not under TYPE_CHECKING)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name


@pytest.mark.parametrize("app", APPS)
def test_other_apps_are_used_through_their_public_modules(app):
    wrong = []
    for path in (ROOT / app).rglob("*.py"):
        if "migrations" in path.parts:
            continue
        for module in imports_of(path):
            parts = module.split(".")
            if parts[0] not in {"apps", "billing"} or len(parts) < 3:
                continue
            if "/".join(parts[:2]) in {app, "apps/config"}:
                continue
            allowed = PUBLIC.get(parts[1], DEFAULT_PUBLIC)
            if allowed is not None and parts[2] not in allowed:
                wrong.append((str(path.relative_to(ROOT)), module))

    assert wrong == []


@pytest.mark.parametrize("app", APPS)
def test_each_app_says_what_it_owns(app):
    readme = (ROOT / app / "README.md").read_text(encoding="utf-8")

    assert readme.startswith(f"# {app.partition('/')[2]}\n")
    assert len(readme) < 6000
