"""Schemas of events: what is refused, what is only counted, at every door; and what they cost."""

from __future__ import annotations

import json
import time
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.ingest.services import schema_checks
from tests.apps.ingest.doors.conftest import Sender
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db
LOADED = {
    "type": "object",
    "properties": {"rows": {"type": "integer", "minimum": 0}, "table": {"type": "string"}},
    "required": ["rows"],
}


@pytest.fixture
def sender(alice, workspace):
    return Sender(workspace, make_key(alice, role="AGENT"))


@pytest.fixture
def client(api, alice):
    return api(alice)


def event(name="table.loaded", **payload):
    return {"name": name, "occurred_at": utc_now().isoformat(), "payload": payload}


def put(client, mode="REFUSE", name="table.loaded", schema=None):
    body = {"name": name, "mode": mode, "schema": LOADED if schema is None else schema}
    answer = client.post("event-schemas", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_refused_events_leave_the_others_of_their_batch(client, sender):
    put(client)
    batch = [event(rows=1), event(rows="many"), event(), event("table.dropped", rows="x")]

    answer = client.post("events", batch).json()

    assert answer["accepted"] == 2
    assert [(each["index"], each["code"], each["field"]) for each in answer["rejected"]] == [
        (1, "schema_mismatch", "payload.rows"),
        (2, "schema_mismatch", "payload"),
    ]
    assert [found.payload for found in sender.events()] == [{"rows": 1}, {"rows": "x"}]
    assert sender.refused() == {("native", "schema_mismatch"): 2}


def test_places_hold_when_other_items_were_refused_before(client):
    put(client)
    batch = [{"name": "x"}, event(rows=1), event(rows=-1), {"name": "y"}, event(rows="a")]

    answer = client.post("events", batch).json()

    assert answer["accepted"] == 1
    assert {each["index"]: each["code"] for each in answer["rejected"]} == {
        0: "invalid_item",
        2: "schema_mismatch",
        3: "invalid_item",
        4: "schema_mismatch",
    }


def test_a_warning_is_counted_and_the_event_stored(client, sender):
    put(client, mode="WARN")

    answer = client.post("events", [event(rows="many"), event(rows=1)]).json()

    assert (answer["accepted"], answer["rejected"]) == (2, [])
    assert len(sender.events()) == 2
    assert sender.refused() == {("native", "schema_warning"): 1}
    (sample,) = sender.samples()
    assert sample["field"] == "payload.rows"
    assert json.loads(sample["item"])["payload"] == {"rows": "many"}


def counted(client, made):
    found = client.get(f"event-schemas/{made['id']}").json()
    return found["warned_count"], found["refused_count"]


def test_each_schema_counts_what_did_not_fit_the_version_in_force(client):
    made, other = put(client, mode="WARN"), put(client, name="other")
    assert made["last_misfit_at"] is None
    client.post("events", [event(rows="many"), event(), event(rows=1), event("third")])
    client.patch(f"event-schemas/{made['id']}", {"mode": "REFUSE"})
    client.post("events", [event(rows="many")])

    assert counted(client, made) == (2, 1)
    assert client.get(f"event-schemas/{made['id']}").json()["last_misfit_at"] is not None
    assert counted(client, other) == (0, 0)

    changed = client.patch(f"event-schemas/{made['id']}", {"schema": {"required": ["x"]}}).json()
    assert (changed["warned_count"], changed["refused_count"]) == (0, 0)
    assert changed["last_misfit_at"] is None
    assert changed["counted_since"] > made["counted_since"]
    client.post("events", [event(rows=1)])
    assert counted(client, made) == (0, 1)


def test_what_was_checked_against_an_older_version_is_not_counted(client, workspace):
    made = put(client)
    checked = schema_checks.Checked(misfits={(uuid.UUID(made["id"]), 1): (0, 7)})
    client.patch(f"event-schemas/{made['id']}", {"schema": {"required": ["x"]}})

    schema_checks.count_misfits(workspace_id=workspace.id, checked=checked, now=utc_now())

    assert counted(client, made) == (0, 0)


def test_switched_off_it_asks_nothing(client, sender):
    made = put(client)
    client.patch(f"event-schemas/{made['id']}", {"mode": "OFF"})

    assert client.post("events", [event(rows="many")]).json()["accepted"] == 1
    assert sender.refused() == {}


def test_the_exact_name_goes_before_the_longest_beginning(client):
    put(client, name="*", schema={"required": ["any"]})
    put(client, name="table.*", schema={"required": ["table"]})
    put(client, name="table.loaded", schema={"required": ["rows"]})
    batch = [
        event("other"),
        event("other", any=1),
        event("table.dropped", any=1),
        event("table.dropped", table="x"),
        event("table.loaded", table="x"),
        event("table.loaded", rows=1),
    ]

    answer = client.post("events", batch).json()

    assert [each["index"] for each in answer["rejected"]] == [0, 2, 4]


def test_a_foreign_door_asks_them_too(client, sender):
    put(client, name="com.acme.*", schema={"properties": {"data": {"type": "object"}}})
    cloudevent = {"specversion": "1.0", "id": "1", "source": "/s", "type": "com.acme.x"}
    batch = [cloudevent | {"data": 1}, cloudevent | {"id": "2", "data": {}}]

    answer = sender.send("/cloudevents", batch, "application/cloudevents-batch+json")

    assert answer.json()["accepted"] == 1
    assert answer.json()["rejected"][0]["field"] == "payload.data"
    assert sender.refused() == {("cloudevents", "schema_mismatch"): 1}


def test_a_rivals_schemas_concern_nobody_else(client, sender, api, mallory):
    put(api(mallory), name="*", schema={"required": ["tribute"]})

    assert client.post("events", [event()]).json()["accepted"] == 1


def test_changes_hold_at_once_and_versions_are_kept(client):
    made = put(client)
    answer = client.patch(f"event-schemas/{made['id']}", {"schema": {"required": ["table"]}})

    assert answer.json()["number"] == 2
    assert client.post("events", [event(rows=1)]).json()["accepted"] == 0
    assert client.post("events", [event(table="x")]).json()["accepted"] == 1
    versions = client.get(f"event-schemas/{made['id']}/versions").json()["items"]
    assert [(each["number"], each["schema"]) for each in versions] == [
        (2, {"required": ["table"]}),
        (1, LOADED),
    ]
    same = client.patch(f"event-schemas/{made['id']}", {"schema": {"required": ["table"]}})
    assert same.json()["number"] == 2


def test_a_deleted_schema_asks_nothing(client):
    made = put(client)
    assert client.delete(f"event-schemas/{made['id']}").status_code == 204

    assert client.post("events", [event(rows="x")]).json()["accepted"] == 1


def test_they_are_read_once_in_a_while_and_not_for_each_batch(client, workspace):
    client.post("events", [event(rows=1)])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for _ in range(5):
            client.post("events", [event(rows=1)])

    assert not [each for each in queries if "ingest_event_schema" in each["sql"]]
    assert schema_checks.KEPT_SECONDS <= 10


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"schema": {"type": "array"}}, "schema"),
        ({"schema": {"type": "strange"}}, "schema"),
        ({"schema": {"$ref": "https://evil.example/schema"}}, "schema"),
        ({"schema": {"$ref": "#/nowhere"}}, "schema"),
        ({"schema": {"$ref": "#"}}, "schema"),
        ({"schema": {"properties": {"a": {"pattern": "(a+)+$"}}}}, "schema"),
        ({"schema": {"properties": {"a": {"pattern": "("}}}}, "schema"),
        ({"schema": {"description": "x" * 70_000}}, "schema"),
        ({"schema": {"description": "a\x00b"}}, "schema"),
        ({"schema": []}, "schema"),
        ({"schema": {}, "name": "a*b"}, "name"),
        ({"schema": {}, "name": ""}, "name"),
        ({"schema": {}, "name": "x" * 201}, "name"),
        ({"schema": {}, "mode": "PERHAPS"}, "mode"),
        ({"schema": {}, "more": 1}, "more"),
    ],
    ids=[
        *("no object", "unknown type", "elsewhere", "nowhere", "in circles", "slow pattern"),
        *("broken pattern", "large", "NUL", "a list", "star within", "no name", "long name"),
        *("mode", "unknown field"),
    ],
)
def test_schemas_that_cannot_be_used_are_refused(client, body, field):
    answer = client.post("event-schemas", {"name": "x", "mode": "WARN"} | body)

    assert answer.status_code == 400
    assert any(name.split(".")[0] == field for name in answer.json()["error"]["fields"])
    assert client.get("event-schemas").json()["items"] == []


def test_a_nested_schema_is_refused(client):
    schema = {}
    for _ in range(60):
        schema = {"properties": {"a": schema}}

    answer = client.post("event-schemas", {"name": "x", "mode": "WARN", "schema": schema})

    assert answer.status_code == 400


def doubling(levels):
    """Refers to itself twice a level: 2**levels steps, in a few lines."""
    definitions = {
        f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(levels)
    }
    definitions[f"d{levels}"] = {"required": ["never"]}
    inner = {"properties": {"deep": {"$ref": "#/$defs/d0"}}}
    return {"type": "object", "$defs": definitions} | inner


def test_what_would_take_for_ever_is_ended(client):
    """Checking `{}` is quick, so the schema is taken; what costs is only met by some events."""
    put(client, schema=doubling(24))
    begun = time.process_time()

    answer = client.post("events", [event()] + [event(deep={}) for _ in range(30)]).json()

    assert time.process_time() - begun < 10
    assert answer["accepted"] == 1
    assert {each["message"] for each in answer["rejected"]} == {"It takes too long to check."}


def test_preview_says_what_would_have_failed(client, bob, api, workspace):
    client.post("events", [event(rows=1), event(rows="a"), event(), event("other")])

    answer = api(bob, workspace).post(
        "event-schemas/preview", {"name": "table.*", "schema": LOADED}
    )

    found = answer.json()
    assert (found["checked"], found["failed"], found["more"]) == (3, 2, False)
    assert {each["field"] for each in found["samples"]} == {"rows", ""}
    assert client.get("event-schemas").json()["items"] == []


def test_viewers_change_nothing(client, api, bob, workspace):
    made = put(client)
    viewer = api(bob, workspace)

    assert viewer.get("event-schemas").json()["items"][0]["id"] == made["id"]
    assert viewer.patch(f"event-schemas/{made['id']}", {"mode": "OFF"}).status_code == 403
    assert viewer.delete(f"event-schemas/{made['id']}").status_code == 403
    body = {"name": "y", "mode": "WARN", "schema": {}}
    assert viewer.post("event-schemas", body).status_code == 403
    assert client.get(f"event-schemas/{made['id']}").json()["mode"] == "REFUSE"


def test_a_name_has_one_schema(client):
    put(client)

    answer = client.post("event-schemas", {"name": "table.loaded", "mode": "WARN", "schema": {}})

    assert list(answer.json()["error"]["fields"]) == ["name"]
