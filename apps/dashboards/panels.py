"""
What panels show: all of a dashboard in one answer, each by itself.

One that is refused, or whose turn never came, says so in its `error` and leaves the others alone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.core.errors import DomainError, InvalidRequest
from apps.dashboards.filling import Chosen, filled_deployment, filled_search, filled_where
from apps.runs import selectors as runs
from apps.runs import wire as runs_wire
from apps.runs.enums import TYPE_OF, RunState, StateType
from apps.telemetry import selectors as telemetry
from apps.telemetry.chart_wire import chart_body, heat_map_body, refused_body
from apps.telemetry.enums import LogLevel
from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.query import Aggregate, Fill, Plan
from apps.telemetry.search.terms import EVENT_FIELDS, LOG_FIELDS, Query, text_is
from apps.telemetry.selectors import BUDGET, Budget
from apps.tenancy.scopes import Scope

ROWS: Final = 20  # of a list
MARKS: Final = 100  # events on a chart
LINES: Final = 20  # of one query or formula
STEPS: Final = 120  # columns of a heat map that can be told apart
HEAT_ROWS: Final = 24
MESSAGE: Final = 500  # characters of a line of logs: panels show its beginning
SECONDS: Final = 8.0  # for all panels together

SCOPES: Final[Mapping[str, tuple[Scope, ...]]] = {
    "chart": (Scope.TELEMETRY_READ,),
    "number": (Scope.TELEMETRY_READ,),
    "heat_map": (Scope.TELEMETRY_READ,),
    "runs": (Scope.RUNS_READ,),
    "events": (Scope.TELEMETRY_READ,),
    "logs": (Scope.RUNS_READ, Scope.TELEMETRY_READ),
    "text": (),
}
PARTS: Final = (
    "chart",
    "marks",
    "heat_map",
    "runs",
    "run_counts",
    "events",
    "event_counts",
    "logs",
    "error",
)

Panel = Mapping[str, Any]
Body = dict[str, Any]


def answer_panels(
    *,
    workspace_id: uuid.UUID,
    panels: Sequence[Panel],
    chosen: Chosen,
    since: datetime,
    until: datetime,
    now: datetime,
    unsound: Mapping[int, DomainError],
    require: Callable[[Scope], None],
    seconds: float = SECONDS,
) -> Body:
    """
    Return the answers to sound panels in their order, and what all of them share.

    `unsound` says of panels, by place, why they cannot be read. `require` raises when the asker
    lacks a scope. What is not begun within `seconds` is refused with `search_too_slow`.
    Raises: QueryTooLarge when the range is too long for any step.
    """
    names = _metrics_in([panel for place, panel in enumerate(panels) if place not in unsound])
    plan = telemetry.plan_metrics(
        workspace_id=workspace_id,
        names=names,
        since=since,
        until=until,
        now=now,
        wanted_points=STEPS,
    )
    reading = _Reading(workspace_id, chosen, since, until, plan, time.monotonic() + seconds)
    answers: list[Body] = []
    for place, panel in enumerate(panels):
        answer: Body = {"id": panel["id"], **dict.fromkeys(PARTS)}
        try:
            if place in unsound:
                raise unsound[place]
            for scope in SCOPES[panel["kind"]]:
                require(scope)
            answer |= reading.read(panel)
        except DomainError as refused:
            answer["error"] = refused_body(refused)
        answers.append(answer)
    return {
        "from": since,
        "to": until,
        "step_seconds": plan.step_seconds,
        "rollup": plan.rollup.value,
        "units": telemetry.units_of(workspace_id=workspace_id, names=names),
        "panels": answers,
    }


def _metrics_in(panels: Sequence[Panel]) -> list[str]:
    names = {panel["name"] for panel in panels if panel["kind"] == "heat_map"}
    names |= {query["name"] for panel in panels for query in panel.get("queries", ())}
    return sorted(names)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One asking for panels."""

    workspace_id: uuid.UUID
    chosen: Chosen
    since: datetime
    until: datetime
    plan: Plan
    deadline: float  # of time.monotonic()

    def read(self, panel: Panel) -> Body:
        kind = panel["kind"]
        if kind == "text":
            return {}
        if time.monotonic() >= self.deadline:
            raise SearchTooSlow(
                "The panels before this one took all the time: ask again, or look at a shorter one."
            )
        if kind == "heat_map":
            return self._heat_map(panel)
        if kind == "runs":
            return self._runs(panel)
        if kind == "events":
            return self._events(panel)
        if kind == "logs":
            return self._logs(panel)
        return self._chart(panel)

    def _left(self) -> float:
        return max(0.1, self.deadline - time.monotonic())

    def _budget(self) -> Budget:
        return Budget(min(BUDGET.seconds, self._left()))

    def _chart(self, panel: Panel) -> Body:
        shown = panel.get("show")  # of a number; all others are there for it alone
        chart = telemetry.Chart(
            queries=[
                telemetry.ChartQuery(
                    asked=telemetry.MetricQuery(
                        name=query["name"],
                        aggregate=Aggregate(query["aggregate"]),
                        group_by=tuple(dict.fromkeys(query.get("group_by", ()))),
                        where=filled_where(query.get("where", {}), self.chosen),
                    ),
                    letter=query["letter"],
                    offset_seconds=query.get("offset_seconds", 0),
                    limit=LINES,
                    hidden=query.get("hidden", False)
                    if shown is None
                    else query["letter"] != shown,
                )
                for query in panel["queries"]
            ],
            formulas=[
                telemetry.ChartFormula(
                    expression=each["expression"], letter=each["letter"], limit=LINES
                )
                for each in panel.get("formulas", ())
            ],
            compare_seconds=panel.get("compare_seconds"),
            whole=panel.get("over") == "range",
        )
        found = telemetry.answer_chart(
            workspace_id=self.workspace_id,
            chart=chart,
            plan=self.plan,
            fill=Fill.NULL,
            seconds=self._left(),
        )
        return {"chart": chart_body(found), "marks": self._marks(panel)}

    def _marks(self, panel: Panel) -> Body | None:
        if not panel.keys() & {"events", "events_q", "events_deployment"}:
            return None
        query = _named(panel.get("events")) + filled_search(
            panel.get("events_q", ""), EVENT_FIELDS, self.chosen, field="events_q"
        )
        of = self._deployment(panel, "events_deployment")
        return self._event_rows(query, of, MARKS)

    def _deployment(self, panel: Panel, field: str = "deployment") -> uuid.UUID | None:
        found = filled_deployment(panel.get(field), self.chosen)
        return None if found is None else _id_of(found, field)

    def _heat_map(self, panel: Panel) -> Body:
        found = telemetry.answer_heat_map(
            workspace_id=self.workspace_id,
            name=panel["name"],
            where=filled_where(panel.get("where", {}), self.chosen),
            plan=self.plan,
            rows=HEAT_ROWS,
            seconds=self._left(),
        )
        return {"heat_map": heat_map_body(found)}

    def _runs(self, panel: Panel) -> Body:
        filters = runs.RunFilters(
            state_types=frozenset(StateType(state) for state in panel.get("states", ())),
            deployment_id=self._deployment(panel),
            created_after=self.since,
            created_before=self.until,
        )
        if panel["view"] == "histogram":
            histogram = runs.runs_histogram(
                workspace_id=self.workspace_id,
                filters=filters,
                since=self.since,
                until=self.until,
            )
            return {"run_counts": runs_wire.histogram_body(histogram)}
        found = list(
            runs.list_runs(workspace_id=self.workspace_id, filters=filters).order_by(
                "-created_at", "-id"
            )[: ROWS + 1]
        )
        items = [
            {
                "id": run.id,
                "name": run.name,
                "state": run.state,
                "state_type": TYPE_OF[RunState(run.state)].value,
                "created_at": run.created_at,
            }
            for run in found[:ROWS]
        ]
        return {"runs": {"items": items, "has_more": len(found) > ROWS}}

    def _events(self, panel: Panel) -> Body:
        query = _named(panel.get("name")) + filled_search(
            panel.get("q", ""), EVENT_FIELDS, self.chosen
        )
        of = self._deployment(panel)
        if panel["view"] == "list":
            return {"events": self._event_rows(query, of, ROWS)}
        counts = runs.event_histogram(
            workspace_id=self.workspace_id,
            deployment_id=of,
            since=self.since,
            until=self.until,
            query=query,
            budget=self._budget(),
        )
        return {
            "event_counts": {
                "step_seconds": counts.step_seconds,
                "buckets": [
                    {"at": each.at, "count": each.count, "is_estimate": each.is_estimate}
                    | {"low": each.low, "high": each.high}
                    for each in counts.buckets
                ],
                "counted_from": counts.counted_from,
            }
        }

    def _event_rows(self, query: Query, of: uuid.UUID | None, limit: int) -> Body:
        found = runs.search_events(
            workspace_id=self.workspace_id,
            deployment_id=of,
            only=telemetry.EventSearch(query=query, since=self.since, until=self.until),
            limit=limit,
            budget=self._budget(),
        )
        items = [
            {
                "id": event.id,
                "name": event.name,
                "resource": event.resource_name,
                "occurred_at": event.occurred_at,
            }
            for event in found.rows
        ]
        return {
            "items": items,
            "has_more": found.below is not None,
            "searched_to": found.back_to,
        }

    def _logs(self, panel: Panel) -> Body:
        found = runs.search_logs(
            workspace_id=self.workspace_id,
            deployment_id=self._deployment(panel),
            only=telemetry.LogSearch(
                query=filled_search(panel.get("q", ""), LOG_FIELDS, self.chosen),
                level=panel.get("level"),
                since=self.since,
                until=self.until,
            ),
            limit=ROWS,
            budget=self._budget(),
        )
        items = [
            {
                "id": line.id,
                "level": LogLevel(line.level).name,
                "message": line.message[:MESSAGE],
                "occurred_at": line.occurred_at,
            }
            for line in found.rows
        ]
        return {
            "logs": {
                "items": items,
                "has_more": found.below is not None,
                "searched_to": found.back_to,
            }
        }


def _named(name: str | None) -> Query:
    return () if name is None else (text_is("name", name),)


def _id_of(deployment: str, field: str) -> uuid.UUID:
    try:
        return uuid.UUID(deployment)
    except ValueError:
        raise InvalidRequest(
            "What is chosen is not the id of a deployment.",
            fields={field: ["Must be the id of a deployment."]},
        ) from None
