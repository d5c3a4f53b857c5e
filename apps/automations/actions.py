"""Actions as data: decoded and checked at the door. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from apps.automations import templates
from apps.automations.enums import ActionKind
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.templates import TemplateFaultError
from apps.automations.triggers import AbsenceTrigger, Faults, Trigger, faults_of

MAX_ACTIONS: Final = 10
MAX_PARAMETERS: Final = 100
MAX_VALUE_DEPTH: Final = 10
MAX_VALUES: Final = 1_000
MAX_URL_LENGTH: Final = 2_000
DEFAULT_SUBJECT: Final = "{{ automation.name }}"
DEFAULT_BODY: Final = "{{ firing.reason }}\n\n{{ url }}"

Template = Annotated[str, Meta(max_length=templates.MAX_BYTES)]


class RunDeployment(Struct, kw_only=True, forbid_unknown_fields=True, tag="run_deployment"):
    """Start a run; texts among the parameters are templates."""

    deployment_id: UUID
    parameters: Annotated[dict[str, Any], Meta(max_length=MAX_PARAMETERS)] = {}


class CancelRun(Struct, kw_only=True, forbid_unknown_fields=True, tag="cancel_run"):
    """Cancel the run that the template names."""

    run_id: Template = "{{ event.run_id }}"


class Notify(Struct, kw_only=True, forbid_unknown_fields=True, tag="notify"):
    """Send a message to a channel."""

    channel_id: UUID
    subject: Template = DEFAULT_SUBJECT
    body: Template = DEFAULT_BODY


class Webhook(Struct, kw_only=True, forbid_unknown_fields=True, tag="webhook"):
    """POST to an address; without a body, the firing as JSON."""

    url: Annotated[str, Meta(max_length=MAX_URL_LENGTH)]
    body: Template | None = None


Action = RunDeployment | CancelRun | Notify | Webhook
Actions = Annotated[list[Action], Meta(max_length=MAX_ACTIONS)]


class ActionFaultError(ValueError):
    """An action cannot be understood; `faults` says which and why."""

    def __init__(self, faults: Faults) -> None:
        super().__init__("; ".join(text for texts in faults.values() for text in texts))
        self.faults = faults


def kind_of(action: Action) -> ActionKind:
    return ActionKind(str(action.__struct_config__.tag))


def parse_actions(raw: object, trigger: Trigger) -> list[Action]:
    """Return the actions that JSON describes. Raises: ActionFaultError."""
    try:
        actions: list[Action] = msgspec.convert(raw, Actions, strict=True)
    except msgspec.ValidationError as error:
        raise ActionFaultError(faults_of(error, "actions")) from None
    names: tuple[str, ...] = templates.NAMES
    if isinstance(trigger, MetricTrigger) or (
        isinstance(trigger, AbsenceTrigger) and trigger.after is None
    ):
        # Nothing happened, so there is no event to speak of.
        names = tuple(name for name in names if name != "event")
    faults: Faults = {}
    for place, action in enumerate(actions):
        for field, source in _templates(action):
            try:
                templates.check_template(source, names=names)
            except TemplateFaultError as error:
                faults.setdefault(f"actions.{place}.{field}", []).append(str(error))
        if isinstance(action, RunDeployment) and (fault := _value_fault(action.parameters)):
            faults.setdefault(f"actions.{place}.parameters", []).append(fault)
    if faults:
        raise ActionFaultError(faults)
    return actions


def plain(actions: list[Action]) -> list[dict[str, Any]]:
    """Return the actions as they are stored and shown: every field present."""
    built: list[dict[str, Any]] = msgspec.to_builtins(actions)
    return built


def restore(stored: dict[str, Any]) -> Action:
    """Return the action that `plain` wrote."""
    action: Action = msgspec.convert(stored, Action, strict=False)
    return action


def _templates(action: Action) -> Iterator[tuple[str, str]]:
    if isinstance(action, RunDeployment):
        for name, value in action.parameters.items():
            for source in _texts(value):
                yield f"parameters.{name}"[:300], source
    elif isinstance(action, CancelRun):
        yield "run_id", action.run_id
    elif isinstance(action, Notify):
        yield "subject", action.subject
        yield "body", action.body
    elif action.body is not None:
        yield "body", action.body


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        # As `fill` does: what has no brace is itself.
        if "{" in value:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _value_fault(value: object) -> str | None:
    """Say why a value cannot be stored."""
    left = MAX_VALUES

    def look(inner: object, depth: int) -> str | None:
        nonlocal left
        left -= 1
        if depth > MAX_VALUE_DEPTH:
            return "Nested too deeply."
        if left < 0:
            return "Too many values."
        if isinstance(inner, str) and "\x00" in inner:
            return "NUL characters are not allowed."
        if isinstance(inner, dict):
            return next(
                (f for pair in inner.items() for each in pair if (f := look(each, depth + 1))), None
            )
        if isinstance(inner, list):
            return next((f for each in inner if (f := look(each, depth + 1))), None)
        return None

    return look(value, 0)
