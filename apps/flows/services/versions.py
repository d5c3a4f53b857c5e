"""Keep what each deploy said, so that it can be told, compared and said again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from apps.flows import selectors
from apps.flows.enums import Overlap
from apps.flows.models import CodeBundle, Deployment, DeploymentVersion
from apps.flows.sizes import Size
from apps.flows.specs import DeploymentSpec

WITH_CODE = 20  # the newest versions of a deployment whose bundles are kept

MadeBy = dict[str, str]  # {"kind", "id", "name"}


def add_version(
    *,
    deployment: Deployment,
    before: dict[str, Any] | None,
    spec: DeploymentSpec,
    of_number: int | None,
    by: MadeBy | None,
    now: datetime,
) -> int:
    """
    Write what this deploy said and return its number. The caller holds the deployment's row.

    `before` is what stood, for deployments that are older than versions: it becomes number 1.
    """
    newest = (
        DeploymentVersion.objects.filter(deployment=deployment)
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    if newest is None and before is not None:
        newest = 1
        DeploymentVersion.objects.create(
            workspace_id=deployment.workspace_id,
            deployment=deployment,
            number=newest,
            label=before.pop("version"),
            created_at=before.pop("updated_at"),
            bundle_id=before.pop("bundle_id"),
            spec=before,
        )
    number = (newest or 0) + 1
    DeploymentVersion.objects.create(
        workspace_id=deployment.workspace_id,
        deployment=deployment,
        number=number,
        label=spec.version,
        created_at=now,
        spec=said_by(spec),
        bundle_id=deployment.bundle_id,
        created_by=by,
        of_number=of_number,
    )
    DeploymentVersion.objects.filter(
        deployment=deployment, number__lte=number - WITH_CODE, bundle__isnull=False
    ).update(bundle=None)
    return number


def said_by(spec: DeploymentSpec) -> dict[str, Any]:
    """Return what a version keeps of a description."""
    return {
        "pool_id": str(spec.pool_id),
        "queue_id": str(spec.queue_id) if spec.queue_id else None,
        "description": spec.description,
        "entrypoint": spec.entrypoint,
        "path": spec.path,
        "parameters": spec.parameters,
        "parameter_schema": spec.parameter_schema,
        "tags": spec.tags,
        "timeout_seconds": spec.timeout_seconds,
        "retries": spec.retries,
        "retry_delay_seconds": spec.retry_delay_seconds,
        "bundle_sha256": spec.bundle_sha256,
        "requirements": spec.requirements,
        "cpu_units": spec.size.cpu_units if spec.size else None,
        "memory_mb": spec.size.memory_mb if spec.size else None,
        "code": spec.code,
        "job_settings": spec.job_settings,
        "owners": spec.owners,
        "overlap": spec.overlap.value,
        "concurrency_limit": spec.concurrency_limit,
    }


def what_stood(deployment: Deployment) -> dict[str, Any]:
    """Return the same of a deployment as it stands, with what a version has beside it."""
    spec = DeploymentSpec(
        flow_name="",
        name="",
        entrypoint=deployment.entrypoint,
        path=deployment.path,
        pool_id=deployment.pool_id,
        queue_id=deployment.queue_id,
        description=deployment.description,
        parameters=deployment.parameters,
        parameter_schema=deployment.parameter_schema,
        tags=deployment.tags,
        timeout_seconds=deployment.timeout_seconds,
        retries=deployment.retries,
        retry_delay_seconds=deployment.retry_delay_seconds,
        bundle_sha256=deployment.bundle.sha256 if deployment.bundle else None,
        requirements=deployment.requirements,
        size=deployment.size,
        code=deployment.code,
        job_settings=deployment.job_settings,
        owners=deployment.owners,
        overlap=Overlap(deployment.overlap),
    )
    beside = {
        "version": deployment.version,
        "updated_at": deployment.updated_at,
        "bundle_id": deployment.bundle_id,
    }
    return said_by(spec) | beside


def spec_of_version(*, deployment: Deployment, version: DeploymentVersion) -> DeploymentSpec:
    """Return the description that a version was made from; schedules stay as they are."""
    said: dict[str, Any] = {**selectors.ADDED_LATER, **version.spec}
    cpu_units, memory_mb = said.pop("cpu_units"), said.pop("memory_mb")
    queue_id = said.pop("queue_id", None)
    size = None if cpu_units is None else Size(cpu_units=cpu_units, memory_mb=memory_mb)
    return DeploymentSpec(
        flow_name=deployment.flow.name,
        name=deployment.name,
        version=version.label,
        schedules=None,
        size=size,
        queue_id=uuid.UUID(queue_id) if queue_id else None,
        **said | {"pool_id": uuid.UUID(said["pool_id"]), "overlap": Overlap(said["overlap"])},
    )


def bundle_is_in_use(bundle: CodeBundle) -> bool:
    """Say whether a deployment, or a version of one that stands, names the bundle."""
    return not CodeBundle.objects.filter(pk=bundle.pk).unused().exists()
