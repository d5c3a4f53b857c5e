"""Managed runs and their keys, made through the services that make them in production."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apps.compute import services as compute
from apps.core.clock import utc_now
from apps.flows import services as flows
from apps.flows.models import Deployment
from apps.tenancy import services as tenancy
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import lease, make_deployment, start
from tests.factories.zips import sha256_of, sound

SHA = "ab" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedRun:
    """A run of a managed pool with its lease, and the key of its process."""

    run_id: UUID
    epoch: int
    key: str


def make_managed_deployment(workspace: WorkspaceRef, **changes: Any) -> Deployment:
    """A deployment of the managed pool, whose bundle is known but has no bytes."""
    sha256 = changes.pop("bundle_sha256", SHA)
    with workspace_scope(workspace.id):
        flows.record_bundle(
            workspace_id=workspace.id, sha256=sha256, size_bytes=1_000, files=1, now=utc_now()
        )
        return make_deployment(workspace, pool="managed", path="", bundle_sha256=sha256, **changes)


def make_deployment_with_code(workspace: WorkspaceRef, **changes: Any) -> Deployment:
    """The same with the bytes of a bundle; for tests with a `bundle_folder`."""
    content = sound()
    compute.store_bundle(
        workspace_id=workspace.id,
        sha256=sha256_of(content),
        body=io.BytesIO(content),
        size_bytes=len(content),
        now=utc_now(),
    )
    return make_managed_deployment(workspace, bundle_sha256=sha256_of(content), **changes)


def managed_run(workspace: WorkspaceRef, deployment: Deployment | None = None) -> ManagedRun:
    """A run that was leased and has got its key, as the launcher does it."""
    deployment = deployment or make_managed_deployment(workspace)
    with workspace_scope(workspace.id):
        run = start(deployment)
        (granted,) = [one for one in lease(deployment) if one.run_id == run.id]
        key = tenancy.create_run_key(
            workspace_id=workspace.id, run_id=granted.run_id, epoch=granted.epoch
        )
    return ManagedRun(run_id=granted.run_id, epoch=granted.epoch, key=key)
