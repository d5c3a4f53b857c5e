"""What a task asks for when it begins: its lease, its code, what to install."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from apps.compute import bundle_store
from apps.compute.errors import DeploymentHasNoCode
from apps.core.transactions import joined
from apps.dispatch import services as dispatch
from apps.dispatch.services import GrantedLease
from apps.flows import selectors as flows
from apps.flows.errors import BundleNotFound
from apps.flows.sizes import Size
from apps.tenancy.isolation import workspace_scope

if TYPE_CHECKING:
    from apps.flows.models import CodeBundle

PYTHON = ">=3.11"  # what the SDK needs


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOrder:
    """All that a task needs in order to execute its run."""

    lease: GrantedLease
    bundle: CodeBundle
    requirements: list[str]
    size: Size
    python: str = PYTHON


@joined
def get_task(*, workspace_id: uuid.UUID, run_id: uuid.UUID, epoch: int) -> TaskOrder:
    """
    Return what the run's task shall do.

    Raises: StaleEpoch when this is not the run's lease any more, DeploymentHasNoCode.
    """
    lease = dispatch.get_granted_lease(workspace_id=workspace_id, run_id=run_id, epoch=epoch)
    (deployment,) = flows.list_deployments_by_id(
        workspace_id=workspace_id, deployment_ids=[lease.deployment.id]
    ).select_related("bundle")
    if deployment.bundle is None or deployment.size is None:
        raise DeploymentHasNoCode("The deployment was moved to a pool of agents; run it anew.")
    return TaskOrder(
        lease=lease,
        bundle=deployment.bundle,
        requirements=deployment.requirements,
        size=deployment.size,
    )


def open_task_bundle(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, epoch: int
) -> tuple[CodeBundle, IO[bytes]]:
    """
    Return the code of the run's task as a file, and what is known of it.

    Raises: StaleEpoch, DeploymentHasNoCode, BundleNotFound, BundleStoreAway.
    """
    with workspace_scope(workspace_id):
        bundle = get_task(workspace_id=workspace_id, run_id=run_id, epoch=epoch).bundle
    content = bundle_store.open_bundle(workspace_id, bundle.sha256)
    if content is None:
        raise BundleNotFound("The code of the deployment is lost; deploy it again.")
    return bundle, content
