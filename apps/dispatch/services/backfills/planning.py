"""What a backfill would be made of, checked, and what that takes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from apps.dispatch.errors import BadBackfill
from apps.dispatch.parts import (
    BadPartsError,
    Recurring,
    alone_in,
    keys_of_times,
    schemas_of,
    seconds_for,
    times_in,
    value_of,
)
from apps.flows import selectors as flow_selectors
from apps.flows import services as flows
from apps.flows.errors import BadParameters
from apps.flows.parameters import Parameters, find_parameter_faults, merge_parameters, shared_steps
from apps.flows.recurrence import Cron, Interval
from apps.flows.zones import BadRecurrenceError, find_zone
from apps.runs import selectors as run_selectors
from apps.runs.selectors import PastRuns

if TYPE_CHECKING:
    from apps.flows.models import Deployment

DEFAULT_PRIORITY = -10  # below what is due by itself
_FAULTS_TOLD = 5
# PERF: of checking the parts, all together. The usual ones, a date or a name, take about ten each.
_STEPS, _STEPS_A_PART = 50_000, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSpec:
    """
    What somebody wants filled: partitions by name, or the times of a range.

    The times are those of one of the deployment's schedules, of a cron expression, or every so
    many seconds from `since` on; `until` is not among them.
    """

    deployment_id: uuid.UUID
    parameter: str  # which one gets the part
    name: str = ""
    parameters: Parameters = field(default_factory=dict)
    concurrency: int = 1
    priority: int = DEFAULT_PRIORITY
    partitions: Sequence[str] | None = None  # None: a range
    since: datetime | None = None
    until: datetime | None = None
    schedule_id: uuid.UUID | None = None
    interval_seconds: int | None = None
    cron: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPlan:
    """What would be made of a wish, and what that takes."""

    deployment: Deployment
    keys: list[str]
    parameters: Parameters  # of all parts: the wish's over the schedule's
    past: PastRuns
    seconds_total: float | None


def plan_backfill(
    *, workspace_id: uuid.UUID, spec: BackfillSpec, for_update: bool = False
) -> BackfillPlan:
    """
    Return the parts that the wish has, all checked against the flow's schema, and an estimate.

    Raises: DeploymentNotFound, ScheduleNotFound, BadBackfill, BadParameters.
    """
    deployment = flow_selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=spec.deployment_id, for_update=for_update
    )
    try:
        keys, under = _keys(deployment, spec)
    except (BadPartsError, BadRecurrenceError) as error:
        raise BadBackfill(
            "These parts cannot be had.", fields={error.field: [error.message]}
        ) from error
    parameters = merge_parameters(under, spec.parameters)
    _check_parts(deployment, parameters, spec.parameter, keys)
    past = run_selectors.past_runs(workspace_id=workspace_id, deployment_id=deployment.id)
    return BackfillPlan(
        deployment=deployment,
        keys=keys,
        parameters=parameters,
        past=past,
        seconds_total=seconds_for(
            parts=len(keys), concurrency=spec.concurrency, seconds_each=past.seconds_each
        ),
    )


def _keys(deployment: Deployment, spec: BackfillSpec) -> tuple[list[str], Parameters]:
    """Return the keys of the parts, and what a schedule says to their runs besides."""
    if spec.partitions is not None:
        return list(spec.partitions), {}
    if spec.since is None or spec.until is None:
        raise BadPartsError("since", "A range has a beginning and an end.")
    under: Parameters = {}
    timezone = spec.timezone
    recurrence: Recurring
    if spec.schedule_id is not None:
        schedule = flow_selectors.get_schedule(
            workspace_id=deployment.workspace_id, schedule_id=spec.schedule_id
        )
        if schedule.deployment_id != deployment.id:
            raise BadPartsError("schedule_id", "This is a schedule of another deployment.")
        recurrence, timezone, under = schedule.recurrence, schedule.timezone, schedule.parameters
    elif spec.cron:
        recurrence = Cron(expression=" ".join(spec.cron.split()), timezone=timezone)
    elif spec.interval_seconds is not None:
        recurrence = Interval(every=timedelta(seconds=spec.interval_seconds), anchor=spec.since)
    else:
        raise BadPartsError("schedule_id", "A range has a schedule, a cron, or an interval.")
    keys = keys_of_times(
        times_in(recurrence, since=spec.since, until=spec.until),
        zone=find_zone(timezone),
        takes=schemas_of(deployment.parameter_schema, spec.parameter),
    )
    return keys, under


def _check_parts(
    deployment: Deployment, parameters: Parameters, parameter: str, keys: Sequence[str]
) -> None:
    """
    Refuse what a run would be refused for. All of the first part, of the others the key.

    Raises: BadParameters, BadBackfill.
    """
    schema = deployment.parameter_schema
    takes = schemas_of(schema, parameter)
    first = merge_parameters(parameters, {parameter: value_of(keys[0], takes=takes)})
    flows.check_run_parameters(deployment=deployment, given=first)
    faults: list[str] = []
    alone = alone_in(schema, parameter)
    with shared_steps(_STEPS + _STEPS_A_PART * len(keys)):
        for key in keys[1:]:
            found = find_parameter_faults(alone, {parameter: value_of(key, takes=takes)})
            faults += [f"{key!r}: {message}" for messages in found.values() for message in messages]
            if len(faults) >= _FAULTS_TOLD:
                break
    if faults:
        raise BadParameters(
            "Some parts do not fit the flow.", fields={f"parameters.{parameter}": faults}
        )
