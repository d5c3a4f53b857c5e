"""What holds at every door: who comes in, how much may be sent, what is counted as refused."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from django.test import Client

from apps.core.clock import utc_now
from apps.ingest import limits, services
from apps.ingest.api import door_urls
from apps.ingest.models import Refused
from apps.telemetry.models import Event
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.scopes import Scope
from tests.contracts.test_rivals import fingerprint
from tests.doors import CONDITIONS, callers
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db
PATHS = [f"/{each.pattern}" for each in door_urls.urlpatterns]
MEDIA = {
    "/cloudevents": "application/cloudevents+json",
    "/api/v1/prometheus/write": "application/x-protobuf",
}
EACH = pytest.mark.parametrize("path", PATHS)
GZIP = [path for path in PATHS if "prometheus" not in path]  # which packs with snappy


def media(path):
    return MEDIA.get(path, "application/json")


HALVES = {
    r"\ud800": "\ufffd",
    r"a\uDFFFz": "a\ufffdz",
    r"\udc80\udce4.csv": "\ufffd\ufffd.csv",  # two bytes of a file's name, as Python's json has it
    r"\ude00\ud83d": "\ufffd\ufffd",
    r"\ud83d\ud83d\ude00": "\ufffd\U0001f600",
    r"\uD83D\uDE00": "\U0001f600",
    r"\\ud83d\ude00": "\\ud83d\ufffd",
    r"\\\ud83d\ude00": "\\\U0001f600",
    r"\\ud800\n": "\\ud800\n",
}


@pytest.mark.parametrize(("sent", "kept"), HALVES.items(), ids=range(len(HALVES)))
def test_halves_of_characters_keep_nothing_out(sent, kept, sender, workspace):
    sound = '{"name": "sound", "occurred_at": "2026-11-22T00:00:00Z"}'
    odd = f'{{"name": "odd", "occurred_at": "2026-11-22T00:00:00Z", "payload": {{"t": "{sent}"}}}}'

    answer = sender.send(
        f"/api/v1/workspaces/{workspace.slug}/events",
        f"[{odd}, {sound}]".encode(),
        "application/json",
    )

    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    with workspace_scope(workspace.id):
        rows = Event.objects.for_workspace(workspace.id).values_list("name", "payload")
        assert dict(rows) == {"odd": {"t": kept}, "sound": {}}


@EACH
def test_nobody_comes_in_without_a_key(path, alice, workspace, sender):
    before = fingerprint(workspace.id)
    anonymous, signed_in = Client(), Client()
    signed_in.force_login(alice.user)
    wrong = {"Authorization": "Bearer hw_" + "A" * 43}

    answers = [
        anonymous.post(path, b"{}", content_type=media(path)),
        anonymous.post(path, b"{}", content_type=media(path), headers=wrong),
        anonymous.post(path, b"{}", content_type=media(path), headers={"Authorization": "Basic !"}),
        signed_in.post(path, b"{}", content_type=media(path)),
    ]

    assert {each.status_code for each in answers} == {401}
    assert fingerprint(workspace.id) == before


@EACH
def test_a_key_that_may_not_write_is_told_so(path, alice, sender):
    sender.key = make_key(alice, scopes=[Scope.TELEMETRY_READ], role="VIEWER")

    answer = sender.send(path, b"{}", media(path))

    assert answer.status_code == 403
    assert sender.refused() == {}


@EACH
@pytest.mark.parametrize("name", CONDITIONS)
def test_the_account_decides_who_comes_in(path, name, alice, workspace, sender):
    people = callers(workspace, alice)
    CONDITIONS[name].turn_on(workspace)

    for who in ("personal key", "service key"):
        sender.key = people[who].headers["Authorization"].removeprefix("Bearer ")
        answer = sender.send(path, b"{}", media(path))
        expected = CONDITIONS[name].refused.get(who)
        if expected is None:
            assert answer.status_code not in {401, 403}
        else:
            assert (answer.status_code, expected in answer.content.decode()) == (403, True)


@EACH
def test_a_door_takes_only_posts(path):
    answer = Client().get(path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", GZIP)
@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"not gzip", "gzip", 400, "invalid_request"),
        (gzip.compress(b"[" + b"1," * 999)[:-5], "gzip", 400, "invalid_request"),
        (b"{}", "br", 415, "unsupported_media"),
        (b"x" * (limits.SENT_BYTES + 1), "", 413, "batch_too_large"),
    ],
    ids=["not packed", "cut short", "unknown packing", "too long"],
)
def test_bytes_that_cannot_be_read(sender, path, body, encoding, status, code):
    answer = sender.send(path, body, media(path), Content_Encoding=encoding)

    assert answer.status_code == status
    assert sender.has_nothing()
    ((_, counted),) = sender.refused()
    assert counted == code


@cache
def a_bomb():
    packer = zlib.compressobj(1, wbits=31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(60)) + packer.flush()


@pytest.mark.parametrize("path", GZIP)
def test_a_bomb_is_not_unpacked(sender, path):
    bomb = a_bomb()
    assert len(bomb) < 300_000

    answer = sender.send(path, bomb, media(path), Content_Encoding="gzip")

    assert answer.status_code == 413
    assert sender.has_nothing()


@pytest.mark.parametrize("path", [*GZIP, "native"])
def test_a_body_of_very_many_values_is_counted_and_not_read(sender, path):
    if path == "native":
        path = f"/api/v1/workspaces/{sender.workspace.slug}/events"
    body = b"[" + b"0," * limits.VALUES + b"0]"

    answer = sender.send_packed(path, body, media(path))

    assert answer.status_code == 413
    assert b"3,000,000 values" in answer.content
    assert sender.has_nothing()


def refused_event(**more):
    return {"eventTime": "never", "job": {"namespace": "n", "name": "j"}} | more


def test_samples_are_the_last_five_short_and_without_secrets(sender):
    key = "hw_" + "k" * 43
    sender.send("/api/v1/lineage", refused_event(password="hunter2", note=f"see {key}"))
    sender.send("/api/v1/lineage", refused_event(url="postgres://bob:sesame@db/x", a="b" * 9_000))
    for number in range(5):
        sender.send("/api/v1/lineage", refused_event(number=number))

    assert sender.refused() == {("openlineage", "invalid_item"): 7}
    samples = sender.samples()
    assert [json.loads(each["item"])["number"] for each in samples] == [4, 3, 2, 1, 0]
    assert {each["field"] for each in samples} == {"eventTime"}


@pytest.mark.parametrize(
    "more",
    [
        {"password": "hunter2"},
        {"db": {"Client-Secret": "hunter2"}},
        {"a": "authorization=hunter2"},
        {"a": "Bearer hunter2"},
        {"a": "postgres://bob:hunter2@db/x"},
        {"attributes": [{"key": "db.password", "value": {"stringValue": "hunter2"}}]},
        {"a": "hw_hunter2hunter2"},
        {"a": "github_pat_11ABCDEF_hunter2hunter2"},
        {"a": "whsec_abc+/hunter2hunter2="},
        {"a": "rk_live_hunter2hunter2"},
        {"a": "see sk-ant-api03-hunter2hunter2hunter2"},
        {"a": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2"},
    ],
)
def test_no_secret_is_shown(sender, more):
    sender.send("/api/v1/lineage", refused_event(**more))

    (sample,) = sender.samples()
    assert "hunter2" not in sample["item"]
    assert "[redacted]" in sample["item"]
    assert '"eventTime": "never"' in sample["item"]


def test_a_sample_is_cut(sender):
    sender.send("/api/v1/lineage", refused_event(long="ä" * 9_000))

    (sample,) = sender.samples()
    assert len(sample["item"].encode()) <= 2_052
    assert sample["item"].endswith("…")


def test_the_list_of_what_was_refused(api, alice, sender, rival_sender):
    sender.send("/api/v1/lineage", refused_event())
    sender.send("/cloudevents", {}, "application/cloudevents+json")
    rival_sender.send("/api/v1/lineage", refused_event())

    first = api(alice).get("refused?limit=1").json()
    second = api(alice).get(f"refused?limit=1&cursor={first['next_cursor']}").json()
    of_one = api(alice).get("refused?door=openlineage").json()["items"]
    before = api(alice).get("refused?to=2020-01-01").json()["items"]
    turned = api(alice).get("refused?from=2026-02-02&to=2026-02-01")
    misspelt = api(alice).get("refused?dor=otlp")

    assert [each["door"] for each in (*first["items"], *second["items"])] == [
        "cloudevents",
        "openlineage",
    ]
    assert second["next_cursor"] is None
    assert [(each["code"], each["count"]) for each in of_one] == [("invalid_item", 1)]
    assert of_one[0]["samples"][0]["message"].startswith("Invalid")
    assert before == []
    assert (turned.status_code, list(turned.json()["error"]["fields"])) == (400, ["to"])
    assert (misspelt.status_code, list(misspelt.json()["error"]["fields"])) == (400, ["dor"])


def test_the_native_door_counts_too(api, agent_key, workspace, sender):
    client = api(agent_key, workspace)

    client.post("ingest", {"events": [{"name": "a", "occurred_at": "never"}]})
    client.post("events", [{"name": "a", "occurred_at": "2001-01-01T00:00:00Z"}])
    client.post("events", {"points": []} | {"what": 1})

    assert sender.refused() == {
        ("native", "invalid_item"): 1,
        ("native", "too_old"): 1,
        ("native", "invalid_request"): 1,
    }
    assert json.loads(sender.samples()[0]["item"]) == {"name": "a", "occurred_at": "never"}


def test_old_refusals_are_forgotten(sender, as_worker):
    sender.send("/api/v1/lineage", refused_event())
    with workspace_scope(sender.workspace.id):
        day = (utc_now() - timedelta(days=services.REFUSALS_KEPT_DAYS + 1)).date()
        Refused.objects.update(day=day)

    with as_worker():
        gone = services.drop_old_refusals(now=datetime.now(UTC))

    assert gone == 1
    assert sender.refused() == {}
