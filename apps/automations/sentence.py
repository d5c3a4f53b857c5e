"""A rule as one English sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.automations.triggers import EventTrigger, Trigger

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
SHOWN: Final = 3  # patterns named of each field


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
    """Return the rule as one sentence; `names` are those of deployments and channels by id."""
    done = _list([_action(action, names) for action in actions]) if actions else "do nothing"
    return f"{_when(trigger)}, {done}."


def _when(trigger: Trigger) -> str:
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
