"""What is generated from the code agrees with the code."""

import json
import re
from pathlib import Path

from apps.core.management.commands.document_errors import all_refusals, render

ROOT = Path(__file__).resolve().parents[2]


def test_the_error_page_lists_every_refusal():
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == render()


def test_codes_are_unique_and_documented():
    refusals = all_refusals()
    codes = [refusal.code for refusal in refusals]

    assert len(codes) == len(set(codes))
    assert all(refusal.__doc__ for refusal in refusals)


def test_no_enum_of_the_schema_is_named_by_a_hash():
    schema = json.loads((ROOT / "frontend/src/schema/openapi.json").read_text(encoding="utf-8"))

    names = [name for name in schema["components"]["schemas"] if name.endswith("Enum")]

    assert len(names) > 20
    # Three hex digits stand for a name that ENUM_NAME_OVERRIDES lacks.
    assert [name for name in names if re.search(r"[a-z][0-9A-F][0-9a-f]{2}Enum$", name)] == []
