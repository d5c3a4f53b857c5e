"""The dashboard that a workspace begins with, pure: what most people want to see first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

NAME: Final = "Overview"
CHARTS: Final = 4

_WORDS: Final = """\
What ran, what failed, and what happened, at a glance.

Edit this dashboard, or make others: any query of the page *Metrics* can be a panel here."""


def first_panels(metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return the panels: runs, events, and a chart of each of the first few metrics."""
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
    for place, name in enumerate(metrics[:CHARTS]):
        panels.append(
            _panel(
                f"metric-{place + 1}",
                "chart",
                6 * (place % 2),
                11 + 5 * (place // 2),
                6,
                5,
                title=name,
                queries=[{"letter": "A", "name": name, "aggregate": "avg"}],
            )
        )
    return panels


def _panel(id_: str, kind: str, x: int, y: int, w: int, h: int, **more: object) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "x": x, "y": y, "w": w, "h": h, **more}
