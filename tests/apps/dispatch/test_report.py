import pytest

from apps.dispatch.models import Lease, LeaseBeat
from apps.runs.enums import RunState
from apps.runs.services import MoveResult
from tests.factories.dispatch import lease, make_deployment, report, start

pytestmark = pytest.mark.django_db


def test_a_run_goes_the_whole_way(in_workspace):
    deployment = make_deployment(in_workspace)
    run = start(deployment)
    (granted,) = lease(deployment)

    started = report(granted, RunState.RUNNING, in_workspace)
    ended = report(granted, RunState.COMPLETED, in_workspace)

    assert (granted.run_id, granted.epoch) == (run.id, 1)
    assert started.run.state == "RUNNING"
    assert ended.result is MoveResult.APPLIED
    assert ended.run.ended_at >= ended.run.started_at
    assert Lease.objects.get().ended_by == "REPORTED"
    assert not LeaseBeat.objects.exists()
