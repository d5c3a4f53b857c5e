"""Tasks on Fargate: what AWS accepts by moto, how tasks end by FakeEcs."""

import boto3
import pytest
from moto import mock_aws
from moto.moto_api import state_manager

from apps.compute.backends.fargate import FargateBackend, FargateSettings
from apps.compute.backends.port import (
    BackendUnavailable,
    CapacityUnavailable,
    LaunchRefused,
    LaunchUncertain,
    LiveState,
)
from tests.apps.compute.backends.contract import BackendContract, spec
from tests.fakes.ecs import ACCOUNT, FakeEcs

REGION = "eu-central-1"


def settings(**more):
    return FargateSettings(
        **{
            "cluster": "headway",
            "subnets": ("subnet-1",),
            "security_groups": ("sg-1",),
            "execution_role": "arn:aws:iam::123456789012:role/execution",
            "task_role": "arn:aws:iam::123456789012:role/task",
            "image": "headway/task:1",
            "region": REGION,
            "log_group": "/headway/tasks",
        }
        | more
    )


@pytest.fixture
def ecs():
    return FakeEcs()


class TestContractOnFake(BackendContract):
    """The contract of all backends, on the fake."""

    @pytest.fixture
    def backend(self, ecs):
        self.ecs = ecs
        return FargateBackend(settings(), client=ecs)

    def let_run(self, external_id):
        self.ecs.begin(external_id)

    def let_stop(self, external_id):
        self.ecs.end(external_id, 143)

    def unknown_id(self):
        return f"{ACCOUNT}:task/headway/{'f' * 32}"


class TestContractOnMoto(BackendContract):
    """The same on moto, which parses and answers as AWS does but knows only the happy way."""

    repeats_by_token = False
    may_stop_unknown = False

    @pytest.fixture
    def backend(self, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        with mock_aws():
            # Each look would move a task on otherwise, until it stops by itself.
            state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10**6})
            ec2 = boto3.client("ec2", region_name=REGION)
            vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            # moto cannot place a task in a network without them.
            ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
            subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
            group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
            self.ecs = boto3.client("ecs", region_name=REGION)
            self.ecs.create_cluster(clusterName="headway", capacityProviders=["FARGATE"])
            yield FargateBackend(settings(subnets=(subnet,), security_groups=(group,)))
            state_manager.unset_transition("ecs::task")

    def unknown_id(self):
        return f"{ACCOUNT}:task/headway/{'f' * 32}"

    def test_a_definition_is_made_once_for_a_size_and_again_for_other_settings(self, backend):
        for _ in range(2):
            backend.launch(spec())
        FargateBackend(backend._settings).launch(spec())
        assert self.families() == ["headway-256-512:1"]

        FargateBackend(settings_like(backend, image="headway/task:2")).launch(spec())
        assert self.families() == ["headway-256-512:1", "headway-256-512:2"]

    def test_a_task_carries_its_size_tags_and_environment(self, backend):
        task = spec(["run", "this"])

        arn = backend.launch(task)

        (found,) = self.ecs.describe_tasks(cluster="headway", tasks=[arn], include=["TAGS"])[
            "tasks"
        ]
        assert {tag["key"]: tag["value"] for tag in found["tags"]}["headway:run"] == str(
            task.run_id
        )
        override = found["overrides"]["containerOverrides"][0]
        assert override["command"] == ["run", "this"]
        assert override["environment"] == [{"name": "HEADWAY_API_KEY", "value": "hw_secret"}]

    def families(self):
        arns = self.ecs.list_task_definitions()["taskDefinitionArns"]
        return [arn.rpartition("/")[2] for arn in arns]


def settings_like(backend, **more):
    own = backend._settings
    return settings(subnets=own.subnets, security_groups=own.security_groups, **more)


@pytest.fixture
def backend(ecs):
    return FargateBackend(settings(), client=ecs)


def described(backend, arn):
    (report,) = backend.describe([arn])
    return report


@pytest.mark.parametrize("weather", ["capacity", "cpu", "throttled", "quota"])
def test_a_want_of_capacity_starts_nothing_and_may_be_tried_again(backend, ecs, weather):
    ecs.next_answers = [weather]
    task = spec()

    with pytest.raises(CapacityUnavailable) as refused:
        backend.launch(task)

    assert refused.value.retry_after.total_seconds() > 0
    assert ecs.tasks == {}
    assert backend.launch(task) in ecs.tasks


@pytest.mark.parametrize("weather", ["forbidden", "inactive"])
def test_what_never_will_work_is_refused(backend, ecs, weather):
    ecs.next_answers = [weather]

    with pytest.raises(LaunchRefused):
        backend.launch(spec())


def test_a_lost_answer_is_uncertain_and_its_repetition_finds_the_same_task(backend, ecs):
    ecs.next_answers = ["answer lost"]
    task = spec()
    with pytest.raises(LaunchUncertain):
        backend.launch(task)

    arn = backend.launch(task)

    assert list(ecs.tasks) == [arn]


def test_the_servers_own_trouble_is_uncertain(backend, ecs):
    ecs.next_answers = ["broken"]

    with pytest.raises(LaunchUncertain):
        backend.launch(spec())


def test_a_token_in_use_with_other_content_names_the_task_that_has_it(backend, ecs):
    task = spec()
    arn = backend.launch(task)

    again = backend.launch(spec(run_id=task.run_id, HEADWAY_API_KEY="hw_other"))

    assert again == arn
    assert len(ecs.tasks) == 1


def test_early_states_are_starting(backend, ecs):
    arn = backend.launch(spec())
    for status in ("PROVISIONING", "PENDING", "ACTIVATING"):
        ecs.tasks[arn]["lastStatus"] = status
        assert described(backend, arn).state is LiveState.STARTING


def test_an_exit_code_is_kept(backend, ecs):
    arn = backend.launch(spec())
    ecs.begin(arn)
    ecs.end(arn, 3)

    report = described(backend, arn)

    assert (report.exit_code, report.signal, report.oom, report.evicted) == (3, None, False, False)
    assert report.started_at
    assert report.stopped_at
    assert not report.never_started


def test_a_signal_is_read_from_the_exit_code(backend, ecs):
    arn = backend.launch(spec())
    ecs.begin(arn)
    ecs.end(arn, 139)

    assert described(backend, arn).signal == "SIGSEGV"


def test_out_of_memory_is_told_from_a_kill(backend, ecs):
    arn, other = backend.launch(spec()), backend.launch(spec())
    for each in (arn, other):
        ecs.begin(each)
    ecs.run_out_of_memory(arn)
    ecs.end(other, 137)

    assert described(backend, arn).oom
    assert not described(backend, other).oom
    assert described(backend, other).signal == "SIGKILL"


def test_a_spot_interruption_is_an_eviction(backend, ecs):
    arn = backend.launch(spec())
    ecs.begin(arn)
    ecs.evict(arn)

    assert described(backend, arn).evicted


def test_an_image_that_cannot_be_pulled_never_started(backend, ecs):
    arn = backend.launch(spec())
    ecs.cannot_pull(arn)

    report = described(backend, arn)

    assert report.never_started
    assert "CannotPullContainerError" in report.reason


def test_a_forgotten_task_is_missing(backend, ecs):
    arn = backend.launch(spec())
    ecs.forget(arn)

    assert described(backend, arn).state is LiveState.MISSING


def test_hundreds_are_described_by_the_hundred_and_in_order(backend, ecs):
    arns = [backend.launch(spec()) for _ in range(250)]

    reports = backend.describe(arns)

    assert [report.external_id for report in reports] == arns
    assert [name for name, _ in ecs.requests].count("DescribeTasks") == 3


def test_tasks_of_others_on_the_cluster_are_not_ours(backend, ecs):
    backend.launch(spec())
    FargateBackend(settings(family="rival"), client=ecs).launch(spec())

    assert len(backend.list_live()) == 1


def test_a_spot_provider_replaces_the_launch_type(ecs):
    FargateBackend(settings(capacity_provider="FARGATE_SPOT"), client=ecs).launch(spec())

    request = next(request for name, request in ecs.requests if name == "RunTask")
    assert request["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT"}]
    assert "launchType" not in request


def test_a_server_that_cannot_be_asked_says_so(backend, ecs, monkeypatch):
    def refuse(**_):
        raise ecs._error("ServerException", "Service Unavailable", "DescribeTasks", 500)

    monkeypatch.setattr(ecs, "describe_tasks", refuse)

    with pytest.raises(BackendUnavailable):
        backend.describe([f"{ACCOUNT}:task/headway/1"])
