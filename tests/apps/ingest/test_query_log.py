"""`POST …/query-log`: files as the systems export them, what becomes of bad rows and of repeats."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import timedelta

import pytest
from django.test import Client

from apps.core.clock import utc_now
from apps.ingest import limits
from apps.lineage import services as lineage
from apps.tenancy.isolation import workspace_scope
from tests.apps.ingest.doors.conftest import Sender, each_store
from tests.factories.tenancy import make_key

__all__ = ["each_store"]

pytestmark = pytest.mark.django_db
NOW = utc_now().replace(microsecond=0)
BEGAN, ENDED = NOW - timedelta(minutes=5), NOW - timedelta(minutes=5) + timedelta(seconds=1.5)
SQL = "INSERT INTO mart.orders SELECT * FROM raw.orders, raw.people WHERE id = 7"


@pytest.fixture
def sender(alice, workspace):
    return Sender(workspace, make_key(alice, role="AGENT"))


@pytest.fixture
def post(sender):
    def send(body, kind="text/csv", encoding="", **query):
        data = body.encode() if isinstance(body, str) else body
        headers = {"Authorization": f"Bearer {sender.key}"}
        if encoding:
            headers["Content-Encoding"] = encoding
        path = f"/api/v1/workspaces/{sender.workspace.slug}/query-log"
        return Client().generic(
            "POST", path, data, content_type=kind, headers=headers, query_params=query
        )

    return send


def text(at, form="%Y-%m-%d %H:%M:%S"):
    return at.strftime(form)


def as_csv(*rows, delimiter=","):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


ROW = {
    "query": SQL,
    "user": "Ada@acme.io",
    "database": "shop",
    "started_at": BEGAN.isoformat(),
    "duration": "1.5 s",
    "rows": "12",
}

# As each system exports it: one query by ada on `shop`, which took 1.5 s.
EXPORTS = {
    "generic": (ROW, {}),
    "snowflake": (
        {
            "QUERY_ID": "01b2-aa",
            "QUERY_TEXT": SQL,
            "DATABASE_NAME": "shop",
            "SCHEMA_NAME": "PUBLIC",
            "USER_NAME": "ada@acme.io",
            "WAREHOUSE_NAME": "WH_S",
            "EXECUTION_STATUS": "SUCCESS",
            "ERROR_MESSAGE": "",
            "START_TIME": text(BEGAN - timedelta(hours=8), "%Y-%m-%d %H:%M:%S.000 -0800"),
            "END_TIME": text(ENDED - timedelta(hours=8), "%Y-%m-%d %H:%M:%S.500 -0800"),
            "TOTAL_ELAPSED_TIME": "1500",
            "BYTES_SCANNED": "4096",
            "ROWS_PRODUCED": "12",
        },
        {
            "query_id": "01b2-aa",
            "bytes_processed": 4096,
            "warehouse": "WH_S",
            "dialect": "snowflake",
        },
    ),
    "bigquery": (
        {
            "creation_time": text(BEGAN, "%Y-%m-%d %H:%M:%S UTC"),
            "start_time": text(BEGAN, "%Y-%m-%d %H:%M:%S UTC"),
            "end_time": text(ENDED, "%Y-%m-%d %H:%M:%S.500000 UTC"),
            "user_email": "ada@acme.io",
            "project_id": "shop",
            "job_id": "bq-1",
            "query": SQL,
            "state": "DONE",
            "total_bytes_processed": "4096",
            "total_bytes_billed": "10485760",
            "referenced_tables": '[{"project_id":"shop","dataset_id":"raw","table_id":"orders"}]',
            "destination_table": '{"project_id":"shop","dataset_id":"mart","table_id":"orders"}',
        },
        {"bytes_billed": 10485760, "query_id": "bq-1", "dialect": "bigquery", "duration_ms": None},
    ),
    "redshift": (
        {
            "userid": "ada@acme.io",
            "query": "4711",
            "querytxt": SQL,
            "database": "shop",
            "starttime": text(BEGAN),
            "endtime": text(ENDED) + ".500",
            "aborted": "0",
        },
        {"query_id": "4711", "dialect": "redshift", "duration_ms": None},
    ),
    "trino": (
        {
            "query_id": "20261122_1",
            "state": "FINISHED",
            "user": "ada@acme.io",
            "catalog": "shop",
            "query": SQL,
            "created": text(BEGAN, "%Y-%m-%d %H:%M:%S.000 UTC"),
            "end": text(ENDED, "%Y-%m-%d %H:%M:%S.500 UTC"),
        },
        {"dialect": "trino", "duration_ms": None},
    ),
    "clickhouse": (
        {
            "type": "QueryFinish",
            "event_time": text(ENDED),
            "event_time_microseconds": text(ENDED) + ".500000",
            "query_start_time": text(BEGAN),
            "query_start_time_microseconds": text(BEGAN) + ".000000",
            "query_duration_ms": "1500",
            "read_bytes": "4096",
            "result_rows": "12",
            "query": SQL,
            "current_database": "shop",
            "user": "ada@acme.io",
            "query_id": "ch-1",
            "exception": "",
            "tables": "['raw.orders']",
        },
        {"bytes_processed": 4096, "dialect": "clickhouse"},
    ),
}


@pytest.mark.parametrize("preset", EXPORTS)
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_an_export_becomes_events_like_those_of_other_doors(post, sender, preset, form):
    row, more = EXPORTS[preset]
    body = as_csv(row) if form == "csv" else json.dumps(row)
    kind = "text/csv" if form == "csv" else "application/x-ndjson"

    answer = post(body, kind, preset=preset, namespace="snowflake://acct")

    assert answer.json() == {
        "accepted": 1,
        "duplicates": 0,
        "skipped": 0,
        "rejected_count": 0,
        "retryable_count": 0,
        "rejected": [],
    }
    (event,) = sender.events()
    assert (event.name, event.source) == ("query.executed", "query-log")
    assert abs(event.occurred_at - ENDED) < timedelta(seconds=1)
    assert (event.resource_kind, event.resource_name) == ("database", "shop")
    assert event.payload["text"] == SQL
    assert event.payload["user"].lower() == "ada@acme.io"
    expected = {"duration_ms": 1500.0} | more
    assert {name: event.payload.get(name) for name in expected} == expected
    roles = {(each["role"], each["name"].lower()) for each in event.related}
    assert {("executed_by", "ada@acme.io"), ("on", "shop")} <= roles
    if preset == "bigquery":
        assert {("reads", "shop.raw.orders"), ("writes", "shop.mart.orders")} <= roles


def csvlog(message, number=1, at=ENDED):
    cells = [
        text(at, "%Y-%m-%d %H:%M:%S.500 UTC"),
        "ada",
        "shop",
        "77",
        "10.0.0.1:1",
        "66f.1",
        str(number),
    ]
    cells += ["SELECT", text(BEGAN, "%Y-%m-%d %H:%M:%S UTC"), "3/1", "0", "LOG", "00000", message]
    out = io.StringIO()
    csv.writer(out).writerow(cells + [""] * 12)
    return out.getvalue()


def test_the_csvlog_of_postgres_needs_no_header(post, sender):
    body = csvlog(f"duration: 1500.000 ms  statement: {SQL}", 1)
    body += csvlog("checkpoint starting: time", 2)
    body += csvlog("duration: 3.250 ms  execute S_1: SELECT 1,\n 2", 3)
    body += csvlog("duration: 0.1 ms", 4)

    answer = post(body, preset="postgres", namespace="postgres://db:5432")

    assert (answer.json()["accepted"], answer.json()["skipped"]) == (2, 2)
    assert {(each.payload["text"], each.payload["duration_ms"]) for each in sender.events()} == {
        (SQL, 1500.0),
        ("SELECT 1,\n 2", 3.25),
    }
    assert post(body, preset="postgres", namespace="postgres://db:5432").json()["duplicates"] == 2


def test_the_world_joins_person_query_and_table(post, sender, api, alice):
    post(as_csv(ROW), namespace="postgres://db")
    with workspace_scope(sender.workspace.id):
        lineage.build_world(workspace_id=sender.workspace.id)

    world = api(alice)
    tables = {
        each["name"]: each["id"] for each in world.get("world/resources?kind=table").json()["items"]
    }
    assert {"shop.mart.orders", "shop.raw.orders", "shop.raw.people"} <= set(tables)
    page = json.dumps(world.get(f"world/resources/{tables['shop.raw.orders']}").json())
    assert "ada@acme.io" in page


def test_the_same_file_twice_adds_nothing(post, sender):
    body = as_csv(ROW, ROW | {"query": "SELECT 2"}, ROW | {"user": "bob"})

    first, second = post(body).json(), post(gzip.compress(body.encode()), encoding="gzip").json()

    assert (first["accepted"], first["duplicates"]) == (3, 0)
    assert (second["accepted"], second["duplicates"]) == (0, 3)
    assert len(sender.events()) == 3


def test_bad_rows_are_told_by_their_lines_and_the_others_kept(post, sender):
    many = "SELECT 1,\n  2,\n  3"
    rows = [
        ROW | {"query": many},  # lines 2 to 4
        ROW | {"started_at": "yesterday"},  # 5
        ROW | {"query": ""},  # 6
        ROW | {"duration": "a while"},  # 7
        ROW | {"rows": "NaN"},  # 8
        ROW | {"started_at": "2001-01-01T00:00:00Z"},  # 9
        ROW | {"started_at": "2026-11-22 07:00:00"},  # 10: no offset
        ROW,  # 11
    ]
    body = as_csv(*rows) + "SELECT 1,too,few\r\n"

    answer = post(body).json()

    assert (answer["accepted"], answer["rejected_count"]) == (2, 7)
    assert [(each["line"], each["code"], each["field"]) for each in answer["rejected"]] == [
        (5, "invalid_item", "started_at"),
        (6, "invalid_item", "statement"),
        (7, "invalid_item", "duration"),
        (8, "invalid_item", "rows"),
        (9, "too_old", "occurred_at"),
        (10, "invalid_item", "started_at"),
        (12, "invalid_item", None),
    ]
    assert sender.refused() == {("query-log", "invalid_item"): 6, ("query-log", "too_old"): 1}
    assert all(sample["item"] for sample in sender.samples())


def test_rows_of_ndjson_are_refused_by_their_lines(post, sender):
    good = json.dumps(ROW)
    deep = '{"query": ' + "[" * 2_000 + "]" * 2_000 + "}"
    lines = [
        good,
        "",
        "{",
        "[1]",
        '{"query": 7e999}',
        deep,
        '{"query": "\\ud800"}',
        '{"a": 1}',
        good,
    ]

    answer = post("\n".join(lines), "application/x-ndjson").json()

    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert [each["line"] for each in answer["rejected"]] == [3, 4, 5, 6, 7, 8]
    assert len(sender.events()) == 1


def test_a_failed_query_is_told_as_such(post, sender):
    post(as_csv(ROW | {"status": "FAILED", "error": "no such table"}))

    (event,) = sender.events()
    assert (event.name, event.payload["error"]) == ("query.failed", "no such table")


def test_times_without_an_offset_are_of_the_zone_that_is_named(post, sender):
    local = text(BEGAN + timedelta(hours=9))

    assert post(as_csv(ROW | {"started_at": local}), timezone="Asia/Tokyo").json()["accepted"] == 1
    assert sender.events()[0].occurred_at == BEGAN + timedelta(seconds=1.5)


def test_a_long_statement_is_cut_and_says_so(post, sender):
    post(as_csv(ROW | {"query": "SELECT " + "x" * 200_000}))

    (event,) = sender.events()
    assert event.payload["text"].endswith("more characters]")
    assert len(event.payload["text"]) < 17_000


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_known_by_the_header(post, delimiter):
    assert post(as_csv(ROW, delimiter=delimiter)).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "kind", "query", "status"),
    [
        ("\n", "text/csv", {}, 400),
        ("a,b\n1,2\n", "text/csv", {}, 400),
        (b"\xff\xfe\x00", "text/csv", {}, 400),
        (b"\xff", "application/x-ndjson", {}, 400),
        ("{}", "application/json", {}, 415),
        ("query\n" + "x\n" * (limits.FOREIGN_ITEMS + 1), "text/csv", {}, 413),
        (b"x" * (limits.SENT_BYTES + 1), "text/csv", {}, 413),
        (as_csv(ROW), "text/csv", {"preset": "oracle"}, 400),
        (as_csv(ROW), "text/csv", {"timezone": "Mars/Base"}, 400),
        (as_csv(ROW), "text/csv", {"namespace": "a\x00"}, 400),
        (as_csv(ROW), "text/csv", {"namespace": "x" * 201}, 400),
        (as_csv(ROW), "text/csv", {"more": "1"}, 400),
    ],
    ids=[
        *("empty", "no statement", "no text", "no text in JSON", "another type", "too many rows"),
        *("too long", "preset", "zone", "NUL", "long namespace", "unknown"),
    ],
)
def test_what_is_no_query_log(post, sender, body, kind, query, status):
    answer = post(body, kind, **query)

    assert answer.status_code == status, answer.content
    assert sender.has_nothing()
    assert sender.refused() != {}


HOSTILE = [
    *(
        "\x00",
        "\ud800",
        "9" * 5_000,
        "1e999999999",
        "-1",
        "NaN",
        "inf",
        "0001-01-01T00:00:00+14:00",
    ),
    *(
        "9999-12-31T23:59:59Z",
        "2026-02-30 25:00:00",
        "1" * 19,
        "[[[[",
        "{",
        "' OR 1=1 --",
        "٣",
        "🦆" * 300,
    ),
]


@pytest.mark.parametrize(
    "column", [*ROW, "bytes", "credits", "ended_at", "tables", "reads", "status", "query_id"]
)
def test_no_cell_is_a_failure_of_ours(post, column):
    rows = [ROW | {column: value} for value in HOSTILE]
    others = (*HOSTILE, True, [1], {"a": 1}, -1.5, 10**300)
    lines = [json.dumps(ROW | {column: value}) for value in others]
    lines.append(f'{{"query": "x", "{column}": {"9" * 5_000}}}')

    for preset in ("generic", "postgres", "clickhouse", "bigquery"):
        sent = as_csv(*rows).encode(errors="surrogatepass").replace(b"\xed\xa0\x80", b"?")
        assert post(sent, preset=preset).status_code == 200
        in_json = post("\n".join(lines), "application/x-ndjson", preset=preset)
        assert in_json.status_code == 200


def test_a_rival_key_and_a_viewer_send_nothing(post, sender, api, bob, rival_workspace):
    assert api(bob, sender.workspace).post("query-log", {}).status_code in {403, 415}
    foreign = Client().generic(
        "POST",
        f"/api/v1/workspaces/{rival_workspace.slug}/query-log",
        as_csv(ROW).encode(),
        content_type="text/csv",
        headers={"Authorization": f"Bearer {sender.key}"},
    )
    assert foreign.status_code == 404
    assert sender.has_nothing()
