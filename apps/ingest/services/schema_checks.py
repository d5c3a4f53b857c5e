"""
Check events against the schemas of their workspace, at every door.

PERF: schemas are read at most once in five seconds and process, and made ready then; a workspace
without any pays one look into memory for a batch.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.flows.parameters import Checker, shared_steps
from apps.ingest.decode import Decoded
from apps.ingest.enums import SchemaMode
from apps.ingest.models import EventSchema
from apps.telemetry.items import NewEvent, Refusal
from apps.tenancy.isolation import workspace_scope

REFUSED: Final = "schema_mismatch"
WARNED: Final = "schema_warning"
KEPT_SECONDS: Final = 5.0
EVENT_STEPS: Final = 20_000  # see flows.parameters: what one event may cost
BATCH_SECONDS: Final = 2.0  # of the thread's own time, for all events that are checked together
_MAX_WORKSPACES: Final = 1_000


class Patience:
    """Checks events one after the other, for as long as there is time for all of them."""

    def __init__(self) -> None:
        self._until = time.thread_time() + BATCH_SECONDS

    def find_fault(self, checker: Checker, payload: object) -> tuple[str, str] | None:
        """Return the path and the message of the first fault, or None."""
        if time.thread_time() > self._until:
            return "", "It takes too long to check."
        with shared_steps(EVENT_STEPS):
            return checker.find_fault(payload)


@dataclass(frozen=True, slots=True)
class _Rule:
    schema_id: uuid.UUID
    number: int
    mode: str
    checker: Checker

    @property
    def refuses(self) -> bool:
        return self.mode == SchemaMode.REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the schemas said of a request: what is only warned of, and how much did not fit."""

    warnings: list[Refusal] = field(default_factory=list)
    # By schema and the number of its version: how many were warned of, how many refused.
    misfits: dict[tuple[uuid.UUID, int], tuple[int, int]] = field(default_factory=dict)

    def count(self, rule: _Rule) -> None:
        key = rule.schema_id, rule.number
        warned, refused = self.misfits.get(key, (0, 0))
        self.misfits[key] = (warned, refused + 1) if rule.refuses else (warned + 1, refused)


@dataclass(frozen=True, slots=True)
class _Rules:
    """A workspace's schemas that are in force."""

    until: float  # monotonic
    exact: dict[str, _Rule]
    prefixes: Sequence[tuple[str, _Rule]]  # the longest first

    def find(self, name: str) -> _Rule | None:
        found = self.exact.get(name)
        if found is None:
            found = next((rule for start, rule in self.prefixes if name.startswith(start)), None)
        return found


_lock = threading.Lock()
_known: dict[uuid.UUID, _Rules] = {}


def check_events(*, workspace_id: uuid.UUID, decoded: Decoded) -> Checked:
    """
    Take out of the request the events that their schema refuses.

    Refusals join the request's own. Must be called outside of a transaction.
    """
    checked = Checked()
    events = decoded.batch.events
    if not events:
        return checked
    rules = _rules_of(workspace_id)
    if not (rules.exact or rules.prefixes):
        return checked
    kept: list[NewEvent] = []
    places: list[int] = []
    of_names: dict[str, _Rule | None] = {}
    patience = Patience()
    for index, event in enumerate(events):
        place = decoded.place("events", index)
        rule = of_names.setdefault(event.name, rules.find(event.name))
        fault = None
        if rule is not None:
            fault = _fault(patience, rule.checker, event)
        if rule is not None and fault is not None:
            refusal = Refusal(
                kind="events",
                index=place,
                code=REFUSED if rule.refuses else WARNED,
                message=fault[1],
                field=f"payload.{fault[0]}".rstrip("."),
            )
            (decoded.refusals if rule.refuses else checked.warnings).append(refusal)
            checked.count(rule)
            if rule.refuses:
                continue
        kept.append(event)
        places.append(place)
    if len(kept) < len(events):
        decoded.batch.events = kept
        decoded.places["events"] = places
    return checked


def count_misfits(*, workspace_id: uuid.UUID, checked: Checked, now: datetime) -> None:
    """
    Count on the schemas' rows what did not fit them.

    What was checked against a version that is no longer in force is not counted. Must be called
    outside of a transaction.
    """
    if not checked.misfits:
        return
    with workspace_scope(workspace_id):
        # In one order everywhere, or two requests might wait for each other.
        for (schema_id, number), (warned, refused) in sorted(checked.misfits.items()):
            EventSchema.objects.filter(pk=schema_id, number=number).update(
                warned_count=F("warned_count") + warned,
                refused_count=F("refused_count") + refused,
                last_misfit_at=Greatest(F("last_misfit_at"), now),
            )


def forget_schemas(workspace_id: uuid.UUID) -> None:
    """Let this process read them anew, now and once the change is committed."""

    def forget() -> None:
        _known.pop(workspace_id, None)

    forget()
    transaction.on_commit(forget)


def _fault(patience: Patience, checker: Checker, event: NewEvent) -> tuple[str, str] | None:
    try:
        payload = msgspec.json.decode(event.payload)
    except (msgspec.DecodeError, RecursionError):
        return None  # the store refuses it, with a better reason
    return patience.find_fault(checker, payload) if isinstance(payload, dict) else None


def _rules_of(workspace_id: uuid.UUID) -> _Rules:
    now = time.monotonic()
    rules = _known.get(workspace_id)
    if rules is None or rules.until <= now:
        rules = _read(workspace_id, now)
        with _lock:
            if len(_known) >= _MAX_WORKSPACES:
                _known.clear()
            _known[workspace_id] = rules
    return rules


def _read(workspace_id: uuid.UUID, now: float) -> _Rules:
    with workspace_scope(workspace_id):
        rows = list(
            EventSchema.objects.filter(workspace_id=workspace_id)
            .exclude(mode=SchemaMode.OFF)
            .values_list("id", "number", "name", "mode", "schema")
        )
    rules = {
        name: _Rule(schema_id, number, mode, Checker(schema))
        for schema_id, number, name, mode, schema in rows
    }
    starts = [(name[:-1], rule) for name, rule in rules.items() if name.endswith("*")]
    return _Rules(
        until=now + KEPT_SECONDS,
        exact={name: rule for name, rule in rules.items() if not name.endswith("*")},
        prefixes=sorted(starts, key=lambda each: -len(each[0])),
    )
