"""What is generated from the code agrees with the code."""

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
