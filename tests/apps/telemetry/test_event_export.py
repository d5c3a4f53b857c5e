"""What a search finds, as a file: whole, or saying that it was cut."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from urllib.parse import quote

import duckdb
import pytest
from msgspec import Raw

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import event_files, selectors, services
from apps.telemetry.api.event_export import every_event
from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.items import NewEvent, Relation, Resource, TelemetryBatch
from apps.telemetry.selectors.whole import EveryPage
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import AuditEntry
from tests.factories.tenancy import make_key
from tests.isolation import as_worker

NOW = utc_now().replace(second=30, microsecond=123_456)
MANY_DIGITS = '{"big": 123456789012345678901234567890, "exact": 1.10, "text": "ä \\n \\"x\\""}'


def put(workspace, *events):
    with workspace_scope(workspace.id):
        outcome = services.store_batch(
            workspace_id=workspace.id, batch=TelemetryBatch(events=events), now=NOW
        )
    assert not outcome.rejected


def event(name, payload="{}", ago=0, **changes):
    return NewEvent(
        **{
            "name": name,
            "occurred_at": NOW - timedelta(seconds=ago),
            "id": uuid7(),
            "payload": Raw(payload.encode()),
        }
        | changes
    )


@pytest.fixture
def stack(workspace):
    put(
        workspace,
        event(
            "orders.loaded",
            MANY_DIGITS,
            resource=Resource(kind="table", name="public.orders", namespace="pg"),
            related=[Relation(role="reads", kind="table", name="raw")],
            run_id=uuid7(),
            source="dbt",
        ),
        event("orders.failed", ago=60),
        event("users.seen", ago=120),
    )
    return workspace


def export(client, file_format, query=""):
    answer = client.get(f"events/export?format={file_format}&{query}")
    assert answer.status_code == 200, answer.content
    return answer, b"".join(answer.streaming_content)


def test_lines_of_json_are_the_items_of_the_list(api, bob, stack):
    answer, body = export(api(bob), "ndjson")

    items = api(bob).get("events").json()["items"]
    assert [json.loads(line) for line in body.splitlines()] == items
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"].endswith('.ndjson"')
    assert answer["Headway-Rows-At-Most"] == "200000"
    # Not what a float makes of it.
    assert b"123456789012345678901234567890" in body
    assert b"1.10" in body


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=name:orders.*", ["orders.loaded", "orders.failed"]),
        ("q=name:orders.*+payload.big:exists", ["orders.loaded"]),
        ("name=users.*", ["users.seen"]),
        ("resource_kind=table", ["orders.loaded"]),
        (
            f"from={quote((NOW - timedelta(seconds=90)).isoformat())}&q=-source:dbt",
            ["orders.failed"],
        ),
        (f"to={quote((NOW - timedelta(seconds=90)).isoformat())}", ["users.seen"]),
        ("q=nothing", []),
    ],
    ids=["name", "payload", "parameter", "kind", "from", "to", "nothing"],
)
def test_the_filters_are_those_of_the_list(api, bob, stack, query, names):
    _, body = export(api(bob), "ndjson", query)

    assert [json.loads(line)["name"] for line in body.splitlines()] == names


def test_a_spreadsheet_has_one_row_an_event(api, bob, stack):
    answer, body = export(api(bob), "csv")

    first, *others = csv.DictReader(io.StringIO(body.decode(), newline=""))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["name"] for row in others] == ["orders.failed", "users.seen"]
    assert first["occurred_at"] == NOW.isoformat().replace("+00:00", "Z")
    assert (first["resource_kind"], first["resource_name"]) == ("table", "public.orders")
    assert json.loads(first["related"])[0]["role"] == "reads"
    assert "123456789012345678901234567890" in first["payload"]
    assert others[0]["run_id"] == ""


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2",
        "@SUM(A1)",
        "\tx",
        "＝1",
        "fine;=1+1",
        "fine\n=1+1",
        "fine\r\n@x",
        'he said "hi", then\nleft',
        "a-b+c=d",
    ],
)
def test_nothing_in_a_spreadsheet_is_a_formula(api, bob, workspace, text):
    put(
        workspace,
        event(
            "x", json.dumps({"said": text}), resource=Resource(kind=text, name=text), source=text
        ),
    )

    _, body = export(api(bob), "csv")

    (row,) = csv.DictReader(io.StringIO(body.decode(), newline=""))
    inert = ("'" if text[0] in "=+-@\t＝" else "") + text
    for begin in ";", "\n":
        inert = inert.replace(f"{begin}=", f"{begin}'=").replace(f"{begin}@", f"{begin}'@")
    assert (row["resource_kind"], row["resource_name"], row["source"]) == (inert,) * 3
    # As spreadsheets read it whose separator is a semicolon.
    for line in body.decode().splitlines():
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(";"))


def test_parquet_is_read_by_others(api, bob, stack, tmp_path):
    answer, body = export(api(bob), "parquet", "q=name:orders.*")

    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    path = tmp_path / "events.parquet"
    path.write_bytes(body)
    with duckdb.connect() as database:
        rows = database.execute(
            "SELECT name, epoch_us(occurred_at), resource_name, run_id IS NULL, payload, source"
            " FROM read_parquet(?)",
            [str(path)],
        ).fetchall()
    first, second = rows
    at = int(NOW.timestamp()) * 1_000_000 + 123_456
    assert first[:4] == ("orders.loaded", at, "public.orders", False)
    assert json.loads(first[4])["big"] == 123456789012345678901234567890
    assert (first[5], second[0], second[2], second[3]) == ("dbt", "orders.failed", None, True)


@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
def test_nothing_found_is_a_file_without_rows(api, bob, workspace, file_format, tmp_path):
    _, body = export(api(bob), file_format)

    if file_format == "parquet":
        path = tmp_path / "events.parquet"
        path.write_bytes(body)
        with duckdb.connect() as database:
            assert database.execute(
                "SELECT count(*) FROM read_parquet(?)", [str(path)]
            ).fetchone() == (0,)
    else:
        assert len(body.splitlines()) == (1 if file_format == "csv" else 0)


@pytest.mark.parametrize(
    ("most", "names"),
    [
        (30, [str(number) for number in range(30)]),
        (31, [str(number) for number in range(30)]),
        (29, [*[str(number) for number in range(29)], event_files.CUT]),
        (7, [*[str(number) for number in range(7)], event_files.CUT]),
    ],
)
@pytest.mark.parametrize("query", ["", "payload.a:1"], ids=["all", "filtered"])
def test_a_file_that_was_cut_says_so_in_its_last_row(workspace, most, names, query):
    from apps.telemetry.search.parse import parse
    from apps.telemetry.search.terms import EVENT_FIELDS

    put(workspace, *[event(str(number), '{"a": 1}', ago=number) for number in range(30)])
    only = selectors.EventSearch(query=parse(query, EVENT_FIELDS))

    pages = list(every_event(workspace.id, only, now=NOW, most=most, page=7))

    found = [each for page in pages for each in page]
    assert [each.name for each in found] == names
    assert max(len(page) for page in pages) == 7
    if names[-1] == event_files.CUT:
        last = found[-1]
        assert (last.payload["rows"], last.occurred_at) == (most, found[-2].occurred_at)


def test_a_file_that_takes_too_long_breaks_off(workspace):
    put(workspace, *[event(str(number), ago=number) for number in range(5)])

    def find(below, limit, budget):
        return selectors.search_events(
            workspace_id=workspace.id,
            only=selectors.EventSearch(),
            below=below,
            limit=limit,
            budget=budget,
        )

    pages = EveryPage(find, workspace_id=workspace.id, page=2, seconds=0)

    with pytest.raises(SearchTooSlow):
        list(pages)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "format"),
        ("format=xlsx", "format"),
        ("format=csv&format=ndjson&q=payload.rows:%3E", "q"),
        ("format=csv&q=name:%22", "q"),
        ("format=csv&q=%00", "q"),
        ("format=csv&q=" + "x" * 1_001, "q"),
        ("format=csv&from=yesterday", "from"),
        ("format=csv&from=9999-12-31T23:59:59-23:59", "from"),
        ("format=csv&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("format=csv&run_id=x", "run_id"),
        ("format=csv&limit=5", "limit"),
    ],
)
def test_bad_parameters_are_named(api, bob, query, field):
    answer = api(bob).get(f"events/export?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]


def test_an_export_is_in_the_log(api, bob, stack):
    export(api(bob), "csv", "q=name:orders.*")
    api(bob).get("events/export?format=xlsx")

    with as_worker():
        entry = AuditEntry.objects.get(action="events.exported")
    assert (entry.actor_id, entry.workspace_id) == (bob.user.id, stack.id)
    assert entry.after == {"format": "csv", "q": "name:orders.*"}


def test_events_are_exported_by_who_may_see_them(api, alice, mallory, stack):
    key = make_key(alice, scopes=["runs:read"])

    assert api(key, stack).get("events/export?format=csv").status_code == 403
    assert api(mallory, stack).get("events/export?format=csv").status_code == 404
