"""
Every door × every kind of bad input that can reach it.

Each cell says what is answered, that nothing of what is bad is stored, that it is counted on the
page of what was refused, with a sample, and that the other items of the request are kept.
"""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import timedelta
from functools import cache

import pytest

from apps.core.clock import utc_now
from apps.ingest import limits
from apps.ingest.doors.protobuf import encode_field, encode_varint
from tests.apps.ingest.doors.conftest import Sender, each_store
from tests.apps.ingest.doors.otlp_bodies import as_json, as_protobuf, attribute, metric, request
from tests.apps.ingest.doors.otlp_bodies import at as point_at
from tests.apps.ingest.doors.test_prometheus import pack, sample, series
from tests.apps.ingest.doors_of_all import DOORS, HOOK
from tests.factories.tenancy import make_key

__all__ = ["each_store"]

pytestmark = pytest.mark.django_db
EACH = pytest.mark.parametrize("name", DOORS)
PACKED = pytest.mark.parametrize("name", [name for name, door in DOORS.items() if not door.packing])
JSON_DOORS = pytest.mark.parametrize(
    "name",
    [name for name, door in DOORS.items() if "json" in door.media and "nd" not in door.media],
)


class Anybody(Sender):
    """Sends to whichever door; a webhook's was made before."""

    hook = ""

    def post(self, name, body, *, media=None, encoding=""):
        door = DOORS[name]
        path = door.path
        if path == HOOK:
            path = self.hook
        elif not path.startswith("/"):
            path = f"/api/v1/workspaces/{self.workspace.slug}/{path}"
        headers = {"Content_Encoding": encoding or door.packing}
        return self.send(path, body, media or door.media, **headers)

    def stored(self):
        return len(self.events()) + len(self.lines()) + len(self.points())

    def check_refused(self, name, *codes):
        """Each code once, each with a sample that says what and why."""
        door = DOORS[name].counted
        assert self.refused() == {(door, code): 1 for code in codes}
        samples = self.samples()
        assert len(samples) == len(codes)
        assert all(each["message"] and each["at"] for each in samples)
        return samples


@pytest.fixture
def anybody(api, alice, workspace):
    template = "{{ body | tojson }}"
    made = api(alice).post("webhooks", {"name": "x", "preset": "CUSTOM", "template": template})
    sender = Anybody(workspace, make_key(alice, role="AGENT"))
    sender.hook = "/hooks/" + made.json()["address"].rpartition("/hooks/")[2]
    return sender


def moments(*ago):
    now = utc_now()
    return [now - each for each in ago]


MINUTE, HOUR, YEARS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=4_000)
GOOD = (MINUTE, 2 * MINUTE)


@EACH
def test_what_is_fine_is_taken(anybody, name):
    answer = anybody.post(name, DOORS[name].body(moments(*GOOD)))

    assert answer.status_code == DOORS[name].taken, answer.content
    assert (anybody.stored(), anybody.refused()) == (2, {})


@EACH
def test_another_content_type(anybody, name):
    answer = anybody.post(name, DOORS[name].body(moments(*GOOD)), media="text/html")

    assert answer.status_code == 415
    assert anybody.stored() == 0
    anybody.check_refused(name, "unsupported_media")


@EACH
def test_another_packing(anybody, name):
    answer = anybody.post(name, DOORS[name].body(moments(*GOOD)), encoding="br")

    assert answer.status_code == 415
    assert anybody.stored() == 0
    anybody.check_refused(name, "unsupported_media")


@pytest.mark.parametrize("name", [each for each in DOORS if not each.startswith("query log")])
def test_a_body_that_is_cut_short(anybody, name):
    """Of a query log the whole rows are good; what is shorter than announced is refused before."""
    body = DOORS[name].body(moments(*GOOD))

    answer = anybody.post(name, body[:-3])

    assert answer.status_code == 400, answer.content
    assert anybody.stored() == 0
    (sample,) = anybody.check_refused(name, "invalid_request")
    assert sample["item"]


@PACKED
def test_gzip_that_is_cut_short(anybody, name):
    body = gzip.compress(DOORS[name].body(moments(*GOOD)))

    answer = anybody.post(name, body[:-5], encoding="gzip")

    assert answer.status_code == 400
    assert anybody.stored() == 0
    anybody.check_refused(name, "invalid_request")


@cache
def a_bomb():
    packer = zlib.compressobj(1, wbits=31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(60)) + packer.flush()


@EACH
def test_a_bomb(anybody, name):
    is_snappy = DOORS[name].packing == "snappy"
    bomb = encode_varint(limits.UNPACKED_BYTES + 1) + b"\x00a" if is_snappy else a_bomb()

    answer = anybody.post(name, bomb, encoding="" if is_snappy else "gzip")

    assert answer.status_code == 413
    assert anybody.stored() == 0
    anybody.check_refused(name, "batch_too_large")


@EACH
def test_a_body_that_is_too_long(anybody, name):
    answer = anybody.post(name, b" " * (limits.SENT_BYTES + 1))

    assert answer.status_code == 413
    assert anybody.stored() == 0
    anybody.check_refused(name, "batch_too_large")


@EACH
def test_clocks_that_are_wrong(anybody, name):
    """The one with the right clock is kept, and the others are shown."""
    answer = anybody.post(name, DOORS[name].body(moments(YEARS, MINUTE, -HOUR)))

    assert answer.status_code == DOORS[name].partly, answer.content
    assert anybody.stored() == 1
    samples = anybody.check_refused(name, "too_old", "in_future")
    assert {each["field"] for each in samples} == {"occurred_at"}
    assert all(each["item"] for each in samples)


@JSON_DOORS
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_has_not(anybody, name, number):
    body = DOORS[name].body(moments(*GOOD)).rstrip()
    assert body[-1:] in {b"]", b"}"}
    odd = f', "x": {number}}}' if body.endswith(b"}") else f", {number}]"

    answer = anybody.post(name, body[:-1] + odd.encode())

    assert answer.status_code == 400
    assert anybody.stored() == 0
    anybody.check_refused(name, "invalid_request")


def test_numbers_that_json_has_not_on_a_line_of_their_own(anybody):
    name = "query log as NDJSON"
    body = DOORS[name].body(moments(*GOOD)) + b'\n{"query": "x", "rows": NaN}'

    answer = anybody.post(name, body)

    assert (answer.status_code, answer.json()["rejected"][0]["line"]) == (200, 3)
    assert anybody.stored() == 2
    anybody.check_refused(name, "invalid_item")


MANY = 100_000
LABELS = [attribute(f"l{number}", "x") for number in range(MANY)]


def labelled(name):
    """A request of one item with 100,000 labels, or attributes, and of one that is fine."""
    at = utc_now() - MINUTE
    if name == "native batches":
        point = {"name": "p", "occurred_at": at.isoformat(), "value": 1.5}
        labels = {f"l{number}": "x" for number in range(MANY)}
        return json.dumps({"points": [point | {"labels": labels}, point]}).encode()
    if name == "remote write":
        told = {f"l{number}": "x" for number in range(MANY)}
        parts = [series([sample(1.5)], **told), series([sample(2.5)])]
        return pack(b"".join(encode_field(1, each) for each in parts))
    kind = name.partition(" ")[0]
    if kind == "metrics":
        points = [point_at(60, 1.5) | {"attributes": LABELS}, point_at(60, 2.5)]
        body = request("metrics", [metric("gauge", points)])
    else:
        one = json.loads(DOORS[f"{kind} as JSON"].body([at, at]))
        (group,) = one[f"resource{'Spans' if kind == 'traces' else 'Logs'}"]
        (scope,) = group[f"scope{'Spans' if kind == 'traces' else 'Logs'}"]
        scope["spans" if kind == "traces" else "logRecords"][0]["attributes"] = LABELS
        body = one
    return (as_json if "JSON" in name else as_protobuf)(kind, body)


@pytest.mark.parametrize(
    "name",
    [
        *("native batches", "remote write", "traces as JSON", "traces"),
        *("logs as JSON", "logs", "metrics as JSON", "metrics"),
    ],
)
def test_a_hundred_thousand_labels(anybody, name):
    body = labelled(name)
    encoding = ""
    if not DOORS[name].packing:
        body, encoding = gzip.compress(body, 1), "gzip"

    answer = anybody.post(name, body, encoding=encoding)

    assert answer.status_code == DOORS[name].partly, answer.content[:300]
    assert anybody.stored() == 1
    ((door, code),) = anybody.refused()
    assert (door, code in {"invalid_item", "too_many_labels", "too_large"}) == (
        DOORS[name].counted,
        True,
    )


@EACH
def test_what_is_sent_again_is_there_once(anybody, name):
    body = DOORS[name].body(moments(*GOOD))
    template = DOORS[name].path == HOOK
    headers = {"X_Delivery_Id": "7"} if template else {}

    for _ in range(3):
        path = anybody.hook if template else None
        answer = (
            anybody.send(path, body, DOORS[name].media, **headers)
            if template
            else anybody.post(name, body)
        )
        assert answer.status_code == DOORS[name].taken

    assert (anybody.stored(), anybody.refused()) == (2, {})
