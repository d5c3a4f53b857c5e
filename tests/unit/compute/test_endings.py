import pytest

from apps.compute.backends.port import LiveState, TaskReport
from apps.compute.endings import cause_of_end


def ended(**more):
    return TaskReport(external_id="x", state=LiveState.STOPPED, **more)


@pytest.mark.parametrize(
    ("report", "cause"),
    [
        (ended(exit_code=0), None),
        (ended(exit_code=3, reason="bye"), {"kind": "exit_code", "exit_code": 3, "detail": "bye"}),
        (ended(signal="SIGSEGV"), {"kind": "signal", "signal": "SIGSEGV", "detail": None}),
        (
            ended(signal="SIGKILL", oom=True, reason="It used 2 of 1 MiB."),
            {"kind": "oom", "signal": "SIGKILL", "detail": "It used 2 of 1 MiB."},
        ),
        (
            ended(exit_code=143, evicted=True, reason="Spot."),
            {"kind": "evicted", "detail": "Spot."},
        ),
        (
            ended(never_started=True, reason="CannotPullContainerError"),
            {"kind": "start_failed", "detail": "CannotPullContainerError"},
        ),
        (ended(), {"kind": "agent_lost", "detail": "Nobody knows how its process ended."}),
    ],
)
def test_each_end_of_a_task_that_had_begun_has_its_cause(report, cause):
    assert cause_of_end(report, has_begun=True) == cause


@pytest.mark.parametrize(
    ("report", "cause"),
    [
        (
            ended(exit_code=1, reason="no route"),
            {"kind": "start_failed", "exit_code": 1, "detail": "no route"},
        ),
        (
            ended(signal="SIGKILL"),
            {
                "kind": "start_failed",
                "signal": "SIGKILL",
                "detail": "Its process ended before it had fetched its code.",
            },
        ),
    ],
)
def test_whatever_ends_before_it_has_its_code_failed_to_start(report, cause):
    assert cause_of_end(report, has_begun=False) == cause


def test_the_machine_is_to_blame_before_the_start_too():
    assert cause_of_end(ended(evicted=True), has_begun=False)["kind"] == "evicted"
    assert cause_of_end(ended(oom=True), has_begun=False)["kind"] == "oom"
