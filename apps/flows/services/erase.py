"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid

from apps.core.erasure import erase_rows
from apps.flows.models import CodeBundle, Deployment, DeploymentVersion, Flow, Schedule


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace, whose runs are gone; return how many."""
    return erase_rows(
        (Schedule, DeploymentVersion, Deployment, CodeBundle, Flow),
        workspace_id=workspace_id,
        limit=limit,
    )
