"""
What the rest of the company's stack would tell: a shop, its warehouse, and the people who ask it.

Two weeks of statements from sources over staging to marts and dashboards, so that there is a world
to look at. Then the marts are refreshed twice: once well, and once after a column went from under
them. Made up, and told as any tool would tell it, by `emit_event`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headway import emit_event, flow, get_logger, task

SHOP = "postgres://shop.example"
WAREHOUSE = "snowflake://acme"
DAYS = 14
LOADER, BUILDER = "svc-replicate", "svc-marts"
COLUMNS = ("order_id", "customer_id", "channel", "amount", "ordered_at")
log = get_logger("shop")

SOURCES = {"orders": 41_000, "order_lines": 122_000, "customers": 8_800}
BUILT = {
    "staging.orders": "SELECT * FROM raw.orders",
    "staging.order_lines": "SELECT * FROM raw.order_lines",
    "staging.customers": "SELECT * FROM raw.customers",
    "marts.revenue": "SELECT o.ordered_at::date AS day, o.channel, sum(l.amount) AS revenue"
    " FROM staging.orders o JOIN staging.order_lines l ON l.order_id = o.order_id GROUP BY 1, 2",
    "marts.customers": "SELECT c.customer_id, count(*) AS orders FROM staging.customers c"
    " JOIN staging.orders o ON o.customer_id = c.customer_id GROUP BY 1",
}
DASHBOARDS = {
    "Revenue today": ("marts.revenue", ("maria@shop.example", "lea@shop.example")),
    "Best customers": ("marts.customers", ("jonas@shop.example",)),
    "Board pack": ("marts.revenue", ("priya@shop.example",)),
}
QUESTIONS = {
    "jonas@shop.example": "SELECT channel, avg(amount) FROM staging.orders GROUP BY channel",
    "lea@shop.example": "SELECT day, revenue FROM marts.revenue ORDER BY day DESC LIMIT 30",
}


def _name(table: str) -> str:
    """Return the name as the warehouse writes it."""
    return f"ACME.{table}".upper()


def _executed(text: str, who: str, at: datetime | None = None, **more: object) -> None:
    emit_event(
        "query.executed",
        related=[{"role": "on", "kind": "database", "namespace": WAREHOUSE, "name": "ACME"}],
        payload={
            "text": text,
            "dialect": "snowflake",
            "database": "ACME",
            "user": who,
            "warehouse": "snowflake-small",
            **more,
        },
        occurred_at=at,
    )


def _loaded(table: str, rows: int, at: datetime | None = None, drop: str = "") -> None:
    emit_event(
        "table.replaced",
        resource={"kind": "table", "namespace": WAREHOUSE, "name": _name(table)},
        payload={
            "rows": rows,
            "columns": [{"name": name, "type": "text"} for name in COLUMNS if name != drop],
        },
        occurred_at=at,
    )


def tell_past() -> None:
    """Tell what happened on each of the last days, newer tables on the later ones."""
    now = datetime.now(UTC)
    for age in range(DAYS, 0, -1):
        night = now - timedelta(days=age)
        for table, rows in SOURCES.items():
            emit_event(
                "table.loaded",
                resource={"kind": "table", "namespace": WAREHOUSE, "name": _name(f"raw.{table}")},
                related=[
                    {
                        "role": "depends_on",
                        "kind": "table",
                        "namespace": SHOP,
                        "name": f"shop.public.{table}",
                    },
                    {"role": "executed_by", "kind": "user", "name": LOADER},
                ],
                payload={"rows": rows + (DAYS - age) * 40},
                occurred_at=night,
            )
        for place, (table, text) in enumerate(BUILT.items()):
            # The marts came later: the scrubber of the world page shows them come.
            if table.startswith("staging.") or age < DAYS - 4:
                at = night + timedelta(minutes=10 + place)
                _executed(f"CREATE OR REPLACE TABLE {table} AS {text}", BUILDER, at, credits=0.02)
        _loaded("staging.orders", 41_000 + (DAYS - age) * 40, night + timedelta(minutes=20))
        if age < DAYS - 6:
            _look_at_dashboards(night + timedelta(minutes=40))


def _look_at_dashboards(at: datetime) -> None:
    for name, (table, people) in DASHBOARDS.items():
        emit_event(
            "dashboard.viewed",
            resource={"kind": "dashboard", "namespace": "metabase.example", "name": name},
            related=[
                {
                    "role": "reads",
                    "kind": "table",
                    "namespace": WAREHOUSE,
                    "name": _name(table),
                },
                *({"role": "executed_by", "kind": "user", "name": who} for who in people),
            ],
            occurred_at=at,
        )
    for who, text in QUESTIONS.items():
        _executed(text, who, at)


@task
def build(table: str, known: tuple[str, ...]) -> None:
    """Build one table, if what it is made of has the columns that it names."""
    text = BUILT[table]
    _executed(f"CREATE OR REPLACE TABLE {table} AS {text}", BUILDER, credits=0.03)
    if "o.channel" in text and "channel" not in known:
        raise LookupError(f"{table}: invalid identifier 'O.CHANNEL'")
    log.info("built %s", table)


@task
def summarise() -> str:
    """Have a model put the day's revenue into words."""
    emit_event(
        "llm.called",
        payload={
            "attributes": {
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.usage.input_tokens": 18_400,
                "gen_ai.usage.output_tokens": 620,
                "gen_ai.usage.cache_read.input_tokens": 9_000,
            }
        },
    )
    return "Revenue is up two percent."


@flow(run_name="marts", tags=["shop"])
def refresh_marts(known: tuple[str, ...] = COLUMNS) -> str:
    """Build the marts out of staging, and say in words what they show."""
    for table in ("marts.customers", "marts.revenue"):
        build(table, known)
    return summarise()


def main() -> None:
    tell_past()
    refresh_marts()
    # Somebody tidies up: the column goes, and the next refresh finds out.
    _executed("ALTER TABLE staging.orders DROP COLUMN channel", "lea@shop.example")
    _loaded("staging.orders", 41_560, drop="channel")
    try:
        refresh_marts(tuple(name for name in COLUMNS if name != "channel"))
    except LookupError as error:
        print(f"The marts were not refreshed, as this demo wants it: {error}")


if __name__ == "__main__":
    main()
