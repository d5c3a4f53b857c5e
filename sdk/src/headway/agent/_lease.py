"""What the server hands out: the right to execute one run, and what is needed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to execute one run, in one epoch."""

    run_id: str
    epoch: int
    run_name: str
    flow_name: str
    entrypoint: str
    path: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    timeout_seconds: float | None = None
    resumes: Mapping[str, Any] | None = None  # what was begun and is to be gone on with
    job_settings: Mapping[str, Any] = field(default_factory=dict)  # the pool's, and over them its
    code: Mapping[str, Any] = field(default_factory=dict)  # where else than in `path` it is

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Lease:
        """Return a lease as the server sent it; fields it has and we do not know are ignored."""
        deployment = wire["deployment"]
        return cls(
            run_id=str(wire["run_id"]),
            epoch=int(wire["epoch"]),
            run_name=str(wire.get("run_name") or wire["run_id"]),
            flow_name=str(wire.get("flow_name") or ""),
            entrypoint=str(deployment["entrypoint"]),
            path=str(deployment.get("path") or "."),
            parameters=dict(wire.get("parameters") or {}),
            attempt=int(wire.get("attempt") or 1),
            timeout_seconds=wire.get("timeout_seconds"),
            resumes=wire.get("resumes"),
            job_settings=dict(deployment.get("job_settings") or {}),
            code=dict(deployment.get("code") or {}),
        )

    def order(self) -> dict[str, Any]:
        """Return the lease as the server would send it, for who executes it elsewhere."""
        return {
            "run_id": self.run_id,
            "epoch": self.epoch,
            "run_name": self.run_name,
            "flow_name": self.flow_name,
            "attempt": self.attempt,
            "parameters": self.parameters,
            "timeout_seconds": self.timeout_seconds,
            "resumes": self.resumes,
            "deployment": {
                "entrypoint": self.entrypoint,
                "path": str(self.code.get("folder") or self.path),
            },
        }

    def key(self) -> dict[str, Any]:
        """Return what names the lease in requests."""
        return {"run_id": self.run_id, "epoch": self.epoch}
