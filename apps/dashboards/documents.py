"""
The JSON of a dashboard, pure: what may stand in it, and where something is wrong.

A dashboard has up to 40 panels on a grid of 12 columns, and up to 10 variables. `$name` as a value
in `where` or of a search, and as a deployment, stands for what is chosen for the variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from apps.dashboards.checks import Check, Errors, Json
from apps.telemetry import formula
from apps.telemetry.errors import BadFormula
from apps.telemetry.limits import LABEL_COUNT, LABEL_KEY_LENGTH, LABEL_VALUE_LENGTH, NAME_LENGTH
from apps.telemetry.query import Aggregate
from apps.telemetry.search import parse as search
from apps.telemetry.search.terms import EVENT_FIELDS, LOG_FIELDS, Fields

COLUMNS: Final = 12
MAX_PANELS: Final = 40
MAX_QUERIES: Final = 40  # in all panels: they are asked for in one request
MAX_VARIABLES: Final = 10
MAX_HEIGHT: Final = 20
MAX_ROW: Final = 1_000
MAX_TEXT: Final = 10_000
RANGES: Final = ("15m", "1h", "6h", "24h", "7d", "30d")
STATES: Final = (
    "SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING",
    "COMPLETED", "FAILED", "CRASHED", "CANCELLED",
)  # fmt: skip
OVER: Final = ("step", "range")  # what a number is of; the last step, where nothing is said
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_ID: Final = re.compile(r"\A[A-Za-z0-9_-]{1,40}\Z")
_VARIABLE: Final = re.compile(r"\A[a-z][a-z0-9_]{0,39}\Z")
_LETTER: Final = re.compile(r"\A[A-Z]\Z")
_UUID: Final = re.compile(r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def errors_in(*, panels: Json, variables: Json, range_: Json) -> Errors:
    """Return what is wrong with a dashboard, by place; empty when it can be drawn."""
    check = Check()
    check.one_of("range", range_, RANGES)
    names = _variables(check, variables)
    _panels(check, panels, names)
    return check.errors


def _variables(check: Check, found: Json) -> set[str]:
    names: set[str] = set()
    for number, each in enumerate(check.list("variables", found, most=MAX_VARIABLES)):
        place = f"variables.{number}"
        kind = each.get("kind") if isinstance(each, dict) else None
        needs = ["name", "kind", *(["metric", "label"] if kind == "label" else [])]
        variable = check.object(place, each, needs=needs, may=["title", "default"])
        if variable is None:
            continue
        check.one_of(f"{place}.kind", kind, ("label", "deployment"))
        said = "Must be small letters, digits and underscores, a letter first."
        if check.pattern(f"{place}.name", variable["name"], _VARIABLE, said):
            if variable["name"] in names:
                check.say(f"{place}.name", "Another variable has this name.")
            names.add(variable["name"])
        if kind == "label":
            check.text(f"{place}.metric", variable["metric"], most=NAME_LENGTH)
            check.text(f"{place}.label", variable["label"], most=LABEL_KEY_LENGTH)
        if "title" in variable:
            check.text(f"{place}.title", variable["title"], most=120, least=0)
        chosen = check.list(f"{place}.default", variable.get("default", []), most=100)
        for value in chosen:
            check.text(f"{place}.default", value, most=LABEL_VALUE_LENGTH, least=0)
    return names


def asked_errors(*, panels: Json, variables: Json) -> Errors:
    """Return what is wrong with panels that are asked for, as yet without a place on the grid."""
    check = Check()
    _panels(check, panels, _variables(check, variables), placed=False)
    return check.errors


def _panels(check: Check, found: Json, names: set[str], *, placed: bool = True) -> None:
    ids: set[str] = set()
    taken: dict[tuple[int, int], int] = {}
    queries = 0
    for number, each in enumerate(check.list("panels", found, most=MAX_PANELS)):
        place = f"panels.{number}"
        kind = each.get("kind") if isinstance(each, dict) else None
        if not check.one_of(f"{place}.kind", kind, tuple(_KINDS)):
            continue
        needs, may, look = _KINDS[str(kind)]
        sides = ["x", "y", "w", "h"] if placed else []
        panel = check.object(
            place,
            each,
            needs=["id", "kind", *sides, *needs],
            may=[*(["title"] if placed else []), *may],
        )
        if panel is None:
            continue
        said = "Must be up to 40 letters, digits, - and _."
        if check.pattern(f"{place}.id", panel["id"], _ID, said):
            if panel["id"] in ids:
                check.say(f"{place}.id", "Another panel has this id.")
            ids.add(panel["id"])
        if "title" in panel:
            check.text(f"{place}.title", panel["title"], most=200, least=0)
        if placed:
            _place(check, place, panel, number, taken)
        look(check, place, panel, names)
        asked = panel.get("queries")
        queries += len(asked) if isinstance(asked, list) else kind == "heat_map"
    if queries > MAX_QUERIES:
        check.say("panels", f"At most {MAX_QUERIES} queries in all panels; there are {queries}.")


def _place(
    check: Check,
    place: str,
    panel: Mapping[str, Json],
    number: int,
    taken: dict[tuple[int, int], int],
) -> None:
    sound = [
        check.number(f"{place}.x", panel["x"], least=0, most=COLUMNS - 1),
        check.number(f"{place}.y", panel["y"], least=0, most=MAX_ROW),
        check.number(f"{place}.w", panel["w"], least=1, most=COLUMNS),
        check.number(f"{place}.h", panel["h"], least=1, most=MAX_HEIGHT),
    ]
    if not all(sound):
        return
    if panel["x"] + panel["w"] > COLUMNS:
        check.say(f"{place}.w", f"Reaches beyond the {COLUMNS} columns.")
        return
    for x in range(panel["x"], panel["x"] + panel["w"]):
        for y in range(panel["y"], panel["y"] + panel["h"]):
            other = taken.setdefault((x, y), number)
            if other != number:
                check.say(place, f"Lies over panel {other}.")
                return


def _chart(check: Check, place: str, panel: Mapping[str, Json], names: set[str]) -> None:
    known: dict[str, frozenset[str]] = {}
    for number, each in enumerate(
        check.list(f"{place}.queries", panel["queries"], most=20, least=1)
    ):
        at = f"{place}.queries.{number}"
        query = check.object(
            at,
            each,
            needs=["letter", "name", "aggregate"],
            may=["group_by", "where", "hidden", "offset_seconds"],
        )
        if query is None:
            continue
        check.text(f"{at}.name", query["name"], most=NAME_LENGTH)
        check.one_of(f"{at}.aggregate", query["aggregate"], [each.value for each in Aggregate])
        labels = check.list(f"{at}.group_by", query.get("group_by", []), most=5)
        for label in labels:
            check.text(f"{at}.group_by", label, most=LABEL_KEY_LENGTH)
        _where(check, f"{at}.where", query.get("where", {}), names)
        if not isinstance(query.get("hidden", False), bool):
            check.say(f"{at}.hidden", "Must be true or false.")
        check.number(
            f"{at}.offset_seconds", query.get("offset_seconds", 0), least=0, most=5 * 366 * 86_400
        )
        _letter(check, f"{at}.letter", query["letter"], known)
        if isinstance(query["letter"], str):
            known[query["letter"]] = frozenset(one for one in labels if isinstance(one, str))
    for number, each in enumerate(
        check.list(f"{place}.formulas", panel.get("formulas", []), most=6)
    ):
        at = f"{place}.formulas.{number}"
        found = check.object(at, each, needs=["letter", "expression"])
        if found is None:
            continue
        _letter(check, f"{at}.letter", found["letter"], known)
        most = formula.MAX_LENGTH
        if not check.text(f"{at}.expression", found["expression"], most=most):
            continue
        try:
            _, labels_of_it = formula.parse_over(found["expression"], known)
        except BadFormula as refused:
            check.say(f"{at}.expression", refused.message)
        else:
            if isinstance(found["letter"], str):
                known[found["letter"]] = labels_of_it
    if "compare_seconds" in panel:
        check.number(
            f"{place}.compare_seconds", panel["compare_seconds"], least=1, most=5 * 366 * 86_400
        )
    if "events" in panel:
        check.text(f"{place}.events", panel["events"], most=NAME_LENGTH + 1)
    _search(check, place, panel, names, field="events_q", of=EVENT_FIELDS)
    _deployment(check, place, panel, names, field="events_deployment")


def _letter(check: Check, place: str, letter: Json, known: Mapping[str, object]) -> None:
    if check.pattern(place, letter, _LETTER, "Must be one letter, A to Z.") and letter in known:
        check.say(place, f"The letter {letter} is given twice.")


def _where(check: Check, place: str, where: Json, names: set[str]) -> None:
    if not isinstance(where, dict) or len(where) > LABEL_COUNT:
        check.say(place, f"Must be an object of at most {LABEL_COUNT} labels.")
        return
    for label, values in where.items():
        check.text(place, label, most=LABEL_KEY_LENGTH)
        for value in check.list(place, values, most=100, least=1):
            if (
                check.text(place, value, most=LABEL_VALUE_LENGTH, least=0)
                and value.startswith("$")
                and value[1:] not in names
            ):
                check.say(place, f"There is no variable {value[:42]}.")


def _number(check: Check, place: str, panel: Mapping[str, Json], names: set[str]) -> None:
    _chart(check, place, panel, names)
    check.pattern(f"{place}.show", panel["show"], _LETTER, "Must be one letter, A to Z.")
    lists = [panel["queries"], panel.get("formulas", [])]
    letters = [
        each.get("letter")
        for asked in lists
        if isinstance(asked, list)
        for each in asked
        if isinstance(each, dict)
    ]
    if panel["show"] not in letters:
        check.say(f"{place}.show", "No query or formula of this panel has that letter.")
    check.one_of(f"{place}.over", panel.get("over", "step"), OVER)


def _heat_map(check: Check, place: str, panel: Mapping[str, Json], names: set[str]) -> None:
    check.text(f"{place}.name", panel["name"], most=NAME_LENGTH)
    _where(check, f"{place}.where", panel.get("where", {}), names)


def _runs(check: Check, place: str, panel: Mapping[str, Json], names: set[str]) -> None:
    check.one_of(f"{place}.view", panel["view"], ("list", "histogram"))
    for state in check.list(f"{place}.states", panel.get("states", []), most=len(STATES)):
        check.one_of(f"{place}.states", state, STATES)
    _deployment(check, place, panel, names)


def _deployment(
    check: Check,
    place: str,
    panel: Mapping[str, Json],
    names: set[str],
    *,
    field: str = "deployment",
) -> None:
    if field not in panel:
        return
    deployment = panel[field]
    if isinstance(deployment, str) and deployment.startswith("$"):
        if deployment[1:] not in names:
            check.say(f"{place}.{field}", f"There is no variable {deployment[:42]}.")
    else:
        said = "Must be the id of a deployment, or $ and the name of a variable."
        check.pattern(f"{place}.{field}", deployment, _UUID, said)


def _search(
    check: Check,
    place: str,
    panel: Mapping[str, Json],
    names: set[str],
    *,
    field: str = "q",
    of: Fields,
) -> None:
    at = f"{place}.{field}"
    if field not in panel or not check.text(at, panel[field], most=search.MAX_LENGTH):
        return
    try:
        search.parse(panel[field], of, chosen=dict.fromkeys(names, ()))
    except search.QueryError as refused:
        for message in (refused.fields or {}).get("q", [refused.message]):
            check.say(at, message)


def _events(check: Check, place: str, panel: Mapping[str, Json], names: set[str]) -> None:
    check.one_of(f"{place}.view", panel["view"], ("list", "histogram"))
    if "name" in panel:
        check.text(f"{place}.name", panel["name"], most=NAME_LENGTH + 1)
    _search(check, place, panel, names, of=EVENT_FIELDS)
    _deployment(check, place, panel, names)


def _logs(check: Check, place: str, panel: Mapping[str, Json], names: set[str]) -> None:
    _deployment(check, place, panel, names)
    if "level" in panel:
        check.one_of(f"{place}.level", panel["level"], LEVELS)
    _search(check, place, panel, names, of=LOG_FIELDS)


def _text(check: Check, place: str, panel: Mapping[str, Json], _: set[str]) -> None:
    check.text(f"{place}.markdown", panel["markdown"], most=MAX_TEXT, least=0)


_Look = Callable[[Check, str, Mapping[str, Json], set[str]], None]
_KINDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...], _Look]]] = {
    "chart": (
        ("queries",),
        ("formulas", "compare_seconds", "events", "events_q", "events_deployment"),
        _chart,
    ),
    "number": (("queries", "show"), ("formulas", "compare_seconds", "over"), _number),
    "heat_map": (("name",), ("where",), _heat_map),
    "runs": (("view",), ("states", "deployment"), _runs),
    "events": (("view",), ("name", "q", "deployment"), _events),
    "logs": ((), ("q", "level", "deployment"), _logs),
    "text": (("markdown",), (), _text),
}
KINDS: Final = tuple(_KINDS)
