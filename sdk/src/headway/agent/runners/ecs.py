"""Jobs as tasks of Amazon ECS, with the credentials and the region that boto3 finds."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3  # type: ignore[import-untyped]  # it brings no types
from botocore.config import Config as BotoConfig  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
)

from headway._errors import ConfigError
from headway.agent.runners import Home
from headway.agent.runners._board import Board
from headway.agent.runners._remote import Away, Ended, Found, Job, StartFailed

RUN, EPOCH, AGENT = "headway:run", "headway:epoch", "headway:agent"
KEY = "HEADWAY_API_KEY"
LOOK_SECONDS = 2.0
DESCRIBED_AT_ONCE = 100  # what ECS allows
OVERRIDES_LENGTH = 8_192  # what it takes of a task's overrides, as JSON
REASON_LENGTH = 255
APPEARS_SECONDS = 60.0  # for which a task that was just started may be unknown

_BUSY = frozenset(
    {"ThrottlingException", "LimitExceededException", "ServerException", "TooManyRequestsException"}
)
# Failures that come and go; what else RunTask answers will not work however often it is tried.
_CAPACITY = ("capacity", "resource:", "limit", "throttl")
_EVICTIONS = frozenset({"SpotInterruption", "TerminationNotice", "ServiceSchedulerInitiated"})


def open_client() -> Any:
    """Return boto3's client. Raises: ConfigError."""
    retries = BotoConfig(
        connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2}
    )
    try:
        return boto3.client("ecs", config=retries)
    except (NoRegionError, NoCredentialsError) as error:
        raise ConfigError(f"boto3 finds no AWS: {error}") from error


class EcsBackend:
    """Runs each job as a task; its name is RunTask's client token, so that it is never two."""

    look_seconds = LOOK_SECONDS

    def __init__(
        self,
        client: Any,
        *,
        home: Home,
        board_seconds: float = LOOK_SECONDS / 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._home = home
        self._clock = clock
        self._board = Board(self._read, seconds=board_seconds, clock=clock)
        self._lock = threading.Lock()
        self._definitions: dict[str, Mapping[str, Any]] = {}
        self._since: dict[str, float] = {}  # handle → when it was first looked at
        self._stopped: set[str] = set()  # by us

    def start(self, job: Job) -> str:
        """Run the task; a name that has one already answers with that one."""
        given = job.settings
        named = given.get("task_definition")
        if not named:
            raise StartFailed("Nothing says what it runs: job_settings.task_definition.")
        cluster = self._cluster(given)
        with _weather(refuses=True):
            definition = self._describe_definition(str(named))
            container = _container_of(definition, given)
            if job.image is not None:
                definition = self._with_image(definition, container, job.image)
            answer = self._client.run_task(
                **request_of(job, cluster, str(definition["taskDefinitionArn"]), container)
            )
        if answer["tasks"]:
            return f"{cluster}|{answer['tasks'][0]['taskArn']}"
        failure = (answer.get("failures") or [{}])[0]
        text = f"{failure.get('reason', 'no reason')} {failure.get('detail') or ''}".strip()
        if any(word in text.lower() for word in _CAPACITY):
            raise Away(f"ECS has no room now: {text}")
        raise StartFailed(f"ECS refused the task: {text}")

    def find(self) -> list[Found]:
        """Return the pool's tasks, in the cluster that the pool's own settings name."""
        cluster = self._cluster({})
        found = []
        with _weather():
            pages = self._client.get_paginator("list_tasks").paginate(
                cluster=cluster, startedBy=self._home.pool, desiredStatus="RUNNING"
            )
            arns = [arn for page in pages for arn in page["taskArns"]]
            for task in self._describe(cluster, arns):
                tags = {tag["key"]: tag["value"] for tag in task.get("tags") or ()}
                if RUN in tags:
                    found.append(
                        Found(
                            handle=f"{cluster}|{task['taskArn']}",
                            run_id=tags[RUN],
                            epoch=int(tags[EPOCH]),
                            agent_id=tags.get(AGENT, ""),
                        )
                    )
        return found

    def look(self, handle: str) -> Ended | None:
        """Return how the task ended, None while it goes on."""
        since = self._since.setdefault(handle, self._clock())
        task = self._board.look(handle)
        if task is not None:
            return ended_of(task, is_stopped_by_us=handle in self._stopped)
        if self._clock() - since < APPEARS_SECONDS:
            return None
        return Ended(exit_code=None, is_evicted=True, detail="ECS does not know its task any more.")

    def stop(self, handle: str, grace_seconds: float) -> None:  # noqa: ARG002  the definition has it
        """Stop the task: SIGTERM, and SIGKILL after its container's stopTimeout."""
        self._stop(handle, "Headway: the run was cancelled.")

    def kill(self, handle: str) -> None:
        """Stop the task; ECS knows nothing that is harder."""
        self._stop(handle, "Headway: the run is over.")

    def remove(self, handle: str) -> None:
        """Forget the task; ECS does so by itself, after about an hour."""
        self._board.forget(handle)
        self._since.pop(handle, None)
        self._stopped.discard(handle)

    def _stop(self, handle: str, reason: str) -> None:
        cluster, arn = handle.split("|", 1)
        self._stopped.add(handle)
        with _weather():
            try:
                self._client.stop_task(cluster=cluster, task=arn, reason=reason[:REASON_LENGTH])
            except ClientError as error:
                # "The referenced task was not found": it ended long ago.
                if _code(error) != "InvalidParameterException":
                    raise

    def _cluster(self, settings: Mapping[str, Any]) -> str:
        return str(settings.get("cluster") or self._home.defaults.get("cluster") or "default")

    def _read(self, handles: Collection[str]) -> dict[str, Mapping[str, Any]]:
        clusters: dict[str, list[str]] = {}
        for handle in sorted(handles):
            cluster, arn = handle.split("|", 1)
            clusters.setdefault(cluster, []).append(arn)
        with _weather():
            return {
                f"{cluster}|{task['taskArn']}": task
                for cluster, arns in clusters.items()
                for task in self._describe(cluster, arns)
            }

    def _describe(self, cluster: str, arns: list[str]) -> Iterator[Mapping[str, Any]]:
        for first in range(0, len(arns), DESCRIBED_AT_ONCE):
            answer = self._client.describe_tasks(
                cluster=cluster, tasks=arns[first : first + DESCRIBED_AT_ONCE], include=["TAGS"]
            )
            yield from answer["tasks"]

    def _describe_definition(self, named: str) -> Mapping[str, Any]:
        # A family without a revision means its newest, which changes.
        revision = named.rpartition("/")[2].rpartition(":")[2]
        with self._lock:
            known = self._definitions.get(named) if revision.isdigit() else None
        if known is not None:
            return known
        found: Mapping[str, Any] = self._client.describe_task_definition(taskDefinition=named)[
            "taskDefinition"
        ]
        with self._lock:
            self._definitions[named] = found
        return found

    def _with_image(self, base: Mapping[str, Any], container: str, image: str) -> Mapping[str, Any]:
        """Return the definition with another image: RunTask cannot say one."""
        words = f"{base['taskDefinitionArn']}\x1f{container}\x1f{image}".encode()
        family = (
            f"{base['family'][:200]}-headway-{hashlib.blake2b(words, digest_size=6).hexdigest()}"
        )
        with self._lock:  # one of us makes it
            known = self._definitions.get(family)
            if known is None:
                known = self._definitions[family] = self._find_or_make(
                    family, base, container, image
                )
        return known

    def _find_or_make(
        self, family: str, base: Mapping[str, Any], container: str, image: str
    ) -> Mapping[str, Any]:
        found: Mapping[str, Any]
        try:
            found = self._client.describe_task_definition(taskDefinition=family)["taskDefinition"]
        except ClientError as error:
            if _code(error) != "ClientException":
                raise
            containers = [
                {**each, "image": image} if each["name"] == container else each
                for each in base["containerDefinitions"]
            ]
            kept = {name: base[name] for name in _REGISTERED if base.get(name)}
            found = self._client.register_task_definition(
                **kept, family=family, containerDefinitions=containers
            )["taskDefinition"]
        return found


_REGISTERED = (
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
)


def request_of(job: Job, cluster: str, definition: str, container: str) -> dict[str, Any]:
    """Return what RunTask is asked. Raises: StartFailed when ECS cannot take so much."""
    given = job.settings
    variables = [
        {"name": name, "value": value}
        for name, value in job.variables.items()
        if not (name == KEY and given.get("api_key_in_definition"))
    ]
    overrides: dict[str, Any] = {
        "containerOverrides": [
            {"name": container, "command": list(job.command), "environment": variables}
        ]
    }
    if "cpus" in given:
        overrides["cpu"] = str(round(float(given["cpus"]) * 1_024))
    if "memory_mb" in given:
        overrides["memory"] = str(int(given["memory_mb"]))
    length = sum(len(each["name"]) + len(each["value"]) + 24 for each in variables)
    if length > OVERRIDES_LENGTH:
        raise StartFailed(
            f"ECS takes {OVERRIDES_LENGTH} characters of variables and parameters, "
            f"and here are about {length}. Pass what is large by reference."
        )
    request: dict[str, Any] = {
        "cluster": cluster,
        "taskDefinition": definition,
        "count": 1,
        "clientToken": job.name,
        "startedBy": job.home.pool,
        "overrides": overrides,
        "tags": [
            {"key": RUN, "value": job.run_id},
            {"key": EPOCH, "value": str(job.epoch)},
            {"key": AGENT, "value": job.home.agent_id},
        ],
        "launchType": given.get("launch_type", "FARGATE"),
    }
    if given.get("subnets"):
        request["networkConfiguration"] = {
            "awsvpcConfiguration": {
                "subnets": list(given["subnets"]),
                "securityGroups": list(given.get("security_groups") or ()),
                "assignPublicIp": "ENABLED" if given.get("assign_public_ip") else "DISABLED",
            }
        }
    return request


def ended_of(task: Mapping[str, Any], *, is_stopped_by_us: bool) -> Ended | None:
    """Return how a task ended by what DescribeTasks says of it; None: it goes on."""
    if task.get("lastStatus") != "STOPPED":
        return None
    code = str(task.get("stopCode") or "")
    container = _essential(task)
    exit_code = container.get("exitCode")
    reason = str(container.get("reason") or "")
    detail = " ".join(filter(None, (str(task.get("stoppedReason") or ""), reason)))[:1_000]
    if reason.startswith("OutOfMemory"):
        return Ended(exit_code=137 if exit_code is None else exit_code, is_oom=True, detail=detail)
    if code == "TaskFailedToStart":
        return Ended(exit_code=None, detail=detail)
    if code in _EVICTIONS or (code == "UserInitiated" and not is_stopped_by_us):
        # 0: it heard of it and told the server by itself.
        is_told = exit_code == 0
        return Ended(exit_code=0 if is_told else None, is_evicted=not is_told, detail=detail)
    return Ended(exit_code=exit_code, detail=detail)


def _essential(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the container that executed the run: the one that has our command."""
    containers = task.get("containers") or [{}]
    overridden = (task.get("overrides") or {}).get("containerOverrides") or [{}]
    name = overridden[0].get("name")
    return next((each for each in containers if each.get("name") == name), containers[0])


def _container_of(definition: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    names = [str(each["name"]) for each in definition["containerDefinitions"]]
    wanted = given.get("container")
    if wanted is None:
        if len(names) == 1:
            return names[0]
        raise StartFailed(
            "Nothing says which container of the task executes the run: job_settings.container, "
            f"one of {', '.join(names)}."
        )
    if wanted not in names:
        raise StartFailed(f"The task definition has no container {wanted!r}: {', '.join(names)}.")
    return str(wanted)


@contextmanager
def _weather(*, refuses: bool = False) -> Iterator[None]:
    try:
        yield
    except BotoCoreError as error:
        raise Away(f"ECS does not answer: {error}") from error
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        text = error.response.get("Error", {}).get("Message") or str(error)
        if refuses and _code(error) not in _BUSY and 400 <= status < 500 and status != 429:
            raise StartFailed(f"ECS refused the task: {text}") from error
        raise Away(f"ECS cannot now: {text}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
