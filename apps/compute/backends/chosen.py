"""Make the backend that the settings name, once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from apps.compute.backends.port import ComputeBackend


@cache
def chosen_backend() -> ComputeBackend | None:
    """Return the backend of COMPUTE_BACKEND; None when compute is off."""
    if settings.COMPUTE_BACKEND == "local":
        from apps.compute.backends.local import LocalBackend

        return LocalBackend(
            home=Path(settings.COMPUTE_LOCAL_DIR),
            slots=settings.COMPUTE_LOCAL_SLOTS,
            user=settings.COMPUTE_LOCAL_USER,
            inherited=settings.COMPUTE_LOCAL_INHERITED,
            stack_mark=settings.COMPUTE_LOCAL_MARK,
        )
    if settings.COMPUTE_BACKEND == "fargate":
        # boto3 takes a third of a second and 30 MB: only where it is used.
        from apps.compute.backends.fargate import FargateBackend, FargateSettings

        return FargateBackend(
            FargateSettings(
                cluster=settings.COMPUTE_FARGATE_CLUSTER,
                subnets=tuple(settings.COMPUTE_FARGATE_SUBNETS),
                security_groups=tuple(settings.COMPUTE_FARGATE_SECURITY_GROUPS),
                execution_role=settings.COMPUTE_FARGATE_EXECUTION_ROLE,
                task_role=settings.COMPUTE_FARGATE_TASK_ROLE,
                image=settings.COMPUTE_FARGATE_IMAGE,
                region=settings.COMPUTE_FARGATE_REGION,
                capacity_provider=settings.COMPUTE_FARGATE_CAPACITY_PROVIDER,
                log_group=settings.COMPUTE_FARGATE_LOG_GROUP,
                public_ip=settings.COMPUTE_FARGATE_PUBLIC_IP,
                family=settings.COMPUTE_FARGATE_FAMILY,
                max_tasks=settings.COMPUTE_FARGATE_MAX_TASKS,
            )
        )
    return None
