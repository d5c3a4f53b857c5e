"""
The jobs of an agent of a pool of kind KUBERNETES, through the real client, against the API that
`fake_kubernetes` speaks over HTTP; one run is executed in a pod which is a process here.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes.config
import pytest

from fake_kubernetes import FakeKubernetes, container
from headway.agent.runners import Home
from headway.agent.runners._remote import COMMAND, Away, Ended, Job, StartFailed, cause_of
from headway.agent.runners.kubernetes import (
    FETCH_SECONDS,
    START_SECONDS,
    KubernetesBackend,
    open_api,
)
from tests_support import Clock, ContractServer

RUN = "01900000-0000-7000-8000-000000000001"
HOME = Home(pool="p1", agent_id="a1")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeKubernetes]:
    fake = FakeKubernetes(tmp_path)
    yield fake
    fake.close()


@pytest.fixture
def open_backend(
    cluster: FakeKubernetes, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., KubernetesBackend]:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(
        kubernetes.config.kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(cluster.kubeconfig())
    )

    def open_it(home: Home = HOME, **options: Any) -> KubernetesBackend:
        return KubernetesBackend(
            open_api(), home=home, clock=clock, **{"board_seconds": 0} | options
        )

    return open_it


@pytest.fixture
def backend(open_backend: Callable[..., KubernetesBackend]) -> KubernetesBackend:
    return open_backend()


def job(epoch: int = 1, run_id: str = RUN, home: Home = HOME, **settings: Any) -> Job:
    return Job(
        name=f"headway-{run_id}-{epoch}",
        run_id=run_id,
        epoch=epoch,
        home=home,
        grace_seconds=12.0,
        command=COMMAND,
        variables={"HEADWAY_API_KEY": "hw_secret", "COLOUR": "green"},
        settings=settings,
        image="acme/flows:1",
    )


def test_the_settings_of_a_job_reach_the_cluster(
    cluster: FakeKubernetes, backend: KubernetesBackend
) -> None:
    handle = backend.start(
        job(
            namespace="data",
            memory_mb=512,
            cpus=0.5,
            service_account="flows",
            node_selector={"disk": "ssd"},
            labels={"team": "data"},
            image_pull_secrets=["registry"],
            api_key_secret="headway",
            ttl_seconds=60,
        )
    )

    made = cluster.only_job()
    pod = made.body["spec"]["template"]["spec"]
    assert (handle, made.namespace) == (f"data/headway-{RUN}-1", "data")
    assert made.body["metadata"]["labels"] == {
        "team": "data",
        "headway.dev/run": RUN,
        "headway.dev/epoch": "1",
        "headway.dev/pool": "p1",
        "headway.dev/agent": "a1",
    }
    assert (made.body["spec"]["backoffLimit"], made.body["spec"]["ttlSecondsAfterFinished"]) == (
        0,
        60,
    )
    assert (pod["restartPolicy"], pod["serviceAccountName"]) == ("Never", "flows")
    assert (pod["nodeSelector"], pod["imagePullSecrets"]) == (
        {"disk": "ssd"},
        [{"name": "registry"}],
    )
    assert pod["terminationGracePeriodSeconds"] == 12
    amounts = {"memory": "512Mi", "cpu": "500m"}
    assert made.container["resources"] == {"requests": amounts, "limits": amounts}
    assert made.container["env"] == [
        {"name": "COLOUR", "value": "green"},
        {
            "name": "HEADWAY_API_KEY",
            "valueFrom": {"secretKeyRef": {"name": "headway", "key": "HEADWAY_API_KEY"}},
        },
    ]
    assert "hw_secret" not in str(made.body)


def test_a_job_is_never_made_twice(cluster: FakeKubernetes, backend: KubernetesBackend) -> None:
    first = backend.start(job())

    assert backend.start(job()) == first
    assert backend.start(job(epoch=2)) != first
    assert len(cluster.jobs) == 2


TERMINATED = {"phase": "Failed", "containerStatuses": [container(terminated={"exitCode": 3})]}
OOM = {
    "phase": "Failed",
    "containerStatuses": [container(terminated={"exitCode": 137, "reason": "OOMKilled"})],
}
EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
DISRUPTED = {
    "phase": "Failed",
    "conditions": [
        {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": "for one that is more urgent",
        }
    ],
    "containerStatuses": [container(terminated={"exitCode": 143, "reason": "Error"})],
}
BAD_NAME = {
    "phase": "Pending",
    "containerStatuses": [
        container(waiting={"reason": "InvalidImageName", "message": "couldn't parse"})
    ],
}
UNSTARTABLE = {
    "phase": "Failed",
    "containerStatuses": [
        container(terminated={"exitCode": 128, "reason": "StartError", "message": "no python"})
    ],
}


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (TERMINATED, {"kind": "exit_code", "exit_code": 3}),
        (OOM, {"kind": "oom", "signal": "SIGKILL"}),
        (EVICTED, {"kind": "evicted", "detail": "Evicted: The node was low on memory."}),
        (
            DISRUPTED,
            {"kind": "evicted", "detail": "PreemptionByScheduler: for one that is more urgent"},
        ),
        (BAD_NAME, {"kind": "start_failed", "detail": "InvalidImageName: couldn't parse"}),
        (UNSTARTABLE, {"kind": "start_failed", "detail": "StartError: no python"}),
    ],
)
def test_the_end_of_a_pod_becomes_the_cause(
    cluster: FakeKubernetes,
    backend: KubernetesBackend,
    status: dict[str, Any],
    cause: dict[str, Any],
) -> None:
    handle = backend.start(job())
    assert backend.look(handle) is None

    cluster.only_job().pod.told = status

    ended = backend.look(handle)
    assert ended is not None
    assert cause.items() <= dict(cause_of(ended)).items()


def test_an_image_may_fail_to_come_for_a_while(
    cluster: FakeKubernetes, backend: KubernetesBackend, clock: Clock
) -> None:
    handle = backend.start(job())
    waiting = {"reason": "ImagePullBackOff", "message": "no such tag"}
    cluster.only_job().pod.told = {
        "phase": "Pending",
        "containerStatuses": [container(waiting=waiting)],
    }

    assert backend.look(handle) is None
    clock.now = FETCH_SECONDS
    assert backend.look(handle) == Ended(exit_code=None, detail="ImagePullBackOff: no such tag")


def test_a_cluster_may_look_for_a_place_for_a_while(
    cluster: FakeKubernetes, backend: KubernetesBackend, clock: Clock
) -> None:
    handle = backend.start(job())
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available",
    }
    cluster.only_job().pod.told = {"phase": "Pending", "conditions": [condition]}

    assert backend.look(handle) is None
    clock.now = START_SECONDS
    ended = backend.look(handle)
    assert ended == Ended(exit_code=None, detail="Unschedulable: 0/3 nodes are available")


def test_a_job_that_somebody_deleted_was_evicted(
    cluster: FakeKubernetes, backend: KubernetesBackend
) -> None:
    handle = backend.start(job())
    assert backend.look(handle) is None

    cluster.jobs.clear()

    ended = backend.look(handle)
    assert ended is not None
    assert cause_of(ended) == {"kind": "evicted", "detail": "Somebody deleted its job."}


@pytest.mark.parametrize("fault", [429, 500, 503, 0])
def test_an_api_that_cannot_now_is_weather(
    cluster: FakeKubernetes, backend: KubernetesBackend, fault: int
) -> None:
    cluster.faults = [fault]
    with pytest.raises(Away):
        backend.start(job())
    handle = backend.start(job())

    for ask in (backend.look, backend.kill, backend.remove):
        cluster.faults = [fault]
        with pytest.raises(Away):
            ask(handle)
    assert backend.look(handle) is None
    assert len(cluster.jobs) == 1


@pytest.mark.parametrize("namespace", ["missing", "forbidden"])
def test_what_the_cluster_refuses_is_a_failed_start(
    cluster: FakeKubernetes, backend: KubernetesBackend, namespace: str
) -> None:
    with pytest.raises(StartFailed, match="Kubernetes refused the job"):
        backend.start(job(namespace=namespace))
    assert not cluster.jobs


def test_stopping_leaves_a_grace_and_killing_none(
    cluster: FakeKubernetes, backend: KubernetesBackend
) -> None:
    handle = backend.start(job())

    backend.stop(handle, 12.0)
    backend.stop(handle, 12.0)  # it is gone; that is fine
    handle = backend.start(job(epoch=2))
    backend.kill(handle)

    stopped, pods, killed = cluster.deleted
    assert (stopped[0], stopped[2]["propagationPolicy"]) == ("jobs", "Foreground")
    assert (pods[0], pods[2]["gracePeriodSeconds"]) == ("pods", "0")
    assert (killed[0], killed[2]["propagationPolicy"]) == ("jobs", "Background")


def test_many_jobs_are_looked_at_with_two_requests(
    cluster: FakeKubernetes, open_backend: Callable[..., KubernetesBackend]
) -> None:
    backend = open_backend(board_seconds=10)
    cluster.page = 3
    handles = [backend.start(job(epoch=n)) for n in range(1, 8)]
    for handle in handles:
        assert backend.look(handle) is None
    cluster.requests.clear()

    for handle in handles:
        assert backend.look(handle) is None

    assert cluster.requests == []


def test_jobs_of_other_pools_are_not_found(
    open_backend: Callable[..., KubernetesBackend],
) -> None:
    home = Home(pool="p1", agent_id="a2", defaults={"namespace": "data"})
    ours, theirs = open_backend(home), open_backend(Home(pool="p2", defaults={"namespace": "data"}))
    handle = ours.start(job(home=home))

    assert theirs.find() == []
    (found,) = ours.find()
    assert (found.handle, found.run_id, found.epoch, found.agent_id) == (handle, RUN, 1, "a2")


AGENT = """
import sys
from headway._config import get_config
from headway.agent import Agent
options = {"heartbeat_seconds": 0.1, "grace_seconds": 30.0, "adopt_seconds": 0.1}
sys.exit(Agent(get_config(), **options).run())
"""

FLOWS = """
import time
from pathlib import Path
from headway import flow

@flow
def waits(folder: str):
    Path(folder, "started").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.02)
"""


def test_a_run_goes_on_when_its_agent_dies_and_the_next_sees_it_through(
    server: ContractServer,
    python: Callable[..., subprocess.Popen[str]],
    script: Callable[..., Path],
    tmp_path: Path,
) -> None:
    cluster = FakeKubernetes(tmp_path, executes=True)
    server.pools = [{"id": "p1", "name": "default", "kind": "KUBERNETES", "job_defaults": {}}]
    environment = {**server.env, "KUBECONFIG": str(cluster.kubeconfig())}
    try:
        script(FLOWS, "flows.py")
        first = python("-c", AGENT, env=environment)
        run_id = server.queue_run(
            {
                "path": str(tmp_path),
                "entrypoint": "flows.py:waits",
                "job_settings": {"image": "acme/flows:1"},
            },
            parameters={"folder": str(tmp_path)},
        )
        with cluster.changed:
            assert cluster.changed.wait_for((tmp_path / "started").exists, 60)
        first.kill()
        first.wait()
        second = python("-c", AGENT, env=environment)
        second_is_watching = f"run {run_id} | goes on; its agent is gone"
        assert any(second_is_watching in line for line in iter(second.stdout.readline, ""))

        (tmp_path / "go").touch()

        server.wait_for(lambda: server.runs[run_id]["state"] == "COMPLETED")
        with cluster.changed:
            assert cluster.changed.wait_for(lambda: cluster.deleted, 60)
        assert server.runs[run_id]["states"] == ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]
        made = [path for method, path in cluster.requests if method == "POST"]
        assert len(made) == 1
    finally:
        cluster.close()
