"""
The tasks of an agent of a pool of kind ECS, through boto3: what AWS accepts by moto, what it
answers when it cannot by botocore's stubs, and how tasks end by what DescribeTasks would say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import ReadTimeoutError  # type: ignore[import-untyped]
from botocore.stub import Stubber  # type: ignore[import-untyped]
from moto import mock_aws

from headway.agent.runners import Home
from headway.agent.runners._remote import COMMAND, Away, Ended, Job, StartFailed, cause_of
from headway.agent.runners.ecs import APPEARS_SECONDS, EcsBackend, ended_of
from tests_support import Clock

RUN = "01900000-0000-7000-8000-000000000001"
HOME = Home(pool="p1", agent_id="a1", defaults={"cluster": "data"})


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("ecs", region_name="eu-central-1")
        client.create_cluster(clusterName="data")
        client.register_task_definition(
            family="flows",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "main", "image": "acme/flows:1", "memory": 512}],
        )
        yield client


@pytest.fixture
def subnet(ecs: Any) -> str:
    assert ecs.meta.region_name == "eu-central-1"  # of the same simulated AWS
    ec2 = boto3.client("ec2", region_name="eu-central-1")
    found: str = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    return found


@pytest.fixture
def open_backend(ecs: Any, clock: Clock) -> Callable[..., EcsBackend]:
    def open_it(home: Home = HOME, client: Any = None, **options: Any) -> EcsBackend:
        chosen = {"board_seconds": 0, "clock": clock} | options
        return EcsBackend(client or ecs, home=home, **chosen)

    return open_it


@pytest.fixture
def backend(open_backend: Callable[..., EcsBackend]) -> EcsBackend:
    return open_backend()


@pytest.fixture
def job(subnet: str) -> Callable[..., Job]:
    def make(epoch: int = 1, image: str | None = None, **settings: Any) -> Job:
        return Job(
            name=f"headway-{RUN}-{epoch}",
            run_id=RUN,
            epoch=epoch,
            home=HOME,
            grace_seconds=12.0,
            command=COMMAND,
            variables={"HEADWAY_API_KEY": "hw_secret", "COLOUR": "green"},
            settings={"task_definition": "flows", "subnets": [subnet]} | settings,
            image=image,
        )

    return make


def task_of(ecs: Any, handle: str) -> dict[str, Any]:
    cluster, arn = handle.split("|")
    (found,) = ecs.describe_tasks(cluster=cluster, tasks=[arn], include=["TAGS"])["tasks"]
    return dict(found)


def test_the_settings_of_a_job_reach_the_task(
    ecs: Any, backend: EcsBackend, job: Callable[..., Job]
) -> None:
    handle = backend.start(job(memory_mb=1024, cpus=0.5))

    task = task_of(ecs, handle)
    (container,) = task["overrides"]["containerOverrides"]
    assert handle.startswith("data|")
    assert (container["name"], tuple(container["command"])) == ("main", COMMAND)
    assert {each["name"]: each["value"] for each in container["environment"]} == {
        "HEADWAY_API_KEY": "hw_secret",
        "COLOUR": "green",
    }
    assert (task["overrides"]["cpu"], task["overrides"]["memory"]) == ("512", "1024")
    assert (task["startedBy"], task["launchType"]) == ("p1", "FARGATE")
    assert {tag["key"]: tag["value"] for tag in task["tags"]} == {
        "headway:run": RUN,
        "headway:epoch": "1",
        "headway:agent": "a1",
    }


def test_a_key_that_the_definition_has_is_not_in_the_overrides(
    ecs: Any, backend: EcsBackend, job: Callable[..., Job]
) -> None:
    task = task_of(ecs, backend.start(job(api_key_in_definition=True)))

    assert "hw_secret" not in str(task)


def test_another_image_gets_a_definition_of_its_own_once(
    ecs: Any, open_backend: Callable[..., EcsBackend], job: Callable[..., Job]
) -> None:
    handles = [
        open_backend().start(job(epoch=epoch, image="acme/flows:2")) for epoch in range(1, 3)
    ]

    (arn,) = {task_of(ecs, handle)["taskDefinitionArn"] for handle in handles}
    made = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    assert made["containerDefinitions"][0]["image"] == "acme/flows:2"
    assert (made["cpu"], made["networkMode"]) == ("256", "awsvpc")
    assert len(ecs.list_task_definitions()["taskDefinitionArns"]) == 2


def test_tasks_of_the_pool_are_found_again(
    backend: EcsBackend, open_backend: Callable[..., EcsBackend], job: Callable[..., Job]
) -> None:
    handle = backend.start(job(epoch=3))

    (found,) = open_backend().find()

    assert (found.handle, found.run_id, found.epoch, found.agent_id) == (handle, RUN, 3, "a1")
    other = Home(pool="p2", agent_id="a1", defaults={"cluster": "data"})
    assert open_backend(other).find() == []


def test_the_name_of_a_job_keeps_it_from_running_twice(
    open_backend: Callable[..., EcsBackend], job: Callable[..., Job], ecs: Any
) -> None:
    asked: list[dict[str, Any]] = []
    ecs.meta.events.register(
        "provide-client-params.ecs.RunTask", lambda params, **_: asked.append(dict(params))
    )

    for epoch in (1, 1, 2):
        open_backend().start(job(epoch=epoch))

    # ECS answers a token that it knows with the task it has; moto does not.
    assert [each["clientToken"] for each in asked] == [
        f"headway-{RUN}-1",
        f"headway-{RUN}-1",
        f"headway-{RUN}-2",
    ]
    assert all(len(each["clientToken"]) <= 64 for each in asked)


def test_a_task_that_we_stop_stops(ecs: Any, backend: EcsBackend, job: Callable[..., Job]) -> None:
    handle = backend.start(job())
    assert backend.look(handle) is None

    backend.stop(handle, 12.0)

    assert task_of(ecs, handle)["desiredStatus"] == "STOPPED"
    assert isinstance(backend.look(handle), Ended)
    backend.remove(handle)


def test_a_task_that_is_not_known_any_more_was_taken_away(
    backend: EcsBackend, job: Callable[..., Job], clock: Clock
) -> None:
    handle = backend.start(job())
    unknown = handle[:-4] + "0000"

    # What was started this moment may not be known everywhere yet.
    assert backend.look(unknown) is None
    clock.now = APPEARS_SECONDS
    ended = backend.look(unknown)
    assert ended is not None
    assert cause_of(ended)["kind"] == "evicted"


def test_a_hundred_and_fifty_tasks_are_looked_at_with_two_requests(
    ecs: Any, open_backend: Callable[..., EcsBackend], clock: Clock
) -> None:
    asked: list[int] = []
    ecs.meta.events.register(
        "provide-client-params.ecs.DescribeTasks",
        lambda params, **_: asked.append(len(params["tasks"])),
    )
    backend = open_backend(board_seconds=5)
    arn = "arn:aws:ecs:eu-central-1:123456789012:task/data/{:032x}"
    handles = [f"data|{arn.format(number)}" for number in range(150)]
    for handle in handles:
        backend.look(handle)
    asked.clear()

    clock.now = 6.0
    for handle in handles:
        backend.look(handle)

    assert asked == [100, 50]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"task_definition": None}, "job_settings.task_definition"),
        ({"container": "other"}, "no container 'other'"),
        ({"task_definition": "nothing"}, "ECS refused the task"),
    ],
)
def test_what_can_never_run_is_a_failed_start(
    backend: EcsBackend, job: Callable[..., Job], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(StartFailed, match=words):
        backend.start(job(**settings))


def test_more_than_ecs_takes_is_said_before_it_is_asked(
    backend: EcsBackend, job: Callable[..., Job]
) -> None:
    large = job()
    large = Job(
        **{name: getattr(large, name) for name in large.__slots__}
        | {"variables": {"HEADWAY_LEASE": "x" * 9_000}}
    )

    with pytest.raises(StartFailed, match="8192 characters"):
        backend.start(large)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, Away),
        ("ServerException", 500, Away),
        ("UnknownError", 429, Away),
        ("AccessDeniedException", 400, StartFailed),
        ("ClusterNotFoundException", 400, StartFailed),
    ],
)
def test_an_api_that_cannot_now_is_weather_and_a_refusal_is_not(
    ecs: Any,
    backend: EcsBackend,
    job: Callable[..., Job],
    code: str,
    status: int,
    expected: type[Exception],
) -> None:
    asked = job()
    with Stubber(ecs) as stub:
        stub.add_client_error("describe_task_definition", code, http_status_code=status)
        with pytest.raises(expected):
            backend.start(asked)


def test_an_api_that_does_not_answer_is_weather(
    ecs: Any, backend: EcsBackend, job: Callable[..., Job]
) -> None:
    handle = backend.start(job())

    def silent(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="ecs")

    ecs.meta.events.register("before-call.ecs", silent)

    for ask in (backend.look, backend.kill, lambda _: backend.find()):
        with pytest.raises(Away):
            ask(handle)


def test_a_cluster_without_room_is_asked_again(
    ecs: Any, backend: EcsBackend, job: Callable[..., Job]
) -> None:
    asked = job()
    definition = ecs.describe_task_definition(taskDefinition="flows")["taskDefinition"]
    for reason, expected in (("RESOURCE:MEMORY", Away), ("MISSING", StartFailed)):
        with Stubber(ecs) as stub:
            stub.add_response("describe_task_definition", {"taskDefinition": definition})
            stub.add_response("run_task", {"tasks": [], "failures": [{"reason": reason}]})
            with pytest.raises(expected, match=reason):
                backend.start(asked)


def stopped(code: str, why: str = "", **container: Any) -> dict[str, Any]:
    return {
        "lastStatus": "STOPPED",
        "stopCode": code,
        "stoppedReason": why,
        "containers": [{"name": "sidecar", "exitCode": 0}, {"name": "main", **container}],
        "overrides": {"containerOverrides": [{"name": "main"}]},
    }


@pytest.mark.parametrize(
    ("task", "cause"),
    [
        (stopped("EssentialContainerExited", exitCode=3), {"kind": "exit_code", "exit_code": 3}),
        (
            stopped("EssentialContainerExited", exitCode=139),
            {"kind": "signal", "signal": "SIGSEGV"},
        ),
        (
            stopped(
                "EssentialContainerExited",
                exitCode=137,
                reason="OutOfMemoryError: Container killed due to memory usage",
            ),
            {"kind": "oom"},
        ),
        (
            stopped("TaskFailedToStart", "CannotPullContainerError: no such tag"),
            {"kind": "start_failed", "detail": "CannotPullContainerError: no such tag"},
        ),
        (
            stopped("SpotInterruption", "Your Spot Task was interrupted.", exitCode=137),
            {"kind": "evicted"},
        ),
        (
            stopped("UserInitiated", "by somebody", exitCode=143),
            {"kind": "evicted", "detail": "by somebody"},
        ),
    ],
)
def test_the_end_of_a_task_becomes_the_cause(task: dict[str, Any], cause: dict[str, Any]) -> None:
    assert ended_of({"lastStatus": "RUNNING"}, is_stopped_by_us=False) is None

    ended = ended_of(task, is_stopped_by_us=False)

    assert ended is not None
    assert cause.items() <= dict(cause_of(ended)).items()


def test_what_told_its_end_by_itself_has_nothing_to_be_told_of_it() -> None:
    ended = ended_of(stopped("SpotInterruption", exitCode=0), is_stopped_by_us=False)

    assert ended is not None
    assert ended.exit_code == 0
