"""Events of a deployment's runs, where there are more runs than are looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.runs import selectors, services
from apps.runs.selectors import logs
from apps.telemetry.selectors import EventSearch
from apps.tenancy.isolation import workspace_scope
from tests.apps.telemetry.test_reads import event, put
from tests.factories.dispatch import make_deployment, start

pytestmark = pytest.mark.django_db
NOW = utc_now()
STEP = timedelta(minutes=8)


@pytest.fixture
def load(workspace, monkeypatch):
    """A deployment with more runs than are looked at, an event of each."""
    monkeypatch.setattr(logs, "RUNS_LOOKED_AT", 2)
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        made = [start(deployment, now=NOW - number * STEP) for number in (5, 4, 3, 2)]
        for run in made:
            services.cancel_run(
                workspace_id=workspace.id, run_id=run.id, now=run.created_at + STEP / 4
            )
    put(
        workspace,
        events=[
            event(name=f"own.{number}", occurred_at=run.created_at + STEP / 8, run_id=run.id)
            for number, run in enumerate(made)
        ],
    )
    return deployment, made[1].created_at


def test_a_list_says_how_far_back_it_looked(workspace, load):
    deployment, floor = load
    with workspace_scope(workspace.id):
        page = selectors.search_events(
            workspace_id=workspace.id,
            deployment_id=deployment.id,
            only=EventSearch(since=NOW - 9 * STEP),
            limit=50,
        )

    names = [row.name for row in page.rows if row.name.startswith("own.")]
    assert (names, page.back_to) == (["own.3", "own.2", "own.1"], floor)


def test_bars_say_how_far_back_they_were_counted(workspace, load):
    deployment, floor = load
    with workspace_scope(workspace.id):
        counts = selectors.event_histogram(
            workspace_id=workspace.id,
            deployment_id=deployment.id,
            since=NOW - 9 * STEP,
            until=NOW,
        )

    names = {each.name for each in counts.names if each.name.startswith("own.")}
    assert names >= {"own.3", "own.2", "own.1"}
    assert counts.counted_from == floor
