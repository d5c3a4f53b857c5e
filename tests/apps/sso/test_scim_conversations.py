"""
What Okta and Entra say, step by step, and what they get.

`<name>` stands for an id that an earlier step kept, `<any>` for anything; an object with `<more>`
may hold more than what is written.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.factories.scim import make_scim

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent / "conversations"


def filled(value, kept):
    if isinstance(value, dict):
        return {name: filled(each, kept) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, kept) for each in value]
    if isinstance(value, str):
        for name, found in kept.items():
            value = value.replace(f"<{name}>", found)
    return value


def assert_answers(found, wanted, where):
    if wanted == "<any>" or (isinstance(wanted, str) and wanted.startswith("<")):
        assert found, where
    elif isinstance(wanted, dict):
        assert isinstance(found, dict), where
        wanted = dict(wanted)
        may_hold_more = wanted.pop("<more>", False)
        if not may_hold_more:
            assert set(found) == set(wanted), where
        for name, each in wanted.items():
            assert name in found, f"{where}.{name}"
            assert_answers(found[name], each, f"{where}.{name}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), where
        for index, (one, other) in enumerate(zip(found, wanted, strict=True)):
            assert_answers(one, other, f"{where}[{index}]")
    else:
        assert found == wanted, where


@pytest.mark.parametrize("name", ["okta", "entra"])
def test_a_provider_is_answered_as_it_expects(alice, name):
    conversation = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    scim = make_scim(alice, conversation["account"])
    kept: dict[str, str] = {}

    for step in conversation["steps"]:
        request, wanted = filled(step["request"], kept), step["response"]
        path, _, query = request["path"].partition("?")
        address = f"{path}?{quote(query, safe='=&')}" if query else path
        answer = scim.request(request["method"], address, request.get("body"))

        assert answer.status_code == wanted["status"], (step["says"], answer.content)
        for header, value in wanted.get("headers", {}).items():
            assert_answers(answer[header], value, f"{step['says']}: {header}")
        if "body" in wanted:
            body = answer.json()
            kept |= {key: body[part] for key, part in step.get("keep", {}).items()}
            assert_answers(body, filled(wanted["body"], kept), step["says"])
        else:
            assert answer.content == b"", step["says"]
