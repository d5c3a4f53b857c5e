"""docs/settings.md names every variable that the settings read, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# Set by the local stack for its own processes, not by people.
OURS = {"HEADWAY_STACK"}


def variables_read() -> set[str]:
    found = set()
    for path in (ROOT / "apps" / "config").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id.startswith("env_")
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                found.add(node.args[0].value)
    # Which database a process reads is looked up by its role.
    return found | {"DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL"}


def test_the_page_of_settings_is_complete_and_says_nothing_else() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}

    read = variables_read() - OURS
    assert len(read) > 40
    assert told == read
