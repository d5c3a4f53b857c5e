"""Input that nobody sends by mistake: each gets the envelope of a refusal, never a 500."""

from __future__ import annotations

import base64
import gzip
import json
import time
import uuid
from datetime import timedelta

import pytest
from django.core.handlers.wsgi import LimitedStream

from apps.core.clock import utc_now
from apps.core.http.json import MAX_BODY_BYTES
from apps.ingest.decode import MAX_GZIP_MEMBERS
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import make_deployment, running
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db

LISTS = ("members", "api-keys", "deployments", "flows", "runs", "pools", "events", "logs")
ID = "01900000-0000-7000-8000-000000000001"
CURSORS = [
    ["a", "b"],
    [None, None],
    [True, False],
    [1, 2],
    [1e300, 2],
    [["a"], {}],
    [2**63, 2**64],
    ["2026-01-01T00:00:00Z", "x"],
    ["2026-01-01T00:00:00Z", "\x00"],
    ["2026-01-01T00:00:00", ID],
    ["2026-13-45", ID],
    ["infinity", ID],
    ["0001-01-01T00:00:00+23:59", ID],
    ["9999-12-31T23:59:59-23:59", ID],
]
RANGES = [
    ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"),
    ("9999-12-30T00:00:00Z", "9999-12-31T23:59:59Z"),
    ("9999-12-30T00:00:00Z", "9999-12-31T23:59:59-14:00"),
    ("0001-01-01T00:00:00+14:00", "0002-01-01T00:00:00Z"),
]


def refused(answer, *statuses):
    assert answer.status_code in (statuses or (400,)), (answer.status_code, answer.content[:200])
    error = json.loads(answer.content)["error"]
    assert set(error) == {"code", "message", "details", "fields", "retryable", "request_id"}
    assert "Traceback" not in error["message"]
    assert "SELECT" not in error["message"]
    return error


def cursor_of(values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize("place", LISTS)
def test_made_up_cursors_and_limits_are_refused(api, alice, place):
    client = api(alice)

    for values in CURSORS:
        refused(client.get(f"{place}?cursor={cursor_of(values)}"))
    for limit in ("-1", "0", "1000000000", "²", "٣", "1" * 5_000, "1.5", "NaN", "1_0", "%00"):
        refused(client.get(f"{place}?limit={limit}"))


@pytest.mark.parametrize(("since", "until"), RANGES)
def test_ranges_at_the_ends_of_the_calendar_are_refused(api, alice, since, until):
    client = api(alice)
    query = f"?from={since}&to={until}".replace("+", "%2B")
    body = {"from": since, "to": until, "queries": [{"name": "x", "aggregate": "avg"}]}

    for place in (
        "overview",
        "runs/histogram",
        "events/histogram",
        "logs/volume",
        "events",
        "logs",
    ):
        refused(client.get(place + query))
    refused(client.post("metrics/query", body))
    refused(client.post("metrics/query", body | {"step_seconds": 60}))
    refused(client.post("metrics/heat-map", {"from": since, "to": until, "name": "x"}))
    charts = [{"heat_map": {"name": "x"}}]
    refused(client.post("metrics/charts", {"from": since, "to": until, "charts": charts}))
    panels = [{"id": "a", "kind": "heat_map", "name": "x"}]
    refused(client.post("dashboards/panels", {"from": since, "to": until, "panels": panels}))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"name":' + b'{"a":' * 300 + b"1" + b"}" * 301,
        b'{"name": NaN}',
        b'{"name": 1e400}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\u0000"}',
        b'{"name": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"1" * 5_000,
        b" ",
        b"null",
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_json_at_its_limits_is_refused(api, alice, body, headers):
    client = api(alice)

    for place in ("pools", "api-keys", "metrics/query", "ingest", "events"):
        answer = client.client.post(
            f"{client.workspace_url}/{place}",
            body,
            content_type="application/json",
            headers=headers,
        )
        refused(answer)


def test_names_with_nul_lead_nowhere(api, alice):
    for caller in (api(alice), api(make_key(alice, role="OWNER"), alice.workspace)):
        refused(caller.get("/api/v1/workspaces/%00"), 404)
        refused(caller.post("pools/%00/heartbeats", {}), 404)
        refused(caller.get("/%00"), 404)


def test_a_foreign_host_gets_the_envelope(client, settings):
    settings.ALLOWED_HOSTS = ["headway.example"]

    error = refused(client.get("/api/v1/me", headers={"Host": "evil.example"}))

    assert error["code"] == "invalid_request"
    assert "evil" not in error["message"]


def test_a_large_body_is_refused_unread(api, alice, monkeypatch):
    read = []
    monkeypatch.setattr(LimitedStream, "read", lambda *_: read.append(1) or b"{}")

    answer = api(alice).client.put(
        f"{api(alice).workspace_url}/deployments",
        b" " * (MAX_BODY_BYTES + 1),
        content_type="application/json",
    )

    assert refused(answer, 413)["code"] == "batch_too_large"
    assert read == []


def test_a_body_of_many_gzip_members_is_refused_at_once(api, alice):
    client = api(alice)
    body = gzip.compress(b"") * 100_000
    begun = time.process_time()

    answer = client.client.post(
        f"{client.workspace_url}/ingest",
        body,
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )

    assert str(MAX_GZIP_MEMBERS) in refused(answer)["message"]
    assert time.process_time() - begun < 8


def test_a_few_gzip_members_are_one_body(api, alice):
    client = api(alice)

    answer = client.client.post(
        f"{client.workspace_url}/ingest",
        gzip.compress(b'{"events"') + gzip.compress(b": []}"),
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )

    assert answer.status_code == 200


def test_reports_from_before_the_retention_are_refused(api, workspace, alice):
    client = api(make_key(alice, role="AGENT"), workspace)
    run_id = str(uuid.uuid4())
    begin = {"run_id": run_id, "epoch": 3, "state": "RUNNING", "flow_name": "f"}
    client.post("ingest", {"runs": [begin | {"occurred_at": utc_now()}]})
    before = api(alice).get(f"runs/{run_id}/transitions").json()
    long_ago = utc_now() - timedelta(days=workspace.limits.retention_days + 1)

    for epoch in (1, 3):
        for at in (long_ago, "0001-01-01T00:00:00Z", "1971-01-01T00:00:00+14:00"):
            answer = client.post(
                f"runs/{run_id}/transitions",
                {"epoch": epoch, "state": "COMPLETED", "occurred_at": at},
            )
            assert list(refused(answer)["fields"]) == ["occurred_at"]

    assert api(alice).get(f"runs/{run_id}/transitions").json() == before


@pytest.fixture
def places(api, alice, workspace):
    """The lists of what makes runs go, each with something in it where that is quickly made."""
    client = api(alice)
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, parameter_schema={"properties": {"p": {}}})
        run = running(deployment, workspace)
    body = {"deployment_id": str(deployment.id), "kind": "PARTITIONS", "parameter": "p"}
    backfill = client.post("backfills", body | {"partitions": ["a", "b"]}).json()
    limit = client.put("limits", {"kind": "TAG", "key": "x", "slots": 1}).json()
    level = client.post(
        "service-levels",
        {"deployment_id": str(deployment.id), "kind": "LASTS_AT_MOST", "seconds": 5},
    ).json()
    return [
        "approvals",
        "backfills",
        f"backfills/{backfill['id']}/parts",
        f"backfills/{backfill['id']}/parts?state=UNMADE",
        f"deployments/{deployment.id}/versions",
        "limits",
        f"limits/{limit['id']}/slots",
        f"pools/{deployment.pool_id}/agents",
        f"runs/{run.id}/task-runs",
        f"runs/{run.id}/transitions",
        "service-levels",
        f"service-levels/{level['id']}/breaches",
    ]


def test_made_up_cursors_of_one_column_are_refused_or_lead_nowhere(api, alice, places):
    client = api(alice)
    one = [["a"], [None], [1e300], [2**63], [-(2**63)], [1.5], ["\x00"], [str(uuid.uuid4())]]

    for place in places:
        sign = "&" if "?" in place else "?"
        for values in [*one, *CURSORS[-4:]]:
            answer = client.get(f"{place}{sign}cursor={cursor_of(values)}")
            if answer.status_code != 200:
                refused(answer)


def test_depths_at_the_ends_of_the_calendar_are_refused(api, alice, workspace):
    with workspace_scope(workspace.id):
        pool_id = make_deployment(workspace).pool_id

    for since, until in RANGES:
        for query in (f"since={since}", f"until={until}", f"until={since}"):
            answer = api(alice).get(f"pools/{pool_id}/depth?{query}".replace("+", "%2B"))
            refused(answer)


@pytest.mark.parametrize(
    "labels",
    [
        {"a\x00": "b"},
        {"a": "b\x00"},
        {"n" * 101: "v"},
        {"a": "v" * 201},
        {str(number): "v" for number in range(51)},
        ["a"],
    ],
)
def test_labels_that_cannot_be_kept_are_refused(api, agent_key, workspace, labels):
    agent = {"id": ID, "name": "w", "host": "h", "pid": 1, "version": "0", "capacity": 4}
    client = api(agent_key, workspace)

    body = {"agent": agent | {"labels": labels}, "leases": []}
    refused(client.post("pools/default/heartbeats", body))
    kept = {"agent": agent | {"labels": {"region": "fra"}}, "leases": []}
    assert client.post("pools/default/heartbeats", kept).status_code == 200


def test_a_schema_that_refers_to_itself_holds_up_no_backfill(api, alice, workspace):
    loop = {"anyOf": [*[{"$ref": "#/properties/p"}] * 300, {"type": "integer"}]}
    slow = {"type": "string", "allOf": [{"minLength": 1}] * 1_500}
    with workspace_scope(workspace.id):
        deployment = make_deployment(
            workspace, parameter_schema={"properties": {"p": loop, "s": slow}}
        )
    body = {"deployment_id": str(deployment.id), "kind": "PARTITIONS"}
    client, begun = api(alice), time.process_time()

    first = client.post("backfills/preview", body | {"parameter": "p", "partitions": ["1", "2"]})
    names = [f"part {number}" for number in range(300)]
    second = client.post("backfills/preview", body | {"parameter": "s", "partitions": names})

    assert "Nested too deeply" in refused(first)["fields"]["parameters"][0]
    (told, *_) = refused(second)["fields"]["parameters.s"]
    assert "take too long to check" in told
    assert time.process_time() - begun < 20  # it took minutes
