"""A workspace's active automations, compiled once for as long as none of them changes."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from django.db import connection

from apps.automations.metric_trigger import MetricTrigger
from apps.automations.models import Automation
from apps.automations.rules import Rulebook

KNOWN_WORKSPACES: Final = 500


@dataclass(frozen=True, slots=True)
class Book:
    """A workspace's active automations, compiled."""

    automations: dict[uuid.UUID, Automation]
    rules: Rulebook
    metric_ids: frozenset[uuid.UUID]  # of those that watch a metric
    cost_ids: frozenset[uuid.UUID]  # of those among them that watch what a month costs


_books: OrderedDict[uuid.UUID, tuple[object, Book]] = OrderedDict()


def get_book(workspace_id: uuid.UUID) -> Book:
    """Return the rules, compiled anew only when one of them changed, came or went."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), bit_xor(hashtextextended(id::text || ':' || version, 0))"
            " FROM automations_automation WHERE workspace_id = %s AND paused_at IS NULL",
            [workspace_id],
        )
        state = cursor.fetchone()
    known = _books.get(workspace_id)
    if known is not None and known[0] == state:
        _books.move_to_end(workspace_id)
        return known[1]
    rows = Automation.objects.for_workspace(workspace_id).active().defer("secret", "description")
    automations = {row.id: row for row in rows.order_by("created_at", "id")}
    rules = Rulebook([row.rule for row in automations.values()])
    watching = {
        rule.id: rule.trigger
        for rule in rules.rules.values()
        if isinstance(rule.trigger, MetricTrigger)
    }
    book = Book(
        automations,
        rules,
        metric_ids=frozenset(watching),
        cost_ids=frozenset(id_ for id_, trigger in watching.items() if trigger.is_cost),
    )
    _books[workspace_id] = state, book
    while len(_books) > KNOWN_WORKSPACES:
        _books.popitem(last=False)
    return book
