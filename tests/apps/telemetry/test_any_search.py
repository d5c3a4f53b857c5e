"""Whatever is typed into the bar: events are found, or it is refused where the fault is."""

from __future__ import annotations

import json
import os
import random
from datetime import timedelta
from urllib.parse import quote

import pytest

from apps.core.clock import utc_now
from apps.core.http.json import wire_time
from tests.isolation import rolled_back

MANY = int(os.environ.get("HEADWAY_FUZZ", "40"))
SEED = int(os.environ.get("HEADWAY_FUZZ_SEED", "20261123"))
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(max(180, MANY))]

KEYS = (
    *("name", "kind", "namespace", "resource", "role", "related", "related.kind", "source"),
    *("related.namespace", "run", "task", "follows", "id", "payload.a", "payload.a.b", "payload"),
    *(
        'payload."x y".z',
        'payload."\\"".b',
        "payload.$",
        "payload.@.*",
        "payload.last",
        "payload.\\",
    ),
    *("payload.\u00e9", 'payload."\x01"', "payload.0", "payload.-", "payload.a[0]", "payload.?()"),
    *("nam", "", "-", "payload..a", "payload.like_regex"),
)
OPERATORS = (":", ":=", ":!=", ":<", ":<=", ":>", ":>=", "::", " :", ": ", "")
VALUES = (
    *("a", "a*", "*", '"a b"', '"', '"\\', "a,b", "a,,b", ",", "5", "-5.50", "00012", "1e300"),
    *("1e301", "-0", "0.0", "1e-300", "9" * 40, "9" * 41, "true", "null", "exists", "none", "NaN"),
    *("$v0", "@", "%", "_", "\\", "\\u0000", "\x00", "\ud800", "\U0010ffff", "\x01", "'", "--"),
    *("01981d2f-0000-7000-8000-000000000001", "0" * 32, "2026-01-01T00:00:00Z", "a" * 900),
    *("[", "{}", "(", ")", "||", "&&", "OR", "AND", "NOT", '"*"', "!a", "<5", "\u202e", "\ufffd"),
)


def any_text(by: random.Random) -> str:
    terms = []
    for _ in range(by.choice((1, 1, 1, 2, 3, 25))):
        sign = by.choice(("", "", "", "-", "--"))
        values = ",".join(by.choice(VALUES) for _ in range(by.choice((1, 1, 1, 2, 60))))
        term = sign + by.choice(KEYS) + by.choice(OPERATORS) + values
        if by.random() < 0.1:
            at = by.randrange(len(term) + 1)
            term = term[:at] + by.choice(VALUES) + term[at:]
        terms.append(term)
    return by.choice((" ", " ", "\t", "\u00a0", "")).join(terms)


def test_any_text_finds_or_is_refused(api, alice, record_property):
    client, by, now = api(alice), random.Random(SEED), utc_now()
    payloads = [
        {"a": 5, "x y": {"z": [1, "5", None]}},
        {"a": {"b": 1e300}, "last": "2026-01-01"},
        {"a": "a b", "$": True, "\u00e9": [[]], "n": 12345678901234567890123},
    ]
    sent = [
        {
            "name": "a",
            "occurred_at": wire_time(now - timedelta(minutes=number)),
            "resource": {"kind": "a", "name": "a b"},
            "related": [{"role": "a", "kind": "b", "name": "a"}],
            "payload": payload,
        }
        for number, payload in enumerate(payloads)
    ]
    assert client.post("events", sent).json()["accepted"] == 3
    range_ = f"from={wire_time(now - timedelta(hours=1))}&to={wire_time(now)}"
    found = refused = 0

    for _ in range(MANY):
        text = any_text(by)
        q = quote(text, errors="surrogatepass")
        for path in (f"events?q={q}", f"events/histogram?{range_}&q={q}", f"logs?q={q}"):
            with rolled_back():
                answer = client.get(path)
            if answer.status_code == 200:
                found += 1
                continue
            assert answer.status_code == 400, (text, answer.content)
            error = json.loads(answer.content)["error"]
            refused += 1
            assert error["fields"], text
            if "position" in error["details"]:
                assert 0 <= error["details"]["position"] <= len(text), text

    record_property("fuzz", f"searches: {found} found, {refused} refused")
    assert found > MANY / 10
    assert refused > MANY / 10
