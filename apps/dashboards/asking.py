"""What is asked for, read: panels, variables, and what is chosen for them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, Final, NamedTuple

from apps.dashboards.checks import Errors, Json
from apps.dashboards.documents import asked_errors
from apps.dashboards.errors import BadDashboard
from apps.dashboards.filling import chosen_errors, chosen_of

_OF_PANEL: Final = re.compile(r"\Apanels\.(\d+)\.(?!(?:id|kind)\Z)(.+)\Z", re.DOTALL)


class Asked(NamedTuple):
    """Panels of known kinds, each with an id; `unsound` says by place which cannot be read."""

    panels: list[dict[str, Any]]
    chosen: dict[str, list[str]]
    unsound: dict[int, BadDashboard]


def read_asked(*, panels: Json, variables: Json, chosen: Json) -> Asked:
    """
    Return what is asked for.

    Raises: BadDashboard for what no single panel can be blamed for.
    """
    whole: Errors = {}
    by_panel: dict[int, Errors] = defaultdict(dict)
    for place, said in asked_errors(panels=panels, variables=variables).items():
        if found := _OF_PANEL.match(place):
            by_panel[int(found[1])][found[2]] = said
        else:
            whole[place] = said
    if not any(place.startswith("variables") for place in whole):
        whole |= chosen_errors(chosen, variables)
    if whole:
        raise BadDashboard("These panels cannot be asked for.", fields=whole)
    unsound = {
        place: BadDashboard("The panel cannot be drawn.", fields=errors)
        for place, errors in by_panel.items()
    }
    return Asked(panels=panels, chosen=chosen_of(variables, chosen), unsound=unsound)
