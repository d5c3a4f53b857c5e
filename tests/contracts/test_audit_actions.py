"""The page on the log names every action that the code records, and none that it does not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
RECORDERS = {
    "record",
    "_record",
    "record_deployment",
    "record_schedule",
    "note",
    "_note",
    "_tell",
    "_log_change",
}


def recorded():
    """Every literal that a call of `audit.record`, or of a function around it, is given."""
    found = set()
    for folder in ("apps", "billing", "workers"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if not ("audit" in text or "told" in text) or path.parts[-2] in {"migrations", "audit"}:
                continue
            for call in ast.walk(ast.parse(text)):
                if isinstance(call, ast.Call):
                    found |= set(_actions(call))
    return found


def _actions(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    for keyword in call.keywords:
        if keyword.arg == "action":
            yield from _literals(keyword.value)
    if name in RECORDERS:
        for argument in call.args:
            yield from _literals(argument)


def _literals(node):
    for part in ast.walk(node):
        value = part.value if isinstance(part, ast.Constant) else None
        if isinstance(value, str) and ACTION.fullmatch(value):
            yield value


def documented():
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.MULTILINE))


def test_the_page_on_the_log_names_every_action():
    assert recorded() - documented() == set()


def test_actions_are_found_at_all():
    assert {"key.created", "service_account.disabled", "audit.exported"} <= recorded()
