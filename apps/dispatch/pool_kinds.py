"""
Pure: the kinds of pools as data: who executes their runs, and what may be said of a run's job.

A pool's `job_defaults` and a deployment's `job_settings` follow the kind's schema; the latter are
laid over the former. The agent hands the result to its runner of that kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jsonschema import Draft202012Validator

from apps.dispatch.enums import PoolKind

JobSettings = dict[str, Any]
Schema = dict[str, Any]

_NAME = {"type": "string", "minLength": 1, "maxLength": 500}
_NAMES = {"type": "array", "items": _NAME, "maxItems": 50}
_VARIABLES = {
    "type": "object",
    "description": "Variables of the environment. Not for secrets: everybody here can read them.",
    "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
    "additionalProperties": {"type": "string", "maxLength": 10_000},
    "maxProperties": 100,
}
_LABELS = {
    "type": "object",
    "additionalProperties": {"type": "string", "maxLength": 500},
    "maxProperties": 50,
}
_IMAGE = _NAME | {"description": "The image with the code and the SDK, e.g. “acme/flows:1.4”."}
_MEMORY = {"type": "integer", "minimum": 16, "maximum": 1_048_576, "description": "MiB"}
_CPUS = {"type": "number", "exclusiveMinimum": 0, "maximum": 1_024, "description": "vCPUs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of pools; `simulated` when our tests know its service only by a simulation."""

    label: str
    description: str
    properties: Mapping[str, Schema] = field(default_factory=dict)
    simulated: bool = False

    @property
    def schema(self) -> Schema:
        """The JSON Schema of its job settings."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "additionalProperties": False,
        }


KINDS: Final[Mapping[PoolKind, Kind]] = {
    PoolKind.PROCESS: Kind(
        label="Process",
        description="Agents of yours execute each run in a process of its own, on their machine.",
        properties={"env": _VARIABLES},
    ),
    PoolKind.DOCKER: Kind(
        label="Docker",
        description="Agents of yours execute each run in a container of the Docker they reach.",
        simulated=True,
        properties={
            "image": _IMAGE,
            "env": _VARIABLES,
            "memory_mb": _MEMORY,
            "cpus": _CPUS,
            "network": _NAME,
            "volumes": _NAMES | {"description": "“/on/the/host:/in/the/container[:ro]”"},
            "user": _NAME,
            "labels": _LABELS,
            "pull": {
                "enum": ["always", "missing", "never"],
                "default": "missing",
                "description": "When to fetch the image.",
            },
        },
    ),
    PoolKind.KUBERNETES: Kind(
        label="Kubernetes",
        description="Agents of yours execute each run in a job of the cluster they reach.",
        simulated=True,
        properties={
            "image": _IMAGE,
            "env": _VARIABLES,
            "namespace": _NAME
            | {
                "default": "default",
                "description": "Agents look for jobs that others left in the pool's own.",
            },
            "service_account": _NAME,
            "memory_mb": _MEMORY,
            "cpus": _CPUS,
            "node_selector": _LABELS,
            "labels": _LABELS,
            "image_pull_secrets": _NAMES,
            "api_key_secret": _NAME
            | {
                "description": "A secret of the namespace that has HEADWAY_API_KEY; "
                "else the job itself has the agent's key in its variables."
            },
            "ttl_seconds": {
                "type": "integer",
                "minimum": 0,
                "maximum": 604_800,
                "default": 3_600,
                "description": "How long the cluster keeps a job that ended and nobody took away.",
            },
        },
    ),
    PoolKind.ECS: Kind(
        label="ECS",
        description="Agents of yours execute each run in a task of the ECS cluster they reach.",
        simulated=True,
        properties={
            "cluster": _NAME | {"default": "default"},
            "task_definition": _NAME | {"description": "Family, “family:revision” or ARN."},
            "container": _NAME | {"description": "Which container of it executes the run."},
            "env": _VARIABLES,
            "launch_type": {"enum": ["FARGATE", "EC2", "EXTERNAL"], "default": "FARGATE"},
            "memory_mb": _MEMORY,
            "cpus": _CPUS,
            "subnets": _NAMES,
            "security_groups": _NAMES,
            "assign_public_ip": {"type": "boolean", "default": False},
            "api_key_in_definition": {
                "type": "boolean",
                "default": False,
                "description": "The task definition gives HEADWAY_API_KEY, from its secrets; "
                "else the task has the agent's key in its overrides.",
            },
        },
    ),
    PoolKind.MANAGED: Kind(
        label="Managed",
        description="Headway itself executes the runs; deployments bring their code and a size.",
    ),
}


def find_settings_faults(
    kind: PoolKind, settings: JobSettings, *, place: str
) -> dict[str, list[str]]:
    """Return what of the settings does not fit the kind, keyed `<place>.<name>`."""
    faults: dict[str, list[str]] = {}
    validator = Draft202012Validator(KINDS[kind].schema)
    for error in sorted(validator.iter_errors(settings), key=lambda each: list(each.path)):
        known = KINDS[kind].properties
        if error.validator == "additionalProperties" and not error.path:
            for name in sorted(set(settings) - set(known)):
                faults.setdefault(f"{place}.{name}", []).append(_unknown(kind))
            continue
        path = ".".join([place, *(str(part) for part in error.path)])
        faults.setdefault(path, []).append(error.message)
    return faults


def merge_settings(defaults: JobSettings, settings: JobSettings) -> JobSettings:
    """Lay a deployment's settings over its pool's; variables and labels name by name."""
    merged = defaults | settings
    for name, value in defaults.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            merged[name] = value | settings[name]
    return merged


def _unknown(kind: PoolKind) -> str:
    names = ", ".join(KINDS[kind].properties)
    return f"Unknown; one of: {names}." if names else "Pools of this kind take no settings."
