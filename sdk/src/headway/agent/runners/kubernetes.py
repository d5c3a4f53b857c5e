"""Jobs as jobs of a Kubernetes cluster: that in which the agent is, else that of the kubeconfig."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import kubernetes.client
import kubernetes.config
import urllib3.exceptions

from headway._errors import ConfigError
from headway.agent.runners import Home
from headway.agent.runners._board import Board
from headway.agent.runners._remote import Away, Ended, Found, Job, StartFailed

PREFIX = "headway.dev/"
RUN, EPOCH, POOL, AGENT = (f"{PREFIX}{name}" for name in ("run", "epoch", "pool", "agent"))
CONTAINER = "run"
KEY = "HEADWAY_API_KEY"

LOOK_SECONDS = 2.0
API_SECONDS = (5, 30)  # to connect, to answer
KEPT_SECONDS = 3_600  # of what ended and nobody took away
FETCH_SECONDS = 120.0  # for which an image may fail to come
START_SECONDS = 900.0  # for which a cluster may look for a place, or make one
PAGE = 500

_BUSY = frozenset({0, 408, 409, 429})
_NEVER = frozenset(
    {
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
_FETCHING = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
_EVICTIONS = frozenset(
    {"Evicted", "Preempting", "Shutdown", "NodeShutdown", "NodeLost", "Terminated", "NodeAffinity"}
)


@dataclass(frozen=True, slots=True)
class _Seen:
    job: Any
    pods: tuple[Any, ...]  # the newest last


def open_api() -> kubernetes.client.ApiClient:
    """Return the client of the cluster that the environment names. Raises: ConfigError."""
    settings = kubernetes.client.Configuration()
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ:
            kubernetes.config.load_incluster_config(  # type: ignore[no-untyped-call]
                client_configuration=settings
            )
        else:
            kubernetes.config.load_kube_config(  # type: ignore[no-untyped-call]
                client_configuration=settings
            )
    except kubernetes.config.ConfigException as error:
        raise ConfigError(f"there is no Kubernetes cluster to be found: {error}") from error
    settings.retries = False  # we try again ourselves, and know for how long
    return kubernetes.client.ApiClient(settings)


class KubernetesBackend:
    """Runs each job as a batch/v1 Job with one pod, which is never started again."""

    look_seconds = LOOK_SECONDS

    def __init__(
        self,
        api: kubernetes.client.ApiClient,
        *,
        home: Home,
        board_seconds: float = LOOK_SECONDS / 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home = home
        self._jobs = kubernetes.client.BatchV1Api(api)
        self._pods = kubernetes.client.CoreV1Api(api)
        self._board = Board(self._read, seconds=board_seconds, clock=clock)
        self._clock = clock
        self._unstarted: dict[str, float] = {}  # handle → since when we wait for it to begin

    def start(self, job: Job) -> str:
        """Make the job, or take up the one that a lost answer has left."""
        if job.image is None:
            raise StartFailed("Nothing says in which image it runs: job_settings.image.")
        namespace = self._namespace(job.settings)
        with _weather():
            try:
                self._jobs.create_namespaced_job(
                    namespace, cast("Any", manifest_of(job)), _request_timeout=API_SECONDS
                )
            except kubernetes.client.ApiException as error:
                # 409: it is there already, by this name, which is that of no other attempt.
                if error.status != 409:
                    _refuse(error)
        return f"{namespace}/{job.name}"

    def find(self) -> list[Found]:
        """Return the pool's jobs, in the namespace that the pool's own settings name."""
        namespace = self._namespace({})
        with _weather():
            there = self._list(self._jobs.list_namespaced_job, namespace)
        return [
            Found(
                handle=f"{namespace}/{each.metadata.name}",
                run_id=each.metadata.labels[RUN],
                epoch=int(each.metadata.labels[EPOCH]),
                agent_id=each.metadata.labels.get(AGENT, ""),
            )
            for each in there
            if each.metadata.deletion_timestamp is None
        ]

    def look(self, handle: str) -> Ended | None:
        """Return how the job ended, None while it goes on."""
        since = self._unstarted.setdefault(handle, self._clock())
        seen = self._board.look(handle)
        if seen is None:
            return Ended(exit_code=None, is_evicted=True, detail="Somebody deleted its job.")
        return ended_of(seen.job, seen.pods, waited=self._clock() - since)

    def stop(self, handle: str, grace_seconds: float) -> None:  # noqa: ARG002  its pod has it
        """Delete the job; its pod gets SIGTERM, and SIGKILL after the grace it was made with."""
        self._delete(handle, "Foreground")

    def kill(self, handle: str) -> None:
        """Delete the job's pod without any grace, and the job."""
        namespace, name = handle.split("/", 1)
        with _weather(), _gone_is_fine():
            self._pods.delete_collection_namespaced_pod(
                namespace,
                label_selector=f"job-name={name}",
                grace_period_seconds=0,
                _request_timeout=API_SECONDS,
            )
        self._delete(handle, "Background")

    def remove(self, handle: str) -> None:
        """Delete the job and its pod."""
        self._board.forget(handle)
        self._unstarted.pop(handle, None)
        self._delete(handle, "Background")

    def _delete(self, handle: str, propagation: str) -> None:
        namespace, name = handle.split("/", 1)
        with _weather(), _gone_is_fine():
            self._jobs.delete_namespaced_job(
                name, namespace, propagation_policy=propagation, _request_timeout=API_SECONDS
            )

    def _namespace(self, settings: Mapping[str, Any]) -> str:
        return str(settings.get("namespace") or self._home.defaults.get("namespace") or "default")

    def _read(self, handles: Collection[str]) -> dict[str, _Seen]:
        seen = {}
        for namespace in sorted({handle.split("/", 1)[0] for handle in handles}):
            with _weather():
                # Pods first: a job that is there has its pods among them, if it had any then.
                pods: dict[str, list[Any]] = {}
                for pod in self._list(self._pods.list_namespaced_pod, namespace):
                    pods.setdefault(pod.metadata.labels.get("job-name", ""), []).append(pod)
                for job in self._list(self._jobs.list_namespaced_job, namespace):
                    name = job.metadata.name
                    own = sorted(pods.get(name, ()), key=lambda pod: str(pod.metadata.name))
                    seen[f"{namespace}/{name}"] = _Seen(job, tuple(own))
        return seen

    def _list(self, ask: Callable[..., Any], namespace: str) -> Iterator[Any]:
        further = None
        while True:
            page = ask(
                namespace,
                label_selector=f"{POOL}={self._home.pool}",
                limit=PAGE,
                _continue=further,
                _request_timeout=API_SECONDS,
            )
            yield from page.items
            further = page.metadata._continue  # its name in the client
            if not further:
                return


def ended_of(job: Any, pods: Collection[Any], *, waited: float) -> Ended | None:
    """Return how a job ended by what the cluster says of it and its pods; None: it goes on."""
    for pod in pods:
        ended = _end_of_pod(pod) or _end_of_waiting(pod, waited)
        if ended is not None:
            return ended
    conditions = (job.status.conditions or []) if job.status else []
    for condition in conditions:
        if condition.status == "True" and condition.type in {"Failed", "FailureTarget"}:
            text = f"{condition.reason or 'Failed'}: {condition.message or ''}".strip(": ")
            # Its pod began and is not there any more: somebody took it away.
            has_begun = bool(job.status.failed or job.status.ready)
            return Ended(exit_code=None, is_evicted=has_begun, detail=text)
        if condition.status == "True" and condition.type == "Complete" and not pods:
            return Ended(exit_code=0)
    if not pods and waited >= START_SECONDS:
        return Ended(exit_code=None, detail="The cluster made no pod for it.")
    return None


def _end_of_pod(pod: Any) -> Ended | None:
    status = pod.status
    reason = status.reason or ""
    state = next((each.state for each in status.container_statuses or () if each.state), None)
    terminated = state.terminated if state else None
    if status.phase not in {"Failed", "Succeeded"} and terminated is None:
        return None
    disrupted = next(
        (
            each
            for each in status.conditions or ()
            if each.type == "DisruptionTarget" and each.status == "True"
        ),
        None,
    )
    if reason in _EVICTIONS or disrupted is not None:
        told = [(reason, status.message)]
        if disrupted is not None:
            told.append((disrupted.reason, disrupted.message))
        words = next(filter(any, told), ())
        return Ended(exit_code=None, is_evicted=True, detail=": ".join(filter(None, words)))
    if terminated is None:
        detail = ": ".join(filter(None, (reason, status.message)))
        return Ended(exit_code=None, detail=detail or "Its pod failed.")
    if terminated.reason in {"ContainerCannotRun", "StartError"}:
        return Ended(exit_code=None, detail=f"{terminated.reason}: {terminated.message or ''}")
    return Ended(
        exit_code=terminated.exit_code,
        is_oom=terminated.reason == "OOMKilled",
        detail=terminated.message or "",
    )


def _end_of_waiting(pod: Any, waited: float) -> Ended | None:
    """Say why a pod will never begin, once that is certain, or has been tried for long enough."""
    for each in pod.status.container_statuses or ():
        waiting = each.state.waiting if each.state else None
        if waiting is None:
            continue
        text = ": ".join(filter(None, (waiting.reason, waiting.message)))
        if waiting.reason in _NEVER:
            return Ended(exit_code=None, detail=text)
        if waiting.reason in _FETCHING and waited >= FETCH_SECONDS:
            return Ended(exit_code=None, detail=text)
    if pod.status.phase == "Pending" and waited >= START_SECONDS:
        unplaced = next((c for c in pod.status.conditions or () if c.status == "False"), None)
        words = (unplaced.reason, unplaced.message) if unplaced else ()
        return Ended(exit_code=None, detail=": ".join(filter(None, words)) or "It never began.")
    return None


def manifest_of(job: Job) -> dict[str, Any]:
    """Return the job as Kubernetes takes it."""
    given = job.settings
    labels = {
        **{str(name): str(value) for name, value in (given.get("labels") or {}).items()},
        RUN: job.run_id,
        EPOCH: str(job.epoch),
        POOL: job.home.pool,
        AGENT: job.home.agent_id,
    }
    amounts = {}
    if "memory_mb" in given:
        amounts["memory"] = f"{int(given['memory_mb'])}Mi"
    if "cpus" in given:
        amounts["cpu"] = f"{round(float(given['cpus']) * 1000)}m"
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": job.image,
        "command": list(job.command),
        "env": _variables_of(job),
    }
    if amounts:
        container["resources"] = {"requests": amounts, "limits": amounts}
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": max(1, round(job.grace_seconds)),
        "containers": [container],
    }
    if "service_account" in given:
        pod["serviceAccountName"] = given["service_account"]
    if "node_selector" in given:
        pod["nodeSelector"] = given["node_selector"]
    if "image_pull_secrets" in given:
        pod["imagePullSecrets"] = [{"name": name} for name in given["image_pull_secrets"]]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.name, "labels": labels},
        "spec": {
            # One pod, once: the server decides what is tried again, with a new epoch.
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "ttlSecondsAfterFinished": int(given.get("ttl_seconds", KEPT_SECONDS)),
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _variables_of(job: Job) -> list[dict[str, Any]]:
    secret = job.settings.get("api_key_secret")
    variables: list[dict[str, Any]] = [
        {"name": name, "value": value}
        for name, value in job.variables.items()
        if not (secret and name == KEY)
    ]
    if secret:
        # SECURITY: whoever may read jobs does not see the key then.
        reference = {"name": secret, "key": KEY}
        variables.append({"name": KEY, "valueFrom": {"secretKeyRef": reference}})
    return variables


@contextmanager
def _weather() -> Iterator[None]:
    try:
        yield
    except urllib3.exceptions.HTTPError as error:
        raise Away(f"Kubernetes does not answer: {error}") from error
    except kubernetes.client.ApiException as error:
        raise Away(f"Kubernetes cannot now: {_words(error)}") from error


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except kubernetes.client.ApiException as error:
        if error.status != 404:
            raise


def _refuse(error: kubernetes.client.ApiException) -> None:
    status = error.status or 0
    if status not in _BUSY and 400 <= status < 500:
        raise StartFailed(f"Kubernetes refused the job: {_words(error)}") from error
    raise error


def _words(error: kubernetes.client.ApiException) -> str:
    try:
        told = json.loads(error.body or "")
    except ValueError:
        told = None
    message = told.get("message") if isinstance(told, dict) else None
    return str(message or f"{error.status} {error.reason}")
