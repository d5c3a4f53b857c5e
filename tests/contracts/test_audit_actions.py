"""The page on the log names every action that the code records, and none that it does not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[Path, ast.Module]:
    found = {}
    for folder in ("apps", "billing", "workers"):
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                found[path] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@cache
def functions(module: ast.Module) -> tuple[Function, ...]:
    return tuple(node for node in ast.walk(module) if isinstance(node, Function))


@cache
def calls(node: ast.AST) -> tuple[ast.Call, ...]:
    return tuple(each for each in ast.walk(node) if isinstance(each, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def parameters(function: Function) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


@cache
def recorders() -> dict[tuple[Path, str], int]:
    """`audit.record`, and every function around one that is told the action: where it is told."""
    found = {(ROOT / "apps/tenancy/audit/record.py", "record"): -1}
    while True:
        more = {
            (path, function.name): parameters(function).index("action")
            for path, module in modules().items()
            for function in functions(module)
            if (path, function.name) not in found
            and "action" in parameters(function)
            and any(
                isinstance(each := action_of(call, path, found), ast.Name) and each.id == "action"
                for call in calls(function)
            )
        }
        if not more:
            return found
        found |= more


def action_of(call: ast.Call, path: Path, known: dict[tuple[Path, str], int]) -> ast.expr | None:
    """What a call tells as the action; None when it is no call of a recorder."""
    name = name_of(call)
    place = known.get((path, name))
    if place is None:
        places = {at for (_, recorder), at in known.items() if recorder == name}
        if not places or name.startswith("_"):
            return None
        place = max(places)
    for keyword in call.keywords:
        if keyword.arg == "action":
            return keyword.value
    return call.args[place] if 0 <= place < len(call.args) else None


def told() -> Iterator[tuple[str, ast.expr, dict[str, str]]]:
    """Where an action is told, as what, and the constants of the module."""
    for path, module in modules().items():
        constants = {
            target.id: node.value.value
            for node in module.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in calls(module):
            action = action_of(call, path, recorders())
            if action is not None:
                yield f"{path.relative_to(ROOT)}:{call.lineno}", action, constants


def read(action: ast.expr, constants: dict[str, str]) -> set[str]:
    """All that it can be; empty when that cannot be read."""
    if isinstance(action, ast.Constant):
        return {action.value}
    if isinstance(action, ast.Name) and action.id in constants:
        return {constants[action.id]}
    if isinstance(action, ast.IfExp):
        both = [read(each, constants) for each in (action.body, action.orelse)]
        return set.union(*both) if all(both) else set()
    return set()


def recorded() -> set[str]:
    return {found for _, action, constants in told() for found in read(action, constants)}


def documented() -> list[str]:
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.MULTILINE)


def test_the_page_on_the_log_names_every_action_and_no_other():
    assert sorted(recorded() - set(documented())) == []
    assert sorted(set(documented()) - recorded()) == []
    assert len(documented()) == len(set(documented()))


def test_every_action_can_be_read_from_the_code():
    """Else the page could lack one without anybody noticing."""
    unread = [
        (where, ast.unparse(action))
        for where, action, constants in told()
        if not read(action, constants)
        and not (isinstance(action, ast.Name) and action.id == "action")
    ]

    assert unread == []
    assert all(ACTION.fullmatch(action) for action in recorded())


def test_actions_are_found_at_all():
    assert {"key.created", "service_account.disabled", "audit.exported"} <= recorded()
    assert {"user.signed_in", "account.export_requested", "sso.no_longer_required"} <= recorded()
