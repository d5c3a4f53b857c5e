"""
Reads at size, through HTTP: charts over 50 million points, pages of half a million events.

The chart reads hourly rollups, so those are what is made (with sketches of 694 points each, 100
series, 30 days); raw points are not looked at. Events are raw rows, with their rollups.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from apps.core.ids import uuid7
from apps.telemetry import acceptance, sketch
from apps.telemetry.store import tables
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table

SERIES = 100
DAYS = 30
POINTS_PER_HOUR = 694  # × 100 series × 720 hours = 50 million
EVENTS = 500_000
LINES = 100_000
ALL_SERIES = 40_000  # as many as are remembered, of eight metrics besides the one that is charted
REPEATS = 40
LIMIT_MS = 200.0
MANY_SKETCHES = "30-day chart, 95th percentile of 50 picked series"

_RUN_ID = uuid7(datetime.now(UTC) - timedelta(hours=1))


def _fill(at: Stack) -> None:
    workspace_id = UUID(at.workspace_id)
    now = datetime.now(UTC)
    values = [random.lognormvariate(3, 1) for _ in range(POINTS_PER_HOUR)]
    run = {
        "run_id": str(_RUN_ID),
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": (now - timedelta(hours=1)).isoformat(),
        "flow_name": "bench",
    }
    body = json.dumps({"runs": [run]}).encode()
    fire(at.port, [at.request("POST", f"{at.base}/ingest", body)], clients=1)
    with at.connect("headway_owner") as link:
        for table in (tables.EVENT, tables.EVENT_ROLLUPS["1h"], tables.METRIC_ROLLUPS["1h"]):
            for days in range(DAYS + 1):
                link.execute(
                    "SELECT telemetry_make_room(%s, %s)", (table.name, now - timedelta(days=days))
                )
    with at.connect() as link:
        ids = []
        for number in range(SERIES):
            labels = {"table": f"t{number}", "db": f"d{number % 5}"}
            key = acceptance.SeriesKey("rows_loaded", tuple(sorted(labels.items())))
            ids.append(acceptance.series_id_of(workspace_id, key))
            link.execute(
                "INSERT INTO telemetry_metricseries"
                " (id, workspace_id, name, labels, unit, created_at, last_at)"
                " VALUES (%s, %s, 'rows_loaded', %s, 'rows', now(), now())",
                (ids[-1], workspace_id, json.dumps(labels)),
            )
        total = acceptance.total_id_of(workspace_id, "rows_loaded")
        for series, factor in ((ids, 1), ([total], SERIES)):
            counts = {key: count * factor for key, count in sketch.sketch_of(values).items()}
            link.execute(
                "INSERT INTO telemetry_metric_1h"
                " SELECT %s, id, hour, %s, %s, %s, %s, %s FROM unnest(%s::uuid[]) AS id,"
                " generate_series(date_trunc('hour', now()) - make_interval(days => %s), now(),"
                " interval '1 hour') AS hour",
                (
                    workspace_id,
                    POINTS_PER_HOUR * factor,
                    sum(values) * factor,
                    min(values),
                    max(values),
                    sketch.encode(counts),
                    series,
                    DAYS,
                ),
            )
        link.execute(
            "INSERT INTO telemetry_event (workspace_id, occurred_at, id, name, received_at,"
            " resource_kind, resource_name, resource_namespace, payload, source)"
            " SELECT %s, at, gen_random_uuid(), CASE WHEN n %% 50000 = 0 THEN 'rare.one'"
            " ELSE 'query.' || n %% 20 END, at, 'table', 't' || n %% 100, 'lake',"
            " jsonb_build_object('rows', n, 'sql', 'select ' || n), 'sdk' FROM ("
            " SELECT n, now() - make_interval(secs => n * %s) AS at"
            " FROM generate_series(1, %s) AS n) AS made",
            (workspace_id, DAYS * 86_400 / EVENTS * 0.99, EVENTS),
        )
        link.execute(
            "INSERT INTO telemetry_event_count_1h SELECT workspace_id, name,"
            " date_trunc('hour', occurred_at), count(*) FROM telemetry_event GROUP BY 1, 2, 3"
        )
        link.execute(
            "INSERT INTO telemetry_log_line SELECT %s, %s, now() - make_interval(secs => n * 0.01),"
            " gen_random_uuid(), NULL, 20, 'flow', 'line ' || n FROM generate_series(1, %s) AS n",
            (workspace_id, _RUN_ID, LINES),
        )
        link.execute(
            "INSERT INTO telemetry_metricseries"
            " (id, workspace_id, name, labels, unit, created_at, last_at)"
            " SELECT gen_random_uuid(), %s, 'metric_' || n %% 8, jsonb_build_object("
            " 'pod', 'pod-' || md5(n::text), 'table', 't' || n / 8 %% 50, 'db', 'd' || n / 8 %% 5,"
            " 'status', (n / 8 %% 4)::text), 'rows', now(), now() FROM generate_series(1, %s) AS n",
            (workspace_id, ALL_SERIES - SERIES),
        )
        link.execute("VACUUM ANALYZE")


def _chart(aggregate: str, **more: object) -> bytes:
    now = datetime.now(UTC)
    return json.dumps(
        {
            "queries": [{"name": "rows_loaded", "aggregate": aggregate} | more],
            "from": (now - timedelta(days=DAYS)).isoformat(),
            "to": now.isoformat(),
        }
    ).encode()


def _span() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"from": (now - timedelta(days=DAYS)).isoformat(), "to": now.isoformat()}


def _formula() -> bytes:
    asked = [
        {"name": "rows_loaded", "aggregate": "sum", "group_by": ["db"]},
        {"name": "rows_loaded", "aggregate": "sum"},
    ]
    formulas = [{"expression": "A / B * 100"}]
    return json.dumps({"queries": asked, "formulas": formulas, **_span()}).encode()


def _heat_map() -> bytes:
    return json.dumps({"name": "rows_loaded", **_span()}).encode()


def _measure(at: Stack) -> list[Row]:
    now = datetime.now(UTC)
    since = (now - timedelta(days=DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"{at.base}/metrics/query"
    asked = {
        "30-day chart, average of 50 M points": at.request("POST", query, _chart("avg")),
        "30-day chart, 5 lines": at.request("POST", query, _chart("sum", group_by=["db"])),
        "30-day chart, 95th percentile": at.request("POST", query, _chart("p95")),
        MANY_SKETCHES: at.request(
            "POST", query, _chart("p95", where={"table": [f"t{n}" for n in range(50)]})
        ),
        "30-day formula of two queries": at.request("POST", query, _formula()),
        "30-day heat map": at.request("POST", f"{at.base}/metrics/heat-map", _heat_map()),
        f"list of 9 metrics with {ALL_SERIES:,} series": at.request("GET", f"{at.base}/metrics"),
        "events, newest page": at.request("GET", f"{at.base}/events"),
        "events of a rare name": at.request("GET", f"{at.base}/events?name=rare.one"),
        "events, 30-day histogram": at.request(
            "GET", f"{at.base}/events/histogram?from={since}&to={until}"
        ),
        f"log page of a run with {LINES:,} lines": at.request(
            "GET", f"{at.base}/runs/{_RUN_ID}/logs?limit=500"
        ),
    }
    rows: list[Row] = []
    for what, request in asked.items():
        fire(at.port, [request] * 4, clients=1)
        outcome = fire(at.port, [request] * REPEATS, clients=1)
        worst = outcome.percentile(0.95)
        rows.append(
            Row(
                what=f"{what} ({at.store})",
                measured=f"p50 {outcome.percentile(0.5):.0f} ms, p95 {worst:.0f} ms",
                budget="none" if what == MANY_SKETCHES else f"p95 ≤ {LIMIT_MS:.0f} ms",
                holds=None if what == MANY_SKETCHES else worst <= LIMIT_MS,
            )
        )
    return rows


def run() -> Table:
    """Measure on each store that the server offers."""
    rows: list[Row] = []
    with postgres() as server:
        for store in stores(server):
            with stack(server, store, workers=1) as at:
                _fill(at)
                rows += _measure(at)
    return Table(
        title="Queries",
        rows=rows,
        notes=[
            f"{REPEATS} requests each, one client; times include HTTP and the client.",
            "A chart of a whole metric reads its total. Percentiles of series picked by label sum"
            " up a sketch for each series and hour: 36,000 here; more than 50,000 are refused.",
        ],
    )
