"""Variables and what is chosen for them, put into panels. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from apps.core.errors import InvalidRequest
from apps.dashboards.checks import Check, Errors, Json
from apps.dashboards.documents import MAX_VARIABLES
from apps.telemetry.limits import LABEL_VALUE_LENGTH
from apps.telemetry.search.parse import QueryError, parse
from apps.telemetry.search.terms import Fields, Query

MAX_CHOSEN: Final = 100  # values of one variable

Chosen = Mapping[str, Sequence[str]]


def chosen_errors(found: Json, variables: Sequence[Mapping[str, Json]]) -> Errors:
    """Return what is wrong with what is chosen for sound variables, by place."""
    check = Check()
    if not isinstance(found, dict) or len(found) > MAX_VARIABLES:
        check.say("chosen", "Must be an object of lists by the names of variables.")
        return check.errors
    known = {each["name"] for each in variables}
    for name, values in found.items():
        if name not in known:
            check.say("chosen", f"There is no variable {name[:40]}.")
            continue
        for value in check.list(f"chosen.{name}", values, most=MAX_CHOSEN):
            check.text(f"chosen.{name}", value, most=LABEL_VALUE_LENGTH, least=0)
    return check.errors


def chosen_of(variables: Sequence[Mapping[str, Json]], given: Chosen) -> dict[str, list[str]]:
    """Return by variable what is given for it, else what the dashboard opens with."""
    return {
        each["name"]: list(given.get(each["name"], each.get("default", []))) for each in variables
    }


def filled_where(where: Mapping[str, Sequence[str]], chosen: Chosen) -> dict[str, list[str]]:
    """
    Return `where` with the chosen values in the place of variables.

    While nothing is chosen for a variable, the label is not asked about at all.
    """
    filled: dict[str, list[str]] = {}
    for label, values in where.items():
        found: list[str] = []
        for value in values:
            own = chosen.get(value[1:], ()) if value.startswith("$") else (value,)
            if not own:
                break
            found.extend(own)
        else:
            filled[label] = list(dict.fromkeys(found))
    return filled


def filled_deployment(deployment: str | None, chosen: Chosen) -> str | None:
    """Return the deployment that a panel is narrowed to; None: it is of all."""
    if deployment is None or not deployment.startswith("$"):
        return deployment
    return next(iter(chosen.get(deployment[1:], ())), None)


def filled_search(text: str, fields: Fields, chosen: Chosen, *, field: str = "q") -> Query:
    """
    Return the terms of a panel's search, with the chosen values in the place of variables.

    Raises: InvalidRequest, by the panel's field, when what is chosen cannot be looked for there.
    """
    try:
        return parse(text, fields, chosen=chosen)
    except QueryError as refused:
        raise InvalidRequest(refused.message, fields={field: [refused.message]}) from None
