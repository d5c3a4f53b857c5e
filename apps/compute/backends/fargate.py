"""
Run tasks on AWS Fargate. The only module that knows boto3.

A task's token is the client token of RunTask, so that a repeated request starts nothing new, and
its `startedBy`, by which it is found again. What has ended is learnt by asking (DescribeTasks):
an event that gets lost costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from apps.compute.backends.ecs_endings import report_of
from apps.compute.backends.port import (
    BackendKind,
    BackendUnavailable,
    CapacityUnavailable,
    LaunchRefused,
    LaunchUncertain,
    LiveState,
    LiveTask,
    TaskReport,
    TaskSpec,
)

CONTAINER: Final = "task"
DESCRIBED_AT_ONCE: Final = 100  # what ECS allows
REASON_LENGTH: Final = 255
STOP_SECONDS: Final = 30  # between SIGTERM and SIGKILL
SETTINGS_TAG: Final = "headway:settings"

# What RunTask answers when it certainly started nothing, and may start it later.
_BUSY: Final = frozenset({"ThrottlingException", "LimitExceededException", "TooManyRequests"})
# Failures that are entries of an answer and not errors; the rest never will work as it is.
_CAPACITY_WORDS: Final = ("capacity", "resource:", "limit", "throttl")


@dataclass(frozen=True, slots=True, kw_only=True)
class FargateSettings:
    """Where and how tasks run; each is a setting COMPUTE_FARGATE_…"""

    cluster: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    execution_role: str
    task_role: str
    image: str
    region: str
    capacity_provider: str = ""  # FARGATE or FARGATE_SPOT; empty: launch type FARGATE
    log_group: str = ""
    public_ip: bool = False
    family: str = "headway"  # of task definitions; of its own for each installation on a cluster
    max_tasks: int | None = None


def ecs_client(region: str) -> Any:
    """Return the client that talks to AWS; credentials come from where boto3 finds them."""
    # RunTask carries a client token, so that boto3's own repetition is safe as well.
    retries = Config(
        connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3}
    )
    return boto3.client("ecs", region_name=region, config=retries)


class FargateBackend:
    """Tasks as Fargate tasks of one cluster."""

    kind = BackendKind.FARGATE

    def __init__(self, settings: FargateSettings, client: Any = None) -> None:
        self.slots = settings.max_tasks
        self._settings = settings
        self._client = client if client is not None else ecs_client(settings.region)
        self._definitions: dict[tuple[int, int], str] = {}
        self._lock = threading.Lock()

    def launch(self, task: TaskSpec) -> str:
        """Run the task; a token that has a task already answers with that one."""
        try:
            definition = self._definition(task.cpu_units, task.memory_mb)
            answer = self._client.run_task(**self._request(task, definition))
        except ClientError as error:
            return self._judge(error)
        except BotoCoreError as error:
            raise LaunchUncertain(f"{type(error).__name__}: {error}") from error
        if answer["tasks"]:
            return str(answer["tasks"][0]["taskArn"])
        failure = (answer.get("failures") or [{}])[0]
        text = f"{failure.get('reason', 'no reason')} {failure.get('detail') or ''}".strip()
        if any(word in text.lower() for word in _CAPACITY_WORDS):
            raise CapacityUnavailable(text, retry_after=timedelta(seconds=15))
        raise LaunchRefused(text)

    def describe(self, external_ids: Sequence[str]) -> list[TaskReport]:
        """Say how each of these tasks is; one request a hundred."""
        found: dict[str, TaskReport] = {}
        for first in range(0, len(external_ids), DESCRIBED_AT_ONCE):
            chunk = list(external_ids[first : first + DESCRIBED_AT_ONCE])
            for task in self._describe(chunk):
                found[task["taskArn"]] = report_of(task)
        return [
            found.get(each) or TaskReport(external_id=each, state=LiveState.MISSING)
            for each in external_ids
        ]

    def stop(self, external_id: str, reason: str) -> None:
        """Ask ECS to stop the task: SIGTERM, and SIGKILL 30 s later."""
        try:
            self._client.stop_task(
                cluster=self._settings.cluster, task=external_id, reason=reason[:REASON_LENGTH]
            )
        except ClientError as error:
            # "The referenced task was not found": it ended long ago.
            if _code(error) != "InvalidParameterException":
                raise BackendUnavailable(str(error)) from error
        except BotoCoreError as error:
            raise BackendUnavailable(str(error)) from error

    def tidy(self, now: datetime) -> None:
        """ECS forgets by itself, after about an hour."""

    def list_live(self) -> list[LiveTask]:
        """Return the tasks of our family's definitions that shall run or do."""
        live: list[LiveTask] = []
        try:
            # Those that stop leave the desired status RUNNING first, and are on their way.
            pages = self._client.get_paginator("list_tasks").paginate(
                cluster=self._settings.cluster, desiredStatus="RUNNING"
            )
            arns = [arn for page in pages for arn in page["taskArns"]]
        except (ClientError, BotoCoreError) as error:
            raise BackendUnavailable(str(error)) from error
        for first in range(0, len(arns), DESCRIBED_AT_ONCE):
            for task in self._describe(arns[first : first + DESCRIBED_AT_ONCE]):
                family = task["taskDefinitionArn"].rpartition("/")[2].rpartition(":")[0]
                if family.startswith(f"{self._settings.family}-"):
                    live.append(
                        LiveTask(external_id=task["taskArn"], token=str(task.get("startedBy", "")))
                    )
        return live

    def _describe(self, arns: list[str]) -> list[dict[str, Any]]:
        try:
            answer = self._client.describe_tasks(cluster=self._settings.cluster, tasks=arns)
        except (ClientError, BotoCoreError) as error:
            raise BackendUnavailable(str(error)) from error
        tasks: list[dict[str, Any]] = answer["tasks"]
        return tasks

    def _judge(self, error: ClientError) -> str:
        """Tell a refusal from weather; a token that is in use names the task that has it."""
        code, status = _code(error), error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        text = f"{code}: {error.response['Error'].get('Message', '')}"
        if code == "ConflictException":
            known = error.response.get("resourceIds") or []
            if known:
                return str(known[0])
            raise LaunchUncertain(text) from error
        if code in _BUSY or (code == "ClientException" and "limit" in text.lower()):
            raise CapacityUnavailable(text, retry_after=timedelta(seconds=15)) from error
        if status >= 500:
            raise LaunchUncertain(text) from error
        raise LaunchRefused(text) from error

    def _request(self, task: TaskSpec, definition: str) -> dict[str, Any]:
        settings = self._settings
        override: dict[str, Any] = {
            "name": CONTAINER,
            "environment": [
                {"name": name, "value": value} for name, value in sorted(task.environment.items())
            ],
        }
        if task.command is not None:
            override["command"] = list(task.command)
        where: dict[str, Any] = (
            {"capacityProviderStrategy": [{"capacityProvider": settings.capacity_provider}]}
            if settings.capacity_provider
            else {"launchType": "FARGATE"}
        )
        return where | {
            "cluster": settings.cluster,
            "taskDefinition": definition,
            "count": 1,
            "clientToken": task.token,
            "startedBy": task.token,
            "enableECSManagedTags": True,
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": list(settings.subnets),
                    "securityGroups": list(settings.security_groups),
                    "assignPublicIp": "ENABLED" if settings.public_ip else "DISABLED",
                }
            },
            "overrides": {"containerOverrides": [override]},
            "tags": [
                {"key": "headway:workspace", "value": str(task.workspace_id)},
                {"key": "headway:run", "value": str(task.run_id)},
                {"key": "headway:epoch", "value": str(task.epoch)},
            ],
        }

    def _definition(self, cpu_units: int, memory_mb: int) -> str:
        """Return the task definition of this size: remembered, found by its tag, or made."""
        with self._lock:
            known = self._definitions.get((cpu_units, memory_mb))
            if known is None:
                wanted = self._describe_container(cpu_units, memory_mb)
                digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
                known = self._find_definition(wanted["family"], digest)
                if known is None:
                    made = self._client.register_task_definition(
                        **wanted, tags=[{"key": SETTINGS_TAG, "value": digest}]
                    )
                    known = str(made["taskDefinition"]["taskDefinitionArn"])
                self._definitions[cpu_units, memory_mb] = known
            return known

    def _find_definition(self, family: str, digest: str) -> str | None:
        """Return the newest definition of the family when it was made of the same settings."""
        try:
            found = self._client.describe_task_definition(taskDefinition=family, include=["TAGS"])
        except ClientError as error:
            # "Unable to describe task definition": there is none yet.
            if _code(error) == "ClientException":
                return None
            raise
        if {"key": SETTINGS_TAG, "value": digest} not in (found.get("tags") or []):
            return None
        return str(found["taskDefinition"]["taskDefinitionArn"])

    def _describe_container(self, cpu_units: int, memory_mb: int) -> dict[str, Any]:
        settings = self._settings
        container: dict[str, Any] = {
            "name": CONTAINER,
            "image": settings.image,
            "essential": True,
            "memory": memory_mb,
            "stopTimeout": STOP_SECONDS,
            # The run's own processes have parents that may die: somebody must reap them.
            "linuxParameters": {"initProcessEnabled": True},
        }
        if settings.log_group:
            container["logConfiguration"] = {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": settings.log_group,
                    "awslogs-region": settings.region,
                    "awslogs-stream-prefix": settings.family,
                },
            }
        definition: dict[str, Any] = {
            "family": f"{settings.family}-{cpu_units}-{memory_mb}",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": str(cpu_units),
            "memory": str(memory_mb),
            "containerDefinitions": [container],
        }
        if settings.execution_role:
            definition["executionRoleArn"] = settings.execution_role
        if settings.task_role:
            definition["taskRoleArn"] = settings.task_role
        return definition


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))
