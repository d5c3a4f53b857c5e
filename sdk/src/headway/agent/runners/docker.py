"""Jobs as containers of the Docker that the environment names (`DOCKER_HOST` and its friends)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import docker  # type: ignore[import-untyped]  # it brings no types
import docker.errors  # type: ignore[import-untyped]
import requests

from headway.agent.runners import Home
from headway.agent.runners._remote import Away, Ended, Found, Job, StartFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL = "dev.headway.run"
EPOCH_LABEL = "dev.headway.epoch"
POOL_LABEL = "dev.headway.pool"
AGENT_LABEL = "dev.headway.agent"
API_SECONDS = 60
MB = 1024 * 1024


class DockerBackend:
    """Runs each job in a container of its own."""

    look_seconds = 1.0

    def __init__(self, client: docker.DockerClient | None = None, *, home: Home) -> None:
        self._home = home
        self._client = client or docker.DockerClient.from_env(timeout=API_SECONDS)

    def start(self, job: Job) -> str:
        """Start the job's container, or take up the one that a lost answer has left."""
        if job.image is None:
            raise StartFailed("Nothing says in which image it runs: job_settings.image.")
        with _weather():
            try:
                self._fetch(job.image, str(job.settings.get("pull") or "missing"))
                container = self._client.containers.create(job.image, **_options(job))
            except docker.errors.NotFound as error:
                text = f"There is no image {job.image}: {_words(error)}"
                raise StartFailed(text) from error
            except docker.errors.APIError as error:
                if error.status_code != 409:  # else it is there already, by this name
                    _refuse(error)
                container = self._client.containers.get(job.name)
            try:
                container.start()
            except docker.errors.APIError as error:
                _refuse(error)
            return str(container.id)

    def find(self) -> list[Found]:
        """Return the pool's containers."""
        with _weather():
            there = self._client.api.containers(
                all=True, filters={"label": f"{POOL_LABEL}={self._home.pool}"}
            )
        return [
            Found(
                handle=str(each["Id"]),
                run_id=str(each["Labels"][LABEL]),
                epoch=int(each["Labels"][EPOCH_LABEL]),
                agent_id=str(each["Labels"].get(AGENT_LABEL)),
            )
            for each in there
        ]

    def look(self, handle: str) -> Ended | None:
        """Return how the container ended, None while it goes on."""
        with _weather():
            try:
                state: Mapping[str, Any] = self._client.api.inspect_container(handle)["State"]
            except docker.errors.NotFound:
                text = "Somebody took its container away."
                return Ended(exit_code=None, is_evicted=True, detail=text)
        if state.get("Status") not in {"exited", "dead"}:
            return None
        return Ended(
            exit_code=int(state.get("ExitCode", 1)),
            is_oom=bool(state.get("OOMKilled")),
            detail=str(state.get("Error") or ""),
        )

    def stop(self, handle: str, grace_seconds: float) -> None:  # noqa: ARG002  our caller kills
        """Send SIGTERM."""
        self._signal(handle, "SIGTERM")

    def kill(self, handle: str) -> None:
        """Send SIGKILL."""
        self._signal(handle, "SIGKILL")

    def remove(self, handle: str) -> None:
        """Delete the container."""
        with _weather():
            try:
                self._client.api.remove_container(handle, force=True)
            except docker.errors.NotFound:
                return

    def _signal(self, handle: str, name: str) -> None:
        with _weather():
            try:
                self._client.api.kill(handle, signal=name)
            except docker.errors.APIError as error:
                # Gone, or ended meanwhile: the next look tells.
                if error.status_code not in {404, 409}:
                    raise

    def _fetch(self, image: str, pull: str) -> None:
        if pull == "never":
            return
        if pull == "missing":
            try:
                self._client.images.get(image)
            except docker.errors.ImageNotFound:
                pass
            else:
                return
        # Without a tag the library would fetch all there are.
        named = image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"
        self._client.images.pull(named)


def _options(job: Job) -> dict[str, Any]:
    given = job.settings
    options: dict[str, Any] = {
        "command": list(job.command),
        "name": job.name,
        "environment": dict(job.variables),
        "labels": {
            **(given.get("labels") or {}),
            LABEL: job.run_id,
            EPOCH_LABEL: str(job.epoch),
            POOL_LABEL: job.home.pool,
            AGENT_LABEL: job.home.agent_id,
        },
        "network": given.get("network"),
        "volumes": given.get("volumes"),
        "user": given.get("user"),
    }
    if "memory_mb" in given:
        # The same with swap: who may take more than it has is hard to tell from who does not.
        options["mem_limit"] = options["memswap_limit"] = int(given["memory_mb"]) * MB
    if "cpus" in given:
        options["nano_cpus"] = int(float(given["cpus"]) * 1_000_000_000)
    return {name: value for name, value in options.items() if value is not None}


@contextmanager
def _weather() -> Iterator[None]:
    try:
        yield
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise Away(f"Docker does not answer: {error}") from error
    except docker.errors.APIError as error:
        raise Away(f"Docker cannot now: {_words(error)}") from error


def _refuse(error: docker.errors.APIError) -> None:
    if error.is_client_error():
        raise StartFailed(f"Docker refused the container: {_words(error)}") from error
    raise error


def _words(error: docker.errors.APIError) -> str:
    return str(error.explanation or error)
