"""What happened around a run: gather, a bounded number of each sort, and let `around` rank them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from apps.flows import selectors as flows
from apps.lineage import selectors as world
from apps.runs import around
from apps.runs.around import Candidate, Kind
from apps.runs.enums import RunState, StateType
from apps.runs.models import Run
from apps.telemetry import selectors as telemetry
from apps.telemetry.items import StoredEvent

HOURS: Final = 6
MAX_HOURS: Final = 72
HISTORY: Final = timedelta(days=14)  # that a value is compared with
OTHER_RUNS: Final = 100
LONGEST: Final = timedelta(days=7)  # before the time looked at a run may have been made
TEXT_LENGTH: Final = 160
_BAD: Final = {
    StateType.FAILED: "it failed",
    StateType.CRASHED: "it crashed",
    StateType.CANCELLED: "it was cancelled",
}
_BAD_STATES: Final = [
    RunState.FAILED.value,
    RunState.TIMED_OUT.value,
    RunState.CRASHED.value,
    RunState.CANCELLED.value,
]
_WORTH_LABELS: Final = frozenset({"table", "file", "bucket", "model", "dashboard", "deployment"})


@dataclass(slots=True, kw_only=True)
class Around:
    """
    The likeliest causes, first. `back_to`: events before it were not looked at, there are so many.

    `by_habit`: the run touched nothing itself; taken is what its deployment touched before.
    """

    since: datetime
    until: datetime
    nearby: list[world.Nearby]
    by_habit: bool
    items: list[Candidate]
    back_to: datetime


def get_around(*, run: Run, now: datetime, hours: int = HOURS) -> Around:
    """Return what happened in the hours before a run ended, or before now if it has not."""
    workspace_id = run.workspace_id
    until = min(run.ended_at or now, now)
    since = until - timedelta(hours=hours)
    surroundings = world.surroundings_of_run(
        workspace_id=workspace_id, run_id=run.id, owner=owner_of(run)
    )
    nearby = surroundings.nearby
    candidates: list[Candidate] = []
    others = _other_runs(run, nearby, since, until)
    candidates += others
    candidates += _deploys(run, nearby, since, until)
    candidates += _schema_changes(workspace_id, nearby, since, until)
    candidates += _lifecycle_changes(run, nearby, since, until)
    candidates += _failed_checks(workspace_id, nearby, since, until)
    candidates += _breaks(workspace_id, nearby, since, until)
    found = telemetry.notable_events(
        workspace_id=workspace_id,
        since=since,
        until=until,
        names=surroundings.names,
        pattern=around.NOTABLE,
        run_ids=[run.id],
    )
    candidates += _events(run, surroundings, found.events)
    return Around(
        since=since,
        until=until,
        nearby=sorted(nearby.values(), key=lambda each: (each.distance, each.resource.label)),
        by_habit=surroundings.by_habit,
        items=around.rank(candidates, until=until),
        back_to=found.back_to,
    )


def owner_of(run: Run) -> tuple[str, str]:
    """Return under what the world knows whose run it is."""
    if run.deployment_id is not None:
        return "deployment", str(run.deployment_id)
    return "flow", str(run.flow_id)


Nearby = dict[uuid.UUID, world.Nearby]


def _other_runs(run: Run, nearby: Nearby, since: datetime, until: datetime) -> list[Candidate]:
    """Runs that touched the same things, and those of deployments that make them and went wrong."""
    workspace_id = run.workspace_id
    touched: dict[uuid.UUID, tuple[world.Nearby, bool]] = {}
    for run_id, resource_id, role in world.runs_touching(
        workspace_id=workspace_id, resource_ids=list(nearby), since=since, until=until
    ):
        known = touched.get(run_id)
        place, writes = nearby[resource_id], role == "writes"
        if run_id != run.id and (known is None or (writes and not known[1])):
            touched[run_id] = place, writes
    makers = {
        uuid.UUID(each.resource.name): each
        for each in nearby.values()
        if each.resource.kind == "deployment" and _is_uuid(each.resource.name)
    }
    rows = Run.objects.for_workspace(workspace_id)
    wrong = rows.filter(
        deployment_id__in=list(makers),
        state__in=_BAD_STATES,
        ended_at__gte=since,
        ended_at__lte=until,
        created_at__gte=since - LONGEST,
        created_at__lte=until,
    ).order_by("-created_at", "-id")
    found = {each.id: each for each in rows.filter(id__in=list(touched)).for_rows()[:OTHER_RUNS]}
    found |= {each.id: each for each in wrong.for_rows()[:OTHER_RUNS]}
    found.pop(run.id, None)
    candidates = []
    for other in found.values():
        known = touched.get(other.id)
        maker = makers.get(other.deployment_id) if other.deployment_id else None
        near = known[0] if known is not None else maker
        writes = known is None or known[1]
        at = other.ended_at or other.started_at or other.created_at
        bad = _BAD.get(other.state_type)
        if bad is not None:
            weight, why = (0.95 if writes else 0.45), bad
        elif writes:
            weight, why = 0.25, "it wrote there" if other.is_finished else "it is writing there"
        else:
            continue
        owner = (
            f"{other.flow.name}/{other.deployment.name}" if other.deployment else other.flow.name
        )
        candidates.append(
            Candidate(
                kind=Kind.RUN,
                at=min(at, until),
                title=f"{owner}: {other.name}",
                weight=weight,
                why=[why],
                distance=near.distance if near is not None else None,
                resource_id=near.resource.id if near is not None else None,
                resource=near.resource.label if near is not None else "",
                run_id=other.id,
            )
        )
    return candidates


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _deploys(run: Run, nearby: Nearby, since: datetime, until: datetime) -> list[Candidate]:
    distances = {
        uuid.UUID(each.resource.name): max(each.distance, 1)
        for each in nearby.values()
        if each.resource.kind == "deployment" and _is_uuid(each.resource.name)
    }
    if run.deployment_id is not None:
        distances[run.deployment_id] = 0
    names = flows.deployment_names(workspace_id=run.workspace_id, deployment_ids=list(distances))
    candidates = []
    for version in flows.versions_between(
        workspace_id=run.workspace_id, deployment_ids=list(distances), since=since, until=until
    ):
        distance = distances[version.deployment_id]
        own = version.deployment_id == run.deployment_id
        name = "this deployment" if own else names.get(version.deployment_id, "a deployment")
        if version.number == 1:  # nothing changed by it: there was nothing before
            weight, why = 0.25, "it was deployed for the first time"
        elif own and run.deployment_version == version.number:
            weight, why = 0.9, "this run executed that version"
        elif own:
            weight, why = 0.7, "the code that ran may have changed"
        else:
            weight, why = 0.7, "what it reads is made by that code"
        candidates.append(
            Candidate(
                kind=Kind.DEPLOY,
                at=version.created_at,
                title=f"Version {version.number} of {name} was deployed",
                weight=weight,
                why=[why],
                distance=distance,
            )
        )
    return candidates


def _schema_changes(
    workspace_id: uuid.UUID, nearby: Nearby, since: datetime, until: datetime
) -> list[Candidate]:
    candidates = []
    for resource_id, change in world.schema_changes(
        workspace_id=workspace_id, resource_ids=list(nearby), since=since, until=until
    ):
        place = nearby[resource_id]
        parts = [
            *(f"{name} was removed" for name in change.removed),
            *(f"{name}: {old} → {new}" for name, old, new in change.retyped),
            *(f"{name} was added" for name in change.added),
        ]
        more = f" and {len(parts) - 3} more" if len(parts) > 3 else ""
        candidates.append(
            Candidate(
                kind=Kind.SCHEMA,
                at=change.at,
                title=f"Columns of {place.resource.label} changed: {', '.join(parts[:3])}{more}",
                weight=0.95 if change.breaks_readers else 0.45,
                why=[
                    "queries that worked before may fail" if change.breaks_readers else "additive"
                ],
                distance=place.distance,
                resource_id=resource_id,
                resource=place.resource.label,
            )
        )
    return candidates


_DONE_TO: Final = {"DROP": "dropped", "RENAME": "renamed", "TRUNCATE": "emptied"}


def _lifecycle_changes(
    run: Run, nearby: Nearby, since: datetime, until: datetime
) -> list[Candidate]:
    return [
        Candidate(
            kind=Kind.SCHEMA,
            at=at,
            title=f"{nearby[resource_id].resource.label} was {_DONE_TO[change]}",
            weight=0.9,
            why=["who reads it finds nothing" if change != "RENAME" else "its name is another now"],
            distance=nearby[resource_id].distance,
            resource_id=resource_id,
            resource=nearby[resource_id].resource.label,
        )
        for resource_id, at, change in world.lifecycle_changes(
            workspace_id=run.workspace_id,
            resource_ids=list(nearby),
            since=since,
            until=until,
            but_by=run.id,
        )
    ]


def _failed_checks(
    workspace_id: uuid.UUID, nearby: Nearby, since: datetime, until: datetime
) -> list[Candidate]:
    return [
        Candidate(
            kind=Kind.CHECK,
            at=at,
            title=f"Checks of {nearby[resource_id].resource.label} failed: {', '.join(failed[:3])}",
            weight=0.85,
            why=[f"{len(failed)} failed"],
            distance=nearby[resource_id].distance,
            resource_id=resource_id,
            resource=nearby[resource_id].resource.label,
        )
        for resource_id, at, failed in world.failed_checks(
            workspace_id=workspace_id, resource_ids=list(nearby), since=since, until=until
        )
    ]


def _breaks(
    workspace_id: uuid.UUID, nearby: Nearby, since: datetime, until: datetime
) -> list[Candidate]:
    candidates = []
    for (resource_id, measure), points in world.readings_before(
        workspace_id=workspace_id, resource_ids=list(nearby), until=until, back=HISTORY
    ).items():
        place = nearby[resource_id]
        if broke := around.find_break(points, since=since):
            candidates.append(
                Candidate(
                    kind=Kind.METRIC,
                    at=broke.at,
                    title=f"{measure.replace('_', ' ').capitalize()} of {place.resource.label}",
                    weight=broke.weight,
                    why=[broke.in_words],
                    distance=place.distance,
                    resource_id=resource_id,
                    resource=place.resource.label,
                )
            )
    labels: dict[str, world.Nearby] = {}
    for place in nearby.values():
        if place.resource.kind in _WORTH_LABELS and place.distance <= 1:
            for name in (place.resource.label, place.resource.label.rpartition(".")[2]):
                if name not in labels or labels[name].distance > place.distance:
                    labels[name] = place
    for series in telemetry.series_labelled(
        workspace_id=workspace_id, values=list(labels), until=until, back=HISTORY
    ):
        broke = around.find_break(series.points, since=since)
        value = next((each for each in series.labels.values() if each in labels), None)
        if broke is None or value is None:
            continue
        place = labels[value]
        told = ", ".join(f"{name}={text}" for name, text in sorted(series.labels.items()))
        candidates.append(
            Candidate(
                kind=Kind.METRIC,
                at=min(broke.at, until),
                title=f"{series.name} ({told})",
                weight=broke.weight,
                why=[broke.in_words],
                distance=place.distance,
                resource_id=place.resource.id,
                resource=place.resource.label,
            )
        )
    return candidates


def _events(
    run: Run, surroundings: world.Surroundings, events: list[StoredEvent]
) -> list[Candidate]:
    mentioned = world.mentioned_by(workspace_id=run.workspace_id, events=events)
    candidates = []
    for event in events:
        close = [
            each
            for each in surroundings.find(run.workspace_id, mentioned[event.id])
            if each.resource.kind != "user"
        ]
        payload = event.payload
        text = _text(payload, "text", "sql")
        sort = around.classify(
            name=event.name,
            verb=text.split(maxsplit=1)[0] if text else "",
            has_error=bool(payload.get("error")),
            on_resource=bool(close),
            by_this_run=event.run_id == run.id,
            by_a_run=event.run_id is not None,
        )
        if sort is None:
            continue
        near = close[0] if close else None
        label = near.resource.label if near is not None else ""
        candidates.append(
            Candidate(
                kind=sort.kind,
                at=event.occurred_at,
                title=_title(event, text, label),
                weight=sort.weight,
                why=[sort.why, *_by_whom(event)],
                distance=near.distance if near is not None else None,
                resource_id=near.resource.id if near is not None else None,
                resource=label,
                event_id=event.id,
                event_name=event.name,
                run_id=event.run_id if event.run_id != run.id else None,
            )
        )
    return candidates


def _title(event: StoredEvent, text: str, label: str) -> str:
    if text:
        return " ".join(text.split())[:TEXT_LENGTH]
    about = label or event.resource_name or ""
    said = _text(event.payload, "message", "title", "summary", "description", "check")
    title = f"{event.name}: {about}" if about else event.name
    return f"{title} ({' '.join(said.split())[:TEXT_LENGTH]})" if said else title


def _text(payload: dict[str, Any], *names: str) -> str:
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _by_whom(event: StoredEvent) -> list[str]:
    user = next((each["name"] for each in event.related if each.get("kind") == "user"), None)
    name = user or _text(event.payload, "user")
    return [f"by {name}"] if name else []
