"""Runs of deployments, started from code: as sub-runs of the run around it, or on their own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headway._context import find_scope
from headway._errors import NotFound, SubrunFailed
from headway._options import Seconds, seconds_of
from headway._states import State, is_final

if TYPE_CHECKING:
    from headway._client import Client
    from headway._context import Scope

FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 5.0


class DeploymentRun:
    """A run that an agent executes somewhere, as far as this process knows of it."""

    def __init__(self, wire: Mapping[str, Any], *, client: Client, path: str) -> None:
        self._client = client
        self._path = path
        self._heed(wire)

    def __repr__(self) -> str:
        """Return the run's name and state."""
        return f"<DeploymentRun {self.name} {self.state}>"

    def _heed(self, wire: Mapping[str, Any]) -> None:
        self.id = str(wire["id"])
        self.name = str(wire["name"])
        self.state = State(wire["state"])
        self.error: Mapping[str, Any] | None = wire.get("error")
        self.cause: Mapping[str, Any] | None = wire.get("cause")

    @property
    def is_finished(self) -> bool:
        """Whether it had ended when we last asked."""
        return is_final(self.state)

    def refresh(self) -> DeploymentRun:
        """Ask the server how it is getting on."""
        self._heed(self._client.get(self._path))
        return self

    def wait(self, timeout: Seconds | None = None) -> DeploymentRun:
        """
        Wait until it has ended, well or not.

        Raises: TimeoutError when it has not after `timeout`; it goes on then.
        """
        for seconds in self._pauses(timeout):
            time.sleep(seconds)
            self.refresh()
        return self

    async def wait_async(self, timeout: Seconds | None = None) -> DeploymentRun:
        """Wait as `wait` does; the event loop goes on meanwhile."""
        import asyncio

        for seconds in self._pauses(timeout):
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.refresh)
        return self

    def _pauses(self, timeout: Seconds | None) -> Iterator[float]:
        ends_at = None if timeout is None else time.monotonic() + seconds_of(timeout)
        pause = FIRST_WAIT_SECONDS
        while not self.is_finished:
            left = None if ends_at is None else ends_at - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"{self.name} is still {self.state}.")
            yield pause if left is None else min(pause, left)
            pause = min(pause * 1.5, LONGEST_WAIT_SECONDS)

    def _ended_well(self) -> DeploymentRun:
        if self.state not in (State.COMPLETED, State.CACHED, State.SKIPPED):
            raise SubrunFailed(self)
        return self


def run_deployment(
    deployment: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    wait: bool = True,
    timeout: Seconds | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    scheduled_for: datetime | None = None,
    priority: int = 0,
) -> DeploymentRun:
    """
    Have a deployment run by its pool's agents, and wait for its end.

    Inside a flow the run becomes a sub-run of it: it shows there, and is cancelled with it. With
    `wait`, one that ends other than well raises `SubrunFailed`, and one that has not ended after
    `timeout` raises TimeoutError and goes on. From a coroutine: `await run_deployment_async(…)`.

    >>> from headway import flow, run_deployment
    >>> @flow
    ... def nightly() -> None:
    ...     run_deployment("load/orders", {"day": "2026-03-01"})  # needs a server with an agent
    """
    body = _body(parameters, name, tags, scheduled_for, priority)
    started = _start(deployment, body, find_scope())
    return started.wait(timeout)._ended_well() if wait else started


async def run_deployment_async(
    deployment: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    wait: bool = True,
    timeout: Seconds | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    scheduled_for: datetime | None = None,
    priority: int = 0,
) -> DeploymentRun:
    """
    Do the same as `run_deployment`; the event loop goes on meanwhile.

    >>> import asyncio
    >>> from headway import flow, run_deployment_async
    >>> @flow
    ... async def nightly() -> None:  # needs a server with an agent
    ...     await asyncio.gather(*(run_deployment_async("load/orders", {"n": n}) for n in range(3)))
    """
    import asyncio

    body = _body(parameters, name, tags, scheduled_for, priority)
    started = await asyncio.to_thread(_start, deployment, body, find_scope())
    return (await started.wait_async(timeout))._ended_well() if wait else started


def _body(
    parameters: Mapping[str, Any] | None,
    name: str | None,
    tags: Sequence[str],
    scheduled_for: datetime | None,
    priority: int,
) -> dict[str, Any]:
    body: dict[str, Any] = {"parameters": dict(parameters or {})}
    if name is not None:
        body["name"] = name
    if tags:
        body["tags"] = list(tags)
    if scheduled_for is not None:
        body["scheduled_for"] = scheduled_for.astimezone().isoformat()
    if priority:
        body["priority"] = priority
    return body


def _start(deployment: str, body: dict[str, Any], scope: Scope | None) -> DeploymentRun:
    if scope is not None and scope.run.recorded:
        return _start_subrun(deployment, body, scope)
    return _start_alone(deployment, body)


def _client() -> Client:
    from headway._client import shared_client

    return shared_client()


def _start_subrun(deployment: str, body: dict[str, Any], scope: Scope) -> DeploymentRun:
    client, run = _client(), scope.run
    # The server must know the run, and the task run, before something can belong to them.
    run.recorder.flush(timeout_seconds=10.0)
    body |= {
        "deployment": deployment,
        "epoch": run.epoch,
        "task_run_id": scope.task_run.id if scope.task_run else None,
    }
    answer = client.post(f"runs/{run.id}/subruns", body)
    return DeploymentRun(answer, client=client, path=f"runs/{run.id}/subruns/{answer['id']}")


def _start_alone(deployment: str, body: dict[str, Any]) -> DeploymentRun:
    client = _client()
    flow_name, _, own_name = deployment.rpartition("/")
    for known in client.pages("deployments", {"limit": 200}):
        if known["id"] == deployment or (known["flow"]["name"], known["name"]) == (
            flow_name,
            own_name,
        ):
            answer = client.post(f"deployments/{quote(known['id'])}/runs", body)
            return DeploymentRun(answer, client=client, path=f"runs/{answer['id']}")
    raise NotFound(f"There is no deployment {deployment!r}; name it as flow/name.", status=404)
