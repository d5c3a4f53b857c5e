"""What scanners are told about keys is true of keys."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.tenancy.keys import PATTERN, find_secrets, new_secret

PAGE = (Path(__file__).parents[3] / "docs" / "keys.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def documented():
    """The function that the page tells scanners to use."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    scope = {}
    exec(code, scope)
    return scope["is_key"]


def test_the_page_tells_the_pattern():
    assert f"\n{PATTERN}\n" in PAGE


def test_the_documented_check_knows_keys_from_look_alikes(documented):
    for _ in range(50):
        secret = new_secret()
        wrong = secret[:-1] + ("0" if secret[-1] != "0" else "1")

        assert documented(secret)
        assert not documented(wrong)
        assert find_secrets(f'key = "{secret}", {wrong}\n') == [secret]


def test_the_command_names_lines_and_never_a_secret(monkeypatch):
    secret, out = new_secret(), io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"first\nkey={secret}\n"))

    with pytest.raises(CommandError, match="1 found"):
        call_command("check_key", stdout=out)

    assert out.getvalue() == f"line 2: {secret[:7]}…\n"


def test_the_command_is_content_without_keys(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("hw_ nothing\n"))

    call_command("check_key", stdout=out)

    assert out.getvalue() == "No key found.\n"
