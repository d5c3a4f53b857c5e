"""How an agent executes runs, by the kind of its pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from headway._errors import ConfigError

if TYPE_CHECKING:
    from headway._client import Client
    from headway._port import AnyRecorder
    from headway.agent._lease import Lease


class Execution(Protocol):
    """One run that is being executed somewhere, and who watches it."""

    lease: Lease
    heeded: str | None

    def start(self) -> None:
        """Begin; returns at once."""

    def cancel(self, message: str) -> None:
        """Ask the run to stop; make it after the grace period."""

    def obey(self, command: str) -> None:
        """Do what the server wants of the run: cancel, pause, resume or suspend it."""

    def lose(self) -> None:
        """Make it stop at once, and report nothing: the run is somebody else's."""

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over and its end is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What of the agent each execution needs."""

    client: Client
    recorder: AnyRecorder
    show: Callable[[str], None]
    grace_seconds: float


Runner = Callable[["Lease", Callable[["Execution"], None]], "Execution"]
"""Prepares the execution of a lease; tells by the second argument when it is over."""


def open_runner(kind: str, around: Surroundings) -> Runner:
    """
    Return what executes runs of pools of this kind.

    Raises: ConfigError when its library is not installed, or the kind is not for agents.
    """
    if kind == "PROCESS":
        from headway.agent._runner import RunProcess

        return lambda lease, on_end: RunProcess(
            lease,
            client=around.client,
            recorder=around.recorder,
            on_end=on_end,
            show=around.show,
            grace_seconds=around.grace_seconds,
            variables=variables_of(lease),
        )
    from headway.agent.runners._remote import Backend, RemoteRun

    backend: Backend
    try:
        if kind == "DOCKER":
            from headway.agent.runners.docker import DockerBackend

            backend = DockerBackend()
        else:
            raise ConfigError(f"no agent executes runs of pools of kind {kind}")
    except ImportError as error:
        raise ConfigError(
            f"pools of kind {kind} need more: pip install 'headway[{kind.lower()}]' ({error})"
        ) from error
    return lambda lease, on_end: RemoteRun(lease, backend=backend, around=around, on_end=on_end)


def variables_of(lease: Lease) -> dict[str, str]:
    """Return the variables that the job's settings give a run."""
    given = lease.job_settings.get("env") or {}
    return {str(name): str(value) for name, value in given.items()}
