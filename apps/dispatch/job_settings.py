"""Pure: what a deployment must say of its code, by who executes the runs of its pool."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from apps.dispatch.enums import PoolKind

if TYPE_CHECKING:
    from apps.flows.specs import DeploymentSpec

_NOT_HERE = "Only for managed pools; agents find the code in `path` and have their own environment."


def find_code_faults(*, kind: PoolKind, spec: DeploymentSpec) -> dict[str, list[str]]:
    """Say what does not fit the kind of pool, by field; empty when nothing does not."""
    return _managed_faults(spec) if kind is PoolKind.MANAGED else _agents_faults(spec)


def _managed_faults(spec: DeploymentSpec) -> dict[str, list[str]]:
    faults = {}
    if spec.bundle_sha256 is None:
        faults["bundle"] = ["A managed pool needs the code: upload a bundle and name its sha256."]
    if spec.path:
        faults["path"] = ["Must be empty in a managed pool: the code is in the bundle."]
    place, _, _ = spec.entrypoint.partition(":")
    path = PurePosixPath(place)
    if path.is_absolute() or ".." in path.parts or "\\" in place:
        faults["entrypoint"] = ["Must be a file inside the bundle, without “..”."]
    return faults


def _agents_faults(spec: DeploymentSpec) -> dict[str, list[str]]:
    faults = {}
    if not spec.path:
        faults["path"] = ["Agents need the folder where the code is."]
    if spec.bundle_sha256 is not None:
        faults["bundle"] = [_NOT_HERE]
    if spec.requirements:
        faults["requirements"] = [_NOT_HERE]
    if spec.size is not None:
        faults["size"] = [_NOT_HERE]
    return faults
