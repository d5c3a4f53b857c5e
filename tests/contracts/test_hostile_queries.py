"""
Every GET route × values that nobody sends by mistake, in each query parameter that it documents.

Whatever is asked gets an answer or the envelope of a refusal, never a 500. Routes and parameters
are those of the schema: a new one is walked once it is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest

from tests.contracts.routes import all_operations, parameters_of
from tests.contracts.test_hostile_input import CURSORS, ID, cursor_of
from tests.contracts.test_rivals import account_ids, content_of, fill
from tests.factories.world import furnish
from tests.isolation import rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

MOMENTS: Final = (
    "2026-01-01T00:00:00+20:00",
    "2026-01-01T00:00:00-24:00",
    "2026-01-01T24:00:00Z",
    "2026-12-31T23:59:60Z",
    "2026-01-01T00:00:00",
    "2026-02-30",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999-23:59",
    "infinity",
    "99999999999999999999",
    "\x00",
    "",
)
NUMBERS: Final = ("-1", "0", str(2**31), str(2**63), "9" * 5_000, "NaN", "1.5", "²", "\x00", "")
TEXTS: Final = ("a\x00b", "\ud800", "%_\\'*", "(" * 900, '"', "x" * 100_000, "\U0010ffff", "")
IDS: Final = ("\x00", "x", "F" * 32, "9" * 400, "")
WORDS: Final = ("", "\x00", "x" * 5_000)
MONTHS: Final = ("0000-00", "0001-01", "9999-12", "10000-01", "2026-13", "2026-1", *WORDS)
MADE_UP: Final = [cursor_of(each) for each in (*CURSORS[2::2], [1], [ID])]
# What else a route needs to look at the parameter that is tried.
NEEDED: Final = {
    "from": "2026-11-01T00:00:00Z",
    "to": "2026-11-02T00:00:00Z",
    "since": "2026-11-01T00:00:00Z",
    "until": "2026-11-02T00:00:00Z",
    "occurred_at": "2026-11-01T00:00:00Z",
    "epoch": "1",
    "key": "x",
    "format": "ndjson",
    "page": "EVENTS",
    "by": "deployment",
}


def values_of(parameter: dict[str, Any]) -> tuple[str, ...]:
    """Return what is tried in a parameter, by what the schema says that it takes."""
    schema, name = parameter["schema"], parameter["name"]
    kinds = str(schema.get("type"))  # of some it is a list
    if name == "cursor":
        return "\x00", "²", *MADE_UP
    if name == "month":
        return MONTHS
    if name == "limit" or kinds == "integer":
        return NUMBERS
    if schema.get("format") in {"date", "date-time"}:
        return MOMENTS
    if schema.get("format") == "uuid":
        return IDS
    return WORDS if "enum" in schema or kinds != "string" else TEXTS


def asked(parameters: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield queries, in each of which one parameter is odd."""
    needed = {
        each["name"]: NEEDED.get(each["name"], ID)
        for each in parameters
        if each.get("required") or each["name"] in {"from", "to"}
    }
    if any(each["schema"].get("format") == "date" for each in parameters):
        needed |= {name: value[:10] for name, value in needed.items() if name in {"from", "to"}}
    for parameter in parameters:
        for value in values_of(parameter):
            yield needed | {parameter["name"]: value}


def query_string(asked_for: dict[str, str]) -> str:
    return urlencode(asked_for, errors="surrogatepass", quote_via=quote)


@pytest.mark.parametrize("below", ["/api/v1/workspaces/", "/api/v1/account/", "/api/v1/me"])
def test_no_query_breaks_a_route(api, alice, workspace, below):
    ids = furnish(alice)
    if below == "/api/v1/account/":
        ids = account_ids(ids) | {"account_id": workspace.account_id}
    client, tried, broken = api(alice), 0, []

    for name, method, template in all_operations(below):
        parameters = parameters_of(name)
        if method != "GET" or not parameters:
            continue
        path = fill(template, workspace.slug, ids)
        for each in asked(parameters):
            tried += 1
            told = query_string(each)
            try:
                with rolled_back():
                    answer = client.get(f"{path}?{told}")
                    said = content_of(answer)
            except Exception as error:  # noqa: BLE001 - which is what a 500 is here
                broken.append((path, told[:200], repr(error)[:300]))
                continue
            if answer.status_code >= 500:
                broken.append((path, told[:200], said[:300]))
            elif answer.status_code >= 400:
                error = json.loads(said)["error"]
                assert {"code", "message", "fields", "request_id"} <= set(error), (path, told)

    assert broken == []
    assert tried > 20
