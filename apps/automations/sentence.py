"""A rule as one English sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.automations.budget import plain_amount
from apps.automations.enums import Side
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.triggers import EventTrigger, Trigger
from apps.costs.enums import CostLabel
from apps.telemetry.query import Aggregate

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
SHOWN: Final = 3  # patterns named of each field
_MEASURES: Final = {
    Aggregate.AVG: "the average of",
    Aggregate.SUM: "the sum of",
    Aggregate.MIN: "the lowest",
    Aggregate.MAX: "the highest",
    Aggregate.COUNT: "the number of points of",
    Aggregate.P50: "the median of",
    Aggregate.P90: "the 90th percentile of",
    Aggregate.P95: "the 95th percentile of",
    Aggregate.P99: "the 99th percentile of",
    Aggregate.RATE: "the sum per second of",
}
_COST_WORDS: Final = {
    CostLabel.DEPLOYMENT.value: "",
    CostLabel.DEPLOYMENT_ID.value: "",
    CostLabel.TEAM.value: "the team ",
    CostLabel.TEAM_ID.value: "the team ",
    CostLabel.MODEL.value: "the model ",
}


def duration(seconds: int) -> str:
    """Write a time as people say it, exactly: 90 minutes, 1 day."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def subject_of(matcher: Mapping[str, Sequence[Any]]) -> str:
    """Say which events: their names, then what else is asked of them."""
    names = _split(matcher.get("name", ()))
    wanted, unwanted = names
    text = _any_of(wanted) if wanted else "any event"
    if unwanted:
        text += f" (but not {_any_of(unwanted)})"
    further = [
        clause for field in matcher if field != "name" for clause in _clauses(field, matcher[field])
    ]
    return f"{text} with {' and '.join(further)}" if further else text


def sentence_of(
    trigger: Trigger, actions: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> str:
    """Return the rule as one sentence; `names` are those of what it speaks of by id."""
    done = _list([_action(action, names) for action in actions]) if actions else "do nothing"
    return f"{_when(trigger, names)}, {done}."


def number(value: float) -> str:
    """Write a number as people do: at most six digits that say something, none left out before."""
    if value and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.6g}"
    whole = len(str(int(abs(value))))
    text = f"{value:,.{max(6 - whole, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def measure_of(trigger: MetricTrigger) -> str:
    """Say which number is watched: the sum of rows_failed with table orders."""
    clauses = [
        f"{label} {_any_of([value or 'missing' for value in values])}"
        for label, values in trigger.where.items()
    ]
    narrowed = f" with {' and '.join(clauses)}" if clauses else ""
    return f"{_MEASURES[trigger.aggregate]} {trigger.metric}{narrowed}"


def subject_of_metric(trigger: MetricTrigger) -> str:
    """Say which metric, whatever is made of its points."""
    return measure_of(trigger).removeprefix(f"{_MEASURES[trigger.aggregate]} ")


def costing(trigger: MetricTrigger, names: Mapping[str, str]) -> str:
    """Say whose costs a rule on them watches: load/main; the model gpt-4o; the whole workspace."""
    clauses = []
    for label, values in trigger.where.items():
        if label == CostLabel.CURRENCY.value:
            continue
        word = _COST_WORDS.get(label, f"{label} ")
        clauses.append(word + _any_of([names.get(value, value or "none") for value in values]))
    return " and ".join(clauses) if clauses else "the whole workspace"


def _when_month(trigger: MetricTrigger, names: Mapping[str, str]) -> str:
    assert trigger.threshold is not None
    if not trigger.is_cost:
        each = f" for any {_list(list(trigger.for_each))}" if trigger.for_each else ""
        level = number(trigger.threshold)
        return f"When {measure_of(trigger)} in a month is at least {level}{each}"
    by = [label for label in trigger.for_each if label != CostLabel.CURRENCY.value]
    each = f" for any {_list(by)}" if by else ""
    currencies = trigger.where.get(CostLabel.CURRENCY.value, ["in any currency"])
    amount = f"{plain_amount(trigger.threshold)} {_any_of(currencies)}"
    return f"When what {costing(trigger, names)} costs in a month reaches {amount}{each}"


def _when_metric(trigger: MetricTrigger, names: Mapping[str, str]) -> str:
    if trigger.is_month:
        return _when_month(trigger, names)
    assert trigger.within_seconds is not None
    each = f" for any {_list(list(trigger.for_each))}" if trigger.for_each else ""
    within = duration(trigger.within_seconds)
    held = f", for {duration(trigger.for_seconds)}" if trigger.for_seconds else ""
    if trigger.side is Side.ABSENT:
        return f"When {subject_of_metric(trigger)} has no points within {within}{each}{held}"
    assert trigger.threshold is not None
    level = f"{trigger.side.value} {number(trigger.threshold)}"
    return f"When {measure_of(trigger)} over {within} is {level}{each}{held}"


def _when(trigger: Trigger, names: Mapping[str, str]) -> str:
    if isinstance(trigger, MetricTrigger):
        return _when_metric(trigger, names)
    each = f" for the same {_list(list(trigger.for_each))}" if trigger.for_each else ""
    within = duration(trigger.within_seconds)
    if isinstance(trigger, EventTrigger):
        what = subject_of(trigger.match)
        if trigger.threshold == 1:
            return f"When {what} happens"
        return f"When {what} happens {trigger.threshold} times within {within}{each}"
    expected = subject_of({**trigger.match, **trigger.expect})
    if trigger.after is None:
        every = f" for each {_list(list(trigger.for_each))}" if trigger.for_each else ""
        if trigger.threshold == 1:
            return f"When {expected} does not happen within {within}{every}"
        return f"When {expected} happens fewer than {trigger.threshold} times in {within}{every}"
    opening = subject_of({**trigger.match, **trigger.after})
    times = "" if trigger.threshold == 1 else f" {trigger.threshold} times"
    return f"When {opening} is not followed{times} by {expected} within {within}{each}"


def _action(action: Mapping[str, Any], names: Mapping[str, str]) -> str:
    kind = action["type"]
    if kind == "run_deployment":
        return f"run {names.get(str(action['deployment_id']), 'a deleted deployment')}"
    if kind == "cancel_run":
        return "cancel the run"
    if kind == "notify":
        return f"notify {names.get(str(action['channel_id']), 'a deleted channel')}"
    return "call a webhook"


def _clauses(field: str, patterns: Sequence[Any]) -> list[str]:
    wanted, unwanted = _split(patterns)
    found = []
    if wanted:
        found.append(f"{field} {_any_of(wanted)}")
    if unwanted:
        found.append(f"{field} not {_any_of(unwanted)}")
    return found


def _split(patterns: Sequence[Any]) -> tuple[list[str], list[str]]:
    texts = [str(pattern) for pattern in patterns]
    wanted = [text for text in texts if not text.startswith("!")]
    return wanted, [text[1:] for text in texts if text.startswith("!")]


def _any_of(patterns: list[str]) -> str:
    shown = patterns[:SHOWN]
    if len(patterns) > SHOWN:
        return f"{', '.join(shown)} or {len(patterns) - SHOWN} more"
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
