"""The loop of the world view: fair, and with the names that the layers above know."""

from __future__ import annotations

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.flows import services as flows
from apps.lineage import services as lineage
from apps.lineage.models import Resource
from apps.tenancy.isolation import workspace_scope
from tests.factories.lineage import event, run_begins, store
from tests.isolation import as_worker
from workers.lineage import Builder


def test_deployments_and_flows_are_shown_by_name(alice, in_workspace, api):
    made = (
        api(alice)
        .put(
            "deployments",
            {
                "flow_name": "load",
                "name": "nightly",
                "entrypoint": "flows.py:load",
                "path": "/srv/flows",
                "pool": "default",
                "parameters": {},
                "parameter_schema": {"type": "object", "properties": {}},
                "schedules": [],
            },
        )
        .json()
    )
    flow_id = flows.ensure_flow(workspace_id=in_workspace.id, name="load", now=utc_now())
    run_id = uuid7()
    store(in_workspace, [run_begins(run_id, made["id"], flow_id, 0)])

    with as_worker():
        Builder().step()

    labels = Resource.objects.values_list("kind", "label")
    assert set(labels) == {("deployment", "load/nightly"), ("flow", "load")}


def test_one_workspaces_trouble_does_not_keep_the_others_waiting(
    workspace, rival_workspace, monkeypatch
):
    for place in (workspace, rival_workspace):
        with workspace_scope(place.id):
            store(place, [event(payload={"text": "SELECT * FROM orders", "user": "x"})])
    build_world = lineage.build_world

    def breaks(*, workspace_id):
        if workspace_id == workspace.id:
            raise KeyError("a bug of ours")
        return build_world(workspace_id=workspace_id)

    monkeypatch.setattr(lineage, "build_world", breaks)
    with as_worker():
        builder = Builder()
        builder.step()
        assert lineage.workspaces_with_work() == [workspace.id]
        assert builder.step() is False  # not looked at again at once

    with workspace_scope(rival_workspace.id):
        assert Resource.objects.exists()


@pytest.fixture(autouse=True)
def _database(db):
    """All of these are about rows."""
