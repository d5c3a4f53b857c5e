"""
ECS as far as we use it, with the ends that moto cannot play.

Requests are checked against botocore's own model of the service, so that what it accepts, the real
one parses. Tests move its tasks on: `begin`, `end`, `run_out_of_memory`, `evict`, `cannot_pull`.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.validate import validate_parameters

ACCOUNT = "arn:aws:ecs:eu-central-1:123456789012"


class FakeEcs:
    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.definitions: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.next_answers: list[str] = []  # of RunTask, see `_weather`
        self._by_token: dict[str, tuple[dict[str, Any], str]] = {}
        self._numbers = itertools.count(1)
        self._model = botocore.session.get_session().get_service_model("ecs")

    # What the backend calls.

    def run_task(self, **request: Any) -> dict[str, Any]:
        self._note("RunTask", request)
        token = request["clientToken"]
        weather = self.next_answers.pop(0) if self.next_answers else ""
        if weather in {"capacity", "cpu"}:
            reason = {
                "capacity": "Capacity is unavailable at this time. Please try again later",
                "cpu": "RESOURCE:CPU",
            }[weather]
            return {"tasks": [], "failures": [{"reason": reason}]}
        if weather == "inactive":
            return {"tasks": [], "failures": [{"reason": "INACTIVE"}]}
        if weather == "throttled":
            raise self._error("ThrottlingException", "Rate exceeded", "RunTask", 400)
        if weather == "quota":
            text = "You've reached the limit on the number of vCPUs you can run concurrently"
            raise self._error("ClientException", text, "RunTask", 400)
        if weather == "broken":
            raise self._error("ServerException", "Service Unavailable", "RunTask", 500)
        if weather == "forbidden":
            raise self._error("AccessDeniedException", "not authorized", "RunTask", 400)
        if token in self._by_token:
            known, arn = self._by_token[token]
            if known != request:
                error = self._error("ConflictException", "token in use", "RunTask", 400)
                error.response["resourceIds"] = [arn]
                raise error
            return {"tasks": [self.tasks[arn]], "failures": []}
        arn = f"{ACCOUNT}:task/{request['cluster']}/{next(self._numbers):032x}"
        self.tasks[arn] = {
            "taskArn": arn,
            "taskDefinitionArn": request["taskDefinition"],
            "lastStatus": "PROVISIONING",
            "desiredStatus": "RUNNING",
            "startedBy": request["startedBy"],
            "createdAt": datetime.now(UTC),
            "containers": [{"name": "task", "lastStatus": "PENDING"}],
            "overrides": request["overrides"],
            "tags": request["tags"],
        }
        self._by_token[token] = (request, arn)
        if weather == "answer lost":
            raise ConnectTimeoutError(endpoint_url="https://ecs.eu-central-1.amazonaws.com")
        return {"tasks": [self.tasks[arn]], "failures": []}

    def describe_tasks(self, **request: Any) -> dict[str, Any]:
        self._note("DescribeTasks", request)
        assert len(request["tasks"]) <= 100
        return {
            "tasks": [self.tasks[arn] for arn in request["tasks"] if arn in self.tasks],
            "failures": [
                {"arn": arn, "reason": "MISSING"}
                for arn in request["tasks"]
                if arn not in self.tasks
            ],
        }

    def stop_task(self, **request: Any) -> dict[str, Any]:
        self._note("StopTask", request)
        task = self.tasks.get(request["task"])
        if task is None:
            text = "The referenced task was not found."
            raise self._error("InvalidParameterException", text, "StopTask", 400)
        if task["lastStatus"] != "STOPPED":
            task |= {
                "lastStatus": "STOPPING",
                "desiredStatus": "STOPPED",
                "stopCode": "UserInitiated",
                "stoppedReason": request["reason"],
                "stoppingAt": datetime.now(UTC),
            }
        return {"task": task}

    def get_paginator(self, operation: str) -> FakeEcs:
        assert operation == "list_tasks"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self._note("ListTasks", request)
        wanted = request["desiredStatus"]
        arns = [arn for arn, task in self.tasks.items() if task["desiredStatus"] == wanted]
        return [{"taskArns": arns[first : first + 100]} for first in range(0, len(arns) + 1, 100)]

    def describe_task_definition(self, **request: Any) -> dict[str, Any]:
        self._note("DescribeTaskDefinition", request)
        found = self.definitions.get(request["taskDefinition"])
        if not found:
            text = "Unable to describe task definition."
            raise self._error("ClientException", text, "DescribeTaskDefinition", 400)
        return {"taskDefinition": found[-1], "tags": found[-1]["tags"]}

    def register_task_definition(self, **request: Any) -> dict[str, Any]:
        self._note("RegisterTaskDefinition", request)
        revisions = self.definitions.setdefault(request["family"], [])
        revision = len(revisions) + 1
        arn = f"{ACCOUNT}:task-definition/{request['family']}:{revision}"
        revisions.append({**request, "taskDefinitionArn": arn, "revision": revision})
        return {"taskDefinition": revisions[-1]}

    # What tests do.

    @property
    def alive(self) -> list[dict[str, Any]]:
        return [task for task in self.tasks.values() if task["lastStatus"] != "STOPPED"]

    def begin(self, arn: str) -> None:
        """Its process runs."""
        self.tasks[arn] |= {"lastStatus": "RUNNING", "startedAt": datetime.now(UTC)}
        self.tasks[arn]["containers"][0]["lastStatus"] = "RUNNING"

    def end(self, arn: str, exit_code: int | None, *, reason: str = "") -> None:
        """Its process ended by itself, or as StopTask asked."""
        task = self.tasks[arn]
        task["containers"][0] |= {"lastStatus": "STOPPED"}
        if exit_code is not None:
            task["containers"][0]["exitCode"] = exit_code
        if reason:
            task["containers"][0]["reason"] = reason
        task.setdefault("stopCode", "EssentialContainerExited")
        task.setdefault("stoppedReason", "Essential container in task exited")
        task |= {
            "lastStatus": "STOPPED",
            "desiredStatus": "STOPPED",
            "stoppedAt": datetime.now(UTC),
        }

    def run_out_of_memory(self, arn: str) -> None:
        text = "OutOfMemoryError: Container killed due to memory usage"
        self.end(arn, 137, reason=text)

    def evict(self, arn: str) -> None:
        self.tasks[arn] |= {
            "stopCode": "SpotInterruption",
            "stoppedReason": "Your Spot Task was interrupted.",
        }
        self.end(arn, 143)

    def cannot_pull(self, arn: str) -> None:
        self.tasks[arn] |= {
            "stopCode": "TaskFailedToStart",
            "stoppedReason": "CannotPullContainerError: image not found",
        }
        self.end(arn, None)

    def forget(self, arn: str) -> None:
        """As ECS does about an hour after the end."""
        del self.tasks[arn]

    # How.

    def _note(self, operation: str, request: dict[str, Any]) -> None:
        validate_parameters(request, self._model.operation_model(operation).input_shape)
        self.requests.append((operation, request))

    def _error(self, code: str, message: str, operation: str, status: int) -> ClientError:
        return ClientError(
            {
                "Error": {"Code": code, "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
            },
            operation,
        )
