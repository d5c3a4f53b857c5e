"""What one event says was used. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, Protocol

from apps.costs.enums import CostKind, Unit

UNKNOWN: Final = "unknown"
SUBJECT_LENGTH: Final = 200
MOST: Final = 10**15  # of one event; more is nobody's bill
CALLED: Final = "llm.called"
EXECUTED: Final = "query.executed"
STOPPED: Final = "headway.compute.stopped"
MANAGED: Final = "managed"

# Names of the conventions, the newest first; then what those who send events by hand write.
_INPUT: Final = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "input_tokens",
    "prompt_tokens",
)
_OUTPUT: Final = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "output_tokens",
    "completion_tokens",
)
_CACHE_READ: Final = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "cache_read_tokens",
)
_CACHE_CREATION: Final = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "cache_creation_tokens",
)
_REASONING: Final = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "reasoning_tokens",
)
# What an agent within the process used was used by the calls that it made, which tell of it, too;
# of one elsewhere (`client`) nobody else does.
_SUMMING_UP: Final = frozenset({"invoke_agent", "invoke_workflow"})
_WITHIN: Final = "internal"
_MODEL: Final = ("gen_ai.response.model", "gen_ai.request.model", "model")
_WAREHOUSE: Final = ("warehouse", "db.system.name", "db.system", "dialect")

Used = tuple[CostKind, str, Unit, Decimal]  # kind, subject, unit, how much


class Facts(Protocol):
    """What is asked of an event; `telemetry.items.StoredEvent` is one."""

    @property
    def name(self) -> str: ...
    @property
    def resource_namespace(self) -> str | None: ...
    @property
    def related(self) -> list[dict[str, str | None]]: ...
    @property
    def payload(self) -> dict[str, object]: ...


def used_by(event: Facts) -> Iterator[Used]:
    """Tell what was used; nothing of events that say no numbers."""
    if event.name == CALLED:
        return iter(()) if _sums_up(event) else _of_model(_attributes(event))
    if event.name == EXECUTED:
        return _of_query(event)
    if event.name == STOPPED:
        return _of_task(event.payload)
    return iter(())


def _attributes(event: Facts) -> Mapping[str, object]:
    sent = event.payload.get("attributes")
    return {**event.payload, **sent} if isinstance(sent, dict) else event.payload


def _sums_up(event: Facts) -> bool:
    """Tell whether a span sums up what those below it say by themselves."""
    operation = _attributes(event).get("gen_ai.operation.name")
    # What a sender put there may be anything, also what has no hash.
    return isinstance(operation, str) and (
        operation in _SUMMING_UP and event.payload.get("kind") == _WITHIN
    )


def _of_model(said: Mapping[str, object]) -> Iterator[Used]:
    sent, received = _first(said, _INPUT), _first(said, _OUTPUT)
    read, written = _first(said, _CACHE_READ), _first(said, _CACHE_CREATION)
    thought = _first(said, _REASONING)
    # The conventions count cached tokens and those of reasoning among all of their side. Some
    # senders do not: what is more than all cannot be a part of it.
    fresh = sent - read - written if read + written <= sent else sent
    answered = received - thought if thought <= received else received
    model = _text(said, _MODEL)
    for unit, quantity in (
        (Unit.INPUT_TOKENS, fresh),
        (Unit.CACHE_READ_TOKENS, read),
        (Unit.CACHE_CREATION_TOKENS, written),
        (Unit.OUTPUT_TOKENS, answered),
        (Unit.REASONING_TOKENS, thought),
    ):
        if quantity:
            yield CostKind.MODEL, model, unit, quantity


def _of_query(event: Facts) -> Iterator[Used]:
    said = _attributes(event)
    # What is billed, where the warehouse says so: it rounds up, and results of caches are free.
    billed = _quantity(said.get("bytes_billed"))
    read = billed if billed is not None else _quantity(said.get("bytes_processed"))
    charged = _quantity(said.get("credits"), whole=False)
    if not read and not charged:
        return
    subject = _warehouse(event, said)
    if read:
        yield CostKind.QUERY, subject, Unit.BYTES, read
    if charged:
        yield CostKind.QUERY, subject, Unit.CREDITS, charged


def _warehouse(event: Facts, said: Mapping[str, object]) -> str:
    named = _text(said, _WAREHOUSE[:1])
    if named != UNKNOWN:
        return named
    for each in event.related:
        if each.get("role") == "on" and each.get("namespace"):
            return _cut(str(each["namespace"]))
    if event.resource_namespace:
        return _cut(event.resource_namespace)
    return _text(said, _WAREHOUSE[1:])


def _of_task(said: Mapping[str, object]) -> Iterator[Used]:
    for unit in (Unit.VCPU_SECONDS, Unit.GB_SECONDS):
        if quantity := _quantity(said.get(unit.value)):
            yield CostKind.COMPUTE, MANAGED, unit, quantity


def _first(said: Mapping[str, object], names: tuple[str, ...]) -> Decimal:
    for name in names:
        quantity = _quantity(said.get(name))
        if quantity is not None:
            return quantity
    return Decimal(0)


def _quantity(value: object, *, whole: bool = True) -> Decimal | None:
    """Return a number that can be one; None for anything else that was sent in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not 0 <= value <= MOST:
        return None
    if whole:
        return Decimal(int(value))
    return round(Decimal(repr(value)), 9)


def _text(said: Mapping[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        value = said.get(name)
        if isinstance(value, str) and value.strip():
            return _cut(value.strip())
    return UNKNOWN


def _cut(text: str) -> str:
    """Return what a column can hold of a name."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:SUBJECT_LENGTH] or UNKNOWN
