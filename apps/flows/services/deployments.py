"""Say what may run: deploy, edit, pause, delete."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial
from typing import TypedDict

from django.db import transaction

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.flows import selectors, told
from apps.flows.errors import BadCode, BadParameters, BadParameterSchema
from apps.flows.models import Deployment, Flow, Schedule
from apps.flows.parameters import (
    Parameters,
    find_parameter_faults,
    list_schema_faults,
    merge_parameters,
    shared_steps,
)
from apps.flows.requirements import find_requirement_faults
from apps.flows.services.schedules import (
    check_times,
    replace_schedules,
    require_to_change,
    require_to_let_start,
    rest_schedules,
    resume_schedules,
)
from apps.flows.services.versions import MadeBy, add_version, what_stood
from apps.flows.specs import DeploymentSpec
from apps.tenancy import access
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

# What a schema says of absent or surplus parameters is for runs; a deployment holds only some.
_ONLY_FOR_RUNS = frozenset({"required", "dependentRequired", "minProperties"})


# PERF: every report of a local run names its flow. Flows are never deleted or renamed, so what is
# committed stays true.
_MAX_KNOWN = 10_000
_known: dict[tuple[uuid.UUID, str], uuid.UUID] = {}


class DeploymentChanges(TypedDict, total=False):
    """What may be edited without a deploy."""

    paused: bool
    description: str
    tags: list[str]
    parameters: Parameters


@joined
def ensure_flow(
    *, workspace_id: uuid.UUID, name: str, now: datetime, description: str = ""
) -> uuid.UUID:
    """Return the id of the flow of this name; make it when it is new."""
    known = _known.get((workspace_id, name))
    if known is not None:
        return known
    flow_id = selectors.find_flow_id(workspace_id=workspace_id, name=name)
    if flow_id is None:
        flow_id = _make_flow(workspace_id, name, description, now)
    transaction.on_commit(partial(_remember, (workspace_id, name), flow_id))
    return flow_id


def _make_flow(workspace_id: uuid.UUID, name: str, description: str, now: datetime) -> uuid.UUID:
    flow = Flow(
        id=uuid7(), workspace_id=workspace_id, name=name, description=description, created_at=now
    )
    Flow.objects.bulk_create([flow], ignore_conflicts=True)
    found = selectors.find_flow_id(workspace_id=workspace_id, name=name)
    assert found is not None, "either ours was inserted or the one it conflicted with is there"
    return found


def _remember(key: tuple[uuid.UUID, str], flow_id: uuid.UUID) -> None:
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[key] = flow_id


@joined
def save_deployment(
    *,
    workspace_id: uuid.UUID,
    spec: DeploymentSpec,
    now: datetime,
    asker: Asker = access.HEADWAY,
    by: MadeBy | None = None,
    of_number: int | None = None,
) -> tuple[Deployment, bool]:
    """
    Create or replace the deployment of this flow and name; return it, and whether it is new.

    Each call makes a version, by `by`; one that says again what number `of_number` said is told as
    rolled back.
    Raises: BadParameterSchema, BadParameters, BadSchedule, BadCode, ObjectRestricted.
    """
    _require_to_deploy(asker, workspace_id, spec)
    _check(spec)
    check_times(spec.schedules or (), now=now)
    flow_id = ensure_flow(
        workspace_id=workspace_id, name=spec.flow_name, now=now, description=spec.description
    )
    columns: dict[str, object] = {
        "pool_id": spec.pool_id,
        "queue_id": spec.queue_id,
        "description": spec.description,
        "entrypoint": spec.entrypoint,
        "path": spec.path,
        "parameters": spec.parameters,
        "parameter_schema": spec.parameter_schema,
        "tags": spec.tags,
        "version": spec.version,
        "timeout_seconds": spec.timeout_seconds,
        "retries": spec.retries,
        "retry_delay_seconds": spec.retry_delay_seconds,
        "bundle_id": _bundle_id(workspace_id, spec),
        "requirements": spec.requirements,
        "cpu_units": spec.size.cpu_units if spec.size else None,
        "memory_mb": spec.size.memory_mb if spec.size else None,
        "code": spec.code,
        "job_settings": spec.job_settings,
        "owners": spec.owners,
        "overlap": spec.overlap.value,
        "updated_at": now,
    }
    was = (
        Deployment.objects.for_workspace(workspace_id)
        .standing()
        .filter(flow_id=flow_id, name=spec.name)
        .select_related("bundle")
        .select_for_update(no_key=True, of=("self",))
        .first()
    )
    stood = what_stood(was) if was else None
    before = told.of_deployment(was) | {"schedules": told.of_schedules(was)} if was else None
    # update_or_create locks the row it finds, and retries as an update when another was first.
    deployment, is_new = (
        Deployment.objects.for_workspace(workspace_id)
        .standing()
        .update_or_create(
            flow_id=flow_id,
            name=spec.name,
            defaults=columns,
            create_defaults=columns | {"workspace_id": workspace_id, "created_at": now},
        )
    )
    deployment.version_number = add_version(
        deployment=deployment, before=stood, spec=spec, of_number=of_number, by=by, now=now
    )
    deployment.save(update_fields=["version_number"])
    if spec.schedules is not None:
        replace_schedules(deployment=deployment, specs=spec.schedules, now=now, asker=asker)
    saved = selectors.get_deployment(workspace_id=workspace_id, deployment_id=deployment.id)
    told.record_deployment(
        "deployment.created"
        if is_new
        else "deployment.deployed"
        if of_number is None
        else "deployment.rolled_back",
        saved,
        before=before,
        after=told.of_deployment(saved) | {"schedules": told.of_schedules(saved)},
    )
    return saved, is_new


@joined
def edit_deployment(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    changes: DeploymentChanges,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Deployment:
    """
    Change what `changes` names. Pausing rests its schedules; resuming looks ahead, never back.

    Raises: DeploymentNotFound, BadParameters, ObjectRestricted.
    """
    deployment = selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=deployment_id, for_update=True
    )
    require_to_change(asker, deployment)
    before = told.of_deployment(deployment)
    if "parameters" in changes:
        _check_parameters(deployment.parameter_schema, changes["parameters"], [])
        deployment.parameters = changes["parameters"]
    if "description" in changes:
        deployment.description = changes["description"]
    if "tags" in changes:
        deployment.tags = changes["tags"]
    wants_rest = changes.get("paused", deployment.paused)
    turned = wants_rest != deployment.paused
    if turned and not wants_rest:
        require_to_let_start(asker, deployment)
    if turned:
        deployment.paused_at = now if wants_rest else None
    deployment.updated_at = now
    deployment.save(update_fields=["parameters", "description", "tags", "paused_at", "updated_at"])
    if turned and wants_rest:
        rest_schedules(deployment=deployment)
    elif turned:
        resume_schedules(deployment=deployment, now=now)
    told.record_deployment(
        "deployment.changed", deployment, before=before, after=told.of_deployment(deployment)
    )
    return selectors.get_deployment(workspace_id=workspace_id, deployment_id=deployment_id)


@joined
def delete_deployment(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> None:
    """
    Take the deployment away; its runs keep its name.

    Raises: DeploymentNotFound, ObjectRestricted.
    """
    deployment = selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=deployment_id, for_update=True
    )
    require_to_change(asker, deployment)
    Schedule.objects.filter(deployment=deployment).delete()
    deployment.deleted_at = now
    deployment.save(update_fields=["deleted_at"])
    told.record_deployment("deployment.deleted", deployment, before=told.of_deployment(deployment))


def _require_to_deploy(asker: Asker, workspace_id: uuid.UUID, spec: DeploymentSpec) -> None:
    # What is put into a pool runs there: whom its rules keep from starting runs may not do it by a
    # schedule either. Out of a pool everybody may take what they may change.
    into = access.pool(spec.pool_id)
    access.require(asker, Scope.DEPLOYMENTS_WRITE, into)
    access.require_open(asker, Scope.RUNS_WRITE, into)
    present = (
        Deployment.objects.for_workspace(workspace_id)
        .standing()
        .filter(flow__name=spec.flow_name, name=spec.name)
        .values_list("id", flat=True)
        .first()
        if asker.shut
        else None
    )
    if present is not None:
        access.require(asker, Scope.DEPLOYMENTS_WRITE, access.deployment(present))


def check_run_parameters(*, deployment: Deployment, given: Parameters) -> Parameters:
    """
    Return the deployment's parameters with `given` over them.

    Raises: BadParameters, keyed `parameters.<name>`.
    """
    merged = merge_parameters(deployment.parameters, given)
    faults = find_parameter_faults(deployment.parameter_schema, merged)
    if faults:
        raise BadParameters("The parameters do not fit the flow.", fields=faults)
    return merged


def _bundle_id(workspace_id: uuid.UUID, spec: DeploymentSpec) -> uuid.UUID | None:
    if spec.bundle_sha256 is None:
        return None
    # Locked: what nobody uses may be on its way out, and would be missed at the commit.
    found = selectors.find_bundle(
        workspace_id=workspace_id, sha256=spec.bundle_sha256, for_update=True
    )
    if found is None:
        raise BadCode(
            "The code is not here.",
            fields={"bundle": ["No bundle of this hash was uploaded to this workspace."]},
        )
    return found.id


def _check(spec: DeploymentSpec) -> None:
    faults = find_requirement_faults(spec.requirements)
    if faults:
        message = "The requirements cannot be used."
        raise BadCode(message, fields={"requirements": faults})
    faults = list_schema_faults(spec.parameter_schema)
    if faults:
        message = "The parameter schema cannot be used."
        raise BadParameterSchema(message, fields={"parameter_schema": faults})
    _check_parameters(
        spec.parameter_schema,
        spec.parameters,
        [schedule.parameters for schedule in spec.schedules or []],
    )


def _check_parameters(
    schema: dict[str, object], own: Parameters, of_schedules: list[Parameters]
) -> None:
    """Refuse parameters that no run could have; a schedule's run has nothing else to fill gaps."""
    partial = {key: value for key, value in schema.items() if key not in _ONLY_FOR_RUNS}
    with shared_steps():
        faults = dict(find_parameter_faults(partial, own))
        for index, over in enumerate(of_schedules):
            found = find_parameter_faults(schema, merge_parameters(own, over))
            faults |= {f"schedules.{index}.{key}": messages for key, messages in found.items()}
    if faults:
        raise BadParameters("The parameters do not fit the schema.", fields=faults)
