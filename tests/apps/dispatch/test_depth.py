"""How deep queues were: measured for all workspaces at once, and told per queue."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.dispatch import depth, services
from apps.dispatch.enums import LimitKind
from apps.runs import selectors as runs
from apps.runs.enums import RunState
from apps.telemetry import selectors as telemetry
from apps.telemetry import services as telemetry_services
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import lease, make_deployment, report, start
from tests.isolation import as_worker
from tests.stores import each_store, forget_series, other_stores

__all__ = ["each_store", "forget_series", "other_stores"]

pytestmark = pytest.mark.django_db

SAMPLE = depth.SAMPLE_TIME
SECOND = timedelta(seconds=1)


@pytest.fixture
def begin():
    """A moment at which queues are measured, ten minutes ago."""
    return depth.slot_of(utc_now() - timedelta(minutes=10))


def sample(at):
    with as_worker():
        return services.sample_queues(now=at)


def shown(client, deployment, **query):
    path = f"pools/{deployment.pool_id}/depth"
    answer = client.get(
        path + "?" + "&".join(f"{k}={v:%Y-%m-%dT%H:%M:%SZ}" for k, v in query.items())
    )
    assert answer.status_code == 200, answer.json()
    return answer.json()


def depths(answer, queue="default"):
    (found,) = [each for each in answer["queues"] if each["name"] == queue]
    return [
        (point["waiting"], point["parked"], point["running"], point["oldest_seconds"])
        for point in found["points"]
    ]


def test_a_queue_says_what_waited_what_was_kept_back_and_what_ran(api, alice, workspace, begin):
    with workspace_scope(workspace.id):
        free = make_deployment(workspace, name="free")
        limited = make_deployment(workspace, name="limited")
        services.set_limit(
            workspace_id=workspace.id,
            kind=LimitKind.DEPLOYMENT,
            key=str(limited.id),
            much=1,
            now=begin,
        )
        for _ in range(3):
            start(limited, now=begin - 60 * SECOND)
        assert len(lease(limited, now=begin - 50 * SECOND)) == 1
        for ago in (40, 30):
            start(free, now=begin - ago * SECOND, priority=ago)
        start(free, now=begin, scheduled_for=begin + timedelta(hours=1))

    assert sample(begin) == 1

    answer = shown(api(alice), free, since=begin, until=begin + SAMPLE)
    assert answer["step_seconds"] == 15
    assert depths(answer) == [(2, 2, 1, 40)]


def test_a_queue_that_became_empty_is_told_once_more_and_then_is_nothing(
    api, alice, workspace, begin
):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        start(deployment, now=begin - SECOND)
    assert sample(begin) == 1
    with workspace_scope(workspace.id):
        (granted,) = lease(deployment, now=begin + SECOND)
        for state in (RunState.RUNNING, RunState.COMPLETED):
            report(granted, state, workspace, now=begin + 2 * SECOND)

    assert sample(begin + SAMPLE) == 1
    assert sample(begin + 2 * SAMPLE) == 0

    answer = shown(api(alice), deployment, since=begin, until=begin + 3 * SAMPLE)
    assert depths(answer) == [(1, 0, 0, 1), (0, 0, 0, 0), (0, 0, 0, 0)]


def test_replicas_measure_each_moment_once(workspace, begin):
    with workspace_scope(workspace.id):
        start(make_deployment(workspace), now=begin)

    assert sample(begin) == 1
    assert sample(begin + 14 * SECOND) is None
    assert sample(begin - SAMPLE) is None
    assert sample(begin + SAMPLE) == 1


def test_the_same_number_of_statements_measures_one_workspace_or_two(
    workspace, rival_workspace, begin
):
    def statements(at):
        with CaptureQueriesContext(
            connection,
        ) as made:
            sample(at)
        return len(made)

    with workspace_scope(workspace.id):
        start(make_deployment(workspace), now=begin)
    with workspace_scope(rival_workspace.id):
        theirs = make_deployment(rival_workspace)
    sample(begin)
    alone = statements(begin + SAMPLE)
    with workspace_scope(rival_workspace.id):
        start(theirs, now=begin)
    sample(begin + 2 * SAMPLE)

    assert statements(begin + 3 * SAMPLE) == alone


def test_a_workspace_sees_its_own_queues_as_metrics(workspace, rival_workspace, begin):
    for place, count in ((workspace, 2), (rival_workspace, 3)):
        with workspace_scope(place.id):
            deployment = make_deployment(place)
            for _ in range(count):
                start(deployment, now=begin)
    sample(begin)
    with as_worker():
        while telemetry_services.merge_pending_batches():
            pass

    with workspace_scope(workspace.id):
        metrics = {
            metric["name"]: metric for metric in telemetry.list_metrics(workspace_id=workspace.id)
        }
    assert set(metrics) == set(depth.METRICS)
    labels = metrics[depth.WAITING]["labels"]
    assert (labels["pool"], labels["queue"]) == (["default"], ["default"])
    assert metrics[depth.WAITING]["last_at"] == begin


def test_a_long_range_is_told_in_at_most_three_hundred_steps(api, alice, workspace, begin):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        start(deployment, now=begin)
    sample(begin)
    with as_worker():
        while telemetry_services.merge_pending_batches():
            pass

    answer = shown(api(alice), deployment, since=begin - timedelta(days=7), until=utc_now())

    told = depths(answer)
    assert answer["step_seconds"] == 3600
    assert 168 <= len(told) <= 170  # by how the hours begin
    assert sum(point[0] for point in told) == 1


def test_a_queue_without_anything_has_no_points(api, alice, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)

    answer = shown(api(alice), deployment)

    assert [(queue["name"], queue["points"]) for queue in answer["queues"]] == [("default", [])]


def test_a_range_that_ends_before_it_begins_is_refused(api, alice, workspace, begin):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)

    path = f"pools/{deployment.pool_id}/depth?since=2026-02-02T00:00:00Z&until=2026-02-01T00:00:00Z"
    answer = api(alice).get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_counting_ends_at_the_most_that_is_asked_for(workspace, begin):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        made = [start(deployment, now=begin, priority=n % 3) for n in range(7)]
        queue = made[0].queue_id
        lines = {
            most: runs.measure_queues(now=begin, most=most, queue_ids=[queue])[queue].waiting
            for most in (3, 6, 10)
        }

    assert lines == {3: 3, 6: 6, 10: 7}


def test_the_last_step_is_left_out_while_its_sample_may_still_come(begin):
    start_ms = int(begin.timestamp() * 1000)
    points = {depth.WAITING: [(start_ms, 4.0), (start_ms + 15_000, None)]}

    def told(now):
        return [point.waiting for point in depth.points_of(points, now=now)]

    assert told(begin + SAMPLE + 5 * SECOND) == [4]
    assert told(begin + SAMPLE + 26 * SECOND) == [4, 0]
