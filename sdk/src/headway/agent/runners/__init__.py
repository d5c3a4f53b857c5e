"""How an agent executes runs, by the kind of its pool."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

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
class Home:
    """Whose jobs they are: by these marks whoever comes later finds them."""

    pool: str = ""  # of this pool of this workspace of this server, and of no other
    agent_id: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)  # the pool's own job settings

    @classmethod
    def of(
        cls, *, server: str, workspace: str, pool: str, agent_id: str, defaults: Mapping[str, Any]
    ) -> Home:
        """Return the marks of an agent's jobs; short and plain enough for any label."""
        words = "\x1f".join((server, workspace, pool)).encode()
        mark = hashlib.blake2b(words, digest_size=10).hexdigest()
        return cls(pool=mark, agent_id=agent_id, defaults=defaults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What of the agent each execution needs."""

    client: Client
    recorder: AnyRecorder
    show: Callable[[str], None]
    grace_seconds: float
    home: Home = Home()


OnEnd = Callable[["Execution"], None]


class Runner(Protocol):
    """What executes the runs of a pool of one kind."""

    def prepare(self, lease: Lease, on_end: OnEnd) -> Execution:
        """Return the execution of a lease, to be started; `on_end` hears that it is over."""

    def adopt(self, is_orphan: Callable[[str, str], bool], on_end: OnEnd) -> list[Execution]:
        """
        Return executions that go on although their agent is gone, to be watched once started.

        `is_orphan` is asked with the ids of the run and of the agent that started it.
        """


class ProcessRunner:
    """Each run in a process of this machine, which ends with its agent."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def prepare(self, lease: Lease, on_end: OnEnd) -> Execution:
        """Return the execution of a lease, to be started."""
        from headway.agent._runner import RunProcess

        around = self._around
        return RunProcess(
            lease,
            client=around.client,
            recorder=around.recorder,
            on_end=on_end,
            show=around.show,
            grace_seconds=around.grace_seconds,
            variables=variables_of(lease),
        )

    def adopt(self, is_orphan: Callable[[str, str], bool], on_end: OnEnd) -> list[Execution]:  # noqa: ARG002
        """Return nothing: no process outlives its agent."""
        return []


def open_runner(kind: str, around: Surroundings) -> Runner:
    """
    Return what executes runs of pools of this kind.

    Raises: ConfigError when its library is not installed or finds nothing to talk to, or when the
    kind is not for agents.
    """
    if kind == "PROCESS":
        return ProcessRunner(around)
    from headway.agent.runners._remote import Backend, RemoteRunner

    backend: Backend
    try:
        if kind == "DOCKER":
            from headway.agent.runners.docker import DockerBackend

            backend = DockerBackend(home=around.home)
        elif kind == "KUBERNETES":
            from headway.agent.runners.kubernetes import KubernetesBackend, open_api

            backend = KubernetesBackend(open_api(), home=around.home)
        elif kind == "ECS":
            from headway.agent.runners.ecs import EcsBackend, open_client

            backend = EcsBackend(open_client(), home=around.home)
        else:
            raise ConfigError(f"no agent executes runs of pools of kind {kind}")
    except ImportError as error:
        raise ConfigError(
            f"pools of kind {kind} need more: pip install 'headway[{kind.lower()}]' ({error})"
        ) from error
    return RemoteRunner(backend, around)


def variables_of(lease: Lease) -> dict[str, str]:
    """Return the variables that the job's settings give a run."""
    given = lease.job_settings.get("env") or {}
    return {str(name): str(value) for name, value in given.items()}
