"""Pure: what a deployment must say of its code, by who executes the runs of its pool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from apps.dispatch.enums import PoolKind

if TYPE_CHECKING:
    from apps.flows.specs import DeploymentSpec

_NOT_HERE = "Only for managed pools; agents find the code in `path` and have their own environment."
_IMAGES: Final = (PoolKind.DOCKER, PoolKind.KUBERNETES, PoolKind.ECS)
_FETCHED: Final = (PoolKind.PROCESS,)
# Who can get the code of a kind.
_POOLS_OF: Final[Mapping[str, tuple[PoolKind, ...]]] = {
    "git": _FETCHED,
    "object_store": _FETCHED,
    "image": _IMAGES,
}


def find_code_faults(
    *, kind: PoolKind, spec: DeploymentSpec, pool_defaults: Mapping[str, object]
) -> dict[str, list[str]]:
    """Say what does not fit the kind of pool, by field; empty when nothing does not."""
    if kind is PoolKind.MANAGED:
        return _managed_faults(spec)
    return _agents_faults(kind, spec, pool_defaults)


def _managed_faults(spec: DeploymentSpec) -> dict[str, list[str]]:
    faults = {}
    if spec.code is not None:
        faults["code"] = ["Not in a managed pool: its code is the bundle that you upload."]
    if spec.bundle_sha256 is None:
        faults["bundle"] = ["A managed pool needs the code: upload a bundle and name its sha256."]
    if spec.path:
        faults["path"] = ["Must be empty in a managed pool: the code is in the bundle."]
    if _leaves_folder(spec.entrypoint):
        faults["entrypoint"] = ["Must be a file inside the bundle, without “..”."]
    return faults


def _agents_faults(
    kind: PoolKind, spec: DeploymentSpec, pool_defaults: Mapping[str, object]
) -> dict[str, list[str]]:
    faults = {}
    if spec.code is None and not spec.path:
        faults["path"] = ["Agents need the folder where the code is, or say in `code` where it is."]
    if spec.code is not None:
        faults |= _source_faults(kind, spec)
    elif kind in {PoolKind.DOCKER, PoolKind.KUBERNETES} and not (
        spec.job_settings.get("image") or pool_defaults.get("image")
    ):
        faults["code"] = ["Nothing says in which image its runs are executed: code, or the pool."]
    if spec.bundle_sha256 is not None:
        faults["bundle"] = [_NOT_HERE]
    if spec.requirements:
        faults["requirements"] = [_NOT_HERE]
    if spec.size is not None:
        faults["size"] = [_NOT_HERE]
    return faults


def _source_faults(kind: PoolKind, spec: DeploymentSpec) -> dict[str, list[str]]:
    assert spec.code is not None
    source = spec.code["kind"]
    faults = {}
    if kind not in _POOLS_OF[source]:
        pools = ", ".join(_POOLS_OF[source])
        faults["code.kind"] = [f"Pools of kind {kind} cannot get {source} code; {pools} can."]
    if spec.path:
        faults["path"] = ["Must be empty: `code` says where the code is."]
    if source != "image" and _leaves_folder(spec.entrypoint):
        faults["entrypoint"] = ["Must be a file inside the code's folder, without “..”."]
    if source == "image" and "image" in spec.job_settings:
        faults["job_settings.image"] = ["`code` says already which image it is."]
    return faults


def _leaves_folder(entrypoint: str) -> bool:
    place, _, _ = entrypoint.partition(":")
    path = PurePosixPath(place)
    return path.is_absolute() or ".." in path.parts or "\\" in place
