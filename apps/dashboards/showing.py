"""
What somebody who has only a link gets to see, pure.

Named piece by piece: what a panel learns to say tomorrow is not shown to everybody by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_SHOWN: Final = (
    *("id", "kind", "title", "x", "y", "w", "h"),
    *("markdown", "view", "show", "over", "formulas"),
)
_QUERY: Final = ("letter", "name", "aggregate", "hidden")
_ROWS: Final = ("runs", "events", "logs", "marks")
_WHY: Final = {
    "search_too_slow": "There was no time left for this panel. It is asked for again in a minute.",
    "query_too_large": "There is too much to draw in this panel.",
}

Json = dict[str, Any]


def shown_panels(panels: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return the panels with what it takes to draw them, and not what they are narrowed to."""
    shown = []
    for panel in panels:
        kept = {name: panel[name] for name in _SHOWN if name in panel}
        if "queries" in panel:
            kept["queries"] = [
                {name: query[name] for name in _QUERY if name in query}
                for query in panel["queries"]
            ]
        if panel["kind"] == "heat_map":
            kept["name"] = panel["name"]
        shown.append(kept)
    return shown


def shown_answers(answers: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return the answers without ids, and refusals without what they tell of anything."""
    shown = []
    for answer in answers:
        kept = dict(answer)
        for part in _ROWS:
            if kept[part] is not None:
                items = [{**item, "id": None} for item in kept[part]["items"]]
                kept[part] = kept[part] | {"items": items}
        if kept["error"] is not None:
            code = kept["error"]["code"]
            kept["error"] = {
                "code": code if code in _WHY else "not_shown",
                "message": _WHY.get(code, "This panel cannot be shown."),
                "fields": None,
            }
        shown.append(kept)
    return shown
