"""The dashboard that a workspace begins with, pure: what most people want to see first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

NAME: Final = "Overview"
CHARTS: Final = 4

_WORDS: Final = """\
What ran, what failed, and what happened, at a glance.

Edit this dashboard, or make others: any query of the page *Metrics* can be a panel here."""


# What counts things adds up; what measures something, or is there at a time, has a mean. The page
# of metrics draws a metric at first sight by the same rules.
_MEASURES: Final = re.compile(
    r"(?:(?:nano|micro|milli|kilo|mega|giga|tera|kibi|mebi|gibi|centi)?"
    r"(?:seconds|bytes|bits|meters|metres|grams|liters|litres|watts|volts|hertz|joules)"
    r"|minutes|hours|days|weeks|months|years|degrees|celsius|percents|points|dollars|euros"
    r"|gbs|mbs|ms|us|ns|bps|rps|qps)",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(r"\{?[a-z][a-z_ -]*(?:s|count)\}?", re.IGNORECASE)
_COUNTING: Final = re.compile(
    r"(?:^|[._-])(?:total|count|loaded|written|read|errors|failures|retries)$", re.IGNORECASE
)
_LEVEL: Final = re.compile(
    r"(?:^|[._-])(?:size|depth|length|backlog|queue|queued|pending|waiting|open|active|running"
    r"|current|used|free|available|capacity|level|lag|age|balance|stock|threads|connections)"
    r"(?:$|[._-])",
    re.IGNORECASE,
)


# What was spent adds up, as what is counted does.
_CURRENCIES: Final = frozenset(
    (
        "AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP",
        "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "MXN", "MYR",
        "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "RON", "SAR", "SEK", "SGD", "THB",
        "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
    )
)  # fmt: skip


def usual_aggregate(name: str, unit: str | None) -> str:
    """Return how a metric is summed up at first sight."""
    if _LEVEL.search(name):
        return "avg"
    if unit in _CURRENCIES:
        return "sum"
    if unit and unit != "1":
        return "sum" if _COUNTED.fullmatch(unit) and not _MEASURES.fullmatch(unit) else "avg"
    return "sum" if _COUNTING.search(name) else "avg"


def has_charts(panels: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether any metric is drawn."""
    return any(panel["kind"] == "chart" for panel in panels)


def first_panels(metrics: Sequence[tuple[str, str | None]]) -> list[dict[str, Any]]:
    """Return the panels: runs, events, and a chart of each of the first few metrics with units."""
    panels: list[dict[str, Any]] = [
        _panel("about", "text", 0, 0, 12, 2, markdown=_WORDS),
        _panel("runs", "runs", 0, 2, 6, 4, title="Runs", view="histogram"),
        _panel("events", "events", 6, 2, 6, 4, title="Events", view="histogram"),
        _panel(
            "failed",
            "runs",
            0,
            6,
            12,
            5,
            title="Runs that failed",
            view="list",
            states=["FAILED", "CRASHED"],
        ),
    ]
    for place, (name, unit) in enumerate(metrics[:CHARTS]):
        panels.append(
            _panel(
                f"metric-{place + 1}",
                "chart",
                6 * (place % 2),
                11 + 5 * (place // 2),
                6,
                5,
                title=name,
                queries=[{"letter": "A", "name": name, "aggregate": usual_aggregate(name, unit)}],
            )
        )
    return panels


def _panel(id_: str, kind: str, x: int, y: int, w: int, h: int, **more: object) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "x": x, "y": y, "w": w, "h": h, **more}
